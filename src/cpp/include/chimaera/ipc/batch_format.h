// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The bytes of an archive of tasks, shared by its writer and its reader:
//
//   preamble | one record per task | one row per piece of bulk data
//
// Everything is little-endian and unaligned. docs/design/task_batch.md has the
// table; FROZEN for this version.

#ifndef CHIMAERA_IPC_BATCH_FORMAT_H_
#define CHIMAERA_IPC_BATCH_FORMAT_H_

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/shm/hipc.h"
#include "chimaera/shm/string.h"
#include "chimaera/shm/vector.h"

namespace chi {

/// Which fields an archive holds. Frozen.
enum class ArchiveKind : u8 {
  kInputs = 1,   ///< What SerializeIn lists: a request.
  kOutputs = 2,  ///< What SerializeOut lists, and the outcome: an answer.
};

/// The most that an archive may hold, for its writer and its reader.
struct ArchiveLimits {
  u64 max_bytes = 64 * kMiB;  ///< Without the bulk data.
  u32 max_tasks = 65536;
  u32 max_bulks = 65536;
  u64 max_bulk_bytes = u64{1} << 40;  ///< All pieces together.
};

/// A piece of bulk data, which travels beside the archive or not at all.
struct BulkTransfer {
  /// Where it lies, or is to lie; never sent.
  hipc::Pointer data_;
  u64 size_ = 0;
  u32 flags_ = 0;  ///< BULK_EXPOSE or BULK_XFER.
  u32 task_ = 0;   ///< Whose it is: the number of the task in the archive.
};

namespace internal {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "values are written as they lie in memory");

inline constexpr u32 kBatchMagic = 0x42544843;  // "CHTB"
inline constexpr u16 kBatchVersion = 1;
inline constexpr u64 kBatchPreambleBytes = 24;
inline constexpr u64 kBulkRowBytes = 16;

/// Archive for asking whether a struct lists its members; never called.
struct MemberProbe {
  template <class... Members>
  void operator()(Members&&...);
};

template <class T, class = void>
inline constexpr bool kListsMembers = false;
template <class T>
inline constexpr bool
    kListsMembers<T, std::void_t<decltype(std::declval<T&>().serialize(
                         std::declval<MemberProbe&>()))>> = true;

template <class T>
inline constexpr bool kIsText =
    std::is_same_v<T, string> || std::is_same_v<T, std::string>;

template <class T>
inline constexpr bool kIsList = false;
template <class T>
inline constexpr bool kIsList<vector<T>> = true;
template <class T>
inline constexpr bool kIsList<std::vector<T>> = true;

template <class T>
inline constexpr bool kIsFullPtr = false;
template <class T>
inline constexpr bool kIsFullPtr<hipc::FullPtr<T>> = true;

/// An address, which means nothing in another process.
template <class T>
inline constexpr bool kIsPlace =
    std::is_same_v<T, hipc::Pointer> || kIsFullPtr<T>;

/// Written and read as the bytes that it consists of.
template <class T>
inline constexpr bool kIsPlain =
    std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> &&
    !std::is_same_v<T, bool> && !kListsMembers<T> && !kIsPlace<T>;

}  // namespace internal
}  // namespace chi

#endif  // CHIMAERA_IPC_BATCH_FORMAT_H_
