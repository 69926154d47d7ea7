// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See fork_guard.h.

#include "ipc/fork_guard.h"

#include <pthread.h>

#include <atomic>

#include "chimaera/base/check.h"

namespace chi {

namespace {

// Changed only in a child before fork() returns there, while it has one thread;
// relaxed everywhere.
std::atomic<u32> g_generation{0};

void CountFork() { g_generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

u32 ForkGeneration() {
  static const int kRegistered = pthread_atfork(nullptr, nullptr, &CountFork);
  CHI_CHECK(kRegistered == 0, "pthread_atfork: {}", kRegistered);
  return g_generation.load(std::memory_order_relaxed);
}

}  // namespace chi
