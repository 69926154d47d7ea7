// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The partner spins only while a slice runs; it is woken and put to sleep by a
// semaphore word, so that it never takes a CPU from the subject.

#include "ping_pong.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "chimaera/base/check.h"
#include "chimaera/ipc/life_word.h"

namespace chi::bench {

struct PingPong::Shared {
  alignas(kCacheLineSize) std::atomic<u64> request{0};
  alignas(kCacheLineSize) std::atomic<u64> reply{0};
  alignas(kCacheLineSize) std::atomic<u32> running{0};
};

namespace {

constexpr u64 kPause = ~u64{0};

void Relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

PingPong::PingPong(i32 partner_cpu) {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHI_CHECK(memory != MAP_FAILED);
  shared_ = new (memory) Shared;
  partner_ = fork();
  CHI_CHECK(partner_ >= 0);
  if (partner_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  PinTo(partner_cpu);
  for (u64 seen = 0;;) {
    while (shared_->running.load(std::memory_order_acquire) == 0) {
      static_cast<void>(
          FutexWaitOnTask(&shared_->running, 0, nullptr, 1'000'000'000));
    }
    for (;;) {
      const u64 request = shared_->request.load(std::memory_order_acquire);
      if (request == seen) {
        Relax();
        continue;
      }
      seen = request;
      shared_->reply.store(request, std::memory_order_release);
      if (request == kPause) break;
    }
    seen = 0;
    shared_->request.store(0, std::memory_order_relaxed);
    shared_->running.store(0, std::memory_order_release);
  }
}

PingPong::~PingPong() {
  kill(partner_, SIGKILL);
  waitpid(partner_, nullptr, 0);
  munmap(shared_, 4096);
}

Samples PingPong::TwoLines(u64 slice_ns) {
  shared_->reply.store(0, std::memory_order_relaxed);
  shared_->running.store(1, std::memory_order_release);
  FutexWake(&shared_->running, 1);
  u64 next = 0;
  const auto round_trip = [this, &next] {
    shared_->request.store(++next, std::memory_order_release);
    while (shared_->reply.load(std::memory_order_acquire) != next) Relax();
  };
  round_trip();
  Samples samples = TimeEach(slice_ns, round_trip);
  shared_->request.store(kPause, std::memory_order_release);
  while (shared_->running.load(std::memory_order_acquire) != 0) Relax();
  return samples;
}

}  // namespace chi::bench
