// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a block file knows about its contents, in memory: blocks, named objects,
// checksums of data. Changed by transactions only, the same way when they are
// committed and when they are replayed.
//
// Thread safety: none; the store locks.
//
// Invariants:
//   1. Blocks lie inside the data area and no two share a page.
//   2. An object's blocks exist, are durable and belong to it alone.
//   3. Generations are below the limit.
//   4. The whole fits a checkpoint.

#ifndef CHIMAERA_BDEV_FORMAT_METADATA_H_
#define CHIMAERA_BDEV_FORMAT_METADATA_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "format/layout.h"
#include "format/transaction.h"

namespace chimaera::bdev {

inline constexpr chi::u64 kMaxNameBytes = 255;
inline constexpr chi::u64 kMaxAttributeBytes = 64 * chi::kKiB;
/// A slot's number fits a Block's id and a table of blocks in memory.
inline constexpr chi::u32 kMaxSlots = 1u << 24;

struct BlockRecord {
  chi::u32 generation = 0;
  BlockKind kind = BlockKind::kLease;
  chi::u64 offset = 0;  ///< Within the data area; a multiple of kPageSize.
  chi::u64 size = 0;    ///< Usable bytes; the rest of the last page is unused.
  bool in_object = false;
  /// One for each page, or none at all; 0 where it is not known.
  std::vector<chi::u32> checksums;

  [[nodiscard]] chi::u64 NumPages() const {
    return RoundUpToPage(size) / kPageSize;
  }
};

struct ObjectRecord {
  std::string attributes;  ///< The owner's business.
  std::vector<chi::u32> slots;
};

/// A CRC32C as it is kept: 0 means "not known", so 0 itself becomes 1.
[[nodiscard]] constexpr chi::u32 StoredChecksum(chi::u32 crc) {
  return crc == 0 ? 1 : crc;
}

class Metadata {
 public:
  using Objects = std::map<std::string, ObjectRecord, std::less<>>;

  /// Of an empty device.
  explicit Metadata(const Geometry& geometry) : geometry_(geometry) {}
  Metadata(Metadata&&) = default;
  Metadata& operator=(Metadata&&) = default;

  /// Does all operations or none.
  ///   kBadRequest     a number, length or generation that cannot be, or bytes
  ///                   that are no operations
  ///   kStale          DropBlock of another generation
  ///   kNotFound       no such slot or name
  ///   kAlreadyExists  the slot, the space or the name is taken, or the block
  ///                   belongs to another object
  ///   kNoSpace        the metadata would not fit a checkpoint
  chi::Status Apply(std::string_view operations);
  /// Apply to something that is thrown away if it fails.
  chi::Status Replay(std::string_view operations);

  /// Operations that make this out of nothing; the same for the same contents.
  [[nodiscard]] std::string Encode() const;
  /// Bytes of Encode().
  [[nodiscard]] chi::u64 encoded_size() const { return encoded_size_; }

  /// Forgets all leases; how many there were.
  chi::u64 DropLeases();

  [[nodiscard]] const std::map<chi::u32, BlockRecord>& blocks() const {
    return blocks_;
  }
  [[nodiscard]] const Objects& objects() const { return objects_; }
  [[nodiscard]] chi::u32 generation_limit() const { return generation_limit_; }
  [[nodiscard]] const Geometry& geometry() const { return geometry_; }

  /// CHI_CHECKs the invariants.
  void TEST_CheckInvariants() const;

 private:
  // What one operation replaced; the members that matter to it are set.
  struct Undo {
    OpCode code;
    chi::u32 number = 0;  // slot or limit
    std::optional<BlockRecord> block;
    std::string name;
    std::optional<ObjectRecord> object;
    chi::u64 first = 0;
    std::vector<chi::u32> checksums;
    bool had_checksums = false;
  };
  using Undos = std::vector<Undo>;

  chi::Status ApplyAll(std::string_view operations, Undos* undos);
  chi::Status ApplyOne(class ByteReader& in, Undos* undos);
  chi::Status SetGenerationLimit(ByteReader& in, Undos* undos);
  chi::Status PutBlock(ByteReader& in, Undos* undos);
  chi::Status DropBlock(ByteReader& in, Undos* undos);
  chi::Status PutObject(ByteReader& in, bool replace, Undos* undos);
  chi::Status DeleteObject(ByteReader& in, Undos* undos);
  chi::Status SetChecksums(ByteReader& in, Undos* undos);
  void Revert(Undos& undos);

  chi::Status CheckNewBlock(chi::u32 slot, const BlockRecord& block) const;
  chi::Status CheckObject(std::string_view name, std::string_view attributes,
                          const std::vector<chi::u32>& slots,
                          const ObjectRecord* before) const;

  // These keep what follows from a record: size, space, ownership.
  void InsertBlock(chi::u32 slot, BlockRecord block);
  void EraseBlock(chi::u32 slot);
  void InsertObject(std::string name, ObjectRecord object);
  void EraseObject(Objects::iterator at);
  void AddChecksums(BlockRecord& block);
  void RemoveChecksums(BlockRecord& block);

  Geometry geometry_;
  chi::u32 generation_limit_ = 0;
  std::map<chi::u32, BlockRecord> blocks_;
  std::map<chi::u64, chi::u32> slots_by_offset_;
  Objects objects_;
  chi::u64 encoded_size_ = 5;  // the limit's own operation
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_METADATA_H_
