// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See call_set.h.

#include "python/call_set.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "chimaera/base/clock.h"
#include "chimaera/ipc/client_core.h"
#include "chimaera/ipc/life_word.h"
#include "chimaera/ipc/waiter.h"

namespace chi::python {
namespace {

// One word is the bell.
constexpr u32 kMaxTasks = kMaxFutexWords - 1;
// Time between two looks at the calls that are not slept on.
constexpr u64 kFirstRestSliceNs = kNsPerMs;
constexpr u64 kMaxRestSliceNs = 16 * kNsPerMs;

// All sets of the process. Guarded by the GIL.
std::set<CallSet*>& AllSets() {
  static auto* sets = new std::set<CallSet*>;
  return *sets;
}

// W1 of completion.h, for a word of many; false if the task is done.
bool MarkAwaited(std::atomic<u32>& state, u32* expected) {
  static_cast<void>(
      ChangeState(state, TaskState::kPending, TaskState::kAwaited));
  *expected = state.load(std::memory_order_relaxed);
  return *expected == static_cast<u32>(TaskState::kAwaited) ||
         *expected == static_cast<u32>(TaskState::kCancelling);
}

}  // namespace

CallSet::CallSet() : rest_slice_ns_(kFirstRestSliceNs) {
  AllSets().insert(this);
}

CallSet::~CallSet() { AllSets().erase(this); }

void CallSet::Add(py::object call, py::object token) {
  Call* const state = call.cast<Call*>();
  entries_.push_back({std::move(call), state, std::move(token)});
}

void CallSet::Wake() {
  woken_ = true;
  bell_.fetch_add(1);
  FutexWake(&bell_, 1);
}

void CallSet::LookAgainAll() {
  for (CallSet* set : AllSets()) {
    set->bell_.fetch_add(1);
    FutexWake(&set->bell_, 1);
  }
}

py::list CallSet::TakeDone() {
  // What is let go of may run any code: at the end, with the set in order.
  std::vector<Entry> done;
  auto kept = entries_.begin();
  // One look at the connection is enough for all.
  bool looked = false;
  bool gone = false;
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (!it->state->Settled() && !looked) {
      looked = true;
      gone = it->state->Done();
    }
    const bool look = gone || it->state->HasDeadline();
    if (it->state->Settled() || (look && it->state->Done())) {
      done.push_back(std::move(*it));
    } else {
      if (kept != it) *kept = std::move(*it);
      ++kept;
    }
  }
  entries_.erase(kept, entries_.end());
  py::list tokens(done.size());
  for (size_t i = 0; i < done.size(); ++i) tokens[i] = done[i].token;
  return tokens;
}

void CallSet::SleepOnce(u64 timeout_ns, bool poll) {
  const std::atomic<u32>* words[kMaxFutexWords] = {&bell_};
  u32 expected[kMaxFutexWords] = {bell_.load()};
  Task* tasks[kMaxTasks];
  const u32 count =
      static_cast<u32>(std::min<size_t>(entries_.size(), kMaxTasks));
  if (entries_.size() > kMaxTasks) {
    timeout_ns = std::min(timeout_ns, rest_slice_ns_);
    rest_slice_ns_ = std::min(2 * rest_slice_ns_, kMaxRestSliceNs);
  }
  std::shared_ptr<Connection> connection;
  for (u32 i = 0; i < count; ++i) {
    tasks[i] = entries_[i].state->task();
    // Given up since it was last looked at.
    if (tasks[i] == nullptr) return;
    connection = entries_[i].state->connection();
  }
  const ReleaseGil released;
  if (connection == nullptr) {
    FutexWaitOnAny(words, expected, 1, nullptr, timeout_ns);
    return;
  }
  const Connection::Hold hold(*connection);
  if (!hold.open()) return;
  if (poll && CurrentWaiter().WaitMany(tasks, count, 1, 1).ok()) return;
  for (u32 i = 0; i < count; ++i) {
    words[i + 1] = &tasks[i]->state_;
    if (!MarkAwaited(tasks[i]->state_, &expected[i + 1])) return;
  }
  FutexWaitOnAny(words, expected, count + 1, &connection->page(), timeout_ns);
}

py::list CallSet::Wait(double timeout_s, bool poll) {
  const Clock& clock = SystemClock::Get();
  const double clamped_ns = std::clamp(timeout_s, 0.0, 1e9) * 1e9;
  const u64 deadline_ns =
      DeadlineNs(clock.NowNs(), static_cast<u64>(std::ceil(clamped_ns)));
  rest_slice_ns_ = kFirstRestSliceNs;
  for (;;) {
    py::list done = TakeDone();
    if (!done.empty() || woken_.exchange(false)) return done;
    const u64 now_ns = clock.NowNs();
    if (now_ns >= deadline_ns) return done;
    SleepOnce(std::min<u64>(deadline_ns - now_ns, kSignalSliceNs), poll);
    poll = false;
    CheckSignals();
  }
}

}  // namespace chi::python
