// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Notices methods that keep a worker from everything else: that neither end
// nor yield, and finds somebody to do what else that worker had to do. It
// compares counters that the workers keep anyway, so a task costs nothing more
// for being watched.

#ifndef CHIMAERA_RUNTIME_WATCHDOG_H_
#define CHIMAERA_RUNTIME_WATCHDOG_H_

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chi {

class WorkOrchestrator;
class Worker;

struct WatchdogOptions {
  /// A worker that has not moved for so long is reported if a method holds it.
  /// Seastar's stall detector has the same default.
  u64 report_after_ns = 25 * kNsPerMs;
  /// One that has not moved for so long is reported in any case, to the
  /// operator too, and relieved: a stand-in takes its rings and waiting tasks.
  u64 relieve_after_ns = 500 * kNsPerMs;
  /// Between two looks, and while all workers sleep.
  u64 period_ns = 10 * kNsPerMs;
  u64 idle_period_ns = 100 * kNsPerMs;
  /// A stuck worker is asked for its stack for so long. On a machine with more
  /// to do than CPUs its thread may have to wait for its turn.
  u64 answer_ns = 100 * kNsPerMs;
  const Clock* clock = &SystemClock::Get();
};

/// A worker that was reported and has not moved since.
struct StuckWorker {
  u32 worker = 0;
  u64 since_ns = 0;   ///< Not moved since; exact to a period.
  std::string run;    ///< " in pool 512.0 (scratch), module …, method …"
  std::string stack;  ///< One line a frame; empty if it could not be had.
};

class Watchdog {
 public:
  /// `workers` outlives it.
  Watchdog(WorkOrchestrator& workers, const WatchdogOptions& options = {});
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Starts the thread that looks. REQUIRES: the workers run. Once.
  void Start();
  /// Idempotent.
  void Stop();

  /// Any thread.
  std::vector<StuckWorker> Stuck() const;
  /// Reports since the start. Any thread.
  u64 num_reports() const;

  /// One look; for tests that never Start.
  void TEST_Look() { Look(); }

 private:
  // What was seen of a worker at the last look, and since when it is so.
  struct Seen {
    u64 turns = 0;
    u64 tasks = 0;
    u64 parks = 0;
    u64 since_ns = 0;
    bool reported = false;
    bool warned = false;
    bool relieved = false;  // or it cannot be
  };

  void ThreadMain();
  bool Look();
  void LookAt(Worker& worker, Seen& seen, u64 now_ns);
  bool Report(const Worker& worker, u64 since_ns, u64 now_ns);
  void Warn(u32 index, u64 stuck_ns);
  void Relieve(Worker& worker, Seen& seen);
  void Forget(u32 index, const Seen& seen, u64 now_ns);

  WorkOrchestrator& workers_;
  const WatchdogOptions options_;
  std::vector<Seen> seen_;  // the thread's

  mutable std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::vector<StuckWorker> stuck_;
  u64 num_reports_ = 0;
  std::thread thread_;
};

}  // namespace chi

#endif  // CHIMAERA_RUNTIME_WATCHDOG_H_
