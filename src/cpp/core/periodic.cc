// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See periodic.h.

#include "core/periodic.h"

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/sched/worker.h"

namespace chi {

u64 Period::Advance(u64 now_ns) {
  const u64 wanted = next_ + 1;
  next_ = wanted;
  if (now_ns > AtNs(next_)) {
    next_ =
        static_cast<u64>(static_cast<double>(now_ns - first_ns_) / period_ns_);
    // The division may be off by one either way.
    while (AtNs(next_) < now_ns) ++next_;
  }
  return next_ - wanted;
}

Status RunPeriodically(const TaskHeader& header, RunContext& ctx,
                       const std::function<Status()>& once) {
  if (!Period::IsValid(header.period_ns_)) {
    return Status::BadRequest(Format(
        "a period of {} ns; 1 us to a year are possible", header.period_ns_));
  }
  Worker& worker = *Worker::Current();
  const u64 timeout_ns = header.timeout_ms_ * kNsPerMs;
  Period period(header.period_ns_, worker.clock().NowNs());
  for (;;) {
    CHI_RETURN_IF_ERROR(once());
    const u64 missed = period.Advance(worker.clock().NowNs());
    ctx.missed_periods += static_cast<u32>(missed);
    if (missed != 0) worker.CountMissed(missed);
    CHI_RETURN_IF_ERROR(worker.AwaitPeriod(period.DueNs(), timeout_ns));
  }
}

}  // namespace chi
