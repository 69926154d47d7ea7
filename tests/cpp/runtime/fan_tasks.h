// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A module whose tasks go to several containers at once, in each of the ways in
// which a task type can say how it is copied and how results are combined.

#ifndef CHIMAERA_TESTS_RUNTIME_FAN_TASKS_H_
#define CHIMAERA_TESTS_RUNTIME_FAN_TASKS_H_

#include <algorithm>

#include "chimaera/chimaera.h"

namespace chi::test {

using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

namespace fan {

inline constexpr MethodId kWork = 10;
inline constexpr MethodId kFirst = 11;
inline constexpr MethodId kInPlace = 12;
inline constexpr MethodId kPlain = 13;
inline constexpr MethodId kUncopyable = 14;

enum class Act : u32 {
  kSum,         ///< total_ = value_ + id.
  kFail,        ///< The containers of the mask value_ fail with code 100 + id.
  kThrow,       ///< The same, by an exception.
  kBytes,       ///< total_ = sum of the bulk bytes, which lie where they lie.
  kMeet,        ///< Returns when value_ copies are in it at once.
  kLock,        ///< total_ = copies that met another one under a static lock.
  kNested,      ///< As a subtask, kSum of all containers under a lock.
  kDecide,      ///< When asked where: everywhere. Then as kSum.
  kUndecided,   ///< When asked where, it throws.
  kBeyond,      ///< When asked where: in a container that there is not.
  kBroken,      ///< Aggregate throws.
  kForever,     ///< Sleeps until it is cancelled.
  kChild,       ///< As a subtask, kForever here.
  kNestedMeet,  ///< As a subtask, kMeet of all containers.
  kTick,        ///< Counts the calls of kTick in this container.
  kTicks,       ///< total_ = how many there were.
  kLeave,  ///< Makes an echo pool's task of value_ ns, and leaves it alone.
};

/// Serialisers and Aggregate.
struct WorkTask : public Task {
  IN Act act_ = Act::kSum;
  IN u64 value_ = 0;
  IN string text_;
  IN hipc::Pointer data_;
  IN u64 length_ = 0;
  OUT u64 total_ = 0;
  OUT vector<u32> ids_;
  OUT u64 workers_ = 0;  ///< One bit each.

  explicit WorkTask(const AllocT& alloc) : Task(alloc) {}
  WorkTask(const AllocT& alloc, const TaskId& id, const PoolId& pool,
           const PoolQuery& query, Act act, u64 value)
      : Task(alloc, id, pool, query, kWork), act_(act), value_(value) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(act_, value_, text_, length_);
    ar.bulk(data_, length_, BULK_XFER);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(total_, ids_, workers_);
  }
  void Aggregate(const hipc::FullPtr<WorkTask>& other) {
    if (act_ == Act::kBroken) throw StatusError(Status::NoSpace("no sum"));
    total_ += other->total_;
    ids_.insert(ids_.end(), other->ids_.begin(), other->ids_.end());
    workers_ |= other->workers_;
  }
};

/// Serialisers only: the results of the first container count.
struct FirstTask : public Task {
  INOUT string text_;
  OUT u32 id_ = 99;

  explicit FirstTask(const AllocT& alloc) : Task(alloc) {}
  FirstTask(const AllocT& alloc, const TaskId& id, const PoolId& pool,
            const PoolQuery& query, std::string_view text)
      : Task(alloc, id, pool, query, kFirst), text_(alloc, text) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(text_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(text_, id_);
  }
};

/// As the module guide writes it: no serialisers, Copy and Aggregate.
struct InPlaceTask : public Task {
  IN string text_;
  OUT u64 total_ = 0;
  OUT u64 max_ = 0;

  explicit InPlaceTask(const AllocT& alloc) : Task(alloc), text_(alloc) {}
  InPlaceTask(const AllocT& alloc, const TaskId& id, const PoolId& pool,
              const PoolQuery& query, std::string_view text)
      : Task(alloc, id, pool, query, kInPlace), text_(alloc, text) {}

  void Copy(const hipc::FullPtr<InPlaceTask>& other) {
    text_ = other->text_;
    total_ = other->total_;
    max_ = other->max_;
  }
  void Aggregate(const hipc::FullPtr<InPlaceTask>& other) {
    total_ += other->total_;
    max_ = std::max(max_, other->max_);
  }
};

/// Nothing but plain fields.
struct PlainTask : public Task {
  IN u64 value_ = 0;
  OUT u64 answer_ = 0;

  explicit PlainTask(const AllocT& alloc) : Task(alloc) {}
  PlainTask(const AllocT& alloc, const TaskId& id, const PoolId& pool,
            const PoolQuery& query, u64 value)
      : Task(alloc, id, pool, query, kPlain), value_(value) {}
};

/// A string, and nobody says how to copy it.
struct UncopyableTask : public Task {
  IN string text_;

  explicit UncopyableTask(const AllocT& alloc) : Task(alloc) {}
  UncopyableTask(const AllocT& alloc, const TaskId& id, const PoolId& pool,
                 const PoolQuery& query)
      : Task(alloc, id, pool, query, kUncopyable) {}
};

}  // namespace fan
}  // namespace chi::test

#endif  // CHIMAERA_TESTS_RUNTIME_FAN_TASKS_H_
