// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tables, and who has which places in them.

#include "chimaera/sched/task_counts.h"

#include <sys/mman.h>

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

#include "chimaera/base/check.h"
#include "chimaera/base/extent_allocator.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/mutex.h"

namespace chi {
namespace {

constexpr u64 kTableBytes = TaskCounts::kNumPlaces * sizeof(std::atomic<u64>);

// Where threads count that are no workers. Never read.
std::atomic<u64> nobodys_table[TaskCounts::kNumPlaces];

// Of the process, since a thread's table knows no runtime.
struct Registry {
  Registry() : places(TaskCounts::kNumPlaces, 1) {
    CHI_CHECK(places.Reserve(0, TaskCounts::kNobody).ok());
  }

  static Registry& Get() {
    static auto* const registry = std::make_unique<Registry>().release();
    return *registry;
  }

  Mutex mu;
  ExtentAllocator places CHI_GUARDED_BY(mu);
  std::vector<std::atomic<u64>*> tables CHI_GUARDED_BY(mu);
};

std::atomic<u64>* MapTable() {
  void* const table = mmap(nullptr, kTableBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (table == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::atomic<u64>*>(table);
}

}  // namespace

namespace internal {

__thread std::atomic<u64>* task_counts
    __attribute__((tls_model("initial-exec"))) = nobodys_table;

std::atomic<u64>* NobodysCounts() { return nobodys_table; }

}  // namespace internal

TaskCounts::TaskCounts() : places_(MapTable()) {
  Registry& registry = Registry::Get();
  const MutexLock lock(registry.mu);
  registry.tables.push_back(places_);
}

TaskCounts::~TaskCounts() {
  Registry& registry = Registry::Get();
  const MutexLock lock(registry.mu);
  registry.tables.erase(
      std::find(registry.tables.begin(), registry.tables.end(), places_));
  munmap(static_cast<void*>(places_), kTableBytes);
}

CountPlaces::CountPlaces(u32 count) : count_(count) {
  CHI_CHECK(count <= TaskCounts::kNobody);
  if (count == 0) return;
  const HeapScope heap;
  Registry& registry = Registry::Get();
  const MutexLock lock(registry.mu);
  const Result<Extent> taken = registry.places.Allocate(count);
  if (taken.ok()) first_ = static_cast<u32>(taken->offset);
}

CountPlaces::~CountPlaces() {
  if (!counted()) return;
  Registry& registry = Registry::Get();
  const MutexLock lock(registry.mu);
  for (std::atomic<u64>* const table : registry.tables) {
    for (u32 i = 0; i < count_; ++i) {
      table[first_ + i].store(0, std::memory_order_relaxed);
    }
  }
  CHI_CHECK(registry.places.Free(first_).ok());
}

u64 CountPlaces::Sum(u32 index) const {
  if (!counted()) return 0;
  Registry& registry = Registry::Get();
  const MutexLock lock(registry.mu);
  u64 sum = 0;
  for (const std::atomic<u64>* const table : registry.tables) {
    sum += table[first_ + index].load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace chi
