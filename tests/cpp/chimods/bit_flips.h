// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A device with contents, of which single bits are flipped. Recovery must give
// the same metadata or refuse; and say what is wrong, thoroughly asked, if the
// bit was one that it goes by.

#ifndef CHIMAERA_TESTS_CHIMODS_BIT_FLIPS_H_
#define CHIMAERA_TESTS_CHIMODS_BIT_FLIPS_H_

#include <string>
#include <utility>
#include <vector>

#include "chimaera/base/types.h"
#include "format/layout.h"

namespace chi::test {

class BitFlips {
 public:
  struct Outcome {
    u64 num_flips = 0;
    u64 num_live = 0;     ///< Of them, of bytes that mean something.
    u64 num_refused = 0;  ///< Not recovered, with an error.
    u64 num_silent = 0;   ///< Wrong metadata, or damage that was not seen.
    std::string first_silent;
  };

  /// A metadata area of `bytes` bytes; at least 32 KiB, in steps of 16 KiB.
  BitFlips(u64 bytes, u64 seed);

  /// Flips bit `first`, and from there on every `step`th. Safe from several
  /// threads.
  [[nodiscard]] Outcome FlipEvery(u64 step, u64 first) const;

 private:
  [[nodiscard]] bool IsLive(u64 at) const;

  chimaera::bdev::Geometry geometry_;
  std::string bytes_;
  std::string expected_;  // the metadata
  u64 last_seq_ = 0;
  std::vector<std::pair<u64, u64>> live_;  // [begin, end)
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_CHIMODS_BIT_FLIPS_H_
