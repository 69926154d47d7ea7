// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Random transactions.

#include "chimods/metadata_workload.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "chimaera/base/format.h"

namespace chi::test {

using chimaera::bdev::BlockKind;
using chimaera::bdev::BlockRecord;
using chimaera::bdev::Geometry;
using chimaera::bdev::kPageSize;
using chimaera::bdev::Metadata;
using chimaera::bdev::ObjectRecord;
using chimaera::bdev::Transaction;

namespace {

constexpr u64 kMaxObjects = 6;
constexpr u64 kMaxBlocks = 20;

class Builder {
 public:
  Builder(const Metadata& now, Random& random) : now_(now), random_(random) {
    limit_ = std::max(now.generation_limit(), u32{1});
    for (const auto& [slot, block] : now.blocks()) Occupy(slot, block);
  }

  Transaction Build() {
    const u64 wish = random_.Below(10);
    const bool full = now_.objects().size() >= kMaxObjects ||
                      now_.blocks().size() >= kMaxBlocks;
    if (wish < 3 && !full) {
      Create();
    } else if (wish < 5 && !now_.objects().empty() && !full) {
      Replace();
    } else if (wish < 7 && !now_.objects().empty()) {
      Delete();
    } else if (wish == 7 && !full) {
      TakeBlock(BlockKind::kLease);
    } else if (wish == 8 && !now_.blocks().empty()) {
      TouchBlock();
    }
    if (transaction_.empty()) {
      transaction_.SetGenerationLimit(limit_ + 1);
    }
    return transaction_;
  }

 private:
  void Create() {
    std::string name;
    do {
      name = Format("object-{}", random_.Below(1000));
    } while (now_.objects().count(name) != 0);
    const std::vector<u32> slots = TakeBlocks();
    transaction_.CreateObject(name, Attributes(), slots);
  }

  void Replace() {
    const auto& [name, object] = AnyObject();
    const std::vector<u32> slots = TakeBlocks();
    transaction_.ReplaceObject(name, Attributes(), slots);
    Drop(object);
  }

  void Delete() {
    const auto& [name, object] = AnyObject();
    transaction_.DeleteObject(name);
    Drop(object);
  }

  // Drops it, sums it up, or makes a lease durable.
  void TouchBlock() {
    auto at = now_.blocks().begin();
    std::advance(at, random_.Below(now_.blocks().size()));
    const auto& [slot, block] = *at;
    if (!block.in_object && random_.Below(2) == 0) {
      transaction_.DropBlock(slot, block.generation);
    } else if (block.kind == BlockKind::kLease) {
      transaction_.PutBlock(slot, block.generation, BlockKind::kDurable,
                            block.offset, block.size);
    } else {
      const u64 pages = block.NumPages();
      const u64 first = random_.Below(pages);
      SetChecksums(slot, first, random_.Below(pages - first) + 1);
    }
  }

  std::vector<u32> TakeBlocks() {
    std::vector<u32> slots;
    for (u64 n = random_.Below(3); n > 0; --n) {
      const u32 slot = TakeBlock(BlockKind::kDurable);
      if (slot != kNone) slots.push_back(slot);
    }
    return slots;
  }

  u32 TakeBlock(BlockKind kind) {
    const u64 pages = random_.Below(4) + 1;
    u64 begin = 0;
    for (u64 end = 0; end < used_.size() && end - begin < pages; ++end) {
      if (used_[end]) begin = end + 1;
    }
    if (begin + pages > used_.size()) return kNone;
    u32 slot = 0;
    while (slots_.size() > slot && slots_[slot]) ++slot;
    BlockRecord block;
    block.offset = begin * kPageSize;
    block.size = pages * kPageSize - random_.Below(kPageSize);
    Occupy(slot, block);
    transaction_.SetGenerationLimit(limit_ + 1);
    transaction_.PutBlock(slot, limit_++, kind, block.offset, block.size);
    if (random_.Below(2) == 0) SetChecksums(slot, 0, pages);
    return slot;
  }

  void SetChecksums(u32 slot, u64 first, u64 count) {
    std::vector<u32> checksums(count);
    for (u32& checksum : checksums) checksum = static_cast<u32>(random_.Next());
    transaction_.SetChecksums(slot, first, checksums.data(), count);
  }

  void Occupy(u32 slot, const BlockRecord& block) {
    if (slots_.size() <= slot) slots_.resize(slot + 1, false);
    slots_[slot] = true;
    const u64 first = block.offset / kPageSize;
    for (u64 i = 0; i < block.NumPages(); ++i) used_[first + i] = true;
  }

  const Metadata::Objects::value_type& AnyObject() {
    auto at = now_.objects().begin();
    std::advance(at, random_.Below(now_.objects().size()));
    return *at;
  }

  void Drop(const ObjectRecord& object) {
    for (const u32 slot : object.slots) {
      transaction_.DropBlock(slot, now_.blocks().at(slot).generation);
    }
  }

  std::string Attributes() {
    const u64 length = random_.Below(8) == 0 ? 900 : random_.Below(40);
    std::string text(length, 'a');
    for (char& letter : text) {
      letter = static_cast<char>('a' + random_.Below(26));
    }
    return text;
  }

  static constexpr u32 kNone = ~u32{0};

  const Metadata& now_;
  Random& random_;
  Transaction transaction_;
  u32 limit_ = 0;
  std::vector<bool> slots_;
  std::vector<bool> used_ =
      std::vector<bool>(now_.geometry().data_size / kPageSize, false);
};

}  // namespace

Geometry TinyGeometry() {
  Geometry geometry;
  geometry.checkpoint_size = 2 * kPageSize;
  geometry.journal_size = kPageSize;
  geometry.data_size = 64 * kPageSize;
  return geometry;
}

Transaction RandomTransaction(const Metadata& now, Random& random) {
  return Builder(now, random).Build();
}

}  // namespace chi::test
