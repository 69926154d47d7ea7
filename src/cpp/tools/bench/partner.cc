// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Forked children, and the word that wakes them and puts them to sleep.

#include "partner.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "chimaera/ipc/life_word.h"
#include "harness.h"

namespace chi::bench {
namespace {

constexpr u64 kLookNs = 1'000'000'000;

}  // namespace

Child::Child(i32 cpu, const std::function<void()>& body) {
  pid_ = fork();
  CHI_CHECK(pid_ >= 0);
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const Pinned pinned(cpu);
  body();
  _exit(0);
}

Child::~Child() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

Partner::Partner(i32 cpu, std::function<void()> serve)
    : child_(cpu, [this, serve = std::move(serve)] {
        std::atomic<u32>& running = control_->running;
        for (;;) {
          while (running.load(std::memory_order_acquire) == 0) {
            static_cast<void>(FutexWaitOnTask(&running, 0, nullptr, kLookNs));
          }
          serve();
          running.store(0, std::memory_order_release);
        }
      }) {}

void Partner::BeginTurn() {
  control_->running.store(1, std::memory_order_release);
  FutexWake(&control_->running, 1);
}

void Partner::EndTurn() {
  while (control_->running.load(std::memory_order_acquire) != 0) Relax();
}

}  // namespace chi::bench
