// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a traced task carries with it: when and from where it was submitted.
// Whoever submits a task while a trace runs (control.h says whether one does)
// puts a stamp where the text of an error would go, which nobody uses before
// the task is over, and sets TASK_TRACED. So nothing has to be collected from
// clients, and what a broken one writes is read once, by the worker that
// begins its task; see docs/design/tracing.md.

#ifndef CHIMAERA_IPC_TRACE_STAMP_H_
#define CHIMAERA_IPC_TRACE_STAMP_H_

#include <array>
#include <string_view>
#include <type_traits>

#include "chimaera/base/types.h"
#include "chimaera/ipc/control.h"
#include "chimaera/ipc/task.h"

namespace chi {

/// Frozen: lies in shared memory, in Task::text_. Times on CLOCK_MONOTONIC.
struct TraceStamp {
  static constexpr u32 kSiteCapacity = 108;
  /// In `origin`: what follows it is there as well.
  static constexpr u32 kHasRest = u32{1} << 31;

  u64 sent_ns = 0;        ///< Just before it was published.
  u32 submitting_ns = 0;  ///< So long before, submitting began; or longer.
  /// Which thread and site it comes from, by a number of the client's that is
  /// told now and then: together with them. 0: of a subtask.
  u32 origin = 0;

  u64 parent = 0;  ///< Of a subtask: its maker's run, see tracer.h; else 0.
  u32 thread = 0;  ///< The client's, as its kernel calls it.
  u32 site_size = 0;
  char site[kSiteCapacity];  ///< "file:line function"; deliberately not set.
  u32 reserved = 0;

  bool HasRest() const { return (origin & kHasRest) != 0; }
  std::string_view site_text() const { return {site, site_size}; }
};
static_assert(sizeof(TraceStamp) == Task::kTextCapacity);
static_assert(std::is_trivially_copyable_v<TraceStamp>);

/// Stamps a task that is about to be sent.
void WriteTraceStamp(const TraceStamp& stamp, Task* task);
/// The time of the stamp of a task that could not be sent yet.
void RenewTraceStamp(u64 sent_ns, Task* task);
/// A stranger's stamp, made harmless: sizes fit, and no time is after `now_ns`.
/// Without HasRest the rest is not read.
TraceStamp ReadTraceStamp(const Task& task, u64 now_ns);

/// While it lives, what this thread submits is said to come from `site`, whose
/// end counts if it is too long. Not to be nested.
class CallSite {
 public:
  explicit CallSite(std::string_view site);
  ~CallSite();
  CallSite(const CallSite&) = delete;
  CallSite& operator=(const CallSite&) = delete;
};

/// Which of the tasks that one thread submits are traced. To be used by that
/// thread only.
class TraceSampler {
 public:
  explicit TraceSampler(const ControlPage& page) : page_(page) {}

  /// 0 while nothing is traced (relaxed): then there is nothing else to do.
  u32 one_in() const {
    return page_.trace_one_in.load(std::memory_order_relaxed);
  }
  /// Whether the next task will be stamped.
  bool IsDue() const {
    const u32 now = one_in();
    return now == 1 || (now != 0 && left_ <= 1);
  }
  /// Stamps the task if it is its turn. To be called for each task that is
  /// submitted while `one_in` is not 0.
  void Pass(u32 one_in, Task* task) {
    if (left_ > u64{one_in} + one_in / 2) left_ = one_in;  // of a trace before
    if (left_ > 1) {
      --left_;
    } else {
      Stamp(one_in, task);
    }
  }

 private:
  // A site that was told in the trace that ends at `until_ns`.
  struct Origin {
    u64 until_ns = 0;
    u32 number = 0;
    u32 stamps = 0;
    u32 site_size = 0;
    char site[TraceStamp::kSiteCapacity];  // deliberately not set
  };

  void Stamp(u32 one_in, Task* task);
  Origin& OriginOf(u64 until_ns);

  const ControlPage& page_;
  u32 left_ = 1;
  u32 next_origin_ = 0;
  std::array<Origin, 4> origins_;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_TRACE_STAMP_H_
