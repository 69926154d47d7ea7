// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Task memory. The source counts what it has given, so a test can say that
// every byte came back. Blocks are filled with a tag of their own while in use
// and compared before they are freed: two owners of one block would spoil each
// other's tag.

#include "chimaera/shm/slab.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/base/random.h"
#include "support/catch.h"

namespace chi {
namespace {

class CountingSource final : public SlabSource {
 public:
  explicit CountingSource(u64 limit) : limit_(limit) {}
  ~CountingSource() override {
    for (const auto& [offset, range] : live_) {
      std::free(range.base);
    }
  }

  Result<ShmRange> AllocateSlab(u64 bytes) override {
    if (bytes > limit_ - used) {
      return Status::NoMemory(Format("{} bytes", bytes));
    }
    const u64 rounded = (bytes + 63) / 64 * 64;
    ShmRange range{static_cast<char*>(std::aligned_alloc(64, rounded)),
                   ShmPtr::At(kMainSegment, next_), bytes};
    next_ += rounded;
    used += bytes;
    live_[range.ptr.offset()] = range;
    return range;
  }

  void FreeSlab(ShmPtr slab) override {
    const auto found = live_.find(slab.offset());
    CHI_CHECK(found != live_.end(), "{} is not a slab", slab);
    used -= found->second.size;
    std::free(found->second.base);
    live_.erase(found);
  }

  u64 used = 0;

 private:
  const u64 limit_;
  u64 next_ = 64;
  std::map<u64, ShmRange> live_;
};

TEST_CASE("SlabCache: a block has room, alignment and an address for others") {
  CountingSource source(64 * kMiB);
  SlabAllocator central(source);
  SlabCache sut(central);
  for (u64 size = 0; size <= 10'000; size += size < 4200 ? 1 : 777) {
    const FullPtr<char> block = sut.Allocate(size);
    REQUIRE_FALSE(block.IsNull());
    REQUIRE(reinterpret_cast<std::uintptr_t>(block.ptr_) % 64 == 0);
    REQUIRE(block.shm_.segment() == kMainSegment);
    REQUIRE(block.shm_.offset() % 64 == 0);
    std::memset(block.ptr_, 0x5A, size);  // for the address sanitizer
    sut.Free(block, size);
  }
}

TEST_CASE("SlabCache: the block freed last is allocated next") {
  CountingSource source(kMiB);
  SlabAllocator central(source);
  SlabCache sut(central);
  const FullPtr<char> first = sut.Allocate(192);
  const FullPtr<char> second = sut.Allocate(192);
  CHECK(first != second);
  sut.Free(first, 192);
  CHECK(sut.Allocate(192) == first);
  sut.Free(first, 192);
  sut.Free(second, 192);
}

TEST_CASE("SlabCache: blocks in use never overlap") {
  CountingSource source(64 * kMiB);
  SlabAllocator central(source);
  SlabCache sut(central);
  const u64 size = GENERATE(1, 64, 65, 640, 1000, 4096);
  std::set<char*> seen;
  std::vector<FullPtr<char>> blocks;
  for (int i = 0; i < 500; ++i) {
    blocks.push_back(sut.Allocate(size));
    REQUIRE(seen.insert(blocks.back().ptr_).second);
  }
  for (auto at = seen.begin(); std::next(at) != seen.end(); ++at) {
    REQUIRE(*std::next(at) - *at >= static_cast<std::ptrdiff_t>(size));
  }
  for (const FullPtr<char>& block : blocks) {
    sut.Free(block, size);
  }
}

TEST_CASE("SlabCache: alternating bursts stay within what the burst needs") {
  CountingSource source(64 * kMiB);
  SlabAllocator central(source);
  SlabCache sut(central);
  std::vector<FullPtr<char>> blocks;
  u64 after_first = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 1000; ++i) {
      blocks.push_back(sut.Allocate(256));
    }
    for (const FullPtr<char>& block : blocks) {
      sut.Free(block, 256);
    }
    blocks.clear();
    if (round == 0) {
      after_first = source.used;
    }
  }
  CHECK(source.used == after_first);
}

TEST_CASE("SlabCache: a dry source gives null, and memory when there is some") {
  CountingSource source(SlabAllocator::kSlabBytes);
  SlabAllocator central(source);
  SlabCache sut(central);
  std::vector<FullPtr<char>> blocks;
  for (FullPtr<char> block = sut.Allocate(4096); !block.IsNull();
       block = sut.Allocate(4096)) {
    blocks.push_back(block);
  }
  CHECK(blocks.size() == 16);
  CHECK(sut.Allocate(64).IsNull());
  CHECK(sut.Allocate(5000).IsNull());
  sut.Free(blocks.back(), 4096);
  const FullPtr<char> again = sut.Allocate(4096);
  CHECK(again == blocks.back());
  for (const FullPtr<char>& block : blocks) {
    sut.Free(block, 4096);
  }
}

TEST_CASE("SlabAllocator: slabs left by one size serve another") {
  CountingSource source(4 * SlabAllocator::kSlabBytes);
  SlabAllocator central(source);
  SlabCache sut(central);
  {
    SlabCache other(central);
    std::vector<FullPtr<char>> blocks;
    for (FullPtr<char> block = other.Allocate(64); !block.IsNull();
         block = other.Allocate(64)) {
      blocks.push_back(block);
    }
    for (const FullPtr<char>& block : blocks) {
      other.Free(block, 64);
    }
  }
  CHECK(source.used == 4 * SlabAllocator::kSlabBytes);
  const FullPtr<char> small = sut.Allocate(2048);
  CHECK_FALSE(small.IsNull());
  const FullPtr<char> large = sut.Allocate(100'000);
  CHECK_FALSE(large.IsNull());
  sut.Free(small, 2048);
  sut.Free(large, 100'000);
}

TEST_CASE("SlabAllocator: every byte is back at the end") {
  CountingSource source(64 * kMiB);
  {
    SlabAllocator central(source);
    {
      SlabCache sut(central);
      std::vector<std::pair<FullPtr<char>, u64>> blocks;
      for (u64 size = 1; size < 9000; size += 37) {
        blocks.emplace_back(sut.Allocate(size), size);
      }
      CHECK(central.source_bytes() == source.used);
      for (const auto& [block, size] : blocks) {
        sut.Free(block, size);
      }
    }
    central.Trim();
    CHECK(source.used == 0);
    CHECK(central.source_bytes() == 0);
  }
  CHECK(source.used == 0);
}

TEST_CASE("SlabAllocator: a forked child forgets what its parent owns") {
  CountingSource source(kMiB);
  {
    SlabAllocator central(source);
    SlabCache sut(central);
    sut.Free(sut.Allocate(64), 64);
    sut.Abandon();
    central.Abandon();
    CHECK(central.source_bytes() == 0);
  }
  CHECK(source.used == SlabAllocator::kSlabBytes);
}

TEST_CASE("SlabCache: threads free what other threads have allocated") {
  constexpr int kPerThread = 60'000;
  struct Block {
    FullPtr<char> where;
    u64 size;
    u64 tag;
  };
  struct Mailbox {
    std::mutex mutex;
    std::deque<Block> blocks;
  };
  CountingSource source(64 * kMiB);
  std::atomic<u64> num_wrong{0};
  {
    SlabAllocator central(source);
    Mailbox mail[2];
    const auto free_some = [&](SlabCache& cache, Mailbox& from) {
      std::deque<Block> taken;
      {
        const std::lock_guard<std::mutex> lock(from.mutex);
        taken.swap(from.blocks);
      }
      for (const Block& block : taken) {
        u64 tag = 0;
        std::memcpy(&tag, block.where.ptr_, sizeof(tag));
        num_wrong += tag != block.tag ? 1 : 0;
        cache.Free(block.where, block.size);
      }
    };
    const auto run = [&](int self) {
      SlabCache cache(central);
      SeededRandom random(static_cast<u64>(self) + 1);
      for (int i = 0; i < kPerThread; ++i) {
        const u64 size = 8 + random.Below(i % 64 == 0 ? 20'000 : 700);
        const u64 tag = random.Next();
        const FullPtr<char> where = cache.Allocate(size);
        if (where.IsNull()) {
          free_some(cache, mail[self]);
          continue;
        }
        std::memcpy(where.ptr_, &tag, sizeof(tag));
        {
          const std::lock_guard<std::mutex> lock(mail[1 - self].mutex);
          mail[1 - self].blocks.push_back({where, size, tag});
        }
        if (i % 100 == 0) {
          free_some(cache, mail[self]);
        }
      }
    };
    std::thread first(run, 0);
    std::thread second(run, 1);
    first.join();
    second.join();
    {
      SlabCache cache(central);
      free_some(cache, mail[0]);
      free_some(cache, mail[1]);
    }
    central.Trim();
    CHECK(source.used == 0);
  }
  CHECK(num_wrong.load() == 0);
  CHECK(source.used == 0);
}

}  // namespace
}  // namespace chi
