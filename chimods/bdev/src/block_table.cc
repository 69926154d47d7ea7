// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The table of blocks. Every number of a client's Block is checked in Check.

#include "block_table.h"

#include <algorithm>
#include <new>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"

namespace chimaera::bdev {

using chi::Extent;
using chi::Format;
using chi::MutexLock;
using chi::Result;
using chi::Status;
using chi::u32;
using chi::u64;

BlockTable::BlockTable(const BlockTableOptions& options)
    : options_(options), extents_(options.size, options.alignment) {}

// ---- allocation -------------------------------------------------------------

Status BlockTable::CheckRoom(u64 size) const {
  if (size == 0) return Status::BadRequest("0 bytes asked of a block device");
  if (size > extents_.free_bytes()) {
    return Status::NoSpace(Format("{} bytes asked, {} of {} free", size,
                                  extents_.free_bytes(), extents_.size()));
  }
  if (num_blocks_ == options_.max_blocks) {
    return Status::Overloaded(Format(
        "the device has {} blocks already, as many as it may", num_blocks_));
  }
  return Status();
}

Result<Block> BlockTable::AllocateWhole(u64 owner, u64 size) {
  const MutexLock lock(mu_);
  CHI_RETURN_IF_ERROR(CheckRoom(size));
  ReserveSlots(1);
  CHI_ASSIGN_OR_RETURN(const Extent extent, extents_.Allocate(size));
  return TakeBlock(owner, extent.offset, size);
}

Result<std::vector<Block>> BlockTable::Allocate(u64 owner, u64 size) {
  const MutexLock lock(mu_);
  CHI_RETURN_IF_ERROR(CheckRoom(size));
  const u64 max_extents =
      std::min<u64>(options_.max_extents, options_.max_blocks - num_blocks_);
  Result<std::vector<Extent>> taken =
      extents_.AllocateExtents(size, max_extents);
  if (!taken.ok()) {
    if (taken.status().code() != chi::StatusCode::kNoSpace) {
      return taken.status();
    }
    return Status::NoSpace(
        Format("{} bytes asked; {} of {} are free, but not in {} pieces", size,
               extents_.free_bytes(), extents_.size(), max_extents));
  }
  std::vector<Block> blocks;
  try {
    blocks.reserve(taken->size());
    ReserveSlots(taken->size());
  } catch (const std::bad_alloc&) {
    for (const Extent& extent : *taken) {
      CHI_CHECK_OK(extents_.Free(extent.offset));
    }
    throw;
  }
  u64 left = size;
  for (const Extent& extent : *taken) {
    const u64 used = std::min(extent.size, left);
    blocks.push_back(TakeBlock(owner, extent.offset, used));
    left -= used;
  }
  CHI_CHECK(left == 0, "{} bytes too few", left);
  return blocks;
}

// REQUIRES: ReserveSlots made room for it.
Block BlockTable::TakeBlock(u64 owner, u64 offset, u64 size) {
  const u32 index = TakeSlot();
  Slot& slot = slots_[index];
  slot.offset = offset;
  slot.size = size;
  slot.owner = owner;
  slot.state = State::kUsed;
  ++num_blocks_;
  return Describe(index);
}

Block BlockTable::Describe(u32 index) const {
  const Slot& slot = slots_[index];
  Block block;
  block.offset_ = slot.offset;
  block.size_ = slot.size;
  block.block_id_ = Block::MakeId(index, slot.generation);
  block.container_id_ = options_.container_id;
  return block;
}

// So that neither taking so many slots nor giving them back can fail.
void BlockTable::ReserveSlots(u64 count) {
  if (free_slots_.size() >= count) return;
  const u64 needed = slots_.size() + count;
  if (slots_.capacity() < needed) slots_.reserve(2 * needed);
  if (free_slots_.capacity() < needed) free_slots_.reserve(2 * needed);
}

u32 BlockTable::TakeSlot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    slots_.back().generation = options_.first_generation;
    return static_cast<u32>(slots_.size() - 1);
  }
  const u32 index = free_slots_.back();
  free_slots_.pop_back();
  return index;
}

// ---- the one check ----------------------------------------------------------

// Most callers pass their own block back, unchanged.
inline BlockTable::Slot* BlockTable::FindOwn(u64 caller, const Block& block) {
  if (block.slot() >= slots_.size()) return nullptr;
  Slot& slot = slots_[block.slot()];
  const bool is_own = block.container_id_ == options_.container_id &&
                      block.generation() == slot.generation &&
                      slot.state == State::kUsed && slot.owner == caller &&
                      block.offset_ == slot.offset && block.size_ == slot.size;
  return is_own ? &slot : nullptr;
}

Result<BlockTable::Slot*> BlockTable::Check(u64 caller, const Block& block,
                                            Access access) {
  if (block.container_id_ != options_.container_id) {
    return Status::BadRequest(Format("{} is of container {}, not {}", block,
                                     block.container_id_,
                                     options_.container_id));
  }
  if (block.slot() >= slots_.size()) {
    return Status::BadRequest(
        Format("{} was never given out: {} slots", block, slots_.size()));
  }
  Slot& slot = slots_[block.slot()];
  const u32 generation = block.generation();
  if (generation > slot.generation || generation == 0 ||
      (generation == slot.generation && slot.state == State::kFree)) {
    return Status::BadRequest(Format("{} was never given out: generation {}",
                                     block, slot.generation));
  }
  if (generation < slot.generation || slot.state == State::kDying) {
    return Status::Stale(Format("{} was freed", block));
  }
  if (caller != kRuntimeClient && caller != slot.owner &&
      slot.state != State::kSealed) {
    return Status::BadRequest(
        Format("{} belongs to client {}, not {}", block, slot.owner, caller));
  }
  if (block.offset_ != slot.offset || block.size_ != slot.size) {
    return Status::BadRequest(
        Format("{} was given out as [{}, +{})", block, slot.offset, slot.size));
  }
  if (access == Access::kWrite && slot.state != State::kUsed) {
    return Status::BadRequest(
        Format("{} belongs to an object: it can only be read", block));
  }
  return &slot;
}

// ---- freeing ----------------------------------------------------------------

Status BlockTable::Free(u64 caller, const Block* blocks, u64 count) {
  const MutexLock lock(mu_);
  CHI_RETURN_IF_ERROR(Mark(caller, blocks, count));
  for (u64 i = 0; i < count; ++i) FreeSlot(blocks[i].slot());
  return Status();
}

Status BlockTable::HandOver(u64 caller, const Block* blocks, u64 count,
                            u64 to) {
  const MutexLock lock(mu_);
  CHI_RETURN_IF_ERROR(Mark(caller, blocks, count));
  for (u64 i = 0; i < count; ++i) {
    Slot& slot = slots_[blocks[i].slot()];
    slot.marked = false;
    slot.owner = to;
  }
  return Status();
}

// Marks the slots of all blocks, or none.
// Marks are taken back unless all are made, also if there is no memory to say
// why not.
Status BlockTable::Mark(u64 caller, const Block* blocks, u64 count) {
  struct Marks {
    std::vector<Slot>& slots;
    const Block* const blocks;
    u64 count = 0;
    ~Marks() {
      for (u64 i = 0; i < count; ++i) slots[blocks[i].slot()].marked = false;
    }
  };
  Marks made{slots_, blocks};
  while (made.count < count) {
    const Block& block = blocks[made.count];
    Slot* slot = FindOwn(caller, block);
    if (slot == nullptr) {
      CHI_ASSIGN_OR_RETURN(slot, Check(caller, block, Access::kWrite));
    }
    if (slot->marked) {
      return Status::BadRequest(Format("{} is in the list twice", block));
    }
    slot->marked = true;
    ++made.count;
  }
  made.count = 0;
  return Status();
}

void BlockTable::FreeSlot(u32 index) {
  Slot& slot = slots_[index];
  slot.marked = false;
  slot.state = State::kDying;
  if (slot.pins == 0) EndSlot(index);
}

void BlockTable::EndSlot(u32 index) {
  Slot& slot = slots_[index];
  CHI_CHECK_OK(extents_.Free(slot.offset));
  slot.state = State::kFree;
  --num_blocks_;
  // Behind the last generation the slot is given up: no Block may come again.
  if (++slot.generation == options_.generation_limit) return;
  free_slots_.push_back(index);
}

// ---- pins -------------------------------------------------------------------

Result<Extent> BlockTable::Pin(u64 caller, const Block& block, u64 offset,
                               u64 length, Access access) {
  const MutexLock lock(mu_);
  Slot* slot = FindOwn(caller, block);
  if (slot == nullptr) {
    CHI_ASSIGN_OR_RETURN(slot, Check(caller, block, access));
  }
  if (length > slot->size || offset > slot->size - length) {
    return Status::BadRequest(
        Format("{} bytes from {} on are not all in {}", length, offset, block));
  }
  PinSlot(*slot, access);
  return Extent{slot->offset + offset, length};
}

void BlockTable::Unpin(const Block& block, Access access) {
  const MutexLock lock(mu_);
  UnpinSlot(block.slot(), access);
}

void BlockTable::PinSlot(Slot& slot, Access access) {
  ++slot.pins;
  ++num_pins_;
  if (access == Access::kWrite) ++slot.writers;
}

void BlockTable::UnpinSlot(u32 index, Access access) {
  Slot& slot = slots_[index];
  CHI_CHECK(slot.pins > 0, "slot {} is not pinned", index);
  --slot.pins;
  --num_pins_;
  if (access == Access::kWrite) {
    --slot.writers;
    Seal* const seal = slot.seal;
    if (seal != nullptr && --seal->num_writers_ == 0) seal->no_writers_.Set();
  }
  if (slot.pins == 0 && slot.state == State::kDying) EndSlot(index);
}

Result<Extent> BlockTable::Hold(u64 caller, u64 holder, const Block& block,
                                Access access) {
  const MutexLock lock(mu_);
  CHI_ASSIGN_OR_RETURN(Slot* const slot, Check(caller, block, access));
  Held& held = held_[holder][block.block_id_];  // may throw, so first
  if (held.pins == kMaxHolds) {
    return Status::Overloaded(Format("client {} holds {} {} times already",
                                     holder, block, kMaxHolds));
  }
  PinSlot(*slot, access);
  ++held.pins;
  if (access == Access::kWrite) ++held.writers;
  return Extent{slot->offset, slot->size};
}

Status BlockTable::Release(u64 holder, const Block& block, u64* size) {
  const MutexLock lock(mu_);
  const auto of_holder = held_.find(holder);
  if (of_holder != held_.end()) {
    auto& blocks = of_holder->second;
    const auto found = blocks.find(block.block_id_);
    if (found != blocks.end()) {
      Held& held = found->second;
      // Of several, whoever writes is taken to be the last.
      const bool writes = held.pins == held.writers;
      if (size != nullptr) *size = slots_[block.slot()].size;
      UnpinSlot(block.slot(), writes ? Access::kWrite : Access::kRead);
      --held.pins;
      if (writes) --held.writers;
      if (held.pins == 0) blocks.erase(found);
      if (blocks.empty()) held_.erase(of_holder);
      return Status();
    }
  }
  return Status::NotFound(Format("client {} holds no {}", holder, block));
}

// ---- sealing ----------------------------------------------------------------

void BlockTable::Seal::AwaitWriters() {
  while (!no_writers_.Wait().ok()) {
  }
}

Status BlockTable::BeginSeal(u64 caller, const std::vector<Block>& blocks,
                             Seal* seal) {
  seal->blocks_ = blocks;  // may throw, so first
  const MutexLock lock(mu_);
  const Status marked = Mark(caller, blocks.data(), blocks.size());
  if (!marked.ok()) {
    seal->blocks_.clear();
    return marked;
  }
  for (const Block& block : blocks) {
    Slot& slot = slots_[block.slot()];
    slot.marked = false;
    slot.state = State::kSealing;
    slot.seal = seal;
    seal->num_writers_ += slot.writers;
  }
  if (seal->num_writers_ == 0) seal->no_writers_.Set();
  return Status();
}

void BlockTable::EndSeal(Seal& seal, bool success) {
  const MutexLock lock(mu_);
  CHI_CHECK(!success || seal.num_writers_ == 0);
  for (const Block& block : seal.blocks_) {
    Slot& slot = slots_[block.slot()];
    slot.seal = nullptr;
    slot.state = success ? State::kSealed : State::kUsed;
    if (!success && slot.owner == kNobody) FreeSlot(block.slot());
  }
}

Status BlockTable::Restore(std::vector<Block> sealed) {
  std::sort(sealed.begin(), sealed.end(), [](const Block& a, const Block& b) {
    return a.offset_ < b.offset_;
  });
  const MutexLock lock(mu_);
  CHI_CHECK(slots_.empty());
  for (const Block& block : sealed) {
    CHI_RETURN_IF_ERROR(extents_.Reserve(block.offset_, block.size_)
                            .WithContext(Format("{}", block)));
    if (block.slot() >= slots_.size()) {
      Slot unused;
      unused.generation = options_.first_generation;
      slots_.resize(u64{block.slot()} + 1, unused);
    }
    Slot& slot = slots_[block.slot()];
    slot.offset = block.offset_;
    slot.size = block.size_;
    slot.generation = block.generation();
    slot.state = State::kSealed;
  }
  num_blocks_ = sealed.size();
  for (u32 i = static_cast<u32>(slots_.size()); i-- > 0;) {
    if (slots_[i].state == State::kFree) free_slots_.push_back(i);
  }
  return Status();
}

std::optional<Block> BlockTable::SealedFrom(u32 slot) const {
  const MutexLock lock(mu_);
  for (u32 index = slot; index < slots_.size(); ++index) {
    if (slots_[index].state == State::kSealed) return Describe(index);
  }
  return std::nullopt;
}

void BlockTable::Drop(const std::vector<Block>& sealed) {
  const MutexLock lock(mu_);
  for (const Block& block : sealed) {
    CHI_CHECK(slots_[block.slot()].state == State::kSealed, "{}", block);
    FreeSlot(block.slot());
  }
}

// ---- clients ----------------------------------------------------------------

void BlockTable::ForgetClient(u64 client) {
  CHI_CHECK(client != kRuntimeClient);
  const MutexLock lock(mu_);
  const auto held = held_.find(client);
  if (held != held_.end()) {
    for (const auto& [id, held_block] : held->second) {
      for (u32 i = 0; i < held_block.pins; ++i) {
        const bool writes = i < held_block.writers;
        UnpinSlot(static_cast<u32>(id),
                  writes ? Access::kWrite : Access::kRead);
      }
    }
    held_.erase(held);
  }
  for (u32 index = 0; index < slots_.size(); ++index) {
    Slot& slot = slots_[index];
    if (slot.owner != client) continue;
    if (slot.state == State::kUsed) FreeSlot(index);
    if (slot.state == State::kSealing) slot.owner = kNobody;
  }
}

// ---- reading ----------------------------------------------------------------

BlockTableStats BlockTable::Stats() const {
  const MutexLock lock(mu_);
  const chi::ExtentStats stats = extents_.Stats();
  return {stats.free_bytes, stats.largest_free, num_blocks_, num_pins_};
}

std::vector<UsageCell> BlockTable::Map(u64 cell_bytes) const {
  std::vector<UsageCell> cells((options_.size + cell_bytes - 1) / cell_bytes);
  const MutexLock lock(mu_);
  for (const Slot& slot : slots_) {
    if (slot.state == State::kFree) continue;
    const u64 unit = options_.alignment;
    const u64 end = slot.offset + (slot.size + unit - 1) / unit * unit;
    for (u64 at = slot.offset; at < end;) {
      UsageCell& cell = cells[at / cell_bytes];
      const u64 next = std::min(end, (at / cell_bytes + 1) * cell_bytes);
      (slot.state == State::kSealed ? cell.sealed : cell.used) += next - at;
      at = next;
    }
  }
  return cells;
}

void BlockTable::TEST_CheckInvariants() const {
  const MutexLock lock(mu_);
  extents_.TEST_CheckInvariants();
  u64 blocks = 0;
  u64 pins = 0;
  for (const Slot& slot : slots_) {
    CHI_CHECK(!slot.marked);
    if (slot.state == State::kFree) {
      CHI_CHECK(slot.pins == 0);
      continue;
    }
    ++blocks;
    pins += slot.pins;
    const Result<Extent> extent = extents_.Find(slot.offset);
    CHI_CHECK(extent.ok(), "slot at {}: {}", slot.offset, extent.status());
    CHI_CHECK(slot.size <= extent->size);
    CHI_CHECK(slot.state != State::kDying || slot.pins > 0);
    CHI_CHECK(slot.state != State::kSealed || slot.writers == 0);
    CHI_CHECK((slot.seal != nullptr) == (slot.state == State::kSealing));
  }
  CHI_CHECK(blocks == num_blocks_, "{} of {}", blocks, num_blocks_);
  CHI_CHECK(blocks == extents_.num_allocations());
  CHI_CHECK(pins == num_pins_, "{} of {}", pins, num_pins_);
}

}  // namespace chimaera::bdev
