// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tasks of module bdev that read and write ranges of many blocks at once.

#ifndef CHIMAERA_BDEV_RANGE_TASKS_H_
#define CHIMAERA_BDEV_RANGE_TASKS_H_

#include <chimaera/bdev/autogen/bdev_methods.h>
#include <chimaera/bdev/block.h>
#include <chimaera/chimaera.h>

#include <type_traits>
#include <vector>

namespace chimaera::bdev {

/// The most ranges of one ReadBlocks or WriteBlocks.
inline constexpr chi::u64 kMaxRanges = 1024;

/// `size_` bytes from `offset_` within the block.
struct BlockRange {
  Block block_;
  chi::u64 offset_ = 0;
  chi::u64 size_ = 0;

  /// All of a block.
  static BlockRange Whole(const Block& block) {
    return {block, 0, block.size_};
  }

  template <class Archive>
  void serialize(Archive& ar) {
    ar(block_, offset_, size_);
  }
};
static_assert(sizeof(BlockRange) == 48, "stored in shared memory");
static_assert(std::is_trivially_copyable_v<BlockRange>);

/// From `length_` bytes at `data_` into the ranges, one after the other.
struct WriteBlocksTask : public chi::Task {
  using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

  IN chi::vector<BlockRange> ranges_;
  IN hipc::Pointer data_;
  IN size_t length_ = 0;            ///< What the ranges add up to.
  OUT chi::u64 bytes_written_ = 0;  ///< length_ or 0.

  explicit WriteBlocksTask(const AllocT& alloc)
      : chi::Task(alloc), ranges_(alloc) {}
  WriteBlocksTask(const AllocT& alloc, const chi::TaskId& task_id,
                  const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                  const std::vector<BlockRange>& ranges, hipc::Pointer data,
                  size_t length)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kWriteBlocks),
        ranges_(alloc, ranges),
        data_(data),
        length_(length) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(ranges_, data_, length_);
    ar.bulk(data_, length_, BULK_XFER);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(bytes_written_);
  }
};

/// From the ranges, one after the other, into `length_` bytes at `data_`.
/// With `checksums_` the caller compares: see Client::AsyncReadBlocks.
struct ReadBlocksTask : public chi::Task {
  using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

  IN chi::vector<BlockRange> ranges_;
  IN hipc::Pointer data_;
  IN size_t length_ = 0;         ///< What the ranges add up to.
  IN hipc::Pointer checksums_;   ///< Null, or a u32 for each page.
  OUT chi::u64 bytes_read_ = 0;  ///< length_ or 0.

  explicit ReadBlocksTask(const AllocT& alloc)
      : chi::Task(alloc), ranges_(alloc) {}
  ReadBlocksTask(const AllocT& alloc, const chi::TaskId& task_id,
                 const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                 const std::vector<BlockRange>& ranges, hipc::Pointer data,
                 size_t length, hipc::Pointer checksums = {})
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kReadBlocks),
        ranges_(alloc, ranges),
        data_(data),
        length_(length),
        checksums_(checksums) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(ranges_, data_, length_, checksums_);
    ar.bulk(data_, length_, BULK_EXPOSE);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(bytes_read_);
    ar.bulk(data_, length_, BULK_XFER);
  }
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_RANGE_TASKS_H_
