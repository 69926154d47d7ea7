// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A storage in the manner of a client's or a session's, over a piece of private
// memory that plays a segment: it knows what is live, refuses what is out of
// bounds, and can be told to run dry.

#ifndef CHIMAERA_TESTS_SHM_ARENA_STORAGE_H_
#define CHIMAERA_TESTS_SHM_ARENA_STORAGE_H_

#include <cstring>
#include <map>
#include <vector>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "chimaera/shm/storage.h"

namespace chi {

class ArenaStorage final : public Storage {
 public:
  static constexpr u64 kBytes = 1 << 20;

  explicit ArenaStorage(u16 segment) : segment_(segment), arena_(kBytes) {}

  Result<ShmPtr> Allocate(u64 bytes, const void* /*holder*/) override {
    const u64 offset = next_;
    const u64 rounded = (bytes + 15) / 16 * 16;
    if (bytes > limit || rounded > kBytes - offset) {
      return Status::NoMemory(Format("arena: {} bytes", bytes));
    }
    next_ += rounded;
    live_[offset] = bytes;
    return ShmPtr::At(segment_, offset);
  }

  void Free(ShmPtr p, const void* holder) override {
    if (p.IsPrivate()) {
      PrivateStorage().Free(p, holder);
    } else if (p.segment() == segment_) {
      CHI_CHECK(live_.erase(p.offset()) == 1, "double free of {}", p);
    } else {
      given_back.push_back(p);
    }
  }

  char* Resolve(ShmPtr p, u64 bytes, const void* /*holder*/) override {
    if (p.IsPrivate() && accept_private) {
      return p.private_address();
    }
    if (p.segment() != segment_ && p.segment() != answer_segment) {
      return nullptr;
    }
    if (bytes > kBytes || p.offset() > kBytes - bytes) {
      return nullptr;
    }
    return arena_.data() + p.offset();
  }

  /// Puts bytes where no allocation is and returns where, as the runtime does
  /// for an answer: in a segment that is not ours.
  ShmPtr Answer(const void* bytes, u64 size) {
    const u64 offset = (next_ + 15) / 16 * 16;
    next_ = offset + size;
    std::memcpy(arena_.data() + offset, bytes, size);
    return ShmPtr::At(answer_segment, offset);
  }

  [[nodiscard]] std::size_t num_live() const { return live_.size(); }

  static constexpr u16 answer_segment = kFirstRuntimeSegment;
  /// Larger allocations fail.
  u64 limit = kBytes;
  /// True as for holders in private memory; false as for those in a segment.
  bool accept_private = false;
  /// Pointers of other segments that were freed here.
  std::vector<ShmPtr> given_back;

 private:
  const u16 segment_;
  std::vector<char> arena_;
  std::map<u64, u64> live_;  // offset to size
  u64 next_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_TESTS_SHM_ARENA_STORAGE_H_
