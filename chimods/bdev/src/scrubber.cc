// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Nothing is pinned, so that nobody's space waits for it. Who finds the block
// still sealed after a look knows that nobody has written it meanwhile.

#include "scrubber.h"

#include <algorithm>
#include <optional>

#include "chimaera/base/log.h"
#include "format/layout.h"

namespace chimaera::bdev {

using chi::u64;

void Scrubber::Step() {
  u64 left = kPagesPerStep;
  while (left > 0) {
    const std::optional<Block> block = table_.SealedFrom(slot_);
    if (!block.has_value()) {
      slot_ = 0;
      page_ = 0;
      return;
    }
    if (block->block_id_ != block_id_) page_ = 0;
    slot_ = block->slot();
    block_id_ = block->block_id_;
    left -= Look(*block, left);
    if (page_ == RoundUpToPage(block->size_) / kPageSize) {
      ++slot_;
      page_ = 0;
    }
  }
}

// From page_ on; how many pages.
u64 Scrubber::Look(const Block& block, u64 max_pages) {
  const u64 num_pages = RoundUpToPage(block.size_) / kPageSize;
  const u64 count = std::min(max_pages, num_pages - page_);
  const u64 first = block.offset_ / kPageSize + page_;
  const auto checked = store_.Verify(first, count);
  page_ += count;
  const std::optional<Block> now = table_.SealedFrom(block.slot());
  if (!now.has_value() || !(*now == block)) return count;
  num_pages_.fetch_add(checked.num_pages, std::memory_order_relaxed);
  num_bad_.fetch_add(checked.num_bad, std::memory_order_relaxed);
  if (checked.num_bad != 0) {
    CHI_LOG(kError, "{}: {} pages cannot be read as they were written; {}",
            block, checked.num_bad, checked.first);
  }
  return count;
}

}  // namespace chimaera::bdev
