// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The slow half of task memory: batches between threads and the pool, slabs
// between the pool and the segment.

#include "chimaera/shm/slab.h"

#include <algorithm>
#include <functional>

#include "chimaera/base/check.h"
#include "chimaera/base/heap_accounts.h"

namespace chi {

namespace {

constexpr u32 BlocksPerSlab(u32 cls) {
  return static_cast<u32>(SlabAllocator::kSlabBytes /
                          SlabClasses::kBlockBytes[cls]);
}

// Blocks of a class that a cache keeps: at most 128 KiB of them.
constexpr u32 CacheLimit(u32 cls) {
  const u64 by_size = 128 * kKiB / SlabClasses::kBlockBytes[cls];
  return by_size < SlabCache::kMaxCached ? static_cast<u32>(by_size)
                                         : SlabCache::kMaxCached;
}

static_assert(SlabClasses::kBlockBytes.back() == SlabClasses::kMaxBlockBytes);
static_assert(CacheLimit(SlabClasses::kCount - 1) >= 2,
              "half a stack is moved at a time");

}  // namespace

SlabAllocator::~SlabAllocator() {
  MutexLock lock(mu_);
  for (const Slab& slab : slabs_) {
    source_.FreeSlab(slab.ptr);
  }
}

u64 SlabAllocator::source_bytes() const {
  MutexLock lock(mu_);
  return slabs_.size() * kSlabBytes + large_bytes_;
}

void SlabAllocator::Trim() {
  MutexLock lock(mu_);
  TrimLocked();
}

void SlabAllocator::Abandon() CHI_NO_THREAD_SAFETY_ANALYSIS {
  for (std::vector<SlabBlock>& blocks : free_) {
    blocks.clear();
  }
  slabs_.clear();
  large_bytes_ = 0;
}

u32 SlabAllocator::Take(u32 cls, SlabBlock* out, u32 n) {
  MutexLock lock(mu_);
  std::vector<SlabBlock>& blocks = free_[cls];
  if (blocks.empty() && !Carve(cls)) {
    // Slabs that other sizes have left behind may be enough.
    TrimLocked();
    if (!Carve(cls)) {
      return 0;
    }
  }
  n = static_cast<u32>(std::min<u64>(n, blocks.size()));
  std::copy(blocks.end() - n, blocks.end(), out);
  blocks.resize(blocks.size() - n);
  return n;
}

void SlabAllocator::Give(u32 cls, const SlabBlock* blocks, u32 n) {
  MutexLock lock(mu_);
  free_[cls].insert(free_[cls].end(), blocks, blocks + n);
}

FullPtr<char> SlabAllocator::TakeLarge(u64 size) {
  MutexLock lock(mu_);
  Result<ShmRange> range = source_.AllocateSlab(size);
  if (!range.ok()) {
    TrimLocked();
    range = source_.AllocateSlab(size);
  }
  if (!range.ok()) {
    return nullptr;
  }
  large_bytes_ += size;
  return FullPtr<char>(range->base, range->ptr);
}

void SlabAllocator::GiveLarge(ShmPtr p, u64 size) {
  MutexLock lock(mu_);
  large_bytes_ -= size;
  source_.FreeSlab(p);
}

bool SlabAllocator::Carve(u32 cls) {
  Result<ShmRange> slab = source_.AllocateSlab(kSlabBytes);
  if (!slab.ok()) {
    return false;
  }
  CHI_CHECK(reinterpret_cast<std::uintptr_t>(slab->base) % kCacheLineSize == 0,
            "slab at {}", slab->ptr);
  slabs_.push_back({slab->base, slab->ptr, cls});
  // The last pushed is the first taken: hand them out from the front.
  const u64 bytes = SlabClasses::kBlockBytes[cls];
  for (u32 i = BlocksPerSlab(cls); i-- > 0;) {
    free_[cls].push_back({slab->base + i * bytes, slab->ptr + i * bytes});
  }
  return true;
}

void SlabAllocator::TrimLocked() {
  const auto by_address = [](const SlabBlock& a, const SlabBlock& b) {
    return std::less<const char*>()(a.address, b.address);
  };
  for (std::vector<SlabBlock>& blocks : free_) {
    std::sort(blocks.begin(), blocks.end(), by_address);
  }
  const auto give_back = [&](const Slab& slab) CHI_REQUIRES(mu_) {
    std::vector<SlabBlock>& blocks = free_[slab.cls];
    const auto first = std::lower_bound(blocks.begin(), blocks.end(),
                                        SlabBlock{slab.base, {}}, by_address);
    const auto last = std::lower_bound(
        first, blocks.end(), SlabBlock{slab.base + kSlabBytes, {}}, by_address);
    if (last - first != BlocksPerSlab(slab.cls)) {
      return false;
    }
    blocks.erase(first, last);
    source_.FreeSlab(slab.ptr);
    return true;
  };
  slabs_.erase(std::remove_if(slabs_.begin(), slabs_.end(), give_back),
               slabs_.end());
}

SlabCache::SlabCache(SlabAllocator& central) : central_(central) {
  for (u32 cls = 0; cls < SlabClasses::kCount; ++cls) {
    stacks_[cls].limit = CacheLimit(cls);
  }
}

SlabCache::~SlabCache() {
  for (u32 cls = 0; cls < SlabClasses::kCount; ++cls) {
    if (stacks_[cls].count != 0) {
      central_.Give(cls, stacks_[cls].blocks.data(), stacks_[cls].count);
    }
  }
}

void SlabCache::Abandon() {
  for (Stack& stack : stacks_) {
    stack.count = 0;
  }
}

FullPtr<char> SlabCache::AllocateSlowly(u64 size) {
  const HeapScope heap;
  if (size > SlabClasses::kMaxBlockBytes) {
    return central_.TakeLarge(size);
  }
  const u32 cls = ClassOf(size);
  Stack& stack = stacks_[cls];
  stack.count = central_.Take(cls, stack.blocks.data(), stack.limit / 2);
  if (stack.count == 0) {
    return nullptr;
  }
  const SlabBlock& block = stack.blocks[--stack.count];
  return FullPtr<char>(block.address, block.ptr);
}

void SlabCache::FreeSlowly(FullPtr<char> block, u64 size) {
  const HeapScope heap;
  if (size > SlabClasses::kMaxBlockBytes) {
    central_.GiveLarge(block.shm_, size);
    return;
  }
  // The oldest half goes: the youngest is still warm in this core's cache.
  const u32 cls = ClassOf(size);
  Stack& stack = stacks_[cls];
  const u32 moved = stack.limit / 2;
  central_.Give(cls, stack.blocks.data(), moved);
  std::copy(stack.blocks.begin() + moved, stack.blocks.begin() + stack.count,
            stack.blocks.begin());
  stack.count -= moved;
  stack.blocks[stack.count++] = SlabBlock{block.ptr_, block.shm_};
}

}  // namespace chi
