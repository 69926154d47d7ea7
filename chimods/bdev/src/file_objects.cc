// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Objects of a device in a file. A block that gets into one has its bytes on
// disk first; then its checksums, the object and what it replaces change in one
// transaction. It is not written again, so its checksums stay right.
//
// The checksum on disk of a last page covers the block's bytes only, the one in
// memory the whole page: the rest of the page is made zero.

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "chimaera/base/check.h"
#include "file_store.h"
#include "format/crc32c.h"
#include "page_buffer.h"

namespace chimaera::bdev {

using chi::Result;
using chi::Status;
using chi::u32;
using chi::u64;

namespace {

constexpr u64 kPagesPerRead = 64;

std::vector<u32> SlotsOf(const std::vector<Block>& blocks) {
  std::vector<u32> slots;
  slots.reserve(blocks.size());
  for (const Block& block : blocks) slots.push_back(block.slot());
  return slots;
}

// Of a whole page that holds `length` bytes with this checksum and then zeros;
// 0, not known, for the one value that stands for two.
u32 ExtendByZeros(u32 stored, u64 length) {
  static constexpr std::array<char, kPageSize> kZeros = {};
  if (stored <= 1) return 0;
  return StoredChecksum(Crc32c(kZeros.data(), kPageSize - length, stored));
}

}  // namespace

// ---- writing ----------------------------------------------------------------

Status FileStore::Commit(const ObjectChange& change) {
  Transaction transaction;
  for (const Block& block : change.added) {
    transaction.PutBlock(block.slot(), block.generation(), BlockKind::kDurable,
                         block.offset_, block.size_);
    if (checksums_ == nullptr) continue;
    CHI_ASSIGN_OR_RETURN(const std::vector<u32> checksums,
                         ChecksumsToKeep(block));
    transaction.SetChecksums(block.slot(), 0, checksums.data(),
                             checksums.size());
  }
  if (change.object == nullptr) {
    transaction.DeleteObject(change.name);
  } else if (change.exists) {
    transaction.ReplaceObject(change.name, change.object->attributes,
                              SlotsOf(change.object->blocks));
  } else {
    transaction.CreateObject(change.name, change.object->attributes,
                             SlotsOf(change.object->blocks));
  }
  for (const Block& block : change.dropped) {
    transaction.DropBlock(block.slot(), block.generation());
  }
  const RequestGate::Beside request(gate_);
  // The journal must not be on disk before the data.
  if (!change.added.empty()) CHI_RETURN_IF_ERROR(metadata_->Sync());
  return metadata_->Commit(transaction, Durability::kSynced);
}

Result<std::vector<u32>> FileStore::ChecksumsToKeep(const Block& block) {
  CHI_RETURN_IF_ERROR(metadata_->failure());
  const u64 first = block.offset_ / kPageSize;
  const u64 num_whole = block.size_ / kPageSize;
  const Part last{first + num_whole, 0, block.size_ % kPageSize};
  const RequestGate::Pass pass(gate_);
  const RangeLock::Guard alone(writers_, first,
                               first + RoundUpToPage(block.size_) / kPageSize);
  CHI_RETURN_IF_ERROR(LearnChecksums(first, num_whole));
  std::vector<u32> checksums;
  for (u64 i = 0; i < num_whole; ++i) {
    checksums.push_back(checksums_[first + i].load(std::memory_order_relaxed));
  }
  if (last.size == 0) return checksums;
  CHI_ASSIGN_OR_RETURN(const u32 checksum, FinishLastPage(last));
  checksums.push_back(checksum);
  return checksums;
}

// Reads those pages that nobody has written since the file was opened.
Status FileStore::LearnChecksums(u64 page, u64 count) {
  PageBuffer buffer(kPagesPerRead);
  const auto known = [this](u64 at) {
    return checksums_[at].load(std::memory_order_relaxed) != 0;
  };
  const u64 end = page + count;
  while (page < end) {
    u64 next = page;
    while (next < end && next < page + kPagesPerRead && !known(next)) ++next;
    if (next == page) {
      ++page;
      continue;
    }
    const u64 length = (next - page) * kPageSize;
    CHI_RETURN_IF_ERROR(io_->Read(PageAt(page), buffer.get(), length));
    for (const char* at = buffer.get(); page < next; at += kPageSize) {
      const u32 crc = StoredChecksum(Crc32c(at, kPageSize));
      checksums_[page++].store(crc, std::memory_order_release);
    }
  }
  return Status();
}

// Makes what is behind `part` zero; the checksum of `part`.
Result<u32> FileStore::FinishLastPage(const Part& part) {
  PageBuffer page;
  CHI_RETURN_IF_ERROR(ReadPagesAlone(part.page, page.get(), 1));
  std::memset(page.get() + part.size, 0, kPageSize - part.size);
  CHI_RETURN_IF_ERROR(WritePages(part.page, page.get(), 1));
  return StoredChecksum(Crc32c(page.get(), part.size));
}

// ---- reading ----------------------------------------------------------------

Objects FileStore::Load(u32 container_id) const {
  return metadata_->Read([&](const Metadata& metadata) {
    Objects objects;
    for (const auto& [name, record] : metadata.objects()) {
      Object& object = objects[name];
      object.attributes = record.attributes;
      for (const u32 slot : record.slots) {
        const BlockRecord& at = metadata.blocks().at(slot);
        object.blocks.push_back({at.offset, at.size,
                                 Block::MakeId(slot, at.generation),
                                 container_id, 0});
      }
    }
    return objects;
  });
}

Verified FileStore::Verify(u64 page, u64 count) {
  Verified verified;
  if (checksums_ == nullptr) return verified;
  for (u64 i = 0; i < count; ++i) {
    const bool known =
        checksums_[page + i].load(std::memory_order_relaxed) != 0;
    verified.num_pages += known ? 1 : 0;
  }
  PageBuffer buffer(count);
  const RequestGate::Beside request(gate_);
  verified.first = io_->Read(PageAt(page), buffer.get(), count * kPageSize);
  if (!verified.first.ok()) {
    verified.num_bad = verified.num_pages;
    return verified;
  }
  for (u64 i = 0; i < count; ++i) {
    if (FirstBadPage(page + i, buffer.get() + i * kPageSize, 1) == 1) continue;
    if (verified.num_bad++ == 0) verified.first = BadPage(page + i);
  }
  return verified;
}

void FileStore::LoadChecksums(const BlockRecord& block) {
  const u64 first = block.offset / kPageSize;
  const u64 num_whole = block.size / kPageSize;
  for (u64 i = 0; i < block.checksums.size(); ++i) {
    const u32 stored = block.checksums[i];
    const u32 whole =
        i < num_whole ? stored : ExtendByZeros(stored, block.size % kPageSize);
    checksums_[first + i].store(whole, std::memory_order_relaxed);
  }
}

}  // namespace chimaera::bdev
