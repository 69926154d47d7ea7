// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Named objects of block devices, in a runtime: in memory and in a file.

#include <string>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/bdev/bdev_client.h"
#include "embedded.h"
#include "support/process.h"

using chi::PoolId;
using chi::PoolQuery;
using chi::StatusCode;
using chi::u64;
using chi::u8;
using chi::test::Embedded;
using chi::test::TempDir;
using chimaera::bdev::BdevType;
using chimaera::bdev::Block;
using chimaera::bdev::Client;

namespace {

constexpr u64 kSize = chi::kMiB;

Client Open(const std::string& path) {
  Client device;
  const chimaera::Outcome outcome =
      device.Create(HSHM_MCTX, PoolQuery::Local(), path, PoolId(200, 0),
                    path[0] == '/' ? BdevType::kFile : BdevType::kRam, kSize);
  INFO(outcome);
  REQUIRE(outcome.ok());
  return device;
}

void Close() {
  REQUIRE(
      CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), PoolId(200, 0)));
}

std::vector<u8> Pattern(u64 size, u64 seed) {
  std::vector<u8> bytes(size);
  for (u64 i = 0; i < size; ++i) bytes[i] = static_cast<u8>(seed + i * 31);
  return bytes;
}

Block Written(Client& device, u64 size, u64 seed) {
  const auto block = device.Allocate(HSHM_MCTX, size);
  REQUIRE(block.ok());
  REQUIRE(device.Write(HSHM_MCTX, *block, Pattern(size, seed)));
  return *block;
}

u64 FreeBytes(Client& device) {
  u64 remaining = 0;
  device.GetStats(HSHM_MCTX, remaining);
  return remaining;
}

std::string Names(Client& device, const std::string& prefix = "",
                  const std::string& after = "", u64 limit = 1000) {
  std::string names;
  const auto found = device.ListObjects(HSHM_MCTX, prefix, after, limit);
  REQUIRE(found.ok());
  for (const auto& each : *found) names += each.name + " ";
  return names;
}

}  // namespace

TEST_CASE("bdev objects: blocks get a name and can then only be read") {
  const TempDir dir;
  Embedded runtime;
  for (const std::string& path : {std::string("ram"), dir / "device"}) {
    Client device = Open(path);
    const Block a = Written(device, 5000, 1);
    const Block b = Written(device, 4096, 2);
    REQUIRE(device.PutObject(HSHM_MCTX, "pair", {b, a}, "about"));
    const auto found = device.GetObject(HSHM_MCTX, "pair");
    REQUIRE(found.ok());
    CHECK(found->attributes == "about");
    CHECK(found->blocks == std::vector<Block>{b, a});
    CHECK(*device.Read(HSHM_MCTX, a) == Pattern(5000, 1));
    for (const Block& block : {a, b}) {
      CHECK(device.Write(HSHM_MCTX, block, Pattern(1, 0)).code() ==
            StatusCode::kBadRequest);
      CHECK(device.Free(HSHM_MCTX, block).code() == StatusCode::kBadRequest);
      CHECK(device.PutObject(HSHM_MCTX, "thief", {block}).code() ==
            StatusCode::kBadRequest);
    }
    const auto listed = device.ListObjects(HSHM_MCTX);
    REQUIRE(listed.ok());
    REQUIRE(listed->size() == 1);
    CHECK(listed->front().size == 9096);
    REQUIRE(device.DeleteObject(HSHM_MCTX, "pair"));
    CHECK(device.Read(HSHM_MCTX, a).status().code() == StatusCode::kStale);
    CHECK(FreeBytes(device) == kSize);
    CHECK(device.DeleteObject(HSHM_MCTX, "pair").code() ==
          StatusCode::kNotFound);
    CHECK(device.GetObject(HSHM_MCTX, "pair").status().code() ==
          StatusCode::kNotFound);
    Close();
  }
}

TEST_CASE("bdev objects: replacing keeps some blocks and frees the others") {
  const TempDir dir;
  Embedded runtime;
  for (const std::string& path : {std::string("ram"), dir / "device"}) {
    Client device = Open(path);
    const Block a = Written(device, 4096, 1);
    const Block b = Written(device, 4096, 2);
    const Block c = Written(device, 4096, 3);
    REQUIRE(device.PutObject(HSHM_MCTX, "it", {a, b}, "old"));
    CHECK(device.PutObject(HSHM_MCTX, "it", {c}, "new").code() ==
          StatusCode::kAlreadyExists);
    CHECK(device.PutObject(HSHM_MCTX, "it", {c, c}, "new", true).code() ==
          StatusCode::kBadRequest);
    // What failed has left the block as it was.
    REQUIRE(device.Write(HSHM_MCTX, c, Pattern(4096, 4)));
    REQUIRE(device.PutObject(HSHM_MCTX, "it", {c, b}, "new", true));
    CHECK(device.GetObject(HSHM_MCTX, "it")->blocks ==
          std::vector<Block>{c, b});
    CHECK(*device.Read(HSHM_MCTX, c) == Pattern(4096, 4));
    CHECK(*device.Read(HSHM_MCTX, b) == Pattern(4096, 2));
    CHECK(device.Read(HSHM_MCTX, a).status().code() == StatusCode::kStale);
    CHECK(FreeBytes(device) == kSize - 2 * 4096);
    // Nothing but attributes is an object too.
    REQUIRE(device.PutObject(HSHM_MCTX, "it", {}, "empty", true));
    CHECK(FreeBytes(device) == kSize);
    Close();
  }
}

TEST_CASE("bdev objects: what cannot be is refused, and changes nothing") {
  Embedded runtime;
  Client device = Open("ram");
  const Block block = Written(device, 4096, 1);
  const Block freed = Written(device, 4096, 1);
  REQUIRE(device.Free(HSHM_MCTX, freed));
  Block forged = block;
  forged.size_ += 4096;
  const auto put = [&](const std::string& name, const Block& each,
                       const std::string& attributes = "") {
    return device.PutObject(HSHM_MCTX, name, {each}, attributes).code();
  };
  CHECK(put("", block) == StatusCode::kBadRequest);
  CHECK(put(std::string(256, 'n'), block) == StatusCode::kBadRequest);
  CHECK(put("it", block, std::string(65537, 'a')) == StatusCode::kBadRequest);
  CHECK(put("it", freed) == StatusCode::kStale);
  CHECK(put("it", forged) == StatusCode::kBadRequest);
  CHECK(device.PutObject(HSHM_MCTX, "it", {block, freed}).code() ==
        StatusCode::kStale);
  CHECK(Names(device).empty());
  REQUIRE(device.Write(HSHM_MCTX, block, Pattern(4096, 2)));
  // Names and attributes have room, but no end of it.
  chimaera::Outcome outcome;
  u64 num_put = 0;
  while (outcome.ok() && num_put < 100) {
    outcome = device.PutObject(HSHM_MCTX, std::to_string(num_put++), {},
                               std::string(65536, 'a'));
  }
  CHECK(outcome.code() == StatusCode::kNoSpace);
  REQUIRE(device.DeleteObject(HSHM_MCTX, "0"));
  CHECK(put(std::string(255, 'n'), block, std::string(65000, 'a')) ==
        StatusCode::kOk);
}

TEST_CASE("bdev objects: listed by name, in pages") {
  Embedded runtime;
  Client device = Open("ram");
  for (const char* name : {"b/2", "a", "b/10", "c", "b", "b/1"}) {
    REQUIRE(device.PutObject(HSHM_MCTX, name, {}));
  }
  CHECK(Names(device) == "a b b/1 b/10 b/2 c ");
  CHECK(Names(device, "b/") == "b/1 b/10 b/2 ");
  CHECK(Names(device, "", "", 2) == "a b ");
  CHECK(Names(device, "", "b", 2) == "b/1 b/10 ");
  CHECK(Names(device, "b", "b/10") == "b/2 ");
  CHECK(Names(device, "b", "c").empty());
  CHECK(Names(device, "x").empty());
}

TEST_CASE("bdev objects: one that is looked at is kept until the end") {
  Embedded runtime;
  Client device = Open("ram");
  const Block block = Written(device, 4096, 1);
  REQUIRE(device.PutObject(HSHM_MCTX, "it", {block}));
  REQUIRE(device.Locate(HSHM_MCTX, block).ok());
  REQUIRE(device.DeleteObject(HSHM_MCTX, "it"));
  CHECK(FreeBytes(device) == kSize - 4096);
  REQUIRE(device.Unpin(HSHM_MCTX, block));
  CHECK(FreeBytes(device) == kSize);
}

TEST_CASE("bdev objects: in a file they are there again") {
  const TempDir dir;
  Embedded runtime;
  Client device = Open(dir / "device");
  const Block before = Written(device, 4096, 9);
  std::vector<Block> blocks;
  for (const u64 size : {u64{1}, u64{4096}, u64{70000}}) {
    blocks.push_back(Written(device, size, size));
  }
  REQUIRE(device.PutObject(HSHM_MCTX, "kept", blocks, "about"));
  REQUIRE(device.PutObject(HSHM_MCTX, "gone", {Written(device, 4096, 1)}));
  REQUIRE(device.DeleteObject(HSHM_MCTX, "gone"));
  Close();
  device = Open(dir / "device");
  CHECK(Names(device) == "kept ");
  const auto found = device.GetObject(HSHM_MCTX, "kept");
  REQUIRE(found.ok());
  CHECK(found->attributes == "about");
  REQUIRE(found->blocks == blocks);
  for (const Block& block : blocks) {
    CHECK(*device.Read(HSHM_MCTX, block) == Pattern(block.size_, block.size_));
    CHECK(device.Free(HSHM_MCTX, block).code() == StatusCode::kBadRequest);
  }
  // A lease is not, and nobody gets space that belongs to the object.
  CHECK(!device.Read(HSHM_MCTX, before).ok());
  const u64 rest = FreeBytes(device);
  CHECK(rest == kSize - (1 + 1 + 18) * 4096);
  const auto others =
      device.AllocateBlocks(HSHM_MCTX, PoolQuery::Local(), rest);
  REQUIRE(others.ok());
  for (const Block& block : *others) {
    REQUIRE(device.Write(HSHM_MCTX, block, Pattern(block.size_, 99)));
  }
  CHECK(*device.Read(HSHM_MCTX, blocks[2]) == Pattern(70000, 70000));
  REQUIRE(device.DeleteObject(HSHM_MCTX, "kept"));
  REQUIRE(device.FreeBlocks(HSHM_MCTX, *others));
  CHECK(FreeBytes(device) == kSize);
}

TEST_CASE("bdev: a name is lent, blocks are given to it, and collected") {
  Embedded runtime;
  Client device = Open("ram://device");
  const auto loan = device.Borrow(HSHM_MCTX, "grid");
  INFO(loan.status());
  REQUIRE(loan.ok());
  CHECK(device.Borrow(HSHM_MCTX, "grid").status().code() ==
        StatusCode::kAlreadyExists);
  CHECK(device.Borrow(HSHM_MCTX, "other").ok());
  const Block first = Written(device, 100, 1);
  const Block second = Written(device, 5000, 2);
  REQUIRE(device.Give(HSHM_MCTX, "grid", *loan, {7, 3}, {first, second}));
  CHECK(device.Give(HSHM_MCTX, "grid", *loan, {7}, {first}).code() ==
        StatusCode::kAlreadyExists);
  CHECK(device.Give(HSHM_MCTX, "grid", *loan + 100, {8}, {first}).code() ==
        StatusCode::kStale);
  const auto given = device.Collect(HSHM_MCTX, "grid", *loan);
  REQUIRE(given.ok());
  CHECK(*given == Client::GivenBlocks{{3, second}, {7, first}});
  // Who waits gets it when it is returned.
  auto next = device.AsyncBorrow(HSHM_MCTX, "grid", 60'000'000'000);
  REQUIRE(device.ReturnLoan(HSHM_MCTX, "grid", *loan));
  REQUIRE(next.Get().ok());
  CHECK(next->loan_ != *loan);
  for (const auto code :
       {device.ReturnLoan(HSHM_MCTX, "grid", *loan).code(),
        device.Collect(HSHM_MCTX, "grid", *loan).status().code()}) {
    CHECK(code == StatusCode::kStale);
  }
  CHECK(device.Borrow(HSHM_MCTX, "grid", 1'000'000).status().code() ==
        StatusCode::kDeadlineExceeded);
  CHECK(device.Collect(HSHM_MCTX, "grid", next->loan_)->empty());
  REQUIRE(device.ReturnLoan(HSHM_MCTX, "grid", next->loan_));
  CHECK(device.Read(HSHM_MCTX, second)->size() == 5000);
}
