// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The table from method ids to rows.

#include "chimaera/core/method_table.h"

#include <algorithm>
#include <string>

#include "chimaera/base/check.h"

namespace chi {

// The generator refuses larger ids; the bound keeps the index small.
constexpr MethodId kMethodIdLimit = 4096;

MethodTable::MethodTable(const MethodRow* rows, u32 count, const char* version)
    : rows_(rows), count_(count), version_(version) {
  for (const MethodRow& row : *this) {
    CHI_CHECK(row.id < kMethodIdLimit, "method {} ({})", row.id, row.name);
    if (row.id >= by_id_.size()) by_id_.resize(row.id + 1, nullptr);
    CHI_CHECK(by_id_[row.id] == nullptr, "method {} is both {} and {}", row.id,
              by_id_[row.id]->name, row.name);
    by_id_[row.id] = &row;
  }
  table_ = by_id_.data();
  limit_ = static_cast<u32>(by_id_.size());
}

namespace internal {

Status ErrorOf(const Task& task) {
  // A task that was run in place is still the client's: the size is read once.
  const u32 size = *static_cast<const volatile u32*>(&task.text_size_);
  const std::string text(task.text_, std::min(size, Task::kTextCapacity));
  return Status::FromCode(task.return_code_, text);
}

}  // namespace internal
}  // namespace chi
