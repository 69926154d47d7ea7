// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Round trips with another process that sleeps until it is asked: what a user
// would build from the system's means, or take from a library.

#ifndef CHIMAERA_TOOLS_BENCH_BLOCKING_PEERS_H_
#define CHIMAERA_TOOLS_BENCH_BLOCKING_PEERS_H_

#include <memory>
#include <string>

#include "harness.h"
#include "partner.h"

namespace chi::bench {

/// One byte there and back over a Unix stream socket.
class UnixSocketPeer {
 public:
  explicit UnixSocketPeer(i32 peer_cpu);
  ~UnixSocketPeer();
  Samples RoundTrips(u64 slice_ns) const;

 private:
  struct Ends {
    int ours;
    int theirs;
  };
  static Ends MakePair();

  const Ends ends_;
  Child child_;
};

/// A futex each way; nobody polls.
class FutexPeer {
 public:
  explicit FutexPeer(i32 peer_cpu);
  Samples RoundTrips(u64 slice_ns);

 private:
  struct Words {
    alignas(kCacheLineSize) std::atomic<u32> request{0};
    alignas(kCacheLineSize) std::atomic<u32> reply{0};
  };
  Shared<Words> words_;
  Child child_;
};

/// ZeroMQ REQ and REP over ipc://.
class ZeroMqPeer {
 public:
  explicit ZeroMqPeer(i32 peer_cpu);
  ~ZeroMqPeer();
  ZeroMqPeer(const ZeroMqPeer&) = delete;
  ZeroMqPeer& operator=(const ZeroMqPeer&) = delete;
  /// Connects at the first call, since ZeroMQ starts threads.
  Samples RoundTrips(u64 slice_ns);

 private:
  const std::string path_;
  Child child_;
  void* context_ = nullptr;
  void* socket_ = nullptr;
};

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_BLOCKING_PEERS_H_
