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
  const MethodRow* row = methods_ == nullptr ? nullptr : methods_->Find(method);
  if (row != nullptr) {
    row->run(*this, task, ctx);
    return;
  }
  const Status unknown = UnknownMethod(method);
  task->SetError(unknown.code_value(), unknown.message());
}

Status Container::UnknownMethod(MethodId method) const {
  return Status::Unimplemented(
      Format("pool {} ({}): method {} of {}", pool_id_, module_name_, method,
             methods_ == nullptr ? "none" : ListIds(*methods_)));
}

}  // namespace chi
