// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The runtime's own segments, which every client may map read-only: runtime
// data and the RAM devices. A client asks for one by its id over the control
// socket; workers resolve pointers into them.

#ifndef CHIMAERA_IPC_RUNTIME_SEGMENTS_H_
#define CHIMAERA_IPC_RUNTIME_SEGMENTS_H_

#include <unordered_map>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/ipc/id_table.h"
#include "chimaera/shm/offset_ptr.h"

namespace chi {

/// Safe from any thread. Server side.
class RuntimeSegments {
 public:
  struct Shared {
    u16 id = 0;
    u64 size = 0;
    UniqueFd fd;  ///< A duplicate, the caller's.
  };

  /// Makes a mapping of this process known under a new id, never used before
  /// in this incarnation, so that a client's old mapping is never taken for a
  /// new segment. `fd` is the sealed memfd behind it, duplicated here; it must
  /// carry F_SEAL_FUTURE_WRITE, or clients could write. The owner keeps `base`
  /// mapped until Unregister. `welcome`: send it with the handshake.
  /// Returns kBadRequest for a descriptor without the seal, kOverloaded when
  /// all 32,767 ids were used, kIo if the descriptor cannot be duplicated.
  Result<u16> Register(int fd, char* base, u64 size, bool welcome = false);

  /// From now on `id` resolves to nothing and is not handed out. A worker that
  /// has resolved it before may still be reading: the owner unmaps only after
  /// all workers have passed a quiescent point. Clients that have it mapped
  /// keep their mapping. Returns kNotFound for an unknown id.
  Status Unregister(u16 id);

  /// The `size` bytes at `p`, or nullptr. Lock-free, any numbers are allowed.
  [[nodiscard]] char* Resolve(ShmPtr p, u64 size) const {
    const SegmentRow* row = table_.Find(p.segment());
    return row == nullptr ? nullptr : row->Locate(p.offset(), size);
  }

  /// Descriptor and size for a client. kNotFound for an unknown id.
  Result<Shared> Share(u16 id) const;

  /// The first `max` segments that were registered with `welcome`.
  std::vector<Shared> ShareWelcome(u32 max) const;

 private:
  struct Record {
    UniqueFd fd;
    u64 size = 0;
    bool welcome = false;
  };
  static Result<Shared> ShareRecord(u16 id, const Record& record);

  IdTable table_;  // written under mu_, read without
  mutable Mutex mu_;
  std::unordered_map<u16, Record> records_ CHI_GUARDED_BY(mu_);
  u32 next_id_ CHI_GUARDED_BY(mu_) = kFirstRuntimeSegment;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_RUNTIME_SEGMENTS_H_
