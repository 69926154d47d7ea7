// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The runtime of a module that is written as the module guide writes one. With
// its tasks and client, and module store of docs/examples (locks, Aggregate,
// Broadcast, Monitor), it uses the guide's C++ names. Left out is what cannot
// be taken literally, and NodeFailure, Recover, Migrate and Upgrade, which are
// not there yet; TASK_STARTED and TASK_ROUTED are states of a worker that
// nobody outside of it sees.

#include <chimaera/admin/admin_client.h>
#include <chimaera/chimaera.h>
#include <external/guide/guide_runtime.h>

#include <algorithm>
#include <string>
#include <vector>

namespace external::guide {

GLOBAL_CONST chi::u32 kCustomAlias = Method::kCustom;

void Runtime::Create(hipc::FullPtr<CreateTask> task,
                     chi::RunContext& /*rctx*/) {
  params_ = task->GetParams();
  names_[0] = pool_name_;
  HILOG(kDebug, "pool {} is {} with {}", pool_id_, names_[0],
        params_.worker_count_);
}

void Runtime::Destroy(hipc::FullPtr<DestroyTask> task,
                      chi::RunContext& /*rctx*/) {
  task->return_code_ = 0;
}

void Runtime::Custom(hipc::FullPtr<CustomTask> task, chi::RunContext& rctx) {
  if (rctx.exec_mode == chi::ExecMode::kDynamicSchedule) {
    const chi::PoolId found = CHI_POOL_MANAGER->FindPoolByName(pool_name_);
    task->pool_query_ =
        found.IsNull() ? chi::PoolQuery::DirectId(0) : chi::PoolQuery::Local();
    return;
  }
  const std::string result =
      ProcessData(task->data_.str(), task->operation_id_);
  task->data_ = hipc::string(main_allocator_, result);
  hipc::CtxAllocator<CHI_MAIN_ALLOC_T> ctx_alloc(HSHM_MCTX);
  const std::vector<chi::u64> stamps = {1, 2, 3, pool_id_.ToU64()};
  chi::ipc::vector<chi::u64> shm_stamps(ctx_alloc);
  shm_stamps.assign(stamps.begin(), stamps.end());
  for (chi::u64 stamp : shm_stamps) task->timestamps_.push_back(stamp);
  task->result_code_ =
      params_.worker_count_ + (task->method_ == kCustomAlias ? 0 : 1'000);
}

void Runtime::Raw(hipc::FullPtr<RawTask> task, chi::RunContext& /*rctx*/) {
  const std::string result =
      ProcessData(std::string(task->data_), task->operation_id_);
  task->data_ = hipc::string(task->GetCtxAllocator(), result);
  task->result_code_ = CHI_CUR_WORKER == nullptr ? 1 : 0;
}

void Runtime::Transfer(hipc::FullPtr<TransferTask> task,
                       chi::RunContext& /*rctx*/) {
  auto data = CHI_IPC->ToFullPtr(task->data_, task->length_);
  if (data.IsNull()) {
    HELOG(kError, "Transfer: no data at {}", task->data_);
    task->return_code_ = 1;
    return;
  }
  std::reverse(data.ptr_, data.ptr_ + task->length_);
  task->bytes_written_ = task->length_;
}

void Runtime::Count(hipc::FullPtr<CountTask> task, chi::RunContext& /*rctx*/) {
  auto [inserted, value_ptr] = counts_.insert(task->key_, chi::u64{0});
  ++*value_ptr;
  task->count_ = *value_ptr;
  if (task->depth_ == 0) return;
  auto subtask = client_.Async<CountTask>(HSHM_MCTX, chi::PoolQuery::Local(),
                                          task->key_, task->depth_ - 1);
  task->Wait(subtask);
  task->Yield();
  task->count_ = subtask->count_;
  CHI_IPC->DelTask(subtask);
}

}  // namespace external::guide

CHI_TASK_CC(external::guide::Runtime);
