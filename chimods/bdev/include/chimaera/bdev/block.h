// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A piece of a block device, as its owner holds it.

#ifndef CHIMAERA_BDEV_BLOCK_H_
#define CHIMAERA_BDEV_BLOCK_H_

#include <ostream>
#include <type_traits>

#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// Where the bytes of a device are kept. Frozen.
enum class BdevType : chi::u32 { kFile = 0, kRam = 1 };

/// Who does the transfers of a device. Frozen.
enum class Engine : chi::u32 { kRam = 0, kIoUring = 1, kThreads = 2 };

/// "ram", "io_uring" or "threads".
constexpr const char* EngineName(Engine engine) {
  return engine == Engine::kIoUring   ? "io_uring"
         : engine == Engine::kThreads ? "threads"
                                      : "ram";
}

/// A handle, to be passed back unchanged. It stands in tasks and in files of
/// users; the runtime believes none of its numbers but compares them with its
/// own table. Frozen.
struct Block {
  chi::u64 offset_ = 0;    ///< On the device of its container; informative.
  chi::u64 size_ = 0;      ///< Usable bytes.
  chi::u64 block_id_ = 0;  ///< Generation (high half) and slot; never 0.
  chi::u32 container_id_ = 0;
  chi::u32 reserved_ = 0;

  chi::u32 slot() const { return static_cast<chi::u32>(block_id_); }
  chi::u32 generation() const { return static_cast<chi::u32>(block_id_ >> 32); }
  static constexpr chi::u64 MakeId(chi::u32 slot, chi::u32 generation) {
    return chi::u64{generation} << 32 | slot;
  }

  friend bool operator==(const Block& a, const Block& b) {
    return a.offset_ == b.offset_ && a.size_ == b.size_ &&
           a.block_id_ == b.block_id_ && a.container_id_ == b.container_id_;
  }

  template <class Archive>
  void serialize(Archive& ar) {
    ar(offset_, size_, block_id_, container_id_, reserved_);
  }
};
static_assert(sizeof(Block) == 32, "stored in shared memory");
static_assert(std::is_trivially_copyable_v<Block>);

/// "block 5.2 [4096, +100)": slot, generation, range; for messages.
inline std::ostream& operator<<(std::ostream& out, const Block& block) {
  return out << "block " << block.slot() << '.' << block.generation() << " ["
             << block.offset_ << ", +" << block.size_ << ')';
}

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_BLOCK_H_
