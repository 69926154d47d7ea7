// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module bdev in a runtime: bytes there and back, and what is refused.

#include <cstring>
#include <numeric>
#include <string>
#include <thread>
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
using chimaera::bdev::BlockRange;
using chimaera::bdev::Client;

namespace {

constexpr u64 kSize = 16 * chi::kMiB;

Client MakeDevice(u64 size = kSize) {
  Client device;
  const chimaera::Outcome created =
      device.Create(HSHM_MCTX, PoolQuery::Dynamic(), "ram://test",
                    PoolId(200, 0), BdevType::kRam, size);
  INFO(created);
  REQUIRE(created.ok());
  return device;
}

std::vector<u8> Pattern(u64 size) {
  std::vector<u8> bytes(size);
  for (u64 i = 0; i < size; ++i) bytes[i] = static_cast<u8>(i * 31 + i / 251);
  return bytes;
}

bool Says(const chi::Status& status, StatusCode code, const char* text) {
  INFO(status);
  CHECK(status.code() == code);
  return std::string(status.message()).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("bdev: allocate, write, read, free") {
  Embedded runtime;
  Client device = MakeDevice();
  for (const u64 size : {u64{1}, u64{4096}, 5 * chi::kMiB + 3}) {
    const auto block = device.Allocate(HSHM_MCTX, size);
    REQUIRE(block.ok());
    REQUIRE(block->size_ == size);
    const auto data = Pattern(size);
    REQUIRE(device.Write(HSHM_MCTX, *block, data));
    const auto back = device.Read(HSHM_MCTX, *block);
    REQUIRE(back.ok());
    REQUIRE(*back == data);
    REQUIRE(device.Free(HSHM_MCTX, *block));
    REQUIRE(device.Read(HSHM_MCTX, *block).status().code() ==
            StatusCode::kStale);
    REQUIRE(device.Free(HSHM_MCTX, *block).code() == StatusCode::kStale);
  }
  u64 remaining = 0;
  const auto metrics = device.GetStats(HSHM_MCTX, remaining);
  REQUIRE(remaining == kSize);
  REQUIRE(metrics.bytes_written_ == 4097 + 5 * chi::kMiB + 3);
  REQUIRE(metrics.bytes_read_ == metrics.bytes_written_);
}

TEST_CASE("bdev: a buffer of the client goes without another copy") {
  Embedded runtime;
  Client device = MakeDevice();
  const auto block = *device.Allocate(HSHM_MCTX, 8192);
  const auto buffer = CHI_IPC->AllocateBuffer(8192);
  REQUIRE_FALSE(buffer.IsNull());
  const auto data = Pattern(8192);
  std::memcpy(buffer.ptr_, data.data(), 8192);
  REQUIRE(*device.Write(HSHM_MCTX, block, buffer.shm_, 8192) == 8192);
  std::memset(buffer.ptr_, 0, 8192);
  REQUIRE(*device.Read(HSHM_MCTX, block, buffer.shm_, 100, 4000) == 100);
  REQUIRE(std::memcmp(buffer.ptr_, data.data() + 4000, 100) == 0);
  CHI_IPC->FreeBuffer(buffer);
}

TEST_CASE("bdev: ranges and pointers that are not the caller's are refused") {
  Embedded runtime;
  Client device = MakeDevice();
  const auto before = *device.Allocate(HSHM_MCTX, 4096);
  const auto block = *device.Allocate(HSHM_MCTX, 100);
  const auto after = *device.Allocate(HSHM_MCTX, 4096);
  const auto data = Pattern(4096);
  const std::vector<u8> zeros(4096, 0);
  REQUIRE(device.Write(HSHM_MCTX, before, zeros));
  REQUIRE(device.Write(HSHM_MCTX, after, zeros));
  REQUIRE(Says(device.Write(HSHM_MCTX, block, data), StatusCode::kBadRequest,
               "4096 bytes from 0 on are not all in block"));
  REQUIRE(device.Write(HSHM_MCTX, block, data.data(), 1, 100).code() ==
          StatusCode::kBadRequest);
  REQUIRE(device.Write(HSHM_MCTX, block, data.data(), 2, ~u64{0}).code() ==
          StatusCode::kBadRequest);
  REQUIRE(*device.Read(HSHM_MCTX, before) == zeros);
  REQUIRE(*device.Read(HSHM_MCTX, after) == zeros);

  for (const hipc::Pointer pointer :
       {hipc::Pointer::Null(), hipc::Pointer::At(77, 0),
        hipc::Pointer::At(2, u64{1} << 40), hipc::Pointer::Private(data.data()),
        hipc::Pointer::At(0x9000, 0)}) {
    INFO(pointer);
    CHECK_FALSE(device.Write(HSHM_MCTX, after, pointer, 64).ok());
    CHECK_FALSE(device.Read(HSHM_MCTX, after, pointer, 64).ok());
  }
  // The device itself may be read by clients, and never written.
  const auto place = device.Locate(HSHM_MCTX, after);
  REQUIRE(place.ok());
  REQUIRE_FALSE(device.Read(HSHM_MCTX, before, *place, 64).ok());
}

TEST_CASE("bdev: a full device names what was asked and what is free") {
  Embedded runtime;
  Client device = MakeDevice(1 << 20);
  const auto blocks =
      device.AllocateBlocks(HSHM_MCTX, PoolQuery::Local(), 1 << 20);
  REQUIRE(blocks.ok());
  REQUIRE(Says(device.Allocate(HSHM_MCTX, 4096).status(), StatusCode::kNoSpace,
               "4096 bytes asked, 0 of 1048576 free"));
  REQUIRE(device.FreeBlocks(HSHM_MCTX, *blocks));
  REQUIRE(Says(device.Allocate(HSHM_MCTX, 0).status(), StatusCode::kBadRequest,
               "0 bytes"));
  REQUIRE(device.Allocate(HSHM_MCTX, u64{1} << 63).status().code() ==
          StatusCode::kNoSpace);
}

TEST_CASE("bdev: settings that make no sense are refused") {
  Embedded runtime;
  Client device;
  const auto create = [&device](BdevType type, u64 size, chi::u32 depth = 32,
                                chi::u32 alignment = 4096) {
    return device.Create(HSHM_MCTX, PoolQuery::Local(), "d", PoolId(200, 0),
                         type, size, depth, alignment);
  };
  REQUIRE(Says(create(BdevType::kFile, 4096), StatusCode::kBadRequest,
               "absolute path"));
  REQUIRE(Says(create(static_cast<BdevType>(7), 4096), StatusCode::kBadRequest,
               "ram or file"));
  REQUIRE(create(BdevType::kRam, 0).code() == StatusCode::kBadRequest);
  REQUIRE(Says(create(BdevType::kRam, u64{1} << 47), StatusCode::kNoMemory,
               "140737488355328"));
  REQUIRE(create(BdevType::kRam, 4096, 0).code() == StatusCode::kBadRequest);
  REQUIRE(create(BdevType::kRam, 4096, 32, 1000).code() ==
          StatusCode::kBadRequest);
  REQUIRE(device.pool_id_.IsNull());
  REQUIRE(create(BdevType::kRam, 4096).ok());
}

TEST_CASE("bdev: a located block can be looked at where it lies") {
  Embedded runtime;
  Client device = MakeDevice();
  const auto block = *device.Allocate(HSHM_MCTX, 4096);
  const auto data = Pattern(4096);
  REQUIRE(device.Write(HSHM_MCTX, block, data));
  const auto place = device.Locate(HSHM_MCTX, block);
  INFO(place.status());
  REQUIRE(place.ok());
  const auto seen = CHI_IPC->ToFullPtr(*place, 4096);
  REQUIRE_FALSE(seen.IsNull());
  REQUIRE(std::memcmp(seen.ptr_, data.data(), 4096) == 0);
  REQUIRE(device.Free(HSHM_MCTX, block));
  u64 remaining = 0;
  device.GetStats(HSHM_MCTX, remaining);
  REQUIRE(remaining == kSize - 4096);
  REQUIRE(device.Unpin(HSHM_MCTX, block));
  device.GetStats(HSHM_MCTX, remaining);
  REQUIRE(remaining == kSize);
  REQUIRE(device.Unpin(HSHM_MCTX, block).code() == StatusCode::kNotFound);
}

TEST_CASE("bdev: threads keep their blocks apart") {
  Embedded runtime;
  MakeDevice();
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&failures, t] {
      Client device(PoolId(200, 0));
      std::vector<u8> data(3000, static_cast<u8>(t + 1));
      for (int i = 0; i < 100; ++i) {
        const auto block = device.Allocate(HSHM_MCTX, data.size());
        const bool ok = block.ok() && device.Write(HSHM_MCTX, *block, data) &&
                        device.Read(HSHM_MCTX, *block).value_or(data) == data &&
                        device.Free(HSHM_MCTX, *block);
        if (!ok) failures.fetch_add(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(failures.load() == 0);
}

TEST_CASE("bdev: a destroyed device is gone, and can be made again") {
  Embedded runtime;
  Client device = MakeDevice();
  const auto block = *device.Allocate(HSHM_MCTX, 4096);
  REQUIRE(
      CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), device.pool_id_));
  REQUIRE(device.Read(HSHM_MCTX, block).status().code() ==
          StatusCode::kNotFound);
  Client again = MakeDevice();
  REQUIRE_FALSE(again.Read(HSHM_MCTX, block).ok());
}

namespace {

// Blocks of a device whose free space lies in pieces of one page, in turn.
std::vector<Block> Scattered(Client& device, u64 size) {
  std::vector<Block> held;
  for (u64 i = 0; i < 100; ++i) {
    held.push_back(*device.Allocate(HSHM_MCTX, 4096));
  }
  const u64 rest = kSize - 100 * 4096;
  REQUIRE(device.AllocateBlocks(HSHM_MCTX, PoolQuery::Local(), rest).ok());
  for (u64 i = 0; i < 100; i += 2) REQUIRE(device.Free(HSHM_MCTX, held[i]));
  const auto blocks =
      device.AllocateBlocks(HSHM_MCTX, PoolQuery::Local(), size);
  REQUIRE(blocks.ok());
  return *blocks;
}

std::vector<BlockRange> Whole(const std::vector<Block>& blocks) {
  std::vector<BlockRange> ranges;
  for (const Block& block : blocks) ranges.push_back(BlockRange::Whole(block));
  return ranges;
}

}  // namespace

TEST_CASE("bdev: many blocks are written and read with one task") {
  const TempDir dir;
  for (const BdevType type : {BdevType::kRam, BdevType::kFile}) {
    Embedded runtime;
    Client device;
    REQUIRE(device.Create(HSHM_MCTX, PoolQuery::Dynamic(), dir / "device",
                          PoolId(200, 0), type, kSize, 8));
    constexpr u64 kBytes = 40 * 4096 + 100;
    const auto blocks = Scattered(device, kBytes);
    REQUIRE(blocks.size() == 41);
    const auto buffer = CHI_IPC->AllocateBuffer(kBytes);
    const auto data = Pattern(kBytes);
    std::memcpy(buffer.ptr_, data.data(), kBytes);
    REQUIRE(device.WriteBlocks(HSHM_MCTX, Whole(blocks), buffer.shm_, kBytes));
    std::memset(buffer.ptr_, 0, kBytes);
    REQUIRE(device.ReadBlocks(HSHM_MCTX, Whole(blocks), buffer.shm_, kBytes));
    CHECK(std::memcmp(buffer.ptr_, data.data(), kBytes) == 0);
    CHECK(*device.Read(HSHM_MCTX, blocks[40]) ==
          std::vector<u8>(data.end() - 100, data.end()));
    // Parts, in any order, one block twice.
    const std::vector<BlockRange> parts = {
        {blocks[3], 4000, 96}, {blocks[1], 0, 10}, {blocks[3], 4000, 96}};
    REQUIRE(device.ReadBlocks(HSHM_MCTX, parts, buffer.shm_, 202));
    for (const u64 at : {u64{0}, u64{106}}) {
      CHECK(std::memcmp(buffer.ptr_ + at, &data[3 * 4096 + 4000], 96) == 0);
    }
    CHECK(std::memcmp(buffer.ptr_ + 96, &data[4096], 10) == 0);
    u64 remaining = 0;
    const auto metrics = device.GetStats(HSHM_MCTX, remaining);
    CHECK(metrics.num_writes_ == 1);
    CHECK(metrics.bytes_written_ == kBytes);
    CHECK(metrics.bytes_read_ == kBytes + 100 + 202);
    auto stats = device.AsyncGetStats(HSHM_MCTX);
    REQUIRE(stats.Get().ok());
    CHECK(stats->WriteNs(0.5) > 0);
    CHECK(stats->ReadNs(0.5) <= stats->ReadNs(0.999));
    const bool is_ram = type == BdevType::kRam;
    CHECK((stats->engine_ == 0) == is_ram);
    CHECK((stats->max_queue_depth_ == 0) == is_ram);
    CHECK(stats->max_queue_depth_ <= 8);
    CHECK(stats->queue_depth_ == 0);
    CHECK(stats->direct_ == 0);
    CHECK(stats->remaining_size_ == 9 * 4096);
    CHECK(stats->fragmentation_ == 1 - 1.0 / 9);
    CHI_IPC->FreeBuffer(buffer);
  }
}

TEST_CASE("bdev: of many blocks all have to be the caller's") {
  Embedded runtime;
  Client device = MakeDevice();
  std::vector<Block> blocks;
  for (int i = 0; i < 4; ++i) {
    blocks.push_back(*device.Allocate(HSHM_MCTX, 4096));
  }
  const auto buffer = CHI_IPC->AllocateBuffer(1 << 16);
  const auto refused = [&](std::vector<BlockRange> ranges, u64 length,
                           StatusCode code, const char* text) {
    const auto written =
        device.WriteBlocks(HSHM_MCTX, ranges, buffer.shm_, length);
    CHECK(Says(written, code, text));
  };
  auto ranges = Whole(blocks);
  refused(ranges, 4 * 4096 - 1, StatusCode::kBadRequest, "16383 bytes for");
  ranges[2].block_.block_id_ += u64{1} << 32;
  refused(ranges, 4 * 4096, StatusCode::kBadRequest, "range 2 of 4, block 2.");
  ranges = Whole(blocks);
  ranges[1].offset_ = 1;
  refused(ranges, 4 * 4096, StatusCode::kBadRequest, "range 1 of 4");
  ranges[1].offset_ = ~u64{0};
  ranges[1].size_ = 2;
  refused(ranges, 3 * 4096 + 2, StatusCode::kBadRequest, "range 1 of 4");
  ranges = Whole(blocks);
  ranges.push_back({blocks[0], 4095, 1});
  refused(ranges, 4 * 4096 + 1, StatusCode::kBadRequest, "another range");
  REQUIRE(device.Free(HSHM_MCTX, blocks[3]));
  refused(Whole(blocks), 4 * 4096, StatusCode::kStale, "range 3 of 4");
  refused(std::vector<BlockRange>(chimaera::bdev::kMaxRanges + 1,
                                  {blocks[0], 0, 0}),
          0, StatusCode::kBadRequest, "1025 ranges");
  CHECK_FALSE(device.ReadBlocks(HSHM_MCTX, {{blocks[0], 0, 64}},
                                hipc::Pointer::At(77, 0), 64));
  // Nothing of all that is still pinned, nor was anything written.
  auto stats = device.AsyncGetStats(HSHM_MCTX);
  REQUIRE(stats.Get().ok());
  CHECK(stats->num_pins_ == 0);
  CHECK(stats->metrics_.num_writes_ == 0);
  CHI_IPC->FreeBuffer(buffer);
}
