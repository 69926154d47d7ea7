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

using chi::PoolId;
using chi::PoolQuery;
using chi::StatusCode;
using chi::u64;
using chi::u8;
using chi::test::Embedded;
using chimaera::bdev::BdevType;
using chimaera::bdev::Block;
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
               "no type"));
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
