// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The base of the generated fakes: clients for tests of code that calls a
// module, which need neither the module nor a runtime.

#ifndef CHIMAERA_ADMIN_TYPED_FAKE_H_
#define CHIMAERA_ADMIN_TYPED_FAKE_H_

#include <chimaera/admin/typed_client.h>
#include <chimaera/chimaera.h>

#include <functional>

namespace chimaera {

class TypedFake {
 public:
  /// What stands in for a method of the module.
  template <class TaskT>
  using Method = std::function<chi::Status(const typename TaskT::In&,
                                           typename TaskT::Out&)>;

  /// How many calls there were, of all methods.
  chi::u64 num_calls() const { return num_calls_; }

 protected:
  /// Calls `method` as a module would be, here and now; kUnimplemented if
  /// nothing stands in for it.
  template <class TaskT, class... Args>
  TypedResult<TaskT> Call(const Method<TaskT>& method,
                          const chi::PoolQuery& pool_query,
                          const Args&... args) {
    ++num_calls_;
    if (!method)
      return chi::Status::Unimplemented("the fake has no such method");
    TaskT task(hipc::CtxAllocator<CHI_MAIN_ALLOC_T>(), chi::TaskId(),
               chi::PoolId(), pool_query, args...);
    if constexpr (std::is_empty_v<typename TaskT::Out>) {
      typename TaskT::Out nothing;
      return method(chi::internal::InputsOf(task), nothing);
    } else {
      const chi::Status status =
          method(chi::internal::InputsOf(task), task.out_);
      if (!status.ok()) return status;
      return std::as_const(task).out_;
    }
  }

 private:
  chi::u64 num_calls_ = 0;
};

}  // namespace chimaera

#endif  // CHIMAERA_ADMIN_TYPED_FAKE_H_
