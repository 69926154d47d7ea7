// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The methods for ranges of many blocks: pin all of them, sort and join what
// lies next to each other, transfer, and say which block it was if that fails.

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "block_store.h"
#include "block_table.h"
#include "caller.h"
#include "chimaera/admin/route_here.h"
#include "chimaera/base/format.h"
#include "chimaera/bdev/bdev_runtime.h"
#include "format/layout.h"

namespace chimaera::bdev {
namespace {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u32;
using chi::u64;

// The ranges of one task, pinned, and where they lie.
class PinnedRanges {
 public:
  PinnedRanges(BlockTable& table, Access access)
      : table_(table), access_(access) {}
  ~PinnedRanges() {
    for (const Place& place : places_) {
      table_.Unpin((*ranges_)[place.number].block_, access_);
    }
  }
  PinnedRanges(const PinnedRanges&) = delete;
  PinnedRanges& operator=(const PinnedRanges&) = delete;

  // All, or an error. `ranges` outlive this.
  Status Pin(u64 caller, const chi::vector<BlockRange>& ranges, u64 length) {
    ranges_ = &ranges;
    if (ranges.size() > kMaxRanges) {
      return Status::BadRequest(Format("{} ranges; at most {} are possible",
                                       ranges.size(), kMaxRanges));
    }
    places_.reserve(ranges.size());
    u64 total = 0;
    for (u64 i = 0; i < ranges.size(); ++i) {
      const BlockRange& range = ranges[i];
      const auto extent =
          table_.Pin(caller, range.block_, range.offset_, range.size_, access_);
      if (!extent.ok()) return extent.status().WithContext(NameOf(i));
      places_.push_back({extent->offset, range.size_, total, i});
      total += range.size_;  // sizes of blocks: no overflow
    }
    if (total != length) {
      return Status::BadRequest(
          Format("{} bytes for ranges of {} in all", length, total));
    }
    std::sort(
        places_.begin(), places_.end(),
        [](const Place& a, const Place& b) { return a.offset < b.offset; });
    return access_ == Access::kWrite ? CheckApart() : Status();
  }

  // Whether all are whole pages of the device and of the buffer.
  bool AreWholePages() const {
    return std::all_of(places_.begin(), places_.end(), [](const Place& place) {
      return (place.offset | place.size | place.at) % kPageSize == 0;
    });
  }

  // To or from `data`, with neighbours joined.
  std::vector<Piece> Pieces(char* data, u32* checksums = nullptr) const {
    std::vector<Piece> pieces;
    for (const Place& place : places_) {
      if (place.size == 0) continue;
      char* const at = data + place.at;
      const bool joins =
          !pieces.empty() &&
          pieces.back().offset + pieces.back().length == place.offset &&
          pieces.back().data + pieces.back().length == at;
      if (joins) {
        pieces.back().length += place.size;
      } else {
        pieces.push_back({place.offset, at, place.size,
                          checksums == nullptr
                              ? nullptr
                              : checksums + place.at / kPageSize});
      }
    }
    return pieces;
  }

  // What to say of an outcome.
  Status Explain(const PiecesOutcome& outcome) const {
    if (outcome.status.ok()) return Status();
    for (const Place& place : places_) {
      if (outcome.offset < place.offset + place.size) {
        return outcome.status.WithContext(NameOf(place.number));
      }
    }
    return outcome.status;
  }

 private:
  struct Place {
    u64 offset = 0;  // on the device
    u64 size = 0;
    u64 at = 0;      // in the buffer
    u64 number = 0;  // among the ranges
  };

  std::string NameOf(u64 number) const {
    return Format("range {} of {}, {}", number, ranges_->size(),
                  (*ranges_)[number].block_);
  }

  // Of sorted places.
  Status CheckApart() const {
    u64 end = 0;
    for (const Place& place : places_) {
      if (place.size == 0) continue;
      if (place.offset < end) {
        return Status::BadRequest(Format("{}: bytes that another range writes",
                                         NameOf(place.number)));
      }
      end = place.offset + place.size;
    }
    return Status();
  }

  BlockTable& table_;
  const Access access_;
  const chi::vector<BlockRange>* ranges_ = nullptr;
  std::vector<Place> places_;  // pinned
};

Status NotTheirs(u64 length, const hipc::Pointer& data) {
  return Status::BadRequest(
      Format("{} bytes at {} are not the caller's", length, data));
}

}  // namespace

Status Runtime::Copy(WriteBlocksTask& task, const chi::RunContext& rctx) {
  PinnedRanges pinned(*table_, Access::kWrite);
  CHI_RETURN_IF_ERROR(
      pinned.Pin(OwnerOf(rctx), std::as_const(task).ranges_, task.length_));
  const char* const from = rctx.Resolve(task.data_, task.length_);
  if (from == nullptr) return NotTheirs(task.length_, task.data_);
  return writes_.Run(task.length_, [&] {
    // It is only read from.
    return pinned.Explain(
        store_->WritePieces(pinned.Pieces(const_cast<char*>(from))));
  });
}

Status Runtime::Copy(ReadBlocksTask& task, const chi::RunContext& rctx) {
  PinnedRanges pinned(*table_, Access::kRead);
  CHI_RETURN_IF_ERROR(
      pinned.Pin(OwnerOf(rctx), std::as_const(task).ranges_, task.length_));
  char* const to = rctx.ResolveWritable(task.data_, task.length_);
  if (to == nullptr) return NotTheirs(task.length_, task.data_);
  const chi::ShmPtr where = task.checksums_;
  u32* checksums = nullptr;
  if (!where.IsNull()) {
    const u64 size = task.length_ / kPageSize * sizeof(u32);
    char* const found = where.offset() % alignof(u32) == 0
                            ? rctx.ResolveWritable(where, size)
                            : nullptr;
    if (found == nullptr) return NotTheirs(size, where);
    std::memset(found, 0, size);
    if (pinned.AreWholePages()) checksums = reinterpret_cast<u32*>(found);
  }
  return reads_.Run(task.length_, [&] {
    return pinned.Explain(store_->ReadPieces(pinned.Pieces(to, checksums)));
  });
}

void Runtime::WriteBlocks(hipc::FullPtr<WriteBlocksTask> task,
                          chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const Status status = Copy(*task, rctx);
  task->bytes_written_ = status.ok() ? task->length_ : 0;
  Answer(status, *task);
}

void Runtime::ReadBlocks(hipc::FullPtr<ReadBlocksTask> task,
                         chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const Status status = Copy(*task, rctx);
  task->bytes_read_ = status.ok() ? task->length_ : 0;
  Answer(status, *task);
}

}  // namespace chimaera::bdev
