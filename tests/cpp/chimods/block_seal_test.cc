// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The table of blocks: those that belong to objects.

#include <vector>

#include "block_table.h"
#include "support/catch.h"

using chi::StatusCode;
using chi::u64;
using chimaera::bdev::Access;
using chimaera::bdev::Block;
using chimaera::bdev::BlockTable;
using chimaera::bdev::BlockTableOptions;

namespace {

constexpr u64 kAlice = 7;
constexpr u64 kBob = 8;
constexpr u64 kSize = 16 * 4096;

BlockTableOptions Options() {
  BlockTableOptions options;
  options.size = kSize;
  return options;
}

Block One(BlockTable& table, u64 owner, u64 size = 4096) {
  const auto blocks = table.Allocate(owner, size);
  REQUIRE(blocks.ok());
  return blocks->front();
}

void SealAll(BlockTable& table, u64 owner, const std::vector<Block>& blocks) {
  BlockTable::Seal seal;
  REQUIRE(table.BeginSeal(owner, blocks, &seal).ok());
  seal.AwaitWriters();
  table.EndSeal(seal, true);
}

StatusCode PinCode(BlockTable& table, u64 caller, const Block& block,
                   Access access) {
  const auto pinned = table.Pin(caller, block, 0, block.size_, access);
  if (pinned.ok()) table.Unpin(block, access);
  return pinned.status().code();
}

}  // namespace

TEST_CASE("BlockTable: a sealed block is everybody's to read, nobody's else") {
  BlockTable table(Options());
  const Block block = One(table, kAlice);
  CHECK(PinCode(table, kBob, block, Access::kRead) == StatusCode::kBadRequest);
  SealAll(table, kAlice, {block});
  for (const u64 caller : {kAlice, kBob, chimaera::bdev::kRuntimeClient}) {
    CHECK(PinCode(table, caller, block, Access::kRead) == StatusCode::kOk);
    CHECK(PinCode(table, caller, block, Access::kWrite) ==
          StatusCode::kBadRequest);
    CHECK(table.Free(caller, &block, 1).code() == StatusCode::kBadRequest);
  }
  table.ForgetClient(kAlice);
  CHECK(PinCode(table, kBob, block, Access::kRead) == StatusCode::kOk);
  table.Drop({block});
  CHECK(PinCode(table, kBob, block, Access::kRead) == StatusCode::kStale);
  CHECK(table.Stats().free_bytes == kSize);
  table.TEST_CheckInvariants();
}

TEST_CASE("BlockTable: a map tells whose every byte is") {
  BlockTable table(Options());
  One(table, kAlice, 3 * 4096);
  const Block sealed = One(table, kAlice, 4096 + 1);  // has two pages
  const Block freed = One(table, kAlice);
  One(table, kBob, 10);
  SealAll(table, kAlice, {sealed});
  REQUIRE(table.Free(kAlice, &freed, 1).ok());

  const auto pages = table.Map(4096);
  REQUIRE(pages.size() == 16);
  for (u64 page = 0; page < pages.size(); ++page) {
    const bool is_sealed = page == 3 || page == 4;
    const bool is_used = page < 3 || page == 6;
    CHECK(pages[page].sealed == (is_sealed ? 4096 : 0));
    CHECK(pages[page].used == (is_used ? 4096 : 0));
  }
  const auto parts = table.Map(4 * 4096);
  REQUIRE(parts.size() == 4);
  CHECK(parts[0].used == 3 * 4096);
  CHECK(parts[0].sealed == 4096);
  CHECK(parts[1].used == 4096);
  CHECK(parts[1].sealed == 4096);
  CHECK(table.Map(u64{1} << 40).size() == 1);
  CHECK(table.Map(5 * 4096).size() == 4);  // the last one is shorter
}

TEST_CASE("BlockTable: a seal that fails gives the blocks back") {
  BlockTable table(Options());
  const Block a = One(table, kAlice);
  const Block b = One(table, kBob);
  BlockTable::Seal nothing;
  CHECK(table.BeginSeal(kAlice, {a, b}, &nothing).code() ==
        StatusCode::kBadRequest);
  CHECK(table.BeginSeal(kAlice, {a, a}, &nothing).code() ==
        StatusCode::kBadRequest);
  {
    BlockTable::Seal seal;
    REQUIRE(table.BeginSeal(kAlice, {a}, &seal).ok());
    CHECK(PinCode(table, kAlice, a, Access::kWrite) == StatusCode::kBadRequest);
    table.TEST_CheckInvariants();
    table.EndSeal(seal, false);
  }
  CHECK(PinCode(table, kAlice, a, Access::kWrite) == StatusCode::kOk);
  // Its owner goes meanwhile.
  BlockTable::Seal seal;
  REQUIRE(table.BeginSeal(kAlice, {a}, &seal).ok());
  table.ForgetClient(kAlice);
  CHECK(table.Stats().num_blocks == 2);
  table.EndSeal(seal, false);
  CHECK(table.Stats().num_blocks == 1);
  table.TEST_CheckInvariants();
}

TEST_CASE("BlockTable: who goes while its blocks are sealed leaves them") {
  BlockTable table(Options());
  const Block block = One(table, kAlice);
  BlockTable::Seal seal;
  REQUIRE(table.BeginSeal(kAlice, {block}, &seal).ok());
  table.ForgetClient(kAlice);
  seal.AwaitWriters();
  table.EndSeal(seal, true);
  CHECK(PinCode(table, kBob, block, Access::kRead) == StatusCode::kOk);
  table.TEST_CheckInvariants();
}

TEST_CASE("BlockTable: sealing ends after the writes under way") {
  BlockTable table(Options());
  const Block block = One(table, kAlice);
  REQUIRE(table.Pin(kAlice, block, 0, 1, Access::kWrite).ok());
  REQUIRE(table.Hold(kAlice, 0, block, Access::kWrite).ok());
  REQUIRE(table.Hold(kAlice, 0, block).ok());
  BlockTable::Seal seal;
  REQUIRE(table.BeginSeal(kAlice, {block}, &seal).ok());
  REQUIRE(table.Release(0, block).ok());
  table.Unpin(block, Access::kWrite);
  // Both holds have to end: which of them wrote is not known.
  table.TEST_CheckInvariants();
  REQUIRE(table.Release(0, block).ok());
  seal.AwaitWriters();
  table.EndSeal(seal, true);
  table.TEST_CheckInvariants();
  CHECK(table.Stats().num_pins == 0);
}

TEST_CASE("BlockTable: blocks of an earlier life keep their place and id") {
  std::vector<Block> kept;
  {
    BlockTable table(Options());
    std::vector<Block> all;
    for (int i = 0; i < 8; ++i) all.push_back(One(table, kAlice));
    kept = {all[6], all[1], all[2]};
  }
  BlockTableOptions options = Options();
  options.first_generation = 100;
  BlockTable table(options);
  REQUIRE(table.Restore(kept).ok());
  table.TEST_CheckInvariants();
  CHECK(table.Stats().free_bytes == kSize - 3 * 4096);
  for (const Block& block : kept) {
    CHECK(PinCode(table, kBob, block, Access::kRead) == StatusCode::kOk);
  }
  const auto rest = table.Allocate(kBob, kSize - 3 * 4096);
  REQUIRE(rest.ok());
  for (const Block& block : *rest) {
    CHECK(block.generation() == 100);
    for (const Block& other : kept) {
      CHECK((block.offset_ >= other.offset_ + 4096 ||
             other.offset_ >= block.offset_ + block.size_));
    }
  }
  table.Drop(kept);
  CHECK(table.Stats().free_bytes == 3 * 4096);
  table.TEST_CheckInvariants();
}

TEST_CASE("BlockTable: what cannot have been there is refused") {
  const Block block{4096, 4096, Block::MakeId(0, 1), 0, 0};
  Block other = block;
  other.block_id_ = Block::MakeId(1, 1);
  BlockTable twice(Options());
  CHECK(!twice.Restore({block, other}).ok());
  BlockTableOptions coarse = Options();
  coarse.alignment = 8192;
  BlockTable table(coarse);
  CHECK(table.Restore({block}).code() == StatusCode::kBadRequest);
}
