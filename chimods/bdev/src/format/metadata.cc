// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Operations on the metadata. Each checks everything before it changes
// anything, and notes what it replaced, so that those before it can be undone.

#include "format/metadata.h"

#include <algorithm>
#include <set>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "format/bytes.h"

namespace chimaera::bdev {

using chi::Format;
using chi::Status;
using chi::u32;
using chi::u64;
using chi::u8;

namespace {

// Bytes of operations in a checkpoint.
constexpr u64 kBlockBytes = 1 + 4 + 4 + 4 + 8 + 8;
constexpr u64 kChecksumsBytes = 1 + 4 + 8 + 4;
constexpr u64 kObjectBytes = 1 + 4 + 4 + 4;

u64 EncodedSize(std::string_view name, const ObjectRecord& object) {
  return kObjectBytes + name.size() + object.attributes.size() +
         object.slots.size() * sizeof(u32);
}

u64 EncodedChecksums(const BlockRecord& block) {
  if (block.checksums.empty()) return 0;
  return kChecksumsBytes + block.checksums.size() * sizeof(u32);
}

Status Malformed(const char* what) {
  return Status::BadRequest(Format("{} of an operation is cut off", what));
}

}  // namespace

// ---- transactions -----------------------------------------------------------

Status Metadata::Apply(std::string_view operations) {
  Undos undos;
  Status status = ApplyAll(operations, &undos);
  if (!status.ok()) Revert(undos);
  return status;
}

Status Metadata::Replay(std::string_view operations) {
  return ApplyAll(operations, nullptr);
}

Status Metadata::ApplyAll(std::string_view operations, Undos* undos) {
  ByteReader in(operations);
  while (!in.AtEnd()) CHI_RETURN_IF_ERROR(ApplyOne(in, undos));
  if (encoded_size_ > geometry_.checkpoint_size) {
    return Status::NoSpace(
        Format("the metadata would take {} bytes, there is room for {}",
               encoded_size_, geometry_.checkpoint_size));
  }
  return Status();
}

Status Metadata::ApplyOne(ByteReader& in, Undos* undos) {
  const u8 code = in.Get<u8>();
  switch (static_cast<OpCode>(code)) {
    case OpCode::kSetGenerationLimit:
      return SetGenerationLimit(in, undos);
    case OpCode::kPutBlock:
      return PutBlock(in, undos);
    case OpCode::kDropBlock:
      return DropBlock(in, undos);
    case OpCode::kCreateObject:
      return PutObject(in, false, undos);
    case OpCode::kReplaceObject:
      return PutObject(in, true, undos);
    case OpCode::kDeleteObject:
      return DeleteObject(in, undos);
    case OpCode::kSetChecksums:
      return SetChecksums(in, undos);
  }
  return Status::BadRequest(Format("there is no operation {}", code));
}

void Metadata::Revert(Undos& undos) {
  for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
    switch (undo->code) {
      case OpCode::kSetGenerationLimit:
        generation_limit_ = undo->number;
        break;
      case OpCode::kPutBlock:
        if (undo->block.has_value()) {
          blocks_[undo->number].kind = undo->block->kind;
        } else {
          EraseBlock(undo->number);
        }
        break;
      case OpCode::kDropBlock:
        InsertBlock(undo->number, std::move(*undo->block));
        break;
      case OpCode::kCreateObject:
      case OpCode::kReplaceObject:
      case OpCode::kDeleteObject: {
        const auto now = objects_.find(undo->name);
        if (now != objects_.end()) EraseObject(now);
        if (undo->object.has_value()) {
          InsertObject(std::move(undo->name), std::move(*undo->object));
        }
        break;
      }
      case OpCode::kSetChecksums: {
        BlockRecord& block = blocks_[undo->number];
        std::copy(undo->checksums.begin(), undo->checksums.end(),
                  block.checksums.begin() + static_cast<long>(undo->first));
        if (!undo->had_checksums) RemoveChecksums(block);
        break;
      }
    }
  }
}

// ---- blocks -----------------------------------------------------------------

Status Metadata::SetGenerationLimit(ByteReader& in, Undos* undos) {
  const u32 limit = in.Get<u32>();
  if (!in.ok()) return Malformed("the limit");
  if (limit < generation_limit_) {
    return Status::BadRequest(
        Format("the limit of generations falls from {} to {}",
               generation_limit_, limit));
  }
  if (undos != nullptr) {
    Undo& undo = undos->emplace_back();
    undo.code = OpCode::kSetGenerationLimit;
    undo.number = generation_limit_;
  }
  generation_limit_ = limit;
  return Status();
}

Status Metadata::PutBlock(ByteReader& in, Undos* undos) {
  const u32 slot = in.Get<u32>();
  BlockRecord block;
  block.generation = in.Get<u32>();
  const u32 kind = in.Get<u32>();
  block.kind = static_cast<BlockKind>(kind);
  block.offset = in.Get<u64>();
  block.size = in.Get<u64>();
  if (!in.ok()) return Malformed("the block");
  if (block.kind != BlockKind::kLease && block.kind != BlockKind::kDurable) {
    return Status::BadRequest(Format("block {} is of kind {}", slot, kind));
  }
  Undo undo;
  undo.code = OpCode::kPutBlock;
  undo.number = slot;
  const auto found = blocks_.find(slot);
  if (found == blocks_.end()) {
    CHI_RETURN_IF_ERROR(CheckNewBlock(slot, block));
    InsertBlock(slot, std::move(block));
  } else {
    BlockRecord& before = found->second;
    const bool same = before.generation == block.generation &&
                      before.offset == block.offset &&
                      before.size == block.size;
    if (!same || before.kind == BlockKind::kDurable) {
      return Status::AlreadyExists(
          Format("slot {} has block {}.{}", slot, slot, before.generation));
    }
    undo.block.emplace().kind = before.kind;
    before.kind = block.kind;
  }
  if (undos != nullptr) undos->push_back(std::move(undo));
  return Status();
}

Status Metadata::CheckNewBlock(u32 slot, const BlockRecord& block) const {
  if (slot >= kMaxSlots) {
    return Status::BadRequest(Format("slot {} of {}", slot, kMaxSlots));
  }
  if (block.generation == 0 || block.generation >= generation_limit_) {
    return Status::BadRequest(
        Format("block {}.{}: the limit of generations is {}", slot,
               block.generation, generation_limit_));
  }
  const u64 size = geometry_.data_size;
  if (block.size == 0 || block.size > size || block.offset % kPageSize != 0 ||
      block.offset > size - block.size) {
    return Status::BadRequest(Format("block {}.{} [{}, +{}) in {} bytes", slot,
                                     block.generation, block.offset, block.size,
                                     size));
  }
  const auto after = slots_by_offset_.lower_bound(block.offset);
  u32 other = kMaxSlots;
  if (after != slots_by_offset_.end() &&
      after->first < block.offset + RoundUpToPage(block.size)) {
    other = after->second;
  } else if (after != slots_by_offset_.begin()) {
    const auto before = std::prev(after);
    const BlockRecord& left = blocks_.at(before->second);
    if (left.offset + RoundUpToPage(left.size) > block.offset) {
      other = before->second;
    }
  }
  if (other == kMaxSlots) return Status();
  return Status::AlreadyExists(Format("block {}.{} [{}, +{}) overlaps block {}",
                                      slot, block.generation, block.offset,
                                      block.size, other));
}

Status Metadata::DropBlock(ByteReader& in, Undos* undos) {
  const u32 slot = in.Get<u32>();
  const u32 generation = in.Get<u32>();
  if (!in.ok()) return Malformed("the block");
  const auto found = blocks_.find(slot);
  if (found == blocks_.end()) {
    return Status::NotFound(Format("no block has slot {}", slot));
  }
  BlockRecord& block = found->second;
  if (block.generation != generation) {
    return Status::Stale(Format("block {}.{} is {}.{} now", slot, generation,
                                slot, block.generation));
  }
  if (block.in_object) {
    return Status::AlreadyExists(
        Format("block {}.{} belongs to an object", slot, generation));
  }
  if (undos == nullptr) {
    EraseBlock(slot);
    return Status();
  }
  Undo& undo = undos->emplace_back();
  undo.code = OpCode::kDropBlock;
  undo.number = slot;
  undo.block = block;
  EraseBlock(slot);
  return Status();
}

u64 Metadata::DropLeases() {
  std::vector<u32> leases;
  for (const auto& [slot, block] : blocks_) {
    if (block.kind == BlockKind::kLease) leases.push_back(slot);
  }
  for (const u32 slot : leases) EraseBlock(slot);
  return leases.size();
}

// ---- checksums --------------------------------------------------------------

Status Metadata::SetChecksums(ByteReader& in, Undos* undos) {
  const u32 slot = in.Get<u32>();
  const u64 first = in.Get<u64>();
  const u64 count = in.Get<u32>();
  const std::string_view bytes = in.GetBytes(count * sizeof(u32));
  if (!in.ok()) return Malformed("the list of checksums");
  const auto found = blocks_.find(slot);
  if (found == blocks_.end()) {
    return Status::NotFound(Format("no block has slot {}", slot));
  }
  BlockRecord& block = found->second;
  const u64 pages = block.NumPages();
  if (count > pages || first > pages - count) {
    return Status::BadRequest(Format("pages [{}, +{}) of block {}.{} with {}",
                                     first, count, slot, block.generation,
                                     pages));
  }
  const bool had_checksums = !block.checksums.empty();
  if (!had_checksums) {
    // Before it takes the memory: the size may come from a damaged file.
    if (pages > geometry_.checkpoint_size / sizeof(u32)) {
      return Status::NoSpace(Format("checksums of {} pages, {} bytes of room",
                                    pages, geometry_.checkpoint_size));
    }
    AddChecksums(block);
  }
  const auto at = block.checksums.begin() + static_cast<long>(first);
  if (undos != nullptr) {
    Undo& undo = undos->emplace_back();
    undo.code = OpCode::kSetChecksums;
    undo.number = slot;
    undo.first = first;
    undo.had_checksums = had_checksums;
    undo.checksums.assign(at, at + static_cast<long>(count));
  }
  std::memcpy(block.checksums.data() + first, bytes.data(), bytes.size());
  return Status();
}

void Metadata::AddChecksums(BlockRecord& block) {
  block.checksums.assign(block.NumPages(), 0);
  encoded_size_ += EncodedChecksums(block);
}

void Metadata::RemoveChecksums(BlockRecord& block) {
  encoded_size_ -= EncodedChecksums(block);
  block.checksums.clear();
}

// ---- objects ----------------------------------------------------------------

Status Metadata::PutObject(ByteReader& in, bool replace, Undos* undos) {
  const std::string_view name = in.GetText();
  const std::string_view attributes = in.GetText();
  const u64 count = in.Get<u32>();
  const std::string_view bytes = in.GetBytes(count * sizeof(u32));
  if (!in.ok()) return Malformed("the object");
  std::vector<u32> slots(bytes.size() / sizeof(u32));
  if (!slots.empty()) std::memcpy(slots.data(), bytes.data(), bytes.size());

  const auto found = objects_.find(name);
  const bool exists = found != objects_.end();
  if (exists && !replace) {
    return Status::AlreadyExists(Format("there is an object '{}'", name));
  }
  if (!exists && replace) {
    return Status::NotFound(Format("there is no object '{}'", name));
  }
  const ObjectRecord* before = exists ? &found->second : nullptr;
  CHI_RETURN_IF_ERROR(CheckObject(name, attributes, slots, before));
  Undo undo;
  undo.code = OpCode::kCreateObject;
  undo.name = name;
  if (exists) {
    undo.object = *before;
    EraseObject(found);
  }
  InsertObject(std::string(name), {std::string(attributes), std::move(slots)});
  if (undos != nullptr) undos->push_back(std::move(undo));
  return Status();
}

Status Metadata::CheckObject(std::string_view name, std::string_view attributes,
                             const std::vector<u32>& slots,
                             const ObjectRecord* before) const {
  if (name.empty() || name.size() > kMaxNameBytes ||
      attributes.size() > kMaxAttributeBytes) {
    return Status::BadRequest(
        Format("an object with a name of {} and attributes of {} bytes",
               name.size(), attributes.size()));
  }
  std::set<u32> own;
  if (before != nullptr) own.insert(before->slots.begin(), before->slots.end());
  std::set<u32> seen;
  for (const u32 slot : slots) {
    const auto block = blocks_.find(slot);
    if (block == blocks_.end()) {
      return Status::NotFound(Format("object '{}': no slot {}", name, slot));
    }
    if (block->second.kind != BlockKind::kDurable) {
      return Status::BadRequest(
          Format("object '{}': block {} is a lease", name, slot));
    }
    if (!seen.insert(slot).second ||
        (block->second.in_object && own.count(slot) == 0)) {
      return Status::AlreadyExists(
          Format("object '{}': block {} has an owner", name, slot));
    }
  }
  return Status();
}

Status Metadata::DeleteObject(ByteReader& in, Undos* undos) {
  const std::string_view name = in.GetText();
  if (!in.ok()) return Malformed("the name");
  const auto found = objects_.find(name);
  if (found == objects_.end()) {
    return Status::NotFound(Format("there is no object '{}'", name));
  }
  if (undos != nullptr) {
    Undo& undo = undos->emplace_back();
    undo.code = OpCode::kDeleteObject;
    undo.name = name;
    undo.object = found->second;
  }
  EraseObject(found);
  return Status();
}

// ---- what follows from a record ---------------------------------------------

void Metadata::InsertBlock(u32 slot, BlockRecord block) {
  encoded_size_ += kBlockBytes + EncodedChecksums(block);
  slots_by_offset_.emplace(block.offset, slot);
  blocks_.emplace(slot, std::move(block));
}

void Metadata::EraseBlock(u32 slot) {
  const auto found = blocks_.find(slot);
  encoded_size_ -= kBlockBytes + EncodedChecksums(found->second);
  slots_by_offset_.erase(found->second.offset);
  blocks_.erase(found);
}

void Metadata::InsertObject(std::string name, ObjectRecord object) {
  encoded_size_ += EncodedSize(name, object);
  for (const u32 slot : object.slots) blocks_[slot].in_object = true;
  objects_.emplace(std::move(name), std::move(object));
}

void Metadata::EraseObject(Objects::iterator at) {
  encoded_size_ -= EncodedSize(at->first, at->second);
  for (const u32 slot : at->second.slots) blocks_[slot].in_object = false;
  objects_.erase(at);
}

// ---- whole ------------------------------------------------------------------

std::string Metadata::Encode() const {
  Transaction all;
  all.SetGenerationLimit(generation_limit_);
  for (const auto& [slot, block] : blocks_) {
    all.PutBlock(slot, block.generation, block.kind, block.offset, block.size);
    if (!block.checksums.empty()) {
      all.SetChecksums(slot, 0, block.checksums.data(), block.checksums.size());
    }
  }
  for (const auto& [name, object] : objects_) {
    all.CreateObject(name, object.attributes, object.slots);
  }
  return all.bytes();
}

void Metadata::TEST_CheckInvariants() const {
  u64 end = 0;
  CHI_CHECK(slots_by_offset_.size() == blocks_.size());
  for (const auto& [offset, slot] : slots_by_offset_) {
    const BlockRecord& block = blocks_.at(slot);
    CHI_CHECK(block.offset == offset);
    CHI_CHECK(offset >= end, "slot {} at {} before {}", slot, offset, end);
    end = offset + RoundUpToPage(block.size);
    CHI_CHECK(end <= geometry_.data_size);
    CHI_CHECK(block.generation < generation_limit_);
    CHI_CHECK(block.checksums.empty() ||
              block.checksums.size() == block.NumPages());
  }
  std::set<u32> owned;
  for (const auto& [name, object] : objects_) {
    for (const u32 slot : object.slots) {
      CHI_CHECK(owned.insert(slot).second, "'{}': slot {}", name, slot);
      CHI_CHECK(blocks_.at(slot).kind == BlockKind::kDurable);
    }
  }
  for (const auto& [slot, block] : blocks_) {
    CHI_CHECK(block.in_object == (owned.count(slot) != 0), "slot {}", slot);
  }
  CHI_CHECK(Encode().size() == encoded_size_);
  CHI_CHECK(encoded_size_ <= geometry_.checkpoint_size);
}

}  // namespace chimaera::bdev
