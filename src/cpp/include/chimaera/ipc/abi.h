// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One number for the layout of everything that two builds share in memory. A
// client and a runtime compare it in the handshake, the loader compares it
// with the stamp of a module: each side computes it from its own headers.

#ifndef CHIMAERA_IPC_ABI_H_
#define CHIMAERA_IPC_ABI_H_

#include <cstddef>

#include "chimaera/base/types.h"
#include "chimaera/ipc/control.h"
#include "chimaera/ipc/task.h"
#include "chimaera/shm/ring_queue.h"
#include "chimaera/shm/string.h"
#include "chimaera/shm/vector.h"

namespace chi {

/// Raised by hand when the meaning of shared bytes changes, not their layout.
inline constexpr u32 kAbiRevision = 2;

/// Unit in which segments are mapped; a build is made for one page size.
inline constexpr u32 kAbiPageSize = 4096;

/// This build's sizes.
[[nodiscard]] constexpr AbiSizes ThisAbiSizes() {
  AbiSizes sizes;
  sizes.task = sizeof(Task);
  sizes.string = sizeof(string);
  sizes.vector = sizeof(vector<u64>);
  sizes.ring_slot = sizeof(RingSlot<StdAtomics>);
  sizes.page = kAbiPageSize;
  sizes.cache_line = kCacheLineSize;
  return sizes;
}

namespace internal {

/// One step of FNV-1a over the eight bytes of `value`.
[[nodiscard]] constexpr u64 MixAbi(u64 hash, u64 value) {
  for (int byte = 0; byte < 8; ++byte) {
    hash ^= (value >> (8 * byte)) & 0xff;
    hash *= 0x100000001b3;
  }
  return hash;
}

}  // namespace internal

// Compilers can tell where the members of any such struct lie; the language
// promises it only for those without a base.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
/// This build's number.
[[nodiscard]] constexpr u64 AbiHash() {
  constexpr AbiSizes kSizes = ThisAbiSizes();
  const u64 parts[] = {
      kProtocolMajor,
      kProtocolMinor,
      kAbiRevision,
      __BYTE_ORDER__,
      sizeof(void*),
      kSizes.task,
      kSizes.string,
      kSizes.vector,
      kSizes.ring_slot,
      kSizes.page,
      kSizes.cache_line,
      sizeof(PoolQuery),
      sizeof(ControlPage),
      kMainHeapOffset,
      offsetof(Task, pool_id_),
      offsetof(Task, task_id_),
      offsetof(Task, period_ns_),
      offsetof(Task, pool_query_),
      offsetof(Task, method_),
      offsetof(Task, task_flags_),
      offsetof(Task, return_code_),
      offsetof(Task, state_),
      offsetof(Task, timeout_ms_),
      offsetof(Task, text_size_),
      offsetof(Task, text_),
  };
  u64 hash = 0xcbf29ce484222325;
  for (const u64 part : parts) hash = internal::MixAbi(hash, part);
  return hash;
}
#pragma GCC diagnostic pop

}  // namespace chi

#endif  // CHIMAERA_IPC_ABI_H_
