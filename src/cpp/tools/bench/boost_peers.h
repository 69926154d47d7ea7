// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What Boost offers: a message queue between processes, and fibers.

#ifndef CHIMAERA_TOOLS_BENCH_BOOST_PEERS_H_
#define CHIMAERA_TOOLS_BENCH_BOOST_PEERS_H_

#include <memory>

#include "harness.h"

namespace chi::bench {

/// Two queues of Boost.Interprocess between two processes, both of which poll.
class BoostQueuePeer {
 public:
  /// `depth`: requests in flight, and room in each queue.
  BoostQueuePeer(i32 peer_cpu, u32 depth);
  ~BoostQueuePeer();
  BoostQueuePeer(const BoostQueuePeer&) = delete;
  BoostQueuePeer& operator=(const BoostQueuePeer&) = delete;

  /// Keeps `depth` requests in flight; each sample is the mean of as many
  /// answers.
  Samples ManyInFlight(u64 slice_ns);

 private:
  struct Queues;

  const u32 depth_;
  std::unique_ptr<Queues> queues_;
};

/// A fiber of Boost.Fiber made, run and joined, in one thread.
Samples LaunchFibers(u64 slice_ns);

/// From a fiber to another one and back.
Samples YieldFibers(u64 slice_ns);

/// A boost::fibers::mutex that nobody else wants, locked and unlocked.
Samples LockFiberMutex(u64 slice_ns);

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_BOOST_PEERS_H_
