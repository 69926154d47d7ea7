// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Blocks as a task names them. Nearly always there is one, which lies in the
// task itself: fetching a further line from another core takes longer than
// everything else that is done with it.

#ifndef CHIMAERA_BDEV_FEW_BLOCKS_H_
#define CHIMAERA_BDEV_FEW_BLOCKS_H_

#include <chimaera/bdev/block.h>
#include <chimaera/chimaera.h>

#include <vector>

namespace chimaera::bdev {

/// A field of tasks. What it may throw is what chi::vector may.
class FewBlocks {
 public:
  FewBlocks() = default;
  explicit FewBlocks(const hipc::AllocContext& alloc) : many_(alloc) {}

  FewBlocks& operator=(const Block& block) {
    num_ = 1;
    one_ = block;
    many_.clear();
    return *this;
  }
  FewBlocks& operator=(const std::vector<Block>& blocks) {
    if (blocks.size() == 1) return *this = blocks[0];
    many_ = blocks;
    num_ = blocks.size();
    return *this;
  }

  chi::u64 size() const { return num_ <= 1 ? num_ : many_.size(); }
  bool empty() const { return size() == 0; }
  /// nullptr if empty, perhaps.
  const Block* data() const { return num_ <= 1 ? &one_ : many_.data(); }
  const Block& operator[](chi::u64 index) const { return data()[index]; }
  const Block* begin() const { return data(); }
  const Block* end() const { return data() + size(); }

  /// Leaves alone, and where it is, what does not count.
  template <class Archive>
  void serialize(Archive& ar) {
    ar(num_);
    if (num_ == 1) ar(one_);
    if (num_ > 1) ar(many_);
  }

 private:
  chi::u64 num_ = 0;  // a client may say what it likes
  Block one_;
  chi::vector<Block> many_;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FEW_BLOCKS_H_
