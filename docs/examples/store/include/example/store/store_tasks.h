// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tasks of module store.

#ifndef EXAMPLE_STORE_STORE_TASKS_H_
#define EXAMPLE_STORE_STORE_TASKS_H_

#include <chimaera/admin/admin_tasks.h>
#include <chimaera/chimaera.h>
#include <example/store/autogen/store_methods.h>

#include <string_view>

namespace example::store {

using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

struct CreateParams {
  static constexpr const char* chimod_lib_name = "example_store";

  template <class Archive>
  void serialize(Archive& /*ar*/) {}
  void LoadConfig(const chi::PoolConfig& /*config*/) {}
};
using CreateTask = chimaera::admin::GetOrCreatePoolTask<CreateParams>;

/// What ReadData, WriteData, Add and Find take: each uses some of it.
template <chi::MethodId kMethod>
struct KeyTask : public chi::Task {
  IN chi::u32 key_ = 0;
  INOUT chi::u64 value_ = 0;
  OUT chi::u32 result_ = 0;  ///< 0, or 1: there is no such key.
  OUT chi::u32 asked_ = 0;   ///< Find: how many containers.

  explicit KeyTask(const AllocT& alloc) : chi::Task(alloc) {}
  KeyTask(const AllocT& alloc, const chi::TaskId& task_id,
          const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
          chi::u32 key, chi::u64 value = 0)
      : chi::Task(alloc, task_id, pool_id, pool_query, kMethod),
        key_(key),
        value_(value) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(key_, value_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(value_, result_, asked_);
  }
  /// Of several containers: that of one which has the key. Begins with what the
  /// constructor says, so nothing is found before the first.
  void Aggregate(const hipc::FullPtr<KeyTask>& other) {
    if (asked_ == 0 || other->result_ == 0) {
      value_ = other->value_;
      result_ = other->result_;
    }
    asked_ += other->asked_;
  }
};
using ReadDataTask = KeyTask<Method::kReadData>;
using WriteDataTask = KeyTask<Method::kWriteData>;
using AddTask = KeyTask<Method::kAdd>;
using FindTask = KeyTask<Method::kFind>;

/// Meet, Tick and Scan.
template <chi::MethodId kMethod>
struct CountTask : public chi::Task {
  IN chi::u64 count_ = 0;

  explicit CountTask(const AllocT& alloc) : chi::Task(alloc) {}
  CountTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
            chi::u64 count)
      : chi::Task(alloc, task_id, pool_id, pool_query, kMethod),
        count_(count) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(count_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};
using MeetTask = CountTask<Method::kMeet>;
using TickTask = CountTask<Method::kTick>;
using ScanTask = CountTask<Method::kScan>;

/// A text that is a number, or is not.
struct ParseTask : public chi::Task {
  INOUT chi::string data_;
  OUT chi::u64 number_ = 0;
  OUT chi::u32 result_code_ = 0;

  explicit ParseTask(const AllocT& alloc) : chi::Task(alloc), data_(alloc) {}
  ParseTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
            std::string_view text)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kParse),
        data_(alloc, text) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(data_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(data_, number_, result_code_);
  }
};

}  // namespace example::store

#endif  // EXAMPLE_STORE_STORE_TASKS_H_
