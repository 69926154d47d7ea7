// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See signal_stack.h.

#include "chimaera/sched/signal_stack.h"

#include <signal.h>
#include <sys/mman.h>

#include "chimaera/base/types.h"

namespace chi {
namespace {

// A report needs about 2 KiB, an unwinder 8, the kernel up to 11 for registers.
constexpr u64 kBytes = 64 * kKiB;

}  // namespace

SignalStack::SignalStack() {
  stack_t stack = {};
  if (sigaltstack(nullptr, &stack) != 0) return;
  if ((stack.ss_flags & SS_DISABLE) == 0) return;
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  stack = {};
  stack.ss_sp = memory;
  stack.ss_size = kBytes;
  if (sigaltstack(&stack, nullptr) == 0) {
    memory_ = memory;
  } else {
    munmap(memory, kBytes);
  }
}

SignalStack::~SignalStack() {
  if (memory_ == nullptr) return;
  stack_t none = {};
  none.ss_flags = SS_DISABLE;
  if (sigaltstack(&none, nullptr) == 0) munmap(memory_, kBytes);
}

}  // namespace chi
