// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which piece of a device belongs to whom. It lies in private memory, and a
// Block that comes from a client is only ever compared with it.
//
// Life of a slot:
//
//     free --Allocate--> used --Free, owner gone--> dying --last pin--> free
//                        |  ^                        ^
//              BeginSeal v  | EndSeal(false)         |
//                      sealing --EndSeal--> sealed --Drop
//
// What is not pinned does not stop at dying. A sealed block belongs to a named
// object: everybody may read it, nobody writes or frees it.
//
// A dying block is stale for everybody; its space is kept until the last copy
// that goes on in it is over. A slot that becomes free has another generation.
//
// Invariants (mu_):
//   1. Slots that are not free have one extent each, and no two share a byte.
//   2. The generation of a slot is above that of every Block that was freed.
//   3. A slot that is pinned is not free; one that is sealed has no writer.

#ifndef CHIMAERA_BDEV_BLOCK_TABLE_H_
#define CHIMAERA_BDEV_BLOCK_TABLE_H_

#include <chimaera/sched/coevent.h>

#include <map>
#include <optional>
#include <vector>

#include "chimaera/base/extent_allocator.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/bdev/block.h"

namespace chimaera::bdev {

/// Sessions are never 0: this is the runtime itself, which may touch every
/// block and outlives all of them.
inline constexpr chi::u64 kRuntimeClient = 0;

struct BlockTableOptions {
  chi::u64 size =
      0;  ///< Bytes of the device; at most ExtentAllocator::kMaxSize.
  chi::u64 alignment = 4096;       ///< A power of two.
  chi::u32 container_id = 0;       ///< Written into every Block.
  chi::u32 max_extents = 128;      ///< Blocks of one Allocate.
  chi::u32 max_blocks = 1u << 20;  ///< Slots that are not free.
  /// Of all blocks: from the first on, below the limit.
  chi::u32 first_generation = 1;
  chi::u32 generation_limit = ~chi::u32{0};
};

struct BlockTableStats {
  chi::u64 free_bytes = 0;
  chi::u64 largest_free = 0;
  chi::u64 num_blocks = 0;  ///< Slots that are not free.
  chi::u64 num_pins = 0;
};

/// What of one part of a device blocks have; the rest of it is free.
struct UsageCell {
  chi::u64 used = 0;    ///< Bytes of clients' blocks, dying ones too.
  chi::u64 sealed = 0;  ///< Bytes of blocks of objects.
};

/// What is to be done with the bytes of a block.
enum class Access : chi::u8 { kRead, kWrite };

/// Safe from any thread. No call keeps the lock while bytes are copied.
class BlockTable {
 public:
  static constexpr chi::u32 kMaxHolds = 1 << 20;

  explicit BlockTable(const BlockTableOptions& options);
  BlockTable(const BlockTable&) = delete;
  BlockTable& operator=(const BlockTable&) = delete;

  /// `size` bytes in as few blocks as possible, whose sizes add up to exactly
  /// `size`; all or nothing. kBadRequest for 0, kNoSpace naming what is free
  /// (also if that lies in too many pieces), kOverloaded for too many blocks.
  chi::Result<std::vector<Block>> Allocate(chi::u64 owner, chi::u64 size);

  /// The same in one block. kNoSpace too if it would take several.
  chi::Result<Block> AllocateWhole(chi::u64 owner, chi::u64 size);

  /// Frees all of `blocks` or none. kStale: freed before. kBadRequest: never
  /// given out, not `caller`'s, sealed, or twice in the list.
  chi::Status Free(chi::u64 caller, const Block* blocks, chi::u64 count);

  /// Makes all of `blocks` the property of `to`, or none. Errors as Free.
  chi::Status HandOver(chi::u64 caller, const Block* blocks, chi::u64 count,
                       chi::u64 to);

  /// Keeps the space of `block` until Unpin, and gives the range on the device
  /// of `length` bytes from `offset` within the block. Errors as Free, and
  /// kBadRequest naming the numbers if the range is not all inside. Sealed
  /// blocks are everybody's to read.
  chi::Result<chi::Extent> Pin(chi::u64 caller, const Block& block,
                               chi::u64 offset, chi::u64 length,
                               Access access = Access::kRead);
  /// REQUIRES: a Pin of this block for this access succeeded.
  void Unpin(const Block& block, Access access = Access::kRead);

  /// Pin of the whole block on behalf of `holder`, until Release or until the
  /// holder is gone. kOverloaded: it holds it kMaxHolds times already, so that
  /// pins can be counted.
  chi::Result<chi::Extent> Hold(chi::u64 caller, chi::u64 holder,
                                const Block& block,
                                Access access = Access::kRead);
  /// kNotFound if `holder` holds no such block. *size is what it held.
  chi::Status Release(chi::u64 holder, const Block& block,
                      chi::u64* size = nullptr);

  /// Blocks that are about to belong to an object. It lies where it is made
  /// until EndSeal.
  class Seal {
   public:
    Seal() = default;
    Seal(const Seal&) = delete;
    Seal& operator=(const Seal&) = delete;
    /// Parks until the last write into the blocks that was under way is over.
    /// Throws StatusError if the task is cancelled or late.
    void AwaitWriters();

   private:
    friend class BlockTable;
    std::vector<Block> blocks_;
    chi::u64 num_writers_ = 0;  // guarded by the table's mu_
    chi::CoEvent no_writers_;
  };
  /// From now on nobody may write or free `blocks`, all or none, errors as
  /// Free. They outlive the caller until EndSeal.
  chi::Status BeginSeal(chi::u64 caller, const std::vector<Block>& blocks,
                        Seal* seal);
  /// They are sealed, or their owner's as before, and freed if it is gone.
  /// REQUIRES: BeginSeal succeeded; and AwaitWriters if `success`.
  void EndSeal(Seal& seal, bool success);
  /// Sealed blocks of an earlier life, in a table that is new. kBadRequest if
  /// one does not fit the space or its alignment, or two overlap.
  chi::Status Restore(std::vector<Block> sealed);
  /// The first sealed block whose slot is at least `slot`.
  std::optional<Block> SealedFrom(chi::u32 slot) const;
  /// Their object is gone. REQUIRES: they are sealed.
  void Drop(const std::vector<Block>& sealed);

  /// Frees what `client` owns and releases what it holds. REQUIRES: not the
  /// runtime.
  void ForgetClient(chi::u64 client);

  BlockTableStats Stats() const;
  /// Looks at every block; the device is cut into parts of `cell_bytes` > 0,
  /// the last one shorter.
  std::vector<UsageCell> Map(chi::u64 cell_bytes) const;
  const BlockTableOptions& options() const { return options_; }

  /// CHI_CHECKs the invariants.
  void TEST_CheckInvariants() const;

 private:
  // Owner of blocks that are being sealed while theirs is gone.
  static constexpr chi::u64 kNobody = ~chi::u64{0};

  enum class State : chi::u8 { kFree, kUsed, kSealing, kSealed, kDying };
  struct Slot {
    chi::u64 offset = 0;
    chi::u64 size = 0;  // as in the Block
    chi::u64 owner = 0;
    chi::u32 generation = 0;
    chi::u32 pins = 0;
    chi::u32 writers = 0;  // those of them that write
    Seal* seal = nullptr;  // while sealing
    State state = State::kFree;
    bool marked = false;  // seen by the Free under way
  };
  struct Held {
    chi::u32 pins = 0;
    chi::u32 writers = 0;  // those of them that write
  };

  // Whether any number of blocks may hold so much.
  chi::Status CheckRoom(chi::u64 size) const CHI_REQUIRES(mu_);
  Block TakeBlock(chi::u64 owner, chi::u64 offset, chi::u64 size)
      CHI_REQUIRES(mu_);
  Block Describe(chi::u32 index) const CHI_REQUIRES(mu_);
  void ReserveSlots(chi::u64 count) CHI_REQUIRES(mu_);
  chi::u32 TakeSlot() CHI_REQUIRES(mu_);
  // Null where Check has to decide.
  Slot* FindOwn(chi::u64 caller, const Block& block) CHI_REQUIRES(mu_);
  chi::Result<Slot*> Check(chi::u64 caller, const Block& block, Access access)
      CHI_REQUIRES(mu_);
  chi::Status Mark(chi::u64 caller, const Block* blocks, chi::u64 count)
      CHI_REQUIRES(mu_);
  void FreeSlot(chi::u32 index) CHI_REQUIRES(mu_);
  void EndSlot(chi::u32 index) CHI_REQUIRES(mu_);
  void PinSlot(Slot& slot, Access access) CHI_REQUIRES(mu_);
  void UnpinSlot(chi::u32 index, Access access) CHI_REQUIRES(mu_);

  const BlockTableOptions options_;

  mutable chi::Mutex mu_;
  chi::ExtentAllocator extents_ CHI_GUARDED_BY(mu_);
  std::vector<Slot> slots_ CHI_GUARDED_BY(mu_);
  std::vector<chi::u32> free_slots_ CHI_GUARDED_BY(mu_);
  // Holder, then block id: how often held.
  std::map<chi::u64, std::map<chi::u64, Held>> held_ CHI_GUARDED_BY(mu_);
  chi::u64 num_blocks_ CHI_GUARDED_BY(mu_) = 0;
  chi::u64 num_pins_ CHI_GUARDED_BY(mu_) = 0;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_BLOCK_TABLE_H_
