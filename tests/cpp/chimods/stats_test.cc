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
using chi::u64;
using chi::u8;
using chi::test::Embedded;
using chimaera::bdev::Block;
using chimaera::stats::Client;
using chimaera::stats::DType;
using chimaera::stats::HillShadeRequest;

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
      pools.stats.Reduce(HSHM_MCTX, PoolQuery::Local(), kDevice, {a, b},
                         DType::kI32, {0, 3'000'000, 3, 0});
  INFO(result.status());
  REQUIRE(result.ok());
  REQUIRE(result->summary.count_ == 3'000'002);
  REQUIRE(result->summary.min_ == -1000);
  REQUIRE(result->summary.max_ == 5'000'000);
  const f64 sum = 3e6 * (-1000 + 2'998'999) / 2 + 5'000'005;
  REQUIRE(result->summary.sum_ == sum);
  REQUIRE(result->summary.below_ == 1000);
  REQUIRE(result->summary.above_ == 1);
  REQUIRE(result->bins == std::vector<u64>{1'000'001, 1'000'000, 999'000});
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
  const auto reduce = [&](const Block& which, DType dtype,
                          PoolId pool = kDevice,
                          chimaera::stats::Histogram histogram = {}) {
    return pools.stats
        .Reduce(HSHM_MCTX, PoolQuery::Dynamic(), pool, {which}, dtype,
                histogram)
        .status();
  };
  REQUIRE(reduce(block, DType::kU8).ok());
  REQUIRE(Says(reduce(block, DType::kI16), StatusCode::kBadRequest,
               "no whole number of 2 bytes"));
  REQUIRE(Says(reduce(block, static_cast<DType>(99)), StatusCode::kBadRequest,
               "99"));
  REQUIRE(Says(reduce(block, DType::kU8, PoolId(9, 9)), StatusCode::kNotFound,
               "9.9"));
  chimaera::echo::Client echo;
  REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Local(), "e", PoolId(300, 0)));
  REQUIRE(Says(reduce(block, DType::kU8, PoolId(300, 0)),
               StatusCode::kBadRequest, "chimaera_echo"));
  REQUIRE(reduce(block, DType::kU8, kDevice, {1, 1, 5, 0}).code() ==
          StatusCode::kBadRequest);
  REQUIRE(reduce(block, DType::kU8, kDevice, {0, 1, 1u << 30, 0}).code() ==
          StatusCode::kBadRequest);
  Block forged = block;
  forged.size_ = 1 << 20;
  REQUIRE(reduce(forged, DType::kU8).code() == StatusCode::kBadRequest);
  REQUIRE(pools.device.Free(HSHM_MCTX, block));
  REQUIRE(reduce(block, DType::kU8).code() == StatusCode::kStale);
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
  HillShadeRequest request;
  request.rows_ = kRows;
  request.cols_ = kCols;
  request.cell_size_ = 10;
  const chimaera::Outcome shaded = pools.stats.HillShade(
      HSHM_MCTX, PoolQuery::Local(), kDevice, input, output, request);
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
  HillShadeRequest good;
  good.rows_ = 10;
  good.cols_ = 10;
  const auto shade = [&](const HillShadeRequest& request, const Block& to) {
    return pools.stats
        .HillShade(HSHM_MCTX, PoolQuery::Local(), kDevice, input, to, request)
        .status();
  };
  REQUIRE(shade(good, output).ok());
  REQUIRE(
      Says(shade(good, input), StatusCode::kBadRequest, "input and output"));
  const auto refused = [&](auto change) {
    HillShadeRequest bad = good;
    change(bad);
    CHECK(shade(bad, output).code() == StatusCode::kBadRequest);
  };
  refused([](auto& r) { r.rows_ = 11; });
  refused([](auto& r) { r.rows_ = ~u64{0}; });
  refused([](auto& r) { r.cols_ = ~u64{0}; });
  refused([](auto& r) { r.cols_ = 0; });
  refused([](auto& r) { r.out_dtype_ = DType::kF32; });
  refused([](auto& r) { r.out_dtype_ = DType::kI16; });
  refused([](auto& r) { r.dtype_ = static_cast<DType>(12345); });
  refused([](auto& r) { r.cell_size_ = 0; });
  refused([](auto& r) { r.cell_size_ = -1; });
  refused([](auto& r) { r.altitude_ = 91; });
  refused([](auto& r) { r.azimuth_ = 1e300 * 1e300; });
}
