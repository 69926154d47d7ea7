// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reads what belongs to objects again and again, a little at a time, so that a
// bad page is known before somebody needs it.

#ifndef CHIMAERA_BDEV_SCRUBBER_H_
#define CHIMAERA_BDEV_SCRUBBER_H_

#include <atomic>

#include "block_store.h"
#include "block_table.h"
#include "chimaera/base/types.h"

namespace chimaera::bdev {

class Scrubber {
 public:
  /// Pages that a Step reads.
  static constexpr chi::u64 kPagesPerStep = 256;

  /// Both outlive it.
  Scrubber(BlockTable& table, BlockStore& store)
      : table_(table), store_(store) {}
  Scrubber(const Scrubber&) = delete;
  Scrubber& operator=(const Scrubber&) = delete;

  /// Goes on where the last one has stopped, and begins anew behind the last
  /// block. What is bad is counted and logged. One caller at a time; may park.
  void Step();

  /// From any thread: since the beginning, each time that a page was read.
  chi::u64 num_pages() const {
    return num_pages_.load(std::memory_order_relaxed);
  }
  chi::u64 num_bad() const { return num_bad_.load(std::memory_order_relaxed); }

 private:
  chi::u64 Look(const Block& block, chi::u64 max_pages);

  BlockTable& table_;
  BlockStore& store_;
  // Where the next Step begins.
  chi::u32 slot_ = 0;
  chi::u64 block_id_ = 0;
  chi::u64 page_ = 0;  // within that block
  std::atomic<chi::u64> num_pages_{0};
  std::atomic<chi::u64> num_bad_{0};
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_SCRUBBER_H_
