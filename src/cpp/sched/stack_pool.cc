// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Guards cost no mapping where the kernel can install them inside one
// (MADV_GUARD_INSTALL, Linux 6.13); elsewhere mprotect splits the mapping,
// and the kernel's limit on mappings bounds the number of stacks.

#include "sched/stack_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include "chimaera/base/check.h"

namespace chi {
namespace {

// <asm-generic/mman-common.h> of Linux 6.13.
constexpr int kMadvGuardInstall = 102;

u64 PageSize() {
  static const u64 size = static_cast<u64>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

StackPool::StackPool(u64 usable_bytes)
    : usable_bytes_((usable_bytes + PageSize() - 1) / PageSize() * PageSize()) {
}

StackPool::~StackPool() {
  CHI_CHECK(free_.size() == num_mapped_);
  for (char* stack : free_) {
    munmap(stack - PageSize(), usable_bytes_ + PageSize());
  }
}

char* StackPool::Acquire() {
  if (free_.empty()) return Map();
  char* stack = free_.back();
  free_.pop_back();
  return stack;
}

void StackPool::Release(char* stack) { free_.push_back(stack); }

char* StackPool::Map() {
  // Room for all to be free, so that releasing cannot fail.
  if (free_.capacity() <= num_mapped_) free_.reserve(2 * num_mapped_ + 8);
  const u64 bytes = usable_bytes_ + PageSize();
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  const bool guarded = madvise(base, PageSize(), kMadvGuardInstall) == 0 ||
                       mprotect(base, PageSize(), PROT_NONE) == 0;
  if (!guarded) {
    munmap(base, bytes);
    return nullptr;
  }
  ++num_mapped_;
  return static_cast<char*>(base) + PageSize();
}

}  // namespace chi
