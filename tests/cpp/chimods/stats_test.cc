// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module stats in a runtime: near-data results against those of the kernels.

#include <numeric>
#include <string>
#include <vector>

#include "chimaera/bdev/bdev_client.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/stats/stats_client.h"
#include "embedded.h"
#include "hill_shade.h"

using chi::f32;
using chi::f64;
using chi::PoolId;
using chi::PoolQuery;
using chi::StatusCode;
using chi::u32;
using chi::u64;
using chi::u8;
using chi::test::Embedded;
using chimaera::bdev::Block;
using chimaera::bdev::BlockList;
using chimaera::stats::Client;
using chimaera::stats::DType;
using chimaera::stats::NumberType;

namespace {

const PoolId kDevice(200, 0);

// A device and a stats pool.
struct Pools {
  Pools() {
    REQUIRE(device.Create(HSHM_MCTX, PoolQuery::Local(), "ram://d", kDevice,
                          chimaera::bdev::BdevType::kRam, 64 * chi::kMiB));
    REQUIRE(
        stats.Create(HSHM_MCTX, PoolQuery::Local(), "stats", PoolId(400, 0)));
  }
  template <class T>
  Block Put(const std::vector<T>& numbers) {
    const u64 bytes = numbers.size() * sizeof(T);
    const auto block = device.Allocate(HSHM_MCTX, bytes);
    REQUIRE(block.ok());
    REQUIRE(device.Write(HSHM_MCTX, *block, numbers.data(), bytes));
    return *block;
  }
  Embedded runtime;
  chimaera::bdev::Client device;
  Client stats;
};

bool Says(const chi::Status& status, StatusCode code, const char* text) {
  INFO(status);
  CHECK(status.code() == code);
  return std::string(status.message()).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("stats: blocks are reduced where they lie") {
  Pools pools;
  std::vector<chi::i32> numbers(3'000'000);
  std::iota(numbers.begin(), numbers.end(), -1000);
  const Block a = pools.Put(numbers);
  const Block b = pools.Put(std::vector<chi::i32>{5, 5'000'000});
  const auto result =
      pools.stats.Reduce(HSHM_MCTX, PoolQuery::Local(), {kDevice, {a, b}},
                         NumberType::kI32, 3, 0, 3'000'000);
  INFO(result.status());
  REQUIRE(result.ok());
  REQUIRE(result->summary.count == 3'000'002);
  REQUIRE(result->summary.min == -1000);
  REQUIRE(result->summary.max == 5'000'000);
  const f64 sum = 3e6 * (-1000 + 2'998'999) / 2 + 5'000'005;
  REQUIRE(result->summary.sum == sum);
  REQUIRE(result->summary.below == 1000);
  REQUIRE(result->summary.above == 1);
  const auto& bins = result->histogram;
  REQUIRE(std::vector<u64>(bins.begin(), bins.end()) ==
          std::vector<u64>{1'000'001, 1'000'000, 999'000});
  REQUIRE(pools.device.Free(HSHM_MCTX, a));
  // No pin is left.
  auto stats = pools.device.AsyncGetStats(HSHM_MCTX);
  REQUIRE(stats.Get().ok());
  REQUIRE(stats->num_pins_ == 0);
  REQUIRE(stats->num_blocks_ == 1);
}

TEST_CASE("stats: what cannot be reduced is refused") {
  Pools pools;
  const Block block = pools.Put(std::vector<u8>{1, 2, 3});
  const auto reduce = [&](const Block& which, NumberType dtype,
                          PoolId pool = kDevice, u32 bins = 0, f64 low = 0,
                          f64 high = 0) {
    return pools.stats
        .Reduce(HSHM_MCTX, PoolQuery::Dynamic(), {pool, {which}}, dtype, bins,
                low, high)
        .status();
  };
  REQUIRE(reduce(block, NumberType::kU8).ok());
  REQUIRE(Says(reduce(block, NumberType::kI16), StatusCode::kBadRequest,
               "no whole number of 2 bytes"));
  REQUIRE(Says(reduce(block, static_cast<NumberType>(99)),
               StatusCode::kBadRequest, "'dtype'"));
  REQUIRE(Says(reduce(block, NumberType::kU8, PoolId(9, 9)),
               StatusCode::kNotFound, "9.9"));
  chimaera::echo::Client echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "e", PoolId(300, 0)));
  REQUIRE(Says(reduce(block, NumberType::kU8, PoolId(300, 0)),
               StatusCode::kBadRequest, "chimaera_echo"));
  REQUIRE(reduce(block, NumberType::kU8, kDevice, 5, 1, 1).code() ==
          StatusCode::kBadRequest);
  REQUIRE(reduce(block, NumberType::kU8, kDevice, 1u << 30, 0, 1).code() ==
          StatusCode::kBadRequest);
  Block forged = block;
  forged.size_ = 1 << 20;
  REQUIRE(reduce(forged, NumberType::kU8).code() == StatusCode::kBadRequest);
  REQUIRE(pools.device.Free(HSHM_MCTX, block));
  REQUIRE(reduce(block, NumberType::kU8).code() == StatusCode::kStale);
}

TEST_CASE("stats: a tile is shaded into another block") {
  Pools pools;
  constexpr u64 kRows = 3000;
  constexpr u64 kCols = 700;
  std::vector<f32> heights(kRows * kCols);
  for (u64 i = 0; i < heights.size(); ++i) {
    heights[i] = static_cast<f32>((i * 7919) % 1000) / 10;
  }
  const Block input = pools.Put(heights);
  const Block output = *pools.device.Allocate(HSHM_MCTX, kRows * kCols);
  const chimaera::Outcome shaded = pools.stats.HillShade(
      HSHM_MCTX, PoolQuery::Local(), {kDevice, {input}}, {kDevice, {output}},
      kRows, kCols, NumberType::kF32, NumberType::kU8, 10);
  INFO(shaded);
  REQUIRE(shaded.ok());
  std::vector<u8> expected(kRows * kCols);
  chimaera::stats::HillShade({reinterpret_cast<const char*>(heights.data()),
                              DType::kF32, kRows, kCols},
                             {10, 315, 45, 1}, 0, kRows, DType::kU8,
                             reinterpret_cast<char*>(expected.data()));
  REQUIRE(*pools.device.Read(HSHM_MCTX, output) == expected);
}

TEST_CASE("stats: shapes and lights that make no sense are refused") {
  Pools pools;
  const Block input = pools.Put(std::vector<f32>(100));
  const Block output = *pools.device.Allocate(HSHM_MCTX, 100);
  chimaera::stats::HillShadeIn good;
  good.source = BlockList(kDevice, {input});
  good.rows = 10;
  good.cols = 10;
  const auto shade = [&](const chimaera::stats::HillShadeIn& in,
                         const Block& to) {
    return pools.stats
        .HillShade(HSHM_MCTX, PoolQuery::Local(), in.source, {kDevice, {to}},
                   in.rows, in.cols, in.dtype, in.out_dtype, in.cell_size,
                   in.azimuth, in.altitude, in.z_factor)
        .status();
  };
  REQUIRE(shade(good, output).ok());
  REQUIRE(
      Says(shade(good, input), StatusCode::kBadRequest, "input and output"));
  const auto refused = [&](auto change) {
    chimaera::stats::HillShadeIn bad = good;
    change(bad);
    CHECK(shade(bad, output).code() == StatusCode::kBadRequest);
  };
  refused([](auto& r) { r.source.blocks.clear(); });
  refused([](auto& r) { r.rows = 11; });
  refused([](auto& r) { r.rows = ~u64{0}; });
  refused([](auto& r) { r.cols = ~u64{0}; });
  refused([](auto& r) { r.cols = 0; });
  refused([](auto& r) { r.out_dtype = NumberType::kF32; });
  refused([](auto& r) { r.out_dtype = NumberType::kI16; });
  refused([](auto& r) { r.dtype = static_cast<NumberType>(12345); });
  refused([](auto& r) { r.cell_size = 0; });
  refused([](auto& r) { r.cell_size = -1; });
  refused([](auto& r) { r.altitude = 91; });
  refused([](auto& r) { r.azimuth = 1e300 * 1e300; });
}
