// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The allocator over a client's own segments of one kind. The client is the
// only one who allocates in them, so all records are private; when they are
// full, the runtime is asked for one more.

#ifndef CHIMAERA_IPC_CLIENT_HEAP_H_
#define CHIMAERA_IPC_CLIENT_HEAP_H_

#include <memory>
#include <vector>

#include "chimaera/base/extent_allocator.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/ipc/control_client.h"
#include "chimaera/shm/slab.h"

namespace chi {

/// Safe from any thread.
class ClientHeap {
 public:
  /// Begins with `first`, of which `reserved` bytes belong to somebody else.
  /// `control` outlives this object.
  ClientHeap(ControlClient& control, SegmentKind kind, OwnedSegment first,
             u64 reserved);

  /// `bytes` bytes aligned to a cache line. kNoMemory or kOverloaded, naming
  /// the numbers, when the runtime grants no more. REQUIRES: bytes > 0.
  Result<ShmRange> Allocate(u64 bytes);

  /// Takes back what Allocate gave. kBadRequest for anything else.
  [[nodiscard]] Status Free(ShmPtr pointer);

  /// Whether `address` lies in one of the segments.
  bool Owns(const void* address) const;

  u64 used_bytes() const;
  u64 capacity_bytes() const;

 private:
  struct Part {
    Part(OwnedSegment own, u64 reserved)
        : segment(own),
          extents(own.size - reserved, kCacheLineSize),
          reserved_bytes(reserved) {}
    OwnedSegment segment;
    ExtentAllocator extents;
    u64 reserved_bytes;
  };

  static Result<ShmRange> AllocateIn(Part& part, u64 bytes);
  Status Grow(u64 least_bytes) CHI_REQUIRES(mu_);

  ControlClient& control_;
  const SegmentKind kind_;
  mutable Mutex mu_;
  std::vector<std::unique_ptr<Part>> parts_ CHI_GUARDED_BY(mu_);
};

}  // namespace chi

#endif  // CHIMAERA_IPC_CLIENT_HEAP_H_
