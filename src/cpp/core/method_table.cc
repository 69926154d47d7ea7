// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The table from method ids to rows.

#include "chimaera/core/method_table.h"

#include <algorithm>
#include <string>

#include "chimaera/base/check.h"
#include "chimaera/base/heap_accounts.h"

namespace chi {

// The generator refuses larger ids; the bound keeps the index small.
constexpr MethodId kMethodIdLimit = 4096;

namespace {

// Stand where there is no method. A row of slot i has an id that is i modulo
// the size, which is at least 2: the first is never found in slot 0, the second
// in no other.
constexpr MethodRow NoMethod(MethodId id) {
  MethodRow row;
  row.id = id;
  return row;
}
constexpr MethodRow kNoMethodAt0 = NoMethod(1);
constexpr MethodRow kNoMethodElsewhere = NoMethod(0);

}  // namespace

MethodTable::MethodTable(const MethodRow* rows, u32 count, const char* version)
    : rows_(rows), count_(count), version_(version) {
  const HeapScope heap;  // it outlives the pool that is first
  u32 size = 2;
  for (const MethodRow& row : *this) {
    CHI_CHECK(row.id < kMethodIdLimit, "method {} ({})", row.id, row.name);
    while (size <= row.id) size *= 2;
  }
  by_id_.resize(size, &kNoMethodElsewhere);
  by_id_[0] = &kNoMethodAt0;
  table_ = by_id_.data();
  mask_ = size - 1;
  for (const MethodRow& row : *this) {
    CHI_CHECK(Find(row.id) == nullptr, "method {} is both {} and {}", row.id,
              Find(row.id)->name, row.name);
    by_id_[row.id] = &row;
  }
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
