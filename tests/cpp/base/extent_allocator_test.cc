// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ExtentAllocator.
//
// The random test drives the allocator beside a model: an ordered map of the
// extents in use. After every call it checks what the model knows (no overlap,
// inside the space, aligned, the right number of free bytes); after a refusal
// it checks that no gap of the model would surely have done; now and then it
// checks all invariants and the largest gap. A failure prints the seed;
// CHI_TEST_SEED repeats it. The long form is run with the tag [stress].

#include "chimaera/base/extent_allocator.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "base/run_in_child.h"
#include "chimaera/base/random.h"
#include "support/catch.h"

namespace chi {
namespace {

constexpr u64 kGrain = 4096;

u64 TestSeed() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it here
  const char* text = std::getenv("CHI_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 0)
                         : SystemRandom::Get().Next();
}

class Model {
 public:
  Model(u64 size, u64 grain) : size_(size), grain_(grain) {}

  void Add(const Extent& extent, u64 alignment) {
    REQUIRE(extent.offset % std::max(alignment, grain_) == 0);
    REQUIRE(extent.size % grain_ == 0);
    REQUIRE(extent.offset + extent.size <= size_);
    const auto after = used_.lower_bound(extent.offset);
    if (after != used_.end()) {
      REQUIRE(extent.offset + extent.size <= after->first);
    }
    if (after != used_.begin()) {
      const auto before = std::prev(after);
      REQUIRE(before->first + before->second <= extent.offset);
    }
    used_.emplace(extent.offset, extent.size);
    used_bytes_ += extent.size;
  }

  u64 TakeAny(Random& random) {
    // An even choice costs linear time; a random place costs little.
    auto it = used_.lower_bound(random.Below(size_));
    if (it == used_.end()) {
      it = used_.begin();
    }
    const u64 offset = it->first;
    used_bytes_ -= it->second;
    used_.erase(it);
    return offset;
  }

  u64 LargestGap() const {
    u64 largest = 0;
    u64 end = 0;
    for (const auto& [offset, size] : used_) {
      largest = std::max(largest, offset - end);
      end = offset + size;
    }
    return std::max(largest, size_ - end);
  }

  void Grow(u64 size) { size_ = size; }
  bool empty() const { return used_.empty(); }
  u64 free_bytes() const { return size_ - used_bytes_; }
  u64 num_used() const { return used_.size(); }
  u64 size() const { return size_; }

 private:
  u64 size_;
  const u64 grain_;
  u64 used_bytes_ = 0;
  std::map<u64, u64> used_;
};

// Sizes spread over several powers of two, most of them small.
u64 RandomSize(Random& random) {
  const u64 limit = u64{1} << (1 + random.Below(19));
  return 1 + random.Below(limit);
}

void AllocateOne(ExtentAllocator& sut, Model& model, Random& random) {
  const u64 size = RandomSize(random);
  const u64 alignment =
      random.Below(4) == 0 ? u64{1} << random.Below(18) : u64{0};
  const Result<Extent> extent = sut.Allocate(size, alignment);
  if (extent.ok()) {
    REQUIRE(extent->size >= size);
    REQUIRE(extent->size - size < sut.alignment());
    model.Add(*extent, alignment);
    return;
  }
  REQUIRE(extent.status().code() == StatusCode::kNoSpace);
  const u64 needed = size + alignment + sut.alignment();
  const u64 surely_enough = needed + needed / 32 + sut.alignment();
  REQUIRE(model.LargestGap() < surely_enough);
}

void AllocateSeveral(ExtentAllocator& sut, Model& model, Random& random) {
  const u64 total = RandomSize(random) * 2;
  const std::size_t max_extents = 1 + random.Below(8);
  const Result<std::vector<Extent>> extents =
      sut.AllocateExtents(total, max_extents);
  if (!extents.ok()) {
    REQUIRE(extents.status().code() == StatusCode::kNoSpace);
    return;
  }
  REQUIRE(extents->size() <= max_extents);
  u64 sum = 0;
  for (const Extent& extent : *extents) {
    model.Add(extent, 0);
    sum += extent.size;
  }
  REQUIRE(sum >= total);
  REQUIRE(sum - total < sut.alignment());
}

void RunAgainstModel(u64 grain, u64 num_operations) {
  const u64 seed = TestSeed();
  CAPTURE(seed, grain);
  SeededRandom random(seed);
  const u64 start_size = 16 * kMiB;
  const u64 growth = kMiB / 2;
  ExtentAllocator sut(start_size, grain);
  Model model(start_size, grain);
  bool filling = true;
  for (u64 i = 0; i < num_operations; ++i) {
    // Swing between nearly empty and full, where the edge cases are.
    if (random.Below(2000) == 0) {
      filling = !filling;
    }
    const u64 choice = random.Below(100);
    if (choice < (filling ? 60u : 35u)) {
      AllocateOne(sut, model, random);
    } else if (choice < (filling ? 65u : 37u)) {
      AllocateSeveral(sut, model, random);
    } else if (!model.empty()) {
      REQUIRE(sut.Free(model.TakeAny(random)).ok());
    }
    REQUIRE(sut.free_bytes() == model.free_bytes());
    REQUIRE(sut.num_allocations() == model.num_used());
    if (i % 1000 == 0) {
      sut.TEST_CheckInvariants();
      REQUIRE(sut.Stats().largest_free == model.LargestGap());
    }
    if (i % 50000 == 49999) {
      REQUIRE(sut.Grow(sut.size() + growth).ok());
      model.Grow(model.size() + growth);
    }
  }
  while (!model.empty()) {
    REQUIRE(sut.Free(model.TakeAny(random)).ok());
  }
  sut.TEST_CheckInvariants();
  REQUIRE(sut.Stats().largest_free == sut.size());
}

TEST_CASE("ExtentAllocator: agrees with a model over random operations") {
  RunAgainstModel(1, 100000);
  RunAgainstModel(64, 100000);
  RunAgainstModel(kGrain, 100000);
}

TEST_CASE("ExtentAllocator: a million operations", "[.][stress]") {
  RunAgainstModel(1, 1000000);
  RunAgainstModel(kGrain, 1000000);
}

TEST_CASE("ExtentAllocator: a new one is one free extent") {
  const ExtentAllocator sut(kMiB, kGrain);
  const ExtentStats stats = sut.Stats();
  CHECK(stats.free_bytes == kMiB);
  CHECK(stats.used_bytes == 0);
  CHECK(stats.largest_free == kMiB);
  CHECK(stats.num_allocations == 0);
  CHECK(stats.fragmentation() == 0.0);
  sut.TEST_CheckInvariants();
}

TEST_CASE("ExtentAllocator: an empty space refuses everything") {
  ExtentAllocator sut(0, kGrain);
  CHECK(sut.Allocate(1).status().code() == StatusCode::kNoSpace);
  CHECK(sut.AllocateUpTo(1).status().code() == StatusCode::kNoSpace);
  CHECK(sut.AllocateExtents(1, 9).status().code() == StatusCode::kNoSpace);
  CHECK(sut.Free(0).code() == StatusCode::kBadRequest);
  CHECK(sut.Stats().fragmentation() == 0.0);
}

TEST_CASE("ExtentAllocator: zero bytes are a bad request") {
  ExtentAllocator sut(kMiB, kGrain);
  CHECK(sut.Allocate(0).status().code() == StatusCode::kBadRequest);
  CHECK(sut.AllocateUpTo(0).status().code() == StatusCode::kBadRequest);
  CHECK(sut.AllocateExtents(0, 1).status().code() == StatusCode::kBadRequest);
  CHECK(sut.AllocateExtents(1, 0).status().code() == StatusCode::kBadRequest);
}

TEST_CASE("ExtentAllocator: sizes round up to the alignment") {
  ExtentAllocator sut(kMiB, kGrain);
  CHECK(sut.Allocate(1)->size == kGrain);
  CHECK(sut.Allocate(kGrain)->size == kGrain);
  CHECK(sut.Allocate(kGrain + 1)->size == 2 * kGrain);
  CHECK(sut.used_bytes() == 4 * kGrain);
}

TEST_CASE("ExtentAllocator: the whole space fits exactly, once") {
  // 1000 grains lie in the middle of a size class, so the first look for a
  // class of surely large enough extents finds none.
  const u64 size = GENERATE(1u, 31u, 32u, 33u, 1000u, 1024u) * kGrain;
  ExtentAllocator sut(size, kGrain);
  const Result<Extent> all = sut.Allocate(size);
  REQUIRE(all.ok());
  CHECK(*all == Extent{0, size});
  CHECK(sut.Allocate(1).status().code() == StatusCode::kNoSpace);
  CHECK(sut.free_bytes() == 0);
  REQUIRE(sut.Free(0).ok());
  CHECK(sut.Allocate(size).ok());
}

TEST_CASE("ExtentAllocator: every byte can be used grain by grain") {
  ExtentAllocator sut(100 * kGrain, kGrain);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(sut.Allocate(kGrain).ok());
  }
  CHECK(sut.Allocate(1).status().code() == StatusCode::kNoSpace);
  sut.TEST_CheckInvariants();
}

TEST_CASE("ExtentAllocator: a rest smaller than the alignment is unused") {
  const ExtentAllocator sut(kGrain * 3 + 5, kGrain);
  CHECK(sut.size() == kGrain * 3);
}

TEST_CASE("ExtentAllocator: absurd sizes are refused, nothing wraps") {
  ExtentAllocator sut(kMiB, kGrain);
  const u64 size = GENERATE(kMiB + 1, ExtentAllocator::kMaxSize, u64{1} << 63,
                            ~u64{0} - kGrain, ~u64{0} - 1, ~u64{0});
  CHECK(sut.Allocate(size).status().code() == StatusCode::kNoSpace);
  CHECK(sut.Allocate(size, u64{1} << 63).status().code() ==
        StatusCode::kNoSpace);
  CHECK(sut.AllocateExtents(size, 100).status().code() == StatusCode::kNoSpace);
  CHECK(sut.free_bytes() == kMiB);
  sut.TEST_CheckInvariants();
}

TEST_CASE("ExtentAllocator: the largest space works to its last byte") {
  ExtentAllocator sut(ExtentAllocator::kMaxSize, 1);
  const Result<Extent> almost = sut.Allocate(ExtentAllocator::kMaxSize - 1);
  REQUIRE(almost.ok());
  CHECK(*sut.Allocate(1) == Extent{ExtentAllocator::kMaxSize - 1, 1});
  CHECK(sut.Allocate(1).status().code() == StatusCode::kNoSpace);
  sut.TEST_CheckInvariants();
}

TEST_CASE("ExtentAllocator: alignment is kept and costs no space") {
  ExtentAllocator sut(kMiB, 64);
  REQUIRE(sut.Allocate(64).ok());
  const Result<Extent> aligned = sut.Allocate(100, 64 * kKiB);
  REQUIRE(aligned.ok());
  CHECK(*aligned == Extent{64 * kKiB, 128});
  CHECK(sut.used_bytes() == 64 + 128);
  CHECK(sut.Allocate(64)->offset < 64 * kKiB);  // the gap before it is usable
  sut.TEST_CheckInvariants();
}

TEST_CASE("ExtentAllocator: an aligned request may fill the space exactly") {
  ExtentAllocator sut(kMiB, kGrain);
  CHECK(sut.Allocate(kMiB, kMiB).ok());
  REQUIRE(sut.Free(0).ok());
  CHECK(sut.Allocate(kMiB - kGrain, kMiB).ok());
  CHECK(sut.Allocate(kGrain, kMiB).status().code() == StatusCode::kNoSpace);
}

TEST_CASE("ExtentAllocator: the largest alignment finds offset 0 only") {
  ExtentAllocator sut(kMiB, kGrain);
  CHECK(sut.Allocate(1, u64{1} << 63)->offset == 0);
  CHECK(sut.Allocate(1, u64{1} << 63).status().code() == StatusCode::kNoSpace);
}

TEST_CASE("ExtentAllocator: an alignment that is no power of two is refused") {
  ExtentAllocator sut(kMiB, kGrain);
  const Status status = sut.Allocate(1, 96).status();
  CHECK(status.code() == StatusCode::kBadRequest);
  CHECK_THAT(status.ToString(), Catch::Contains("96"));
}

TEST_CASE("ExtentAllocator: an alignment below its own changes nothing") {
  ExtentAllocator sut(kMiB, kGrain);
  REQUIRE(sut.Allocate(1, 8).ok());
  CHECK(sut.Allocate(1, 8)->offset == kGrain);
}

TEST_CASE("ExtentAllocator: a second Free names the offset") {
  ExtentAllocator sut(kMiB, kGrain);
  const u64 offset = sut.Allocate(1)->offset;
  REQUIRE(sut.Free(offset).ok());
  const Status status = sut.Free(offset);
  CHECK(status.code() == StatusCode::kBadRequest);
  CHECK_THAT(status.ToString(), Catch::Contains("offset 0"));
  CHECK(sut.free_bytes() == kMiB);
}

TEST_CASE("ExtentAllocator: Free of a foreign offset changes nothing") {
  ExtentAllocator sut(kMiB, kGrain);
  REQUIRE(sut.Allocate(4 * kGrain)->offset == 0);
  for (const u64 offset : {u64{1}, kGrain, 4 * kGrain, kMiB, ~u64{0}}) {
    CAPTURE(offset);
    CHECK(sut.Free(offset).code() == StatusCode::kBadRequest);
  }
  CHECK(sut.used_bytes() == 4 * kGrain);
  sut.TEST_CheckInvariants();
}

TEST_CASE("ExtentAllocator: freed neighbours join in any order") {
  std::vector<u64> order = {0, 1, 2, 3};
  do {
    ExtentAllocator sut(4 * kGrain, kGrain);
    for (int i = 0; i < 4; ++i) {
      REQUIRE(sut.Allocate(kGrain).ok());
    }
    for (const u64 i : order) {
      REQUIRE(sut.Free(i * kGrain).ok());
      sut.TEST_CheckInvariants();
    }
    REQUIRE(sut.Stats().largest_free == 4 * kGrain);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("ExtentAllocator: Find tells the size in use, or kNotFound") {
  ExtentAllocator sut(kMiB, kGrain);
  const Extent extent = *sut.Allocate(3 * kGrain);
  CHECK(*sut.Find(extent.offset) == extent);
  CHECK(sut.Find(extent.offset + kGrain).status().code() ==
        StatusCode::kNotFound);
}

TEST_CASE("ExtentAllocator: fragmentation shows scattered free space") {
  ExtentAllocator sut(4 * kGrain, kGrain);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(sut.Allocate(kGrain).ok());
  }
  REQUIRE(sut.Free(0).ok());
  REQUIRE(sut.Free(2 * kGrain).ok());
  CHECK(sut.Stats().fragmentation() == 0.5);
}

TEST_CASE("ExtentAllocator: Grow appends to what is free at the end") {
  ExtentAllocator sut(2 * kGrain, kGrain);
  REQUIRE(sut.Allocate(kGrain).ok());
  REQUIRE(sut.Grow(10 * kGrain).ok());
  CHECK(sut.Stats().largest_free == 9 * kGrain);
  REQUIRE(sut.Allocate(9 * kGrain).ok());
  REQUIRE(sut.Grow(11 * kGrain + 1).ok());  // now after one in use
  CHECK(sut.size() == 11 * kGrain);
  CHECK(sut.Allocate(kGrain)->offset == 10 * kGrain);
  sut.TEST_CheckInvariants();
}

TEST_CASE("ExtentAllocator: Grow refuses to shrink or to exceed the limit") {
  ExtentAllocator sut(2 * kGrain, kGrain);
  CHECK(sut.Grow(2 * kGrain).ok());
  CHECK(sut.Grow(kGrain).code() == StatusCode::kBadRequest);
  CHECK(sut.Grow(~u64{0}).code() == StatusCode::kBadRequest);
  CHECK(sut.size() == 2 * kGrain);
}

TEST_CASE("ExtentAllocator: AllocateUpTo takes the largest piece left") {
  ExtentAllocator sut(10 * kGrain, kGrain);
  for (int i = 0; i < 10; ++i) {
    REQUIRE(sut.Allocate(kGrain).ok());
  }
  for (const u64 i : {1, 4, 5, 6, 8}) {
    REQUIRE(sut.Free(i * kGrain).ok());
  }
  CHECK(*sut.AllocateUpTo(~u64{0}) == Extent{4 * kGrain, 3 * kGrain});
  CHECK(sut.AllocateUpTo(1)->size == kGrain);
}

TEST_CASE("ExtentAllocator: AllocateExtents gathers scattered space") {
  ExtentAllocator sut(10 * kGrain, kGrain);
  for (int i = 0; i < 10; ++i) {
    REQUIRE(sut.Allocate(kGrain).ok());
  }
  for (const u64 i : {1, 4, 5, 6, 8}) {
    REQUIRE(sut.Free(i * kGrain).ok());
  }
  const auto too_few = sut.AllocateExtents(5 * kGrain, 2);
  CHECK(too_few.status().code() == StatusCode::kNoSpace);
  CHECK(sut.free_bytes() == 5 * kGrain);  // nothing was kept
  sut.TEST_CheckInvariants();
  const auto extents = sut.AllocateExtents(4 * kGrain + 1, 3);
  REQUIRE(extents.ok());
  CHECK(extents->size() == 3);
  CHECK(sut.free_bytes() == 0);
}

TEST_CASE("ExtentAllocator: AllocateExtents prefers one piece") {
  ExtentAllocator sut(kMiB, kGrain);
  const auto extents = sut.AllocateExtents(kMiB, 8);
  REQUIRE(extents.ok());
  CHECK(extents->size() == 1);
}

TEST_CASE("ExtentAllocator: Reserve takes what it is told, once") {
  ExtentAllocator sut(10 * kGrain, kGrain);
  REQUIRE(sut.Reserve(2 * kGrain, kGrain + 1).ok());
  REQUIRE(sut.Reserve(9 * kGrain, kGrain).ok());
  REQUIRE(sut.Reserve(0, kGrain).ok());
  CHECK(*sut.Find(2 * kGrain) == Extent{2 * kGrain, 2 * kGrain});
  for (const u64 at : {0, 1, 2, 3}) {
    CHECK(sut.Reserve(at * kGrain, 2 * kGrain).code() ==
          StatusCode::kAlreadyExists);
  }
  CHECK(sut.Reserve(4 * kGrain, 6 * kGrain).code() ==
        StatusCode::kAlreadyExists);
  CHECK(sut.Reserve(kGrain + 1, 1).code() == StatusCode::kBadRequest);
  CHECK(sut.Reserve(4 * kGrain, 0).code() == StatusCode::kBadRequest);
  CHECK(sut.Reserve(4 * kGrain, 7 * kGrain).code() == StatusCode::kBadRequest);
  CHECK(sut.Reserve(~u64{0} - kGrain + 1, kGrain).code() ==
        StatusCode::kBadRequest);
  CHECK(ExtentAllocator(0, kGrain).Reserve(0, 1).code() ==
        StatusCode::kBadRequest);
  CHECK(sut.free_bytes() == 6 * kGrain);
  sut.TEST_CheckInvariants();
  for (const u64 at : {0, 2, 9}) REQUIRE(sut.Free(at * kGrain).ok());
  CHECK(sut.Allocate(10 * kGrain).ok());
  sut.TEST_CheckInvariants();
}

TEST_CASE("ExtentAllocator: an alignment of its own that is wrong aborts") {
  const u64 alignment = GENERATE(u64{0}, u64{3});
  const test::ChildEnd end = test::RunInChild(
      [alignment] { const ExtentAllocator sut(kMiB, alignment); });
  CHECK(end.signal == SIGABRT);
}

}  // namespace
}  // namespace chi
