// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tasks of module echo. Each lists its inputs in SerializeIn and its
// outputs in SerializeOut; the runtime works on a private copy of them.

#ifndef CHIMAERA_ECHO_ECHO_TASKS_H_
#define CHIMAERA_ECHO_ECHO_TASKS_H_

#include <chimaera/admin/admin_tasks.h>
#include <chimaera/chimaera.h>
#include <chimaera/echo/autogen/echo_methods.h>
#include <chimaera/echo/autogen/echo_tasks.h>

#include <string>
#include <string_view>
#include <vector>

namespace chimaera::echo {

using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

struct CreateParams {
  static constexpr const char* chimod_lib_name = "chimaera_echo";

  bool allow_crash_;  ///< Whether Crash does what it says.

  // NOLINTNEXTLINE(google-explicit-constructor): cereal makes an empty one
  CreateParams(bool allow_crash = false) : allow_crash_(allow_crash) {}

  template <class Archive>
  void serialize(Archive& ar) {
    ar(allow_crash_);
  }
  /// Reads `allow_crash`. Throws StatusError(kBadRequest).
  void LoadConfig(const chi::PoolConfig& config);
  std::string ToConfig() const {
    return allow_crash_ ? "{allow_crash: true}" : "{}";
  }
};

using CreateTask = admin::GetOrCreatePoolTask<CreateParams>;

struct NullTask : public chi::Task {
  explicit NullTask(const AllocT& alloc) : chi::Task(alloc) {}
  NullTask(const AllocT& alloc, const chi::TaskId& task_id,
           const chi::PoolId& pool_id, const chi::PoolQuery& pool_query)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kNull) {}

  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

struct EchoTask : public chi::Task {
  INOUT chi::string text_;
  INOUT chi::vector<chi::u64> numbers_;
  INOUT chi::u64 number_ = 0;
  OUT chi::u32 container_id_ = 0;  ///< Which container answered.

  explicit EchoTask(const AllocT& alloc)
      : chi::Task(alloc), text_(alloc), numbers_(alloc) {}
  EchoTask(const AllocT& alloc, const chi::TaskId& task_id,
           const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
           std::string_view text, const std::vector<chi::u64>& numbers = {},
           chi::u64 number = 0)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kEcho),
        text_(alloc, text),
        numbers_(alloc, numbers),
        number_(number) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(text_, numbers_, number_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(text_, numbers_, number_, container_id_);
  }
};

struct SleepTask : public chi::Task {
  IN chi::u64 duration_ns_ = 0;

  explicit SleepTask(const AllocT& alloc) : chi::Task(alloc) {}
  SleepTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
            chi::u64 duration_ns)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kSleep),
        duration_ns_(duration_ns) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(duration_ns_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

/// How Lock holds the pool's lock. Frozen.
enum class LockMode : chi::u32 { kMutex = 0, kRead = 1, kWrite = 2 };

struct LockTask : public chi::Task {
  static constexpr chi::u32 kMaxDepth = 16;

  IN chi::u32 mode_ = 0;      ///< A LockMode.
  IN chi::u32 subtasks_ = 0;  ///< So deep: each waits for one that locks too.
  IN chi::u64 hold_ns_ = 0;
  OUT chi::u64 order_ = 0;  ///< How many were inside before.

  explicit LockTask(const AllocT& alloc) : chi::Task(alloc) {}
  LockTask(const AllocT& alloc, const chi::TaskId& task_id,
           const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
           LockMode mode, chi::u64 hold_ns, chi::u32 subtasks = 0)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kLock),
        mode_(static_cast<chi::u32>(mode)),
        subtasks_(subtasks),
        hold_ns_(hold_ns) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(mode_, subtasks_, hold_ns_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(order_);
  }
};

struct BusyTask : public chi::Task {
  IN chi::u64 duration_ns_ = 0;

  explicit BusyTask(const AllocT& alloc) : chi::Task(alloc) {}
  BusyTask(const AllocT& alloc, const chi::TaskId& task_id,
           const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
           chi::u64 duration_ns)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kBusy),
        duration_ns_(duration_ns) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(duration_ns_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

struct ThrowTask : public chi::Task {
  /// Thrown as a std::runtime_error; empty: the number 7 is thrown.
  IN chi::string text_;

  explicit ThrowTask(const AllocT& alloc) : chi::Task(alloc), text_(alloc) {}
  ThrowTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
            std::string_view text)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kThrow),
        text_(alloc, text) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(text_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

/// How to end the runtime.
enum class CrashKind : chi::u32 {
  kAbort = 0,
  kSegv = 1,           ///< Writes to address 8.
  kStackOverflow = 2,  ///< Calls itself until the guard page stops it.
};

struct CrashTask : public chi::Task {
  IN chi::u32 kind_ = 0;  ///< A CrashKind.

  explicit CrashTask(const AllocT& alloc) : chi::Task(alloc) {}
  CrashTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
            CrashKind kind)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kCrash),
        kind_(static_cast<chi::u32>(kind)) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(kind_);
  }
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

struct SpawnTask : public chi::Task {
  IN chi::u32 count_ = 0;  ///< Subtasks; at most kMaxCount.
  OUT chi::u32 succeeded_ = 0;

  static constexpr chi::u32 kMaxCount = 65536;

  explicit SpawnTask(const AllocT& alloc) : chi::Task(alloc) {}
  SpawnTask(const AllocT& alloc, const chi::TaskId& task_id,
            const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
            chi::u32 count)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kSpawn),
        count_(count) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(count_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(succeeded_);
  }

  /// Of several containers: the sum.
  void Aggregate(const hipc::FullPtr<SpawnTask>& other) {
    succeeded_ += other->succeeded_;
  }
};

struct GrowTask : public chi::Task {
  IN chi::u64 size_ = 0;  ///< Bytes; at most kMaxSize.
  OUT chi::string text_;  ///< abc...zabc...

  static constexpr chi::u64 kMaxSize = chi::kGiB;

  explicit GrowTask(const AllocT& alloc) : chi::Task(alloc), text_(alloc) {}
  GrowTask(const AllocT& alloc, const chi::TaskId& task_id,
           const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
           chi::u64 size)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kGrow),
        size_(size),
        text_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(size_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(text_);
  }
};

}  // namespace chimaera::echo

#endif  // CHIMAERA_ECHO_ECHO_TASKS_H_
