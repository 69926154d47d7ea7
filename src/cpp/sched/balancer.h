// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Evens out the workers of one kind while they run. A thread looks at their
// counters now and then; where one is busy and another one is not, it asks the
// busy one to give a ring away that is small enough to help. Nobody is woken
// for a look, and a runtime that does nothing is looked at once a second.

#ifndef CHIMAERA_SCHED_BALANCER_H_
#define CHIMAERA_SCHED_BALANCER_H_

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/types.h"
#include "chimaera/sched/worker.h"

namespace chi {

class Balancer {
 public:
  /// `workers` outlive this object. `interval_ns` > 0.
  Balancer(std::vector<Worker*> workers, u64 interval_ns, const Clock& clock);
  ~Balancer() { Stop(); }
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  void Start();
  /// Joins the thread.
  void Stop();

  /// What part of its time `worker` spent in clients' tasks, lately. Any
  /// thread.
  u32 LoadPermille(u32 worker) const;

  /// One look, `elapsed_ns` after the one before. For the thread, and for
  /// tests that do not start it.
  void Look(u64 elapsed_ns);

 private:
  struct Watched {
    Worker* worker = nullptr;
    u64 busy_ns = 0;   // when last looked at
    u64 since_ns = 0;  // what it did between the last two looks
    std::atomic<u32> load_permille{0};
  };

  void Run();
  void Even(WorkerKind kind, u64 elapsed_ns);

  // Constant after construction.
  const u64 interval_ns_;
  const Clock& clock_;

  // Owned by the thread, but for the atomic.
  std::vector<std::unique_ptr<Watched>> workers_;
  u64 round_ = 0;

  std::mutex mutex_;
  std::condition_variable stop_requested_;
  bool stop_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_BALANCER_H_
