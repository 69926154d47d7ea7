// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Memory for results that the runtime has to allocate, such as a string grown
// by a module. One memfd to start with, more when it is full, up to a bound.
// Clients map it read-only; what lies where is known to this process alone.

#ifndef CHIMAERA_IPC_RUNTIME_DATA_H_
#define CHIMAERA_IPC_RUNTIME_DATA_H_

#include <memory>
#include <vector>

#include "chimaera/base/extent_allocator.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/runtime_segments.h"
#include "chimaera/shm/offset_ptr.h"
#include "chimaera/shm/segment.h"

namespace chi {

struct RuntimeDataOptions {
  /// First segment, and the least that it grows by, bytes.
  u64 segment_bytes = 16 * kMiB;
  /// All segments together, bytes.
  u64 max_bytes = 1 * kGiB;
};

/// Safe from any thread. Allocation is rare (a value that outgrew its inline
/// room), so one lock serves all workers; growing takes it for as long as the
/// kernel needs to find the pages, about 0.4 ms per MiB.
class RuntimeData {
 public:
  /// `segments` must outlive this object.
  static Result<std::unique_ptr<RuntimeData>> Create(
      RuntimeSegments& segments, const RuntimeDataOptions& options);
  RuntimeData(const RuntimeData&) = delete;
  RuntimeData& operator=(const RuntimeData&) = delete;
  /// REQUIRES: no worker resolves into it any more.
  ~RuntimeData();

  /// `bytes` rounded up to 64. Returns kBadRequest for 0, kNoMemory naming
  /// what was asked and what the bound is.
  Result<ShmPtr> Allocate(u64 bytes);

  /// Takes back what Allocate gave. Returns kBadRequest for anything else.
  Status Free(ShmPtr p);

  /// Bytes handed out now, rounding included.
  [[nodiscard]] u64 used_bytes() const;
  /// Bytes of all segments.
  [[nodiscard]] u64 capacity_bytes() const;

 private:
  struct Part {
    Part(Segment segment_in, u16 id_in)
        : segment(std::move(segment_in)),
          id(id_in),
          extents(segment.size(), kCacheLineSize) {}
    Segment segment;
    u16 id;
    ExtentAllocator extents;
  };

  RuntimeData(RuntimeSegments& segments, const RuntimeDataOptions& options)
      : segments_(segments), options_(options) {}
  Status AddPart(u64 least_bytes) CHI_REQUIRES(mu_);
  u64 CapacityLocked() const CHI_REQUIRES(mu_);

  RuntimeSegments& segments_;
  const RuntimeDataOptions options_;
  mutable Mutex mu_;
  std::vector<std::unique_ptr<Part>> parts_ CHI_GUARDED_BY(mu_);
};

}  // namespace chi

#endif  // CHIMAERA_IPC_RUNTIME_DATA_H_
