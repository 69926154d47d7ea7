// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See trace_stamp.h.

#include "chimaera/ipc/trace_stamp.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <limits>

#include "chimaera/base/clock.h"

namespace chi {
namespace {

struct Site {
  u32 size = 0;
  char text[TraceStamp::kSiteCapacity];
};
thread_local Site thread_site;

std::string_view ThisSite() { return {thread_site.text, thread_site.size}; }

// One of so many stamps tells what its origin stands for: a task that told it
// may never have run.
constexpr u32 kTellEvery = 32;

constexpr size_t kRest = offsetof(TraceStamp, parent);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
// What comes before it lies in a line that travels anyway.
static_assert((offsetof(Task, text_) + kRest) % kCacheLineSize == 0);
#pragma GCC diagnostic pop

// Of all threads of the process, so of a client.
u32 NextOriginNumber() {
  static std::atomic<u32> last{0};
  return (last.fetch_add(1, std::memory_order_relaxed) + 1) &
         ~TraceStamp::kHasRest;
}

u32 Clamp32(u64 value) {
  return static_cast<u32>(
      std::min<u64>(value, std::numeric_limits<u32>::max()));
}

// A cheap stream of numbers, good enough to fall out of step with patterns.
u32 NextRandom() {
  static thread_local u32 state =
      static_cast<u32>(reinterpret_cast<std::uintptr_t>(&thread_site) >> 6 | 1);
  state = state * 1664525 + 1013904223;
  return state >> 8;
}

}  // namespace

void WriteTraceStamp(const TraceStamp& stamp, Task* task) {
  const u32 site_size = std::min(stamp.site_size, TraceStamp::kSiteCapacity);
  std::memcpy(task->text_, &stamp,
              stamp.HasRest() ? offsetof(TraceStamp, site) + site_size : kRest);
  task->task_flags_.SetBits(TASK_TRACED);
}

void RenewTraceStamp(u64 sent_ns, Task* task) {
  TraceStamp stamp;
  std::memcpy(static_cast<void*>(&stamp), task->text_, kRest);
  const u64 submit_ns = stamp.sent_ns - stamp.submitting_ns;
  stamp.sent_ns = sent_ns;
  stamp.submitting_ns = Clamp32(sent_ns - submit_ns);
  std::memcpy(task->text_, &stamp, kRest);
}

TraceStamp ReadTraceStamp(const Task& task, u64 now_ns) {
  TraceStamp stamp;
  std::memcpy(static_cast<void*>(&stamp), task.text_, kRest);
  stamp.sent_ns = std::min(stamp.sent_ns, now_ns);
  stamp.submitting_ns =
      static_cast<u32>(std::min<u64>(stamp.submitting_ns, stamp.sent_ns));
  if (!stamp.HasRest()) return stamp;
  std::memcpy(reinterpret_cast<char*>(&stamp) + kRest, task.text_ + kRest,
              sizeof(stamp) - kRest);
  stamp.site_size = std::min(stamp.site_size, TraceStamp::kSiteCapacity);
  return stamp;
}

CallSite::CallSite(std::string_view site) {
  if (site.size() > sizeof(thread_site.text)) {
    site.remove_prefix(site.size() - sizeof(thread_site.text));
  }
  std::memcpy(thread_site.text, site.data(), site.size());
  thread_site.size = static_cast<u32>(site.size());
}

CallSite::~CallSite() { thread_site.size = 0; }

void TraceSampler::Stamp(u32 one_in, Task* task) {
  // Between half and one and a half of it; 1 for 1.
  const u32 half = one_in / 2;
  left_ = one_in - half + NextRandom() % (2 * half + 1);
  const u64 submit_ns = SystemClock::Get().NowNs();
  const u64 until_ns = page_.trace_until_ns.load(std::memory_order_relaxed);
  if (submit_ns >= until_ns) return;  // nobody has ended it
  Origin& origin = OriginOf(until_ns);
  TraceStamp stamp;
  stamp.origin = origin.number;
  if (origin.stamps++ % kTellEvery == 0) {
    stamp.origin |= TraceStamp::kHasRest;
    stamp.thread = static_cast<u32>(syscall(SYS_gettid));
    stamp.site_size = origin.site_size;
    std::memcpy(stamp.site, origin.site, origin.site_size);
  }
  stamp.sent_ns = SystemClock::Get().NowNs();
  stamp.submitting_ns = Clamp32(stamp.sent_ns - submit_ns);
  WriteTraceStamp(stamp, task);
}

// That of the thread's site now.
TraceSampler::Origin& TraceSampler::OriginOf(u64 until_ns) {
  for (Origin& origin : origins_) {
    if (origin.until_ns == until_ns &&
        std::string_view(origin.site, origin.site_size) == ThisSite()) {
      return origin;
    }
  }
  Origin& origin = origins_[next_origin_++ % origins_.size()];
  origin.until_ns = until_ns;
  origin.number = NextOriginNumber();
  origin.stamps = 0;
  origin.site_size = thread_site.size;
  std::memcpy(origin.site, thread_site.text, thread_site.size);
  return origin;
}

}  // namespace chi
