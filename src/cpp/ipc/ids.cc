// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Task ids are counted per thread, in a range that begins with the thread's
// number, so that making one takes no shared counter.

#include "chimaera/ipc/ids.h"

#include <atomic>
#include <charconv>

namespace chi {
namespace {

// Ids that one thread hands out before it would run into the next range.
constexpr u64 kIdsPerThread = u64{1} << 40;

bool ParseU32(std::string_view text, u32* value) {
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

}  // namespace

namespace internal {

__thread const TaskId* thread_task = nullptr;
__thread u64 next_task_number = 0;

u64 StartTaskNumbers() {
  static std::atomic<u64> next{1};
  return next.fetch_add(1, std::memory_order_relaxed) * kIdsPerThread;
}

}  // namespace internal

std::string PoolId::ToString() const {
  return std::to_string(major_) + "." + std::to_string(minor_);
}

std::optional<PoolId> PoolId::Parse(std::string_view text) {
  PoolId id;
  const size_t dot = text.find('.');
  if (!ParseU32(text.substr(0, dot), &id.major_)) return std::nullopt;
  if (dot != std::string_view::npos &&
      !ParseU32(text.substr(dot + 1), &id.minor_)) {
    return std::nullopt;
  }
  return id;
}

std::ostream& operator<<(std::ostream& out, PoolId id) {
  return out << id.ToString();
}

std::ostream& operator<<(std::ostream& out, const TaskId& id) {
  return out << id.major_ << "/" << id.minor_;
}

}  // namespace chi
