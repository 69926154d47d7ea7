// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The methods of the module guide's example.

#include <myproject/my_module/my_module_runtime.h>
#include <root.h>
#include <word_count.h>

#if !CHIMAERA_RUNTIME
#error "add_chimod_runtime defines CHIMAERA_RUNTIME"
#endif

namespace myproject::my_module {

void Runtime::Create(hipc::FullPtr<CreateTask> task, chi::RunContext& /*ctx*/) {
  params_ = task->GetParams();
}

void Runtime::Destroy(hipc::FullPtr<DestroyTask> task,
                      chi::RunContext& /*ctx*/) {
  task->return_code_ = 0;
}

void Runtime::Custom(hipc::FullPtr<CustomTask> task, chi::RunContext& /*ctx*/) {
  std::string result = ProcessData(task->data_.str(), task->operation_id_);
  task->result_code_ = WordCount(result) + Root(params_.worker_count_);
  task->data_ = hipc::string(main_allocator_, result);
}

std::string Runtime::ProcessData(const std::string& input,
                                 chi::u32 op_id) const {
  return params_.config_data_ + input + MY_MODULE_SUFFIX +
         std::to_string(op_id) + " by " + CHI_NAMESPACE "::" CHI_CHIMOD_NAME;
}

}  // namespace myproject::my_module

CHI_TASK_CC(myproject::my_module::Runtime)
