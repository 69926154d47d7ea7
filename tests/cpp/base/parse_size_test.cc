// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Sizes and durations, right and wrong.

#include "chimaera/base/parse_size.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "chimaera/base/clock.h"
#include "support/catch.h"

namespace chi {
namespace {

constexpr u64 kTiB = 1024 * kGiB;

TEST_CASE("ParseSize: every unit is a power of 1024") {
  const std::pair<const char*, u64> cases[] = {
      {"0", 0},
      {"4096", 4096},
      {"7b", 7},
      {"7 B", 7},
      {"4k", 4 * kKiB},
      {"4K", 4 * kKiB},
      {"4kb", 4 * kKiB},
      {"4KiB", 4 * kKiB},
      {"4ki", 4 * kKiB},
      {"512 MiB", 512 * kMiB},
      {"512MB", 512 * kMiB},
      {"2GB", 2 * kGiB},
      {"2gib", 2 * kGiB},
      {"1.5g", 3 * kGiB / 2},
      {".5K", 512},
      {"3t", 3 * kTiB},
      {"  64\tMB ", 64 * kMiB},
      {"1.00000000000000000000g", kGiB},
      {"0.3k", 307},
  };
  for (const auto& [text, bytes] : cases) {
    CAPTURE(text);
    const Result<u64> size = ParseSize(text);
    REQUIRE(size.ok());
    CHECK(*size == bytes);
  }
}

TEST_CASE("ParseSize: nonsense is refused and named") {
  for (const char* text :
       {"", " ", "GB", "-1", "+1", "1x", "1 kbit", "1kk", "1 G B", "1.2.3", ".",
        "0x10", "1e3", "2GB;", "k4", "1,5g", "1p"}) {
    CAPTURE(text);
    const Result<u64> size = ParseSize(text);
    REQUIRE(size.status().code() == StatusCode::kBadRequest);
    CHECK_THAT(size.status().ToString(),
               Catch::Contains("'" + std::string(text) + "'"));
  }
}

TEST_CASE("ParseSize: the largest size fits, one byte more does not") {
  CHECK(*ParseSize("18446744073709551615") == ~u64{0});
  CHECK(*ParseSize("16777215t") == 16777215 * kTiB);
  for (const char* text : {"18446744073709551616", "16777216t",
                           "99999999999999999999g", "18446744073709551615k"}) {
    CAPTURE(text);
    CHECK(ParseSize(text).status().code() == StatusCode::kBadRequest);
  }
}

TEST_CASE("ParseDuration: every unit") {
  const std::pair<const char*, u64> cases[] = {
      {"0", 0},
      {"100ns", 100},
      {"50us", 50 * kNsPerUs},
      {"2 ms", 2 * kNsPerMs},
      {"1.5s", 3 * kNsPerSec / 2},
      {"5min", 300 * kNsPerSec},
      {"1h", 3600 * kNsPerSec},
  };
  for (const auto& [text, ns] : cases) {
    CAPTURE(text);
    const Result<u64> duration = ParseDuration(text);
    REQUIRE(duration.ok());
    CHECK(*duration == ns);
  }
}

TEST_CASE("ParseDuration: nonsense, ambiguity and overflow are refused") {
  for (const char* text :
       {"", "s", "5", "5m", "5 S", "-1s", "1s 2ms", "6000000h", "1 day"}) {
    CAPTURE(text);
    const Result<u64> duration = ParseDuration(text);
    REQUIRE(duration.status().code() == StatusCode::kBadRequest);
    CHECK_THAT(duration.status().ToString(),
               Catch::Contains("'" + std::string(text) + "'"));
  }
}

TEST_CASE("FormatSize: picks the unit and at most two decimals") {
  CHECK(FormatSize(0) == "0 B");
  CHECK(FormatSize(1023) == "1023 B");
  CHECK(FormatSize(kKiB) == "1 KiB");
  CHECK(FormatSize(kKiB * 3 / 2) == "1.5 KiB");
  CHECK(FormatSize(kMiB - 1) == "1 MiB");
  CHECK(FormatSize(2 * kGiB) == "2 GiB");
  CHECK(FormatSize(kGiB + kGiB / 20) == "1.05 GiB");
  CHECK(FormatSize(~u64{0}) == "16 EiB");
}

TEST_CASE("hshm::ConfigParse: parses, and throws what ParseSize refuses") {
  CHECK(hshm::ConfigParse::ParseSize("2GB") == 2 * kGiB);
  CHECK_THROWS_AS(hshm::ConfigParse::ParseSize("much"), std::invalid_argument);
  CHECK_THROWS_WITH(hshm::ConfigParse::ParseSize("much"),
                    Catch::Contains("'much'"));
}

}  // namespace
}  // namespace chi
