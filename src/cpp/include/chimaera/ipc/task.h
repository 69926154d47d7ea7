// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The header that every task begins with. A client makes a task in its own
// main segment; a worker copies the first line, checks the copy and never
// looks at the original again, except to write the outcome into it.
//
//   line 0      what the client asks for, the return code and the state word:
//               one line travels to the worker, and the same one back
//   lines 1-3   the text of an error; untouched when there is none
//   line 4 …    the fields of the task itself

#ifndef CHIMAERA_IPC_TASK_H_
#define CHIMAERA_IPC_TASK_H_

#include <atomic>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/completion.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/pool_query.h"
#include "chimaera/shm/hipc.h"
#include "chimaera/shm/offset_ptr.h"

namespace chi {

/// Bits of Task::task_flags_. Frozen.
inline constexpr u32 TASK_PERIODIC = 1u << 0;
inline constexpr u32 TASK_FIRE_AND_FORGET = 1u << 1;
/// It carries a TraceStamp. Set by who submits it.
inline constexpr u32 TASK_TRACED = 1u << 2;

/// Which ring a task is put into. Frozen.
enum class Priority : u32 { kLowLatency = 0, kHighLatency = 1 };
inline constexpr Priority kLowLatency = Priority::kLowLatency;
inline constexpr Priority kHighLatency = Priority::kHighLatency;
/// The module guide's other name for it.
inline constexpr Priority kHighPriority = Priority::kLowLatency;
inline constexpr u32 kNumPriorities = 2;

/// A set of flag bits.
class TaskFlags {
 public:
  void Clear() { bits_ = 0; }
  void SetBits(u32 bits) { bits_ |= bits; }
  void UnsetBits(u32 bits) { bits_ &= ~bits; }
  bool Any(u32 bits) const { return (bits_ & bits) != 0; }
  bool All(u32 bits) const { return (bits_ & bits) == bits; }
  u32 bits() const { return bits_; }

 private:
  u32 bits_ = 0;
};

/// What a client asks for: the first 56 bytes of every task. A plain value; a
/// worker takes one copy of it and believes only that.
struct TaskHeader {
  // First, so that copies in pieces of 16 bytes do not cut it.
  IN TaskId task_id_;        ///< Whose major number is the lock group.
  IN PoolId pool_id_;        ///< The pool the task is for.
  IN double period_ns_ = 0;  ///< With TASK_PERIODIC: time between two runs.
  IN PoolQuery pool_query_;  ///< Which containers.
  IN MethodId method_ = 0;   ///< Which method.
  IN TaskFlags task_flags_;  ///< TASK_PERIODIC and so on.
  IN u32 timeout_ms_ = 0;    ///< 0: the client's default.

  TaskHeader() = default;
  TaskHeader(const PoolId& pool_id, const TaskId& task_id,
             const PoolQuery& pool_query, MethodId method)
      : task_id_(task_id),
        pool_id_(pool_id),
        pool_query_(pool_query),
        method_(method) {}

  bool IsPeriodic() const { return task_flags_.Any(TASK_PERIODIC); }
  bool IsTraced() const { return task_flags_.Any(TASK_TRACED); }
  bool IsFireAndForget() const { return task_flags_.Any(TASK_FIRE_AND_FORGET); }
};
static_assert(std::is_trivially_copyable_v<TaskHeader>);

struct alignas(kCacheLineSize) Task : TaskHeader {
  /// Longest error text a task carries; longer ones are cut.
  static constexpr u32 kTextCapacity = 144;

  // ---- the rest of line 0 ----
  OUT u32 return_code_;        ///< 0, a module's code (1-9999) or a StatusCode.
  std::atomic<u32> state_{0};  ///< A TaskState. See completion.h.

  // ---- lines 1 to 3; deliberately not initialised ----
  TEMP u64 waiter_;     ///< Of tasks made inside the runtime: see TaskState.
  TEMP u64 client_id_;  ///< Of these too: for which client, 0 for none.
  /// When its time is over, on CLOCK_MONOTONIC. Of a client's task only where
  /// timeout_ms_ is not 0.
  TEMP u64 deadline_ns_;
  // Of tasks made inside the runtime again: the other subtasks of the run that
  // made them, and the code with which they have to end, or 0.
  TEMP Task* next_subtask_;
  TEMP Task** subtask_link_;
  TEMP std::atomic<u32> interrupt_;
  OUT u32 text_size_;
  OUT char text_[kTextCapacity];

  /// Makes an empty task, as the receiving side of a copy.
  explicit Task(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& /*alloc*/)
      : return_code_(static_cast<u32>(StatusCode::kNotRun)) {}

  Task(const hipc::CtxAllocator<CHI_MAIN_ALLOC_T>& /*alloc*/,
       const TaskId& task_id, const PoolId& pool_id,
       const PoolQuery& pool_query, MethodId method)
      : TaskHeader(pool_id, task_id, pool_query, method),
        return_code_(static_cast<u32>(StatusCode::kNotRun)) {}

  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  /// Sleeps until this task is done, or the client's default timeout is over
  /// (then return_code_ still says kNotRun), or the runtime is dead (then it
  /// says kRuntimeDied). Inside a method only the method's fiber sleeps.
  void Wait() {
    if (!IsComplete()) WaitSlowly();
  }

  /// The same with a bound of its own. kOk says that the task is done, not
  /// that it succeeded. kDeadlineExceeded: still running. kRuntimeDied.
  [[nodiscard]] Status WaitFor(u64 timeout_ns);

  /// Wait, for subtasks, written as the module guide writes it.
  template <class TaskT>
  void Wait(const hipc::FullPtr<TaskT>& subtask) {
    subtask->Wait();
  }
  template <class TaskT>
  void Wait(std::vector<hipc::FullPtr<TaskT>>& subtasks) {
    for (auto& subtask : subtasks) subtask->Wait();
  }

  /// Inside a method: lets other tasks of the worker run.
  void Yield();

  /// True once the outcome may be read (acquire).
  bool IsComplete() const { return IsDoneState(state_); }

  /// The outcome as a Status. REQUIRES: IsComplete().
  [[nodiscard]] Status GetStatus() const;

  /// Writes an error into the task: code and text, cut to kTextCapacity.
  void SetError(u32 code, std::string_view text);

  /// Gives the task so many milliseconds from its submission on; 0: the
  /// client's default. To be called before it. A method that waits when they
  /// are over is ended with kDeadlineExceeded, and its subtasks with it.
  void SetTimeout(u32 timeout_ms) { timeout_ms_ = timeout_ms; }

  /// The task is run again and again, every `period_ns` nanoseconds, until it
  /// is cancelled, dropped, or fails. Before it is submitted.
  void SetPeriodic(double period_ns) {
    task_flags_.SetBits(TASK_PERIODIC);
    period_ns_ = period_ns;
  }

  /// The allocator the guide's string constructors ask for.
  hipc::CtxAllocator<CHI_MAIN_ALLOC_T> GetCtxAllocator() const { return {}; }

 private:
  void WaitSlowly();
};

// The worker copies exactly one line, and lines 1 to 3 are only for errors.
static_assert(sizeof(TaskHeader) + 2 * sizeof(u32) == kCacheLineSize);
static_assert(sizeof(Task) == 4 * kCacheLineSize);
static_assert(std::atomic<u32>::is_always_lock_free);

}  // namespace chi

#endif  // CHIMAERA_IPC_TASK_H_
