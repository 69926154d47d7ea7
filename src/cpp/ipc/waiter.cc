// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The waiter of a thread, else of the process, else a plain one.

#include "chimaera/ipc/waiter.h"

#include <atomic>

#include "ipc/spin_waiter.h"

namespace chi {
namespace {

__thread Waiter* thread_waiter __attribute__((tls_model("initial-exec"))) =
    nullptr;
std::atomic<Waiter*> process_waiter{nullptr};

}  // namespace

Waiter& CurrentWaiter() {
  if (thread_waiter != nullptr) return *thread_waiter;
  Waiter* shared = process_waiter.load(std::memory_order_acquire);
  if (shared != nullptr) return *shared;
  static SpinWaiter plain(nullptr, nullptr, 50'000);
  return plain;
}

void SetThreadWaiter(Waiter* waiter) { thread_waiter = waiter; }

void SetProcessWaiter(Waiter* waiter) {
  process_waiter.store(waiter, std::memory_order_release);
}

}  // namespace chi
