// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A change of the metadata that happens whole or not at all: a list of
// operations, kept as the bytes that go into the journal. A checkpoint is one
// too, the one that makes everything out of nothing.

#ifndef CHIMAERA_BDEV_FORMAT_TRANSACTION_H_
#define CHIMAERA_BDEV_FORMAT_TRANSACTION_H_

#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// Frozen: they lie on disk.
enum class BlockKind : chi::u32 {
  kLease = 1,    ///< Of a session; forgotten when the file is opened again.
  kDurable = 2,  ///< Until it is dropped.
};

/// Frozen: they lie on disk.
enum class OpCode : chi::u8 {
  kSetGenerationLimit = 1,
  kPutBlock = 2,
  kDropBlock = 3,
  kCreateObject = 4,
  kReplaceObject = 5,
  kDeleteObject = 6,
  kSetChecksums = 7,
};

/// Builds the bytes. Metadata::Apply says what each operation wants; nothing is
/// checked here.
class Transaction {
 public:
  /// Generations below `limit` may be given out from now on. They are never
  /// lowered, so that after a restart no block gets the id of an older one.
  void SetGenerationLimit(chi::u32 limit);
  /// A new block, or a lease that becomes durable.
  void PutBlock(chi::u32 slot, chi::u32 generation, BlockKind kind,
                chi::u64 offset, chi::u64 size);
  void DropBlock(chi::u32 slot, chi::u32 generation);
  /// Under a new name; `slots` are durable blocks of no other object.
  void CreateObject(std::string_view name, std::string_view attributes,
                    const std::vector<chi::u32>& slots);
  /// Under a name that exists; blocks it had before are free to be dropped.
  void ReplaceObject(std::string_view name, std::string_view attributes,
                     const std::vector<chi::u32>& slots);
  void DeleteObject(std::string_view name);
  /// Of `count` pages of the block from its page `first` on; 0 where none is
  /// known. See StoredChecksum.
  void SetChecksums(chi::u32 slot, chi::u64 first, const chi::u32* checksums,
                    chi::u64 count);

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void PutObject(OpCode code, std::string_view name,
                 std::string_view attributes,
                 const std::vector<chi::u32>& slots);

  std::string bytes_;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_TRANSACTION_H_
