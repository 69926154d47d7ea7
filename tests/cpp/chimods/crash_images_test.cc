// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A small part of what the fault tool crash_enum does at full length, for the
// sanitizers; crash_images.h tells the method.

#include "chimods/crash_images.h"

#include "chimods/bit_flips.h"
#include "support/catch.h"

TEST_CASE("CrashImages: recovery gives a state that was promised") {
  const chi::u64 seed = 11;
  INFO("seed " << seed);
  chi::test::CrashImages images(seed);
  images.Run(40000);
  INFO("image " << images.num_images());
  CHECK(images.violation().empty());
  CHECK(images.violation() == "");
}

TEST_CASE("BitFlips: no flipped bit of the metadata goes unnoticed") {
  const chi::test::BitFlips flips(32 * chi::kKiB, 1);
  const auto outcome = flips.FlipEvery(7, 3);
  CHECK(outcome.num_flips > 37000);
  CHECK(outcome.num_live > 1000);
  CHECK(outcome.first_silent == "");
  // There is a second copy of everything.
  CHECK(outcome.num_refused == 0);
}
