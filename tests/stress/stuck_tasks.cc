// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Tasks that never complete, each with a deadline. Whoever submitted them must
// hear of it: once from a runtime whose methods are parked, and once where the
// worker itself is stuck in a method. How long after the deadline is printed.

#include <algorithm>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/echo/echo_client.h"
#include "harness.h"

namespace chi::stress {
namespace {

namespace echo = ::chimaera::echo;

constexpr u64 kHourNs = 3600 * kNsPerSec;
constexpr u32 kTimeoutMs = 2000;

struct Stuck {
  Future<echo::SleepTask> future;
  u64 deadline_ns = 0;
};

Stuck Submit() {
  auto task = CHI_IPC->NewTask<echo::SleepTask>(CreateTaskId(), kEchoPool,
                                                PoolQuery::Local(), kHourNs);
  task->SetTimeout(kTimeoutMs);
  const u64 deadline_ns = NowNs() + kTimeoutMs * kNsPerMs;
  return {CHI_IPC->Submit(task), deadline_ns};
}

// Waits for all and returns the longest time after a deadline.
u64 Collect(std::vector<Stuck>* stuck, Summary* summary) {
  u64 latest_ns = 0;
  for (Stuck& one : *stuck) {
    const Status status = one.future.Get(60 * kNsPerSec);
    const u64 now_ns = NowNs();
    latest_ns = std::max(latest_ns, now_ns - std::min(now_ns, one.deadline_ns));
    if (status.code() == StatusCode::kDeadlineExceeded) {
      ++summary->done;
    } else {
      summary->Fail(Format("a stuck task ended with {}", status));
    }
  }
  stuck->clear();
  return latest_ns;
}

int Run(const Args& args) {
  Summary summary;
  summary.name = "stuck_tasks";
  const u64 count = args.Number("count");
  summary.asked = 2 * count;
  DaemonOptions options;
  options.queue_depth = 16384;  // all of them wait behind one method
  Daemon daemon(options);
  daemon.Start();
  {
    // The stand-in that this calls for stays: it belongs to what was before.
    const auto client = AttachTo(daemon.dir());
    auto busy = echo::Client(kEchoPool).AsyncBusy(HSHM_MCTX, PoolQuery::Local(),
                                                  kNsPerSec);
    summary.Expect(busy.Get().ok(), "the first busy method failed");
  }
  const Inventory before = QuietInventory(daemon);
  {
    const auto client = AttachTo(daemon.dir());
    std::vector<Stuck> stuck;
    for (u64 i = 0; i < count; ++i) stuck.push_back(Submit());
    const u64 parked_ns = Collect(&stuck, &summary);
    summary.Add("late_parked_ms", parked_ns / kNsPerMs);

    // They wait behind a method that neither parks nor ends in time.
    auto busy = echo::Client(kEchoPool).AsyncBusy(HSHM_MCTX, PoolQuery::Local(),
                                                  5 * kNsPerSec);
    for (u64 i = 0; i < count; ++i) stuck.push_back(Submit());
    const u64 worker_ns = Collect(&stuck, &summary);
    summary.Add("late_worker_ms", worker_ns / kNsPerMs);
    summary.Expect(busy.Get().ok(), "the busy method failed");
  }
  summary.end_ns = NowNs();
  ExpectSameInventory(daemon, before, &summary);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run({argc, argv, {{"seed", "1"}, {"count", "10000"}}});
}
