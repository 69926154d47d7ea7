// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The table of blocks: what it gives out, what it refuses, and in which words.

#include "block_table.h"

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/base/random.h"
#include "support/catch.h"

using chi::Status;
using chi::StatusCode;
using chi::u32;
using chi::u64;
using chimaera::bdev::Block;
using chimaera::bdev::BlockTable;
using chimaera::bdev::BlockTableOptions;
using chimaera::bdev::kRuntimeClient;

namespace {

constexpr u64 kAlice = 7;
constexpr u64 kBob = 8;
constexpr u64 kHuge = ~u64{0};

BlockTableOptions Options(u64 size) {
  BlockTableOptions options;
  options.size = size;
  return options;
}

Block One(BlockTable& table, u64 owner, u64 size) {
  const auto blocks = table.Allocate(owner, size);
  REQUIRE(blocks.ok());
  REQUIRE(blocks->size() == 1);
  return blocks->front();
}

bool Says(const Status& status, StatusCode code, const char* text) {
  INFO(status);
  CHECK(status.code() == code);
  return std::string(status.message()).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("BlockTable: sizes add up to exactly what was asked") {
  BlockTable table(Options(1 << 20));
  for (const u64 size : {1, 100, 4096, 4097, 100000}) {
    const auto blocks = table.Allocate(kAlice, size);
    REQUIRE(blocks.ok());
    u64 sum = 0;
    for (const Block& block : *blocks) sum += block.size_;
    REQUIRE(sum == size);
  }
  table.TEST_CheckInvariants();
}

TEST_CASE("BlockTable: nothing, too much and too many are refused") {
  BlockTable table(Options(1 << 20));
  REQUIRE(Says(table.Allocate(kAlice, 0).status(), StatusCode::kBadRequest,
               "0 bytes"));
  for (const u64 size : {u64{1 << 20} + 1, u64{1} << 63, kHuge}) {
    const Status status = table.Allocate(kAlice, size).status();
    REQUIRE(Says(status, StatusCode::kNoSpace,
                 (std::to_string(size) + " bytes asked, 1048576 of 1048576 "
                                         "free")
                     .c_str()));
  }
  BlockTableOptions few = Options(1 << 20);
  few.max_blocks = 2;
  BlockTable small(few);
  One(small, kAlice, 1);
  One(small, kAlice, 1);
  REQUIRE(small.AllocateWhole(kAlice, 1).status().code() ==
          StatusCode::kOverloaded);
  REQUIRE(table.AllocateWhole(kAlice, 0).status().code() ==
          StatusCode::kBadRequest);
  REQUIRE(Says(small.Allocate(kAlice, 1).status(), StatusCode::kOverloaded,
               "2 blocks"));
  REQUIRE(table.Stats().free_bytes == 1 << 20);
}

TEST_CASE("BlockTable: scattered space is given in pieces, or not at all") {
  BlockTableOptions options = Options(16 * 4096);
  options.max_extents = 3;
  BlockTable table(options);
  std::vector<Block> blocks;
  for (int i = 0; i < 16; ++i) blocks.push_back(One(table, kAlice, 4096));
  for (int i = 0; i < 16; i += 2) {
    REQUIRE(table.Free(kAlice, &blocks[static_cast<u64>(i)], 1).ok());
  }
  const auto pieces = table.Allocate(kAlice, 3 * 4096 - 100);
  REQUIRE(pieces.ok());
  REQUIRE(pieces->size() == 3);
  REQUIRE(pieces->back().size_ == 4096 - 100);
  REQUIRE(table.Free(kAlice, pieces->data(), pieces->size()).ok());
  REQUIRE(Says(table.Allocate(kAlice, 4 * 4096).status(), StatusCode::kNoSpace,
               "not in 3 pieces"));
  REQUIRE(table.AllocateWhole(kAlice, 4096 + 1).status().code() ==
          StatusCode::kNoSpace);
  const auto whole = table.AllocateWhole(kAlice, 4095);
  REQUIRE(whole.ok());
  REQUIRE(whole->size_ == 4095);
  REQUIRE(table.Free(kAlice, &*whole, 1).ok());
  REQUIRE(table.Stats().free_bytes == 8 * 4096);
  table.TEST_CheckInvariants();
}

TEST_CASE("BlockTable: a freed block is stale, also when its slot is reused") {
  BlockTable table(Options(1 << 20));
  const Block block = One(table, kAlice, 4096);
  REQUIRE(table.Free(kAlice, &block, 1).ok());
  REQUIRE(Says(table.Free(kAlice, &block, 1), StatusCode::kStale, "was freed"));
  const Block next = One(table, kBob, 4096);
  REQUIRE(next.slot() == block.slot());
  REQUIRE(table.Free(kAlice, &block, 1).code() == StatusCode::kStale);
  REQUIRE(table.Pin(kAlice, block, 0, 1).status().code() == StatusCode::kStale);
  REQUIRE(table.Pin(kBob, next, 0, 1).ok());
  table.Unpin(next);
}

TEST_CASE("BlockTable: no number of a block is believed") {
  BlockTable table(Options(1 << 20));
  const Block block = One(table, kAlice, 4096);
  const auto refused = [&](Block forged, const char* text, u64 caller) {
    INFO(forged << " " << text);
    CHECK(Says(table.Free(caller, &forged, 1), StatusCode::kBadRequest, text));
    CHECK(table.Pin(caller, forged, 0, 1).status().code() ==
          StatusCode::kBadRequest);
    CHECK(table.Hold(caller, caller, forged).status().code() ==
          StatusCode::kBadRequest);
  };
  Block forged = block;
  forged.block_id_ = Block::MakeId(99, 1);
  refused(forged, "never given out: 1 slots", kAlice);
  forged.block_id_ = Block::MakeId(block.slot(), block.generation() + 1);
  refused(forged, "never given out", kAlice);
  forged.block_id_ = Block::MakeId(block.slot(), 0);
  refused(forged, "never given out", kAlice);
  forged.block_id_ = kHuge;
  refused(forged, "never given out", kAlice);
  forged = block;
  forged.offset_ = 4096;
  refused(forged, "was given out as [0, +4096)", kAlice);
  forged = block;
  forged.size_ = kHuge;
  refused(forged, "was given out as [0, +4096)", kAlice);
  forged = block;
  forged.container_id_ = 3;
  refused(forged, "of container 3, not 0", kAlice);
  refused(block, "belongs to client 7, not 8", kBob);
  REQUIRE(table.Stats().num_blocks == 1);
  REQUIRE(table.Pin(kRuntimeClient, block, 0, 4096).ok());
  table.Unpin(block);
  table.TEST_CheckInvariants();
}

TEST_CASE("BlockTable: a list is freed whole or not at all") {
  BlockTable table(Options(1 << 20));
  const Block a = One(table, kAlice, 4096);
  const Block b = One(table, kAlice, 4096);
  const Block twice[] = {a, b, a};
  REQUIRE(Says(table.Free(kAlice, twice, 3), StatusCode::kBadRequest,
               "in the list twice"));
  Block forged = b;
  forged.size_ += 1;
  const Block bad[] = {a, forged};
  REQUIRE(table.Free(kAlice, bad, 2).code() == StatusCode::kBadRequest);
  REQUIRE(table.Stats().num_blocks == 2);
  const Block good[] = {a, b};
  REQUIRE(table.Free(kAlice, good, 2).ok());
  REQUIRE(table.Stats().free_bytes == 1 << 20);
  REQUIRE(table.Free(kAlice, nullptr, 0).ok());
  table.TEST_CheckInvariants();
}

TEST_CASE("BlockTable: ranges within a block do not overflow") {
  BlockTable table(Options(1 << 20));
  One(table, kAlice, 4096);
  const Block block = One(table, kAlice, 100);
  for (const auto& [offset, length] :
       std::vector<std::pair<u64, u64>>{{0, 101},
                                        {100, 1},
                                        {99, 2},
                                        {kHuge, 1},
                                        {1, kHuge},
                                        {kHuge, 2},
                                        {kHuge, kHuge},
                                        {101, 0},
                                        {kHuge - 50, 100}}) {
    INFO(offset << " " << length);
    CHECK(table.Pin(kAlice, block, offset, length).status().code() ==
          StatusCode::kBadRequest);
  }
  const auto range = table.Pin(kAlice, block, 40, 60);
  REQUIRE(range.ok());
  REQUIRE(range->offset == 4096 + 40);
  REQUIRE(range->size == 60);
  table.Unpin(block);
  REQUIRE(table.Pin(kAlice, block, 100, 0).ok());
  table.Unpin(block);
}

TEST_CASE("BlockTable: a block freed while pinned keeps its space") {
  BlockTable table(Options(2 * 4096));
  const Block block = One(table, kAlice, 4096);
  REQUIRE(table.Pin(kAlice, block, 0, 10).ok());
  REQUIRE(table.Hold(kAlice, kAlice, block).ok());
  REQUIRE(table.Free(kAlice, &block, 1).ok());
  REQUIRE(table.Free(kAlice, &block, 1).code() == StatusCode::kStale);
  REQUIRE(table.Stats().free_bytes == 4096);
  table.TEST_CheckInvariants();
  table.Unpin(block);
  REQUIRE(table.Stats().free_bytes == 4096);
  REQUIRE(table.Release(kBob, block).code() == StatusCode::kNotFound);
  REQUIRE(table.Release(kAlice, block).ok());
  REQUIRE(table.Release(kAlice, block).code() == StatusCode::kNotFound);
  REQUIRE(table.Stats().free_bytes == 2 * 4096);
  table.TEST_CheckInvariants();
}

TEST_CASE("BlockTable: a block is not held more often than can be counted") {
  BlockTable table(Options(4096));
  const Block block = One(table, kAlice, 4096);
  u32 held = 0;
  for (u32 i = 0; i <= BlockTable::kMaxHolds; ++i) {
    if (table.Hold(kAlice, kAlice, block).ok()) ++held;
  }
  CHECK(held == BlockTable::kMaxHolds);
  CHECK(table.Hold(kAlice, kAlice, block).status().code() ==
        StatusCode::kOverloaded);
  CHECK(table.Stats().num_pins == BlockTable::kMaxHolds);
  REQUIRE(table.Hold(kAlice, kRuntimeClient, block).ok());
  REQUIRE(table.Release(kRuntimeClient, block).ok());
  table.ForgetClient(kAlice);
  CHECK(table.Stats().num_pins == 0);
}

TEST_CASE("BlockTable: what a client leaves behind is freed") {
  BlockTable table(Options(1 << 20));
  const Block kept = One(table, kRuntimeClient, 4096);
  const Block bobs = One(table, kBob, 4096);
  const Block held = One(table, kAlice, 4096);
  One(table, kAlice, 4096);
  REQUIRE(table.Hold(kAlice, kAlice, held).ok());
  REQUIRE(table.Hold(kAlice, kAlice, held).ok());
  // A method of the runtime is at work in it.
  REQUIRE(table.Hold(kAlice, kRuntimeClient, held).ok());
  table.ForgetClient(kAlice);
  table.TEST_CheckInvariants();
  REQUIRE(table.Stats().num_blocks == 3);
  REQUIRE(table.Stats().num_pins == 1);
  REQUIRE(table.Release(kRuntimeClient, held).ok());
  REQUIRE(table.Stats().num_blocks == 2);
  REQUIRE(table.Pin(kBob, bobs, 0, 1).ok());
  table.Unpin(bobs);
  REQUIRE(table.Pin(kRuntimeClient, kept, 0, 1).ok());
  table.Unpin(kept);
}

TEST_CASE("BlockTable: random use never gives a byte to two owners") {
  BlockTableOptions options = Options(64 * 4096);
  options.max_extents = 8;
  BlockTable table(options);
  chi::SeededRandom random(20260101);
  std::map<u64, std::vector<Block>> owned;  // by client
  std::vector<Block> freed;
  for (int step = 0; step < 100000; ++step) {
    const u64 client = 1 + random.Next() % 4;
    auto& blocks = owned[client];
    switch (random.Next() % 6) {
      case 0: {
        const u64 size = 1 + random.Next() % 40000;
        const auto got = table.AllocateWhole(client, size);
        if (got.ok()) {
          REQUIRE(got->size_ == size);
          blocks.push_back(*got);
        }
        break;
      }
      case 1:
      case 2: {
        const auto got = table.Allocate(client, 1 + random.Next() % 40000);
        if (got.ok()) blocks.insert(blocks.end(), got->begin(), got->end());
        break;
      }
      case 3:
      case 4:
        if (!blocks.empty()) {
          const u64 i = random.Next() % blocks.size();
          REQUIRE(table.Free(client, &blocks[i], 1).ok());
          freed.push_back(blocks[i]);
          blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(i));
        }
        break;
      default:
        if (random.Next() % 50 == 0) {
          table.ForgetClient(client);
          blocks.clear();
        } else if (!freed.empty()) {
          const Block& old = freed[random.Next() % freed.size()];
          REQUIRE(table.Free(client, &old, 1).code() == StatusCode::kStale);
        }
    }
    if (step % 1000 != 0) continue;
    table.TEST_CheckInvariants();
    std::map<u64, u64> ranges;
    for (const auto& [owner, list] : owned) {
      for (const Block& block : list) {
        REQUIRE(ranges.emplace(block.offset_, block.size_).second);
      }
    }
    u64 end = 0;
    for (const auto& [offset, size] : ranges) {
      REQUIRE(offset >= end);
      end = offset + size;
    }
  }
}

TEST_CASE("BlockTable: threads race for frees and pins; one wins each") {
  BlockTable table(Options(1 << 20));
  for (int round = 0; round < 200; ++round) {
    const Block block = One(table, kAlice, 4096);
    std::atomic<int> freed{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        if (table.Pin(kAlice, block, 0, 4096).ok()) table.Unpin(block);
        if (table.Free(kAlice, &block, 1).ok()) freed.fetch_add(1);
        if (table.Pin(kAlice, block, 0, 4096).ok()) table.Unpin(block);
      });
    }
    for (auto& thread : threads) thread.join();
    REQUIRE(freed.load() == 1);
    REQUIRE(table.Stats().free_bytes == 1 << 20);
  }
  table.TEST_CheckInvariants();
}
