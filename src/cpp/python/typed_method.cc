// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See typed_method.h.

#include "python/typed_method.h"

namespace chi::python {

TypedMethod::TypedMethod(const MethodDescription& description)
    : description_(description) {
  for (u32 i = 0; i < description.field_count; ++i) {
    const FieldDescription& field = description.fields[i];
    const bool is_array = field.type->kind == TypeKind::kArray;
    if (is_array || field.direction != Direction::kOut) {
      arguments_.push_back(&field);
    }
    if (!is_array && field.direction != Direction::kIn) {
      results_.push_back(&field);
    }
  }
}

hipc::FullPtr<Task> TypedMethod::Make(IpcManager& ipc, PoolId pool_id,
                                      const PoolQuery& query, u32 timeout_ms,
                                      const RawValue* values) const {
  const hipc::FullPtr<Task> task = description_.make(ipc, pool_id, query);
  if (timeout_ms != 0) task->SetTimeout(timeout_ms);
  try {
    for (const FieldDescription* field : arguments_) {
      WriteValue(*field, *values++, *task);
    }
  } catch (const StatusError&) {
    Free(ipc, task);
    throw;
  }
  return task;
}

py::object TypedMethod::Result(Task& task) const {
  if (results_.empty()) return py::none();
  if (results_.size() == 1) return ValueOfField(*results_[0], task);
  py::tuple several(results_.size());
  for (size_t i = 0; i < results_.size(); ++i) {
    several[i] = ValueOfField(*results_[i], task);
  }
  return std::move(several);
}

}  // namespace chi::python
