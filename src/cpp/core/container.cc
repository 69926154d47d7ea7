// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What every container can do by its table of methods.

#include "chimaera/core/container.h"

#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/core/method_table.h"

namespace chi {
namespace {

// "0, 1, 10-14": the ids of `methods`, short enough for a task's error text.
std::string ListIds(const MethodTable& methods) {
  constexpr size_t kMaxLength = 80;
  std::vector<bool> known;
  for (const MethodRow& row : methods) {
    if (row.id >= known.size()) known.resize(row.id + 1, false);
    known[row.id] = true;
  }
  std::string list;
  for (size_t first = 0; first < known.size(); ++first) {
    if (!known[first]) continue;
    if (list.size() > kMaxLength) return list + ", ...";
    size_t last = first;
    while (last + 1 < known.size() && known[last + 1]) ++last;
    list += Format("{}{}", list.empty() ? "" : ", ", first);
    if (last > first) list += Format("-{}", last);
    first = last;
  }
  return list;
}

}  // namespace

void Container::Run(MethodId method, hipc::FullPtr<Task> task,
                    RunContext& ctx) {
  const MethodRow* row = has_methods() ? methods().Find(method) : nullptr;
  if (row != nullptr) {
    row->run(*this, task, ctx);
    return;
  }
  const Status unknown = UnknownMethod(method);
  task->SetError(unknown.code_value(), unknown.message());
}

const MethodRow& Container::RowOf(MethodId method) const {
  const MethodRow* row = has_methods() ? methods().Find(method) : nullptr;
  if (row == nullptr) throw StatusError(UnknownMethod(method));
  return *row;
}

void Container::NewCopy(MethodId method, hipc::FullPtr<Task> origin,
                        hipc::FullPtr<Task>& replica, bool /*deep*/) {
  const MethodRow& row = RowOf(method);
  if (row.ops->new_copy == nullptr) {
    throw StatusError(Status::Unimplemented(Format(
        "{} ({}) cannot be copied: its task has neither serialisers nor Copy",
        row.name, module_name_)));
  }
  replica = row.ops->new_copy(origin);
}

void Container::Aggregate(MethodId method, hipc::FullPtr<Task> origin,
                          const hipc::FullPtr<Task>& replica) {
  const TaskOps& ops = *RowOf(method).ops;
  const bool has_results =
      origin->return_code_ != static_cast<u32>(StatusCode::kNotRun);
  if (ops.aggregate != nullptr) {
    ops.aggregate(origin, replica);
  } else if (ops.take_outputs != nullptr && !has_results) {
    ops.take_outputs(origin, replica);
  }
}

void Container::Del(MethodId method, hipc::FullPtr<Task> task) {
  RowOf(method).ops->del(task);
}

namespace {

template <class Archive>
Status CheckArchive(const MethodRow& row, const Archive& archive,
                    ArchiveKind wanted) {
  if (row.ops->save == nullptr) {
    return Status::Unimplemented(
        Format("{}: its task has no serialisers", row.name));
  }
  if (archive.kind() == wanted) return Status();
  return Status::BadRequest(Format("{}: an archive of {}", row.name,
                                   wanted == ArchiveKind::kInputs
                                       ? "outputs where inputs are meant"
                                       : "inputs where outputs are meant"));
}

}  // namespace

Status Container::SaveIn(MethodId method, TaskOutputArchive& archive,
                         hipc::FullPtr<Task> task) {
  const MethodRow& row = RowOf(method);
  CHI_RETURN_IF_ERROR(CheckArchive(row, archive, ArchiveKind::kInputs));
  return row.ops->save(archive, *task);
}

Status Container::SaveOut(MethodId method, TaskOutputArchive& archive,
                          hipc::FullPtr<Task> task) {
  const MethodRow& row = RowOf(method);
  CHI_RETURN_IF_ERROR(CheckArchive(row, archive, ArchiveKind::kOutputs));
  return row.ops->save(archive, *task);
}

Status Container::LoadIn(MethodId method, TaskInputArchive& archive, u32 number,
                         hipc::FullPtr<Task> task) {
  const MethodRow& row = RowOf(method);
  CHI_RETURN_IF_ERROR(CheckArchive(row, archive, ArchiveKind::kInputs));
  return row.ops->load(archive, number, *task);
}

Status Container::LoadOut(MethodId method, TaskInputArchive& archive,
                          u32 number, hipc::FullPtr<Task> task) {
  const MethodRow& row = RowOf(method);
  CHI_RETURN_IF_ERROR(CheckArchive(row, archive, ArchiveKind::kOutputs));
  return row.ops->load(archive, number, *task);
}

Status Container::UnknownMethod(MethodId method) const {
  return Status::Unimplemented(
      Format("pool {} ({}): method {} of {}", pool_id_, module_name_, method,
             has_methods() ? ListIds(methods()) : "none"));
}

}  // namespace chi
