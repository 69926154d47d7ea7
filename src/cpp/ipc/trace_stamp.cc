// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See trace_stamp.h.

#include "chimaera/ipc/trace_stamp.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "chimaera/base/clock.h"

namespace chi {
namespace {

struct Site {
  u32 size = 0;
  char text[TraceStamp::kSiteCapacity];
};
thread_local Site thread_site;

// A cheap stream of numbers, good enough to fall out of step with patterns.
u32 NextRandom() {
  static thread_local u32 state =
      static_cast<u32>(reinterpret_cast<std::uintptr_t>(&thread_site) >> 6 | 1);
  state = state * 1664525 + 1013904223;
  return state >> 8;
}

}  // namespace

void WriteTraceStamp(const TraceStamp& stamp, Task* task) {
  const u32 size = std::min(stamp.site_size, TraceStamp::kSiteCapacity);
  std::memcpy(task->text_, &stamp, offsetof(TraceStamp, site) + size);
  task->task_flags_.SetBits(TASK_TRACED);
}

void RenewTraceStamp(u64 sent_ns, Task* task) {
  std::memcpy(task->text_ + offsetof(TraceStamp, sent_ns), &sent_ns,
              sizeof(sent_ns));
}

TraceStamp ReadTraceStamp(const Task& task, u64 now_ns) {
  TraceStamp stamp;
  std::memcpy(&stamp, task.text_, sizeof(stamp));
  stamp.sent_ns = std::min(stamp.sent_ns, now_ns);
  stamp.submit_ns = std::min(stamp.submit_ns, stamp.sent_ns);
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
  left_ = one_in - one_in / 2 + NextRandom() % one_in;
  if (one_in == 1) left_ = 1;
  TraceStamp stamp;
  stamp.submit_ns = SystemClock::Get().NowNs();
  if (stamp.submit_ns >= page_.trace_until_ns.load(std::memory_order_relaxed)) {
    return;  // nobody has ended it
  }
  stamp.thread = static_cast<u32>(syscall(SYS_gettid));
  stamp.site_size = thread_site.size;
  std::memcpy(stamp.site, thread_site.text, thread_site.size);
  stamp.sent_ns = SystemClock::Get().NowNs();
  WriteTraceStamp(stamp, task);
}

}  // namespace chi
