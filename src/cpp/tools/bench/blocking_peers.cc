// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The system's means: a socket and futexes.

#include "blocking_peers.h"

#include <linux/futex.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace chi::bench {
namespace {

void FutexCall(std::atomic<u32>& word, int operation, u32 value) {
  syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

void Post(std::atomic<u32>& word, u32 value) {
  word.store(value, std::memory_order_release);
  FutexCall(word, FUTEX_WAKE, 1);
}

void Await(std::atomic<u32>& word, u32 value) {
  for (;;) {
    const u32 seen = word.load(std::memory_order_acquire);
    if (seen == value) return;
    FutexCall(word, FUTEX_WAIT, seen);
  }
}

}  // namespace

UnixSocketPeer::Ends UnixSocketPeer::MakePair() {
  int ends[2];
  CHI_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  return {ends[0], ends[1]};
}

UnixSocketPeer::UnixSocketPeer(i32 peer_cpu)
    : ends_(MakePair()), child_(peer_cpu, [this] {
        char byte = 0;
        while (read(ends_.theirs, &byte, 1) == 1 &&
               write(ends_.theirs, &byte, 1) == 1) {
        }
      }) {}

UnixSocketPeer::~UnixSocketPeer() {
  close(ends_.ours);
  close(ends_.theirs);
}

Samples UnixSocketPeer::RoundTrips(u64 slice_ns) const {
  return TimeEach(slice_ns, [this] {
    char byte = 0;
    CHI_CHECK(write(ends_.ours, &byte, 1) == 1);
    CHI_CHECK(read(ends_.ours, &byte, 1) == 1);
  });
}

FutexPeer::FutexPeer(i32 peer_cpu)
    : child_(peer_cpu, [this] {
        for (u32 next = 1;; ++next) {
          Await(words_->request, next);
          Post(words_->reply, next);
        }
      }) {}

Samples FutexPeer::RoundTrips(u64 slice_ns) {
  u32 last = words_->reply.load(std::memory_order_relaxed);
  return TimeEach(slice_ns, [this, &last] {
    Post(words_->request, ++last);
    Await(words_->reply, last);
  });
}

}  // namespace chi::bench
