// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tasks of module bdev.

#ifndef CHIMAERA_BDEV_BDEV_TASKS_H_
#define CHIMAERA_BDEV_BDEV_TASKS_H_

#include <chimaera/admin/admin_tasks.h>
#include <chimaera/bdev/autogen/bdev_methods.h>
#include <chimaera/bdev/block.h>
#include <chimaera/bdev/few_blocks.h>
#include <chimaera/bdev/object_tasks.h>
#include <chimaera/bdev/range_tasks.h>
#include <chimaera/bdev/stats_tasks.h>
#include <chimaera/chimaera.h>

#include <cstddef>
#include <string>
#include <vector>

namespace chimaera::bdev {

/// The most blocks of one AllocateBlocks.
inline constexpr chi::u32 kMaxBlocks = 128;

struct CreateParams {
  static constexpr const char* chimod_lib_name = "chimaera_bdev";

  BdevType bdev_type_;
  /// Bytes of each container; 0 takes a file that exists as it is, and is
  /// nothing for kRam.
  chi::u64 total_size_;
  chi::u32 io_depth_;   ///< Requests at a time; means nothing for kRam.
  chi::u32 alignment_;  ///< Of blocks, in bytes; a power of two.
  /// For files: past the page cache, wherever address, offset and length are
  /// multiples of 4096.
  bool direct_ = false;
  /// For files: a CRC32C of each page that was written.
  bool checksums_ = true;
  /// For files with checksums: what belongs to objects is read at this rate in
  /// the background, to find bad pages; 0: never.
  chi::u32 scrub_mib_per_s_ = 8;
  /// For files: a request that is not answered for so long is told to the log;
  /// 0: never.
  chi::u32 stall_ms_ = 5000;

  // NOLINTNEXTLINE(google-explicit-constructor): cereal makes an empty one
  CreateParams(BdevType bdev_type = BdevType::kRam, chi::u64 total_size = 0,
               chi::u32 io_depth = 32, chi::u32 alignment = 4096)
      : bdev_type_(bdev_type),
        total_size_(total_size),
        io_depth_(io_depth),
        alignment_(alignment) {}

  template <class Archive>
  void serialize(Archive& ar) {
    ar(bdev_type_, total_size_, io_depth_, alignment_, direct_, checksums_,
       scrub_mib_per_s_, stall_ms_);
  }
  /// Reads `bdev_type`, `capacity`, `io_depth`, `alignment`, `direct`,
  /// `checksums`, `scrub_mib_per_s` and `stall_ms`. Throws
  /// StatusError(kBadRequest), also for a key that nobody knows.
  void LoadConfig(const chi::PoolConfig& config);

  /// What LoadConfig reads; only what is not the default, but for the type.
  std::string ToConfig() const {
    const CreateParams usual;
    std::string text = "{bdev_type: ";
    if (bdev_type_ == BdevType::kRam || bdev_type_ == BdevType::kFile) {
      text += bdev_type_ == BdevType::kRam ? "ram" : "file";
    } else {
      text += std::to_string(static_cast<chi::u32>(bdev_type_));
    }
    const auto add = [&text](const char* key, auto value, auto other) {
      if (value != other) text += chi::Format(", {}: {}", key, value);
    };
    add("capacity", total_size_, usual.total_size_);
    add("io_depth", io_depth_, usual.io_depth_);
    add("alignment", alignment_, usual.alignment_);
    if (direct_) text += ", direct: true";
    if (!checksums_) text += ", checksums: false";
    add("scrub_mib_per_s", scrub_mib_per_s_, usual.scrub_mib_per_s_);
    add("stall_ms", stall_ms_, usual.stall_ms_);
    return text + "}";
  }

  /// kBadRequest naming the number that makes no sense.
  chi::Status Check() const;
};

using CreateTask = admin::GetOrCreatePoolTask<CreateParams>;
using DestroyTask = admin::DestroyTask;

struct AllocateBlocksTask : public chi::Task {
  IN chi::u64 size_ = 0;
  OUT FewBlocks blocks_;

  explicit AllocateBlocksTask(const AllocT& alloc)
      : chi::Task(alloc), blocks_(alloc) {}
  AllocateBlocksTask(const AllocT& alloc, const chi::TaskId& task_id,
                     const chi::PoolId& pool_id,
                     const chi::PoolQuery& pool_query, chi::u64 size)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kAllocateBlocks),
        size_(size),
        blocks_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(size_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(blocks_);
  }
};

struct FreeBlocksTask : public chi::Task {
  IN FewBlocks blocks_;

  explicit FreeBlocksTask(const AllocT& alloc)
      : chi::Task(alloc), blocks_(alloc) {}
  FreeBlocksTask(const AllocT& alloc, const chi::TaskId& task_id,
                 const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                 const std::vector<Block>& blocks)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kFreeBlocks),
        blocks_(alloc) {
    blocks_ = blocks;
  }
  FreeBlocksTask(const AllocT& alloc, const chi::TaskId& task_id,
                 const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                 const Block& block)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kFreeBlocks),
        blocks_(alloc) {
    blocks_ = block;
  }

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(blocks_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

/// From `length_` bytes at `data_` into the block.
struct WriteTask : public chi::Task {
  IN Block block_;
  IN chi::u64 offset_ = 0;  ///< Within the block.
  IN hipc::Pointer data_;
  IN size_t length_ = 0;
  OUT chi::u64 bytes_written_ = 0;  ///< length_ or 0.

  explicit WriteTask(const AllocT& alloc) : chi::Task(alloc) {}
  WriteTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
            const Block& block, hipc::Pointer data, size_t length,
            chi::u64 offset = 0)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kWrite),
        block_(block),
        offset_(offset),
        data_(data),
        length_(length) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(block_, offset_, data_, length_);
    ar.bulk(data_, length_, BULK_XFER);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(bytes_written_);
  }
};

/// From the block into `length_` bytes at `data_`.
struct ReadTask : public chi::Task {
  IN Block block_;
  IN chi::u64 offset_ = 0;  ///< Within the block.
  IN hipc::Pointer data_;
  IN size_t length_ = 0;
  OUT chi::u64 bytes_read_ = 0;  ///< length_ or 0.

  explicit ReadTask(const AllocT& alloc) : chi::Task(alloc) {}
  ReadTask(const AllocT& alloc, const chi::TaskId& task_id,
           const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
           const Block& block, hipc::Pointer data, size_t length,
           chi::u64 offset = 0)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kRead),
        block_(block),
        offset_(offset),
        data_(data),
        length_(length) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(block_, offset_, data_, length_);
    ar.bulk(data_, length_, BULK_EXPOSE);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(bytes_read_);
    ar.bulk(data_, length_, BULK_XFER);
  }
};

/// Where a block lies; keeps it there until Unpin. See Client::Locate.
struct LocateTask : public chi::Task {
  IN Block block_;
  /// Only from inside the runtime: the client whose block it must be; 0: any.
  IN chi::u64 on_behalf_of_ = 0;
  /// Only from inside the runtime: the method changes the block.
  IN chi::u32 for_writing_ = 0;
  OUT hipc::Pointer data_;

  explicit LocateTask(const AllocT& alloc) : chi::Task(alloc) {}
  LocateTask(const AllocT& alloc, const chi::TaskId& task_id,
             const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
             const Block& block, chi::u64 on_behalf_of = 0,
             bool for_writing = false)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kLocate),
        block_(block),
        on_behalf_of_(on_behalf_of),
        for_writing_(for_writing ? 1 : 0) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(block_, on_behalf_of_, for_writing_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(data_);
  }
};

struct UnpinTask : public chi::Task {
  IN Block block_;

  explicit UnpinTask(const AllocT& alloc) : chi::Task(alloc) {}
  UnpinTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
            const Block& block)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kUnpin),
        block_(block) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(block_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

/// What was written before survives a power cut once it has succeeded.
struct SyncTask : public chi::Task {
  /// Not 0: only begins, so that a later one takes less time.
  IN chi::u32 begins_ = 0;

  explicit SyncTask(const AllocT& alloc) : chi::Task(alloc) {}
  SyncTask(const AllocT& alloc, const chi::TaskId& task_id,
           const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
           bool begins = false)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kSync),
        begins_(begins ? 1 : 0) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(begins_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_BDEV_TASKS_H_
