// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The names of types.h, used as a module uses them.

#include "chimaera/base/types.h"

#include <string>
#include <type_traits>

#include "support/catch.h"

namespace {

struct FieldsOfATask {
  IN chi::u32 input_ = 1;
  OUT chi::u64 output_ = 2;
  INOUT chi::f64 both_ = 3.0;
  TEMP chi::i8 private_ = -1;
};

GLOBAL_CONST chi::u32 kFirst = 10;
GLOBAL_CONST chi::u32 kSecond = kFirst + 1;

TEST_CASE("types: every width is what its name says") {
  CHECK(sizeof(chi::u8) == 1);
  CHECK(sizeof(chi::i16) == 2);
  CHECK(sizeof(chi::u32) == 4);
  CHECK(sizeof(chi::i64) == 8);
  CHECK(sizeof(chi::f32) == 4);
  CHECK(sizeof(chi::f64) == 8);
  CHECK(std::is_same_v<hshm::u64, chi::u64>);
}

TEST_CASE("types: the markers of task fields add nothing") {
  const FieldsOfATask task;
  CHECK(task.input_ + task.output_ == 3);
  CHECK(task.both_ + task.private_ == 2.0);
}

TEST_CASE("types: a GLOBAL_CONST labels a case") {
  const auto name = [](chi::u32 method) {
    switch (method) {
      case kFirst:
        return "first";
      case kSecond:
        return "second";
      default:
        return "other";
    }
  };
  CHECK(name(11) == std::string("second"));
}

TEST_CASE("types: sizes are powers of 1024") {
  CHECK(chi::kGiB == 1024 * chi::kMiB);
  CHECK(chi::kMiB == 1024 * chi::kKiB);
  CHECK(chi::kKiB == 1024);
}

}  // namespace
