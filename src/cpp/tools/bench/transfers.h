// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which transfers are measured, the same ones for device and reference.

#ifndef CHIMAERA_TOOLS_BENCH_TRANSFERS_H_
#define CHIMAERA_TOOLS_BENCH_TRANSFERS_H_

#include <utility>

#include "chimaera/base/random.h"
#include "harness.h"

namespace chi::bench {

/// Of the part of a file that is read and written.
inline constexpr u64 kFileBytes = 64 * kMiB;
/// The most that are under way at once, and the bytes of all their buffers.
inline constexpr u64 kMaxDepth = 32;
inline constexpr u64 kBufferBytes = 4 * kMiB;

struct Transfers {
  bool write = false;
  u64 bytes = 4096;
  u64 depth = 1;
};

/// Random places for small transfers, one after the other for large ones.
class Offsets {
 public:
  u64 Next(u64 bytes) {
    const u64 places = kFileBytes / bytes;
    if (bytes == 4096) return bytes * random_.Below(places);
    return bytes * (count_++ % places);
  }

 private:
  SeededRandom random_{1};
  u64 count_ = 0;
};

/// Counts transfers and says when time is up. Of one at a time each is a sample
/// of its own; of several, one sample is the mean of all.
class Pace {
 public:
  Pace(const Transfers& transfers, u64 slice_ns)
      : each_(transfers.depth == 1),
        begin_(Ticks()),
        last_(begin_),
        end_(begin_ +
             static_cast<u64>(static_cast<f64>(slice_ns) / NsPerTick())) {}

  /// `count` transfers are over; whether there is time for more.
  bool Took(u64 count) {
    const u64 now = Ticks();
    if (each_) samples_.push_back(static_cast<f64>(now - last_) * NsPerTick());
    last_ = now;
    count_ += count;
    return now < end_;
  }

  Samples Result() {
    if (each_) return std::move(samples_);
    return {static_cast<f64>(last_ - begin_) * NsPerTick() /
            static_cast<f64>(count_)};
  }

 private:
  const bool each_;
  const u64 begin_;
  u64 last_;
  const u64 end_;
  u64 count_ = 0;
  Samples samples_;
};

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_TRANSFERS_H_
