// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Memory for tasks. A thread allocates and frees tasks by moving an entry on a
// stack of its own: no lock, no atomic, and no line of shared memory touched.
//
//   SlabCache      one per thread: a stack of free blocks per size class
//       |  batches of half a stack, when one runs empty or full
//   SlabAllocator  one per process, behind a mutex: free blocks per class
//       |  slabs of 64 KiB cut into blocks of one class; large sizes as such
//   SlabSource     the segment
//
// All records lie in private memory. The blocks hold nothing but the task, so
// the other process cannot damage them.

#ifndef CHIMAERA_SHM_SLAB_H_
#define CHIMAERA_SHM_SLAB_H_

#include <array>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/thread_annotations.h"
#include "chimaera/base/types.h"
#include "chimaera/shm/offset_ptr.h"

namespace chi {

/// Consecutive bytes of a segment.
struct ShmRange {
  char* base = nullptr;
  ShmPtr ptr;
  u64 size = 0;
};

/// Where slabs come from. A SlabAllocator makes one call at a time.
class SlabSource {
 public:
  virtual ~SlabSource() = default;

  /// At least `bytes` bytes, aligned to kCacheLineSize.
  virtual Result<ShmRange> AllocateSlab(u64 bytes) = 0;

  /// Takes back a range by its `ptr`.
  virtual void FreeSlab(ShmPtr slab) = 0;
};

/// A free block: where it is, for this process and for others.
struct SlabBlock {
  char* address;
  ShmPtr ptr;
};

/// Size classes: multiples of 64 up to 512, then four steps to each power of
/// two, so that at most a fifth of a block above 512 bytes is lost.
struct SlabClasses {
  static constexpr u64 kGrain = 64;
  static constexpr u64 kMaxBlockBytes = 4096;
  static constexpr u32 kCount = 20;
  static constexpr std::array<u16, kCount> kBlockBytes = {
      64,  128,  192,  256,  320,  384,  448,  512,  640,  768,
      896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096};

  /// By size in grains, rounded up.
  static constexpr std::array<u8, kMaxBlockBytes / kGrain + 1> MakeTable() {
    std::array<u8, kMaxBlockBytes / kGrain + 1> table{};
    u8 cls = 0;
    for (u64 grains = 0; grains < table.size(); ++grains) {
      while (grains * kGrain > kBlockBytes[cls]) {
        ++cls;
      }
      table[grains] = cls;
    }
    return table;
  }
};

/// The process's pool. All members may be called from any thread.
class SlabAllocator {
 public:
  static constexpr u64 kSlabBytes = 64 * kKiB;

  /// `source` outlives this object.
  explicit SlabAllocator(SlabSource& source) : source_(source) {}
  SlabAllocator(const SlabAllocator&) = delete;
  SlabAllocator& operator=(const SlabAllocator&) = delete;
  /// Gives all slabs back to the source, also those with blocks in use.
  /// REQUIRES: no cache is left.
  ~SlabAllocator();

  /// Bytes held from the source now: slabs and large blocks.
  [[nodiscard]] u64 source_bytes() const;

  /// Gives slabs back of which all blocks are here, not in use and not in a
  /// cache. Done by itself when the source has run dry. Time grows with the
  /// number of free blocks.
  void Trim();

  /// In the child of a fork: forgets everything, for it is the parent's.
  /// Takes no lock: another thread may have held it at the fork.
  void Abandon();

 private:
  friend class SlabCache;

  struct Slab {
    char* base;
    ShmPtr ptr;
    u32 cls;
  };

  // Up to `n` blocks of class `cls` to `out`; 0 if there is no memory.
  u32 Take(u32 cls, SlabBlock* out, u32 n);
  void Give(u32 cls, const SlabBlock* blocks, u32 n);
  FullPtr<char> TakeLarge(u64 size);
  void GiveLarge(ShmPtr p, u64 size);

  bool Carve(u32 cls) CHI_REQUIRES(mu_);
  void TrimLocked() CHI_REQUIRES(mu_);

  SlabSource& source_;
  mutable Mutex mu_;
  std::array<std::vector<SlabBlock>, SlabClasses::kCount> free_
      CHI_GUARDED_BY(mu_);
  std::vector<Slab> slabs_ CHI_GUARDED_BY(mu_);
  u64 large_bytes_ CHI_GUARDED_BY(mu_) = 0;
};

/// A thread's share. Not thread-safe: each thread has its own, but a block may
/// be freed into another cache than it came from.
class SlabCache {
 public:
  /// Most blocks of one class that a cache keeps; fewer of large ones.
  static constexpr u32 kMaxCached = 64;

  /// `central` outlives this object.
  explicit SlabCache(SlabAllocator& central);
  SlabCache(const SlabCache&) = delete;
  SlabCache& operator=(const SlabCache&) = delete;
  /// Gives all free blocks to the pool.
  ~SlabCache();

  /// `size` bytes, aligned to a cache line, with any contents; null if there is
  /// no memory.
  [[nodiscard]] FullPtr<char> Allocate(u64 size) {
    FullPtr<char> block;
    return TryAllocate(size, &block) ? block : AllocateSlowly(size);
  }

  /// The same if a block lies in this cache; else false.
  [[nodiscard]] bool TryAllocate(u64 size, FullPtr<char>* block) {
    if (__builtin_expect(size > SlabClasses::kMaxBlockBytes, 0)) return false;
    Stack& stack = stacks_[ClassOf(size)];
    if (__builtin_expect(stack.count == 0, 0)) return false;
    const SlabBlock& top = stack.blocks[--stack.count];
    *block = FullPtr<char>(top.address, top.ptr);
    return true;
  }

  /// Frees what Allocate(`size`) of any cache of the same pool has returned.
  /// REQUIRES: !block.IsNull().
  void Free(FullPtr<char> block, u64 size) {
    if (__builtin_expect(size <= SlabClasses::kMaxBlockBytes, 1)) {
      Stack& stack = stacks_[ClassOf(size)];
      if (__builtin_expect(stack.count < stack.limit, 1)) {
        stack.blocks[stack.count++] = SlabBlock{block.ptr_, block.shm_};
        return;
      }
    }
    FreeSlowly(block, size);
  }

  /// In the child of a fork: forgets all blocks, for they are the parent's.
  void Abandon();

 private:
  struct Stack {
    u32 count = 0;
    u32 limit = 0;
    std::array<SlabBlock, kMaxCached> blocks;  // the first `count`
  };

  static constexpr auto kClassTable = SlabClasses::MakeTable();

  static u32 ClassOf(u64 size) {
    return kClassTable[(size + SlabClasses::kGrain - 1) / SlabClasses::kGrain];
  }

  FullPtr<char> AllocateSlowly(u64 size);
  void FreeSlowly(FullPtr<char> block, u64 size);

  SlabAllocator& central_;
  std::array<Stack, SlabClasses::kCount> stacks_;
};

}  // namespace chi

#endif  // CHIMAERA_SHM_SLAB_H_
