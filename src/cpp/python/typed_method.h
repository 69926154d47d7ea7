// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A method of any module, known by its description only: makes its tasks, and
// takes their results.

#ifndef CHIMAERA_PYTHON_TYPED_METHOD_H_
#define CHIMAERA_PYTHON_TYPED_METHOD_H_

#include <string>
#include <vector>

#include "chimaera/ipc/method_description.h"
#include "python/pybind.h"
#include "python/typed_value.h"

namespace chi::python {

/// Immutable. Lives as long as the process, like its library.
class TypedMethod {
 public:
  explicit TypedMethod(const MethodDescription& description);

  const MethodDescription& description() const { return description_; }
  /// What a caller gives, in order: inputs, and all arrays.
  const std::vector<const FieldDescription*>& arguments() const {
    return arguments_;
  }
  /// What a caller gets: outputs that are no arrays.
  const std::vector<const FieldDescription*>& results() const {
    return results_;
  }

  /// A task with these arguments, one for each. Throws StatusError (no memory).
  /// Needs no GIL.
  hipc::FullPtr<Task> Make(IpcManager& ipc, PoolId pool_id,
                           const PoolQuery& query, u32 timeout_ms,
                           const RawValue* values) const;
  void Free(IpcManager& ipc, hipc::FullPtr<Task> task) const {
    description_.free(ipc, task);
  }

  /// None, the only result, or a tuple of them. `task` has succeeded.
  py::object Result(Task& task) const;

 private:
  const MethodDescription& description_;
  std::vector<const FieldDescription*> arguments_;
  std::vector<const FieldDescription*> results_;
};

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_TYPED_METHOD_H_
