// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Stacks for fibers: mapped once, with a guard page below, and used again.
// An overflow is a fault at the guard, never a write into a neighbour.

#ifndef CHIMAERA_SCHED_STACK_POOL_H_
#define CHIMAERA_SCHED_STACK_POOL_H_

#include <vector>

#include "chimaera/base/types.h"

namespace chi {

/// Owned by one worker; no locks. Every stack must have been released before
/// the pool is destroyed.
class StackPool {
 public:
  /// `usable_bytes` above the guard page, rounded up to whole pages.
  explicit StackPool(u64 usable_bytes);
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  /// Lowest usable address of a stack; null when the system has no memory or
  /// no room for another mapping.
  char* Acquire();
  /// Keeps the stack for the next Acquire. Its pages stay touched: the most
  /// recently used stack is the warm one.
  void Release(char* stack);

  u64 usable_bytes() const { return usable_bytes_; }
  u64 num_mapped() const { return num_mapped_; }

 private:
  char* Map();

  const u64 usable_bytes_;
  u64 num_mapped_ = 0;
  std::vector<char*> free_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_STACK_POOL_H_
