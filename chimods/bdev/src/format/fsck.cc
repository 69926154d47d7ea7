// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Recovery in its thorough mode checks the metadata; here are the data.

#include "format/fsck.h"

#include <algorithm>
#include <map>

#include "chimaera/base/format.h"
#include "format/crc32c.h"
#include "format/recovery.h"

namespace chimaera::bdev {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u32;
using chi::u64;

namespace {

constexpr u64 kPagesPerRead = 256;

// Reads blocks and compares their pages.
class DataCheck {
 public:
  DataCheck(BlockIo& io, const Metadata& metadata, FsckReport* report)
      : io_(io), metadata_(metadata), report_(*report) {
    for (const auto& [name, object] : metadata.objects()) {
      for (const u32 slot : object.slots) owners_[slot] = name;
    }
  }

  void Run() {
    for (const auto& [slot, block] : metadata_.blocks()) {
      if (block.kind == BlockKind::kDurable) CheckBlock(slot, block);
    }
  }

 private:
  void CheckBlock(u32 slot, const BlockRecord& block) {
    const u64 num_pages = block.NumPages();
    if (block.checksums.empty()) {
      report_.num_unchecked += num_pages;
      return;
    }
    for (u64 page = 0; page < num_pages; page += kPagesPerRead) {
      CheckPages(slot, block, page, std::min(kPagesPerRead, num_pages - page));
    }
  }

  void CheckPages(u32 slot, const BlockRecord& block, u64 first, u64 count) {
    const u64 begin = first * kPageSize;
    const u64 length = std::min(count * kPageSize, block.size - begin);
    std::string bytes(length, '\0');
    const u64 at = metadata_.geometry().DataAt() + block.offset + begin;
    const Status status = io_.Read(at, bytes.data(), length);
    for (u64 i = 0; i < count; ++i) {
      const u32 expected = block.checksums[first + i];
      if (expected == 0) {
        ++report_.num_unchecked;
        continue;
      }
      ++report_.num_pages;
      const u64 from = i * kPageSize;
      const u32 crc =
          Crc32c(bytes.data() + from, std::min(kPageSize, length - from));
      if (!status.ok()) {
        Bad(slot, first + i, std::string(status.message()));
      } else if (StoredChecksum(crc) != expected) {
        Bad(slot, first + i, "the bytes are not those once written");
      }
    }
  }

  void Bad(u32 slot, u64 page, std::string problem) {
    ++report_.num_bad_pages;
    if (report_.bad_pages.size() == FsckReport::kMaxBadPages) return;
    const auto owner = owners_.find(slot);
    const std::string name = owner == owners_.end() ? "" : owner->second;
    report_.bad_pages.push_back({slot, page, name, std::move(problem)});
  }

  BlockIo& io_;
  const Metadata& metadata_;
  FsckReport& report_;
  std::map<u32, std::string> owners_;
};

void Count(const Metadata& metadata, FsckReport* report) {
  report->num_objects = metadata.objects().size();
  report->data_bytes = metadata.geometry().data_size;
  for (const auto& [slot, block] : metadata.blocks()) {
    if (block.kind == BlockKind::kLease) {
      ++report->num_leases;
      continue;
    }
    ++report->num_blocks;
    report->used_bytes += RoundUpToPage(block.size);
    if (!block.in_object) report->unnamed_blocks.push_back(slot);
  }
}

}  // namespace

Result<FsckReport> Fsck(BlockIo& io, const FsckOptions& options) {
  CHI_ASSIGN_OR_RETURN(Recovered recovered,
                       Recover(io, RecoveryMode::kThorough));
  FsckReport report;
  report.epoch = recovered.superblock.epoch;
  report.last_seq = recovered.last_seq;
  report.num_replayed = recovered.num_replayed;
  report.damage = recovered.damage;
  Count(recovered.metadata, &report);
  if (options.read_data) DataCheck(io, recovered.metadata, &report).Run();
  if (!options.repair || report.damage.empty()) return report;
  recovered.metadata.DropLeases();
  CHI_RETURN_IF_ERROR(WriteCheckpoint(io, recovered.metadata.Encode(),
                                      recovered.last_seq, recovered.copy,
                                      &recovered.superblock));
  report.repaired = true;
  return report;
}

std::string Describe(const FsckReport& report) {
  std::string text = Format(
      "epoch {}, {} transactions, {} of them in the journal\n"
      "{} objects, {} blocks ({} without an object), {} leases, "
      "{} of {} bytes used\n",
      report.epoch, report.last_seq, report.num_replayed, report.num_objects,
      report.num_blocks, report.unnamed_blocks.size(), report.num_leases,
      report.used_bytes, report.data_bytes);
  text += Format("{} pages compared, {} without a checksum\n", report.num_pages,
                 report.num_unchecked);
  for (const std::string& damage : report.damage) {
    text += Format("damaged: {}\n", damage);
  }
  for (const BadPage& bad : report.bad_pages) {
    text += Format("bad data: page {} of block {}{}: {}\n", bad.page, bad.slot,
                   bad.object.empty() ? "" : Format(" of '{}'", bad.object),
                   bad.problem);
  }
  if (report.num_bad_pages > report.bad_pages.size()) {
    text += Format("bad data: {} more pages\n",
                   report.num_bad_pages - report.bad_pages.size());
  }
  if (report.repaired) text += "repaired: both copies are whole again\n";
  if (report.clean()) text += "clean\n";
  return text;
}

}  // namespace chimaera::bdev
