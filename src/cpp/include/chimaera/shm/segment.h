// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One piece of memory that several processes map. It has no name in any file
// system: it is an anonymous file (memfd), handed on as a descriptor, and gone
// when the last process that holds it is. It is sealed: its size is final, so a
// peer that truncates cannot turn an access into SIGBUS. All of its memory is
// allocated when it is created, so lack of memory is an error and not a signal.
//
// A forked child keeps the mapping and may read through it.

#ifndef CHIMAERA_SHM_SEGMENT_H_
#define CHIMAERA_SHM_SEGMENT_H_

#include <string_view>
#include <utility>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"

namespace chi {

/// What holders of the descriptor may do.
enum class SegmentSeal : u8 {
  kShared,             ///< Read and write, never resize.
  kReadOnlyForOthers,  ///< Only the creator's mapping can be written.
};

enum class Access : u8 { kReadOnly, kReadWrite };

/// Owner of one mapping and of the descriptor behind it. Move-only.
class Segment {
 public:
  /// Memory is taken in steps of this many bytes.
  static constexpr u64 kAllocationStepBytes = 64 * kMiB;

  /// Makes a segment of `size_bytes` zero bytes, mapped for reading and
  /// writing. `debug_name` appears in /proc and means nothing. Takes about 0.4
  /// s per GiB. Returns kBadRequest for size 0; kNoMemory, naming the size, if
  /// the machine has not that much, having kept none; kIo if it has no
  /// descriptor left.
  static Result<Segment> Create(std::string_view debug_name, u64 size_bytes,
                                SegmentSeal seal);

  /// Maps a segment that another process made. Returns kProtocolViolation if
  /// `fd` can still be resized or is no memfd at all, or if its size is not
  /// `expected_size`; kPermissionDenied if `access` is more than the seals
  /// allow; kNoMemory if there are no addresses left.
  static Result<Segment> Map(UniqueFd fd, u64 expected_size, Access access);

  Segment(Segment&& other) noexcept;
  Segment& operator=(Segment&& other) noexcept;
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment();

  /// Page-aligned. nullptr after a move.
  [[nodiscard]] char* data() const { return data_; }
  [[nodiscard]] u64 size() const { return size_; }
  /// To be sent to another process. Stays owned by this object.
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// Gives the memory of whole pages in the range back to the system; they read
  /// as zeros and are allocated again at the next write. False, and nothing has
  /// happened, where the seals forbid it (kReadOnlyForOthers) or the range is
  /// not in the segment.
  bool PunchHole(u64 offset, u64 size_bytes);

 private:
  Segment(UniqueFd fd, char* data, u64 size)
      : fd_(std::move(fd)), data_(data), size_(size) {}

  void Unmap();

  UniqueFd fd_;
  char* data_;
  u64 size_;
};

}  // namespace chi

#endif  // CHIMAERA_SHM_SEGMENT_H_
