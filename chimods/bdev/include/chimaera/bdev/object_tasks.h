// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tasks of module bdev that are about named objects. Client says what they
// promise.

#ifndef CHIMAERA_BDEV_OBJECT_TASKS_H_
#define CHIMAERA_BDEV_OBJECT_TASKS_H_

#include <chimaera/bdev/autogen/bdev_methods.h>
#include <chimaera/bdev/block.h>
#include <chimaera/chimaera.h>

#include <string>
#include <vector>

namespace chimaera::bdev {

using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

/// Bytes of a name, from 1 on, and of attributes.
inline constexpr chi::u64 kMaxObjectName = 255;
inline constexpr chi::u64 kMaxObjectAttributes = 64 * chi::kKiB;
/// The most objects of one ListObjects.
inline constexpr chi::u64 kMaxListed = 1024;

struct PutObjectTask : public chi::Task {
  IN chi::string name_;
  IN chi::string attributes_;
  IN chi::vector<Block> blocks_;
  IN chi::u32 replace_ = 0;  ///< 1: an object of this name may exist.

  explicit PutObjectTask(const AllocT& alloc)
      : chi::Task(alloc), name_(alloc), attributes_(alloc), blocks_(alloc) {}
  PutObjectTask(const AllocT& alloc, const chi::TaskId& task_id,
                const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                const std::string& name, const std::vector<Block>& blocks,
                const std::string& attributes, bool replace)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kPutObject),
        name_(alloc, name),
        attributes_(alloc, attributes),
        blocks_(alloc, blocks),
        replace_(replace ? 1 : 0) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(name_, attributes_, blocks_, replace_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

struct GetObjectTask : public chi::Task {
  IN chi::string name_;
  OUT chi::string attributes_;
  OUT chi::vector<Block> blocks_;

  explicit GetObjectTask(const AllocT& alloc)
      : chi::Task(alloc), name_(alloc), attributes_(alloc), blocks_(alloc) {}
  GetObjectTask(const AllocT& alloc, const chi::TaskId& task_id,
                const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                const std::string& name)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kGetObject),
        name_(alloc, name),
        attributes_(alloc),
        blocks_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(name_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(attributes_, blocks_);
  }
};

struct DeleteObjectTask : public chi::Task {
  IN chi::string name_;

  explicit DeleteObjectTask(const AllocT& alloc)
      : chi::Task(alloc), name_(alloc) {}
  DeleteObjectTask(const AllocT& alloc, const chi::TaskId& task_id,
                   const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                   const std::string& name)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kDeleteObject),
        name_(alloc, name) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(name_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

/// One object in a listing. Its name is the next bytes of `names_`.
struct ObjectRow {
  chi::u64 size_ = 0;  ///< Bytes of its blocks.
  chi::u32 name_size_ = 0;
  chi::u32 reserved_ = 0;
};
static_assert(sizeof(ObjectRow) == 16, "stored in shared memory");

struct ListObjectsTask : public chi::Task {
  IN chi::string prefix_;
  IN chi::string after_;
  IN chi::u64 limit_ = 0;  ///< 0 or too many: kMaxListed.
  OUT chi::vector<ObjectRow> objects_;
  OUT chi::string names_;

  explicit ListObjectsTask(const AllocT& alloc)
      : chi::Task(alloc),
        prefix_(alloc),
        after_(alloc),
        objects_(alloc),
        names_(alloc) {}
  ListObjectsTask(const AllocT& alloc, const chi::TaskId& task_id,
                  const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                  const std::string& prefix, const std::string& after,
                  chi::u64 limit)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kListObjects),
        prefix_(alloc, prefix),
        after_(alloc, after),
        limit_(limit),
        objects_(alloc),
        names_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(prefix_, after_, limit_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(objects_, names_);
  }
};

/// The container's own, and periodic: reads a little of what belongs to
/// objects.
struct ScrubTask : public chi::Task {
  explicit ScrubTask(const AllocT& alloc) : chi::Task(alloc) {}
  ScrubTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kScrub) {}

  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

/// The container's own, and periodic: looks for requests that the device does
/// not answer.
struct WatchTask : public chi::Task {
  explicit WatchTask(const AllocT& alloc) : chi::Task(alloc) {}
  WatchTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kWatch) {}

  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_OBJECT_TASKS_H_
