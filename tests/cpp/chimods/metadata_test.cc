// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Metadata of a block file in memory: which transactions are accepted, and that
// a refused one leaves no trace.

#include "format/metadata.h"

#include <string>
#include <vector>

#include "chimaera/base/random.h"
#include "chimods/metadata_workload.h"
#include "format/crc32c.h"
#include "support/catch.h"

using chi::SeededRandom;
using chi::Status;
using chi::StatusCode;
using chi::u32;
using chi::u64;
using chi::test::RandomTransaction;
using chi::test::TinyGeometry;
using chimaera::bdev::BlockKind;
using chimaera::bdev::Crc32c;
using chimaera::bdev::kPageSize;
using chimaera::bdev::Metadata;
using chimaera::bdev::Transaction;

namespace {

constexpr BlockKind kDurable = BlockKind::kDurable;

// Blocks 0 and 1, an object 'a' that has block 0.
Metadata Sample() {
  Metadata metadata(TinyGeometry());
  Transaction t;
  t.SetGenerationLimit(10);
  t.PutBlock(0, 1, kDurable, 0, 5000);
  t.PutBlock(1, 2, kDurable, 2 * kPageSize, kPageSize);
  t.CreateObject("a", "attributes", {0});
  REQUIRE(metadata.Apply(t.bytes()).ok());
  return metadata;
}

// After a transaction that does `change` behind something that is fine.
StatusCode Refusal(const Transaction& change) {
  Metadata metadata = Sample();
  const std::string before = metadata.Encode();
  Transaction t;
  t.SetGenerationLimit(11);
  t.PutBlock(5, 3, kDurable, 8 * kPageSize, 100);
  const u32 checksum = 7;
  t.SetChecksums(5, 0, &checksum, 1);
  t.CreateObject("fine", "", {5});
  const Status status = metadata.Apply(t.bytes() + change.bytes());
  INFO(status);
  CHECK(metadata.Encode() == before);
  metadata.TEST_CheckInvariants();
  return status.code();
}

}  // namespace

TEST_CASE("Crc32c: the check value of RFC 3720 and of split input") {
  CHECK(Crc32c("123456789", 9) == 0xE3069283);
  CHECK(Crc32c("456789", 6, Crc32c("123", 3)) == 0xE3069283);
  CHECK(Crc32c("", 0) == 0);
}

TEST_CASE("Metadata: blocks that cannot be are refused") {
  Transaction t;
  SECTION("overlap from the left") { t.PutBlock(7, 1, kDurable, 0, 1); }
  SECTION("overlap within the last page") {
    t.PutBlock(7, 1, kDurable, kPageSize, 1);
  }
  SECTION("overlap from before") {
    t.PutBlock(7, 1, kDurable, 7 * kPageSize, kPageSize + 1);
  }
  SECTION("slot in use") { t.PutBlock(1, 2, kDurable, 9 * kPageSize, 1); }
  CHECK(Refusal(t) == StatusCode::kAlreadyExists);
}

TEST_CASE("Metadata: numbers that make no sense are refused") {
  Transaction t;
  SECTION("size 0") { t.PutBlock(7, 1, kDurable, 9 * kPageSize, 0); }
  SECTION("between pages") { t.PutBlock(7, 1, kDurable, 100, 1); }
  SECTION("behind the end") { t.PutBlock(7, 1, kDurable, 64 * kPageSize, 1); }
  SECTION("a sum that wraps") {
    t.PutBlock(7, 1, kDurable, ~u64{0} - kPageSize + 1, kPageSize + 1);
  }
  SECTION("generation 0") { t.PutBlock(7, 0, kDurable, 9 * kPageSize, 1); }
  SECTION("generation at the limit") {
    t.PutBlock(7, 11, kDurable, 9 * kPageSize, 1);
  }
  SECTION("slot") { t.PutBlock(1u << 24, 1, kDurable, 9 * kPageSize, 1); }
  SECTION("kind") {
    t.PutBlock(7, 1, static_cast<BlockKind>(9), 9 * kPageSize, 1);
  }
  SECTION("limit that falls") { t.SetGenerationLimit(9); }
  SECTION("empty name") { t.CreateObject("", "", {}); }
  SECTION("long name") { t.CreateObject(std::string(256, 'n'), "", {}); }
  SECTION("long attributes") {
    t.CreateObject("n", std::string(65537, 'n'), {});
  }
  SECTION("checksums behind the block") {
    const u32 checksums[3] = {};
    t.SetChecksums(0, 0, checksums, 3);
  }
  SECTION("object on a lease") {
    t.PutBlock(7, 1, BlockKind::kLease, 9 * kPageSize, 1);
    t.CreateObject("n", "", {7});
  }
  CHECK(Refusal(t) == StatusCode::kBadRequest);
}

TEST_CASE("Metadata: bytes that are no operations are refused") {
  Metadata metadata = Sample();
  const std::string before = metadata.Encode();
  Transaction t;
  t.SetGenerationLimit(20);
  t.CreateObject("name", "attributes", {1});
  for (u64 length = 0; length < t.bytes().size(); ++length) {
    const std::string cut = t.bytes().substr(0, length);
    if (length == 0 || length == 5) continue;  // whole operations
    CHECK(metadata.Apply(cut).code() == StatusCode::kBadRequest);
  }
  CHECK(metadata.Apply(std::string(1, '\0')).code() == StatusCode::kBadRequest);
  CHECK(metadata.Encode() == before);
}

TEST_CASE("Metadata: names and owners are unique") {
  Transaction t;
  SECTION("name") { t.CreateObject("a", "", {}); }
  SECTION("block of another object") { t.CreateObject("b", "", {0}); }
  SECTION("block twice") { t.CreateObject("b", "", {1, 1}); }
  SECTION("block of an object is dropped") { t.DropBlock(0, 1); }
  CHECK(Refusal(t) == StatusCode::kAlreadyExists);
}

TEST_CASE("Metadata: what is not there is NotFound, what was is Stale") {
  Transaction t;
  SECTION("object to replace") { t.ReplaceObject("b", "", {}); }
  SECTION("object to delete") { t.DeleteObject("b"); }
  SECTION("block") { t.DropBlock(7, 1); }
  SECTION("block of an object") { t.CreateObject("b", "", {7}); }
  CHECK(Refusal(t) == StatusCode::kNotFound);
  Transaction stale;
  stale.DropBlock(1, 1);
  CHECK(Refusal(stale) == StatusCode::kStale);
}

TEST_CASE("Metadata: replacing frees the old blocks, deleting all of them") {
  Metadata metadata = Sample();
  Transaction replace;
  replace.ReplaceObject("a", "new", {1});
  replace.DropBlock(0, 1);
  REQUIRE(metadata.Apply(replace.bytes()).ok());
  CHECK(metadata.objects().at("a").attributes == "new");
  CHECK(metadata.blocks().count(0) == 0);
  CHECK(metadata.blocks().at(1).in_object);

  Transaction remove;
  remove.DeleteObject("a");
  remove.DropBlock(1, 2);
  REQUIRE(metadata.Apply(remove.bytes()).ok());
  CHECK(metadata.blocks().empty());
  metadata.TEST_CheckInvariants();
}

TEST_CASE("Metadata: a lease may become durable, not the other way") {
  Metadata metadata = Sample();
  Transaction lease;
  lease.PutBlock(3, 4, BlockKind::kLease, 9 * kPageSize, 10);
  REQUIRE(metadata.Apply(lease.bytes()).ok());
  Transaction durable;
  durable.PutBlock(3, 4, kDurable, 9 * kPageSize, 10);
  REQUIRE(metadata.Apply(durable.bytes()).ok());
  CHECK(metadata.Apply(lease.bytes()).code() == StatusCode::kAlreadyExists);
  CHECK(metadata.DropLeases() == 0);
}

TEST_CASE("Metadata: what does not fit a checkpoint is NoSpace") {
  Metadata metadata(TinyGeometry());
  for (int i = 0;; ++i) {
    Transaction t;
    t.CreateObject("object-" + std::to_string(i), std::string(500, 'x'), {});
    const std::string before = metadata.Encode();
    const Status status = metadata.Apply(t.bytes());
    if (status.ok()) continue;
    CHECK(status.code() == StatusCode::kNoSpace);
    CHECK(metadata.Encode() == before);
    break;
  }
  CHECK(metadata.encoded_size() <= TinyGeometry().checkpoint_size);
  metadata.TEST_CheckInvariants();
}

// A transaction behind another one that is refused is undone with it: half of
// the random ones get an end that cannot be.
TEST_CASE("Metadata: random transactions keep the invariants") {
  const u64 seed = 1;
  INFO("seed " << seed);
  SeededRandom random(seed);
  Metadata metadata(TinyGeometry());
  for (int i = 0; i < 3000; ++i) {
    const Transaction t = RandomTransaction(metadata, random);
    const std::string before = metadata.Encode();
    REQUIRE_FALSE(metadata.Apply(t.bytes() + '\xff').ok());
    REQUIRE(metadata.Encode() == before);
    REQUIRE(metadata.Apply(t.bytes()).ok());
    metadata.TEST_CheckInvariants();
    Metadata copy(TinyGeometry());
    REQUIRE(copy.Apply(metadata.Encode()).ok());
    REQUIRE(copy.Encode() == metadata.Encode());
  }
}
