// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The tasks of module admin by which a client traces; see sched/tracer.h.

#ifndef CHIMAERA_ADMIN_TRACE_TASKS_H_
#define CHIMAERA_ADMIN_TRACE_TASKS_H_

#include <chimaera/admin/admin_tasks.h>

namespace chimaera::admin {

/// See chi::Tracer::Start.
struct StartTraceTask : public chi::Task {
  IN chi::u32 one_in_ = 0;
  IN chi::u32 max_records_ = 0;
  IN chi::u64 max_ns_ = 0;
  OUT chi::u64 trace_id_ = 0;
  OUT chi::u64 start_ns_ = 0;  ///< On CLOCK_MONOTONIC.

  explicit StartTraceTask(const AllocT& alloc) : chi::Task(alloc) {}
  StartTraceTask(const AllocT& alloc, const chi::TaskId& task_id,
                 const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                 chi::u32 one_in, chi::u32 max_records, chi::u64 max_ns)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kStartTrace),
        one_in_(one_in),
        max_records_(max_records),
        max_ns_(max_ns) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(one_in_, max_records_, max_ns_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(trace_id_, start_ns_);
  }
};

/// See chi::Tracer::Stop and Forget.
struct StopTraceTask : public chi::Task {
  IN chi::u64 trace_id_ = 0;
  IN chi::u64 forget_ = 0;  ///< 1: it will not be read.
  OUT chi::u64 stop_ns_ = 0;

  explicit StopTraceTask(const AllocT& alloc) : chi::Task(alloc) {}
  StopTraceTask(const AllocT& alloc, const chi::TaskId& task_id,
                const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                chi::u64 trace_id, chi::u64 forget)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kStopTrace),
        trace_id_(trace_id),
        forget_(forget) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(trace_id_, forget_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(stop_ns_);
  }
};

/// A part of the records of one worker.
struct ReadTraceTask : public chi::Task {
  static constexpr chi::u32 kMaxRecords = 4096;

  IN chi::u64 trace_id_ = 0;
  IN chi::u32 buffer_ = 0;    ///< Which one, from 0 on.
  IN chi::u32 first_ = 0;     ///< Record, from 0 on; at most kMaxRecords come.
  OUT chi::u32 buffers_ = 0;  ///< How many there are.
  OUT chi::u32 worker_ = 0;   ///< Whose that is.
  OUT chi::u64 dropped_ = 0;  ///< Records it had no room for.
  OUT chi::string records_;   ///< chi::TraceRecord.

  explicit ReadTraceTask(const AllocT& alloc)
      : chi::Task(alloc), records_(alloc) {}
  ReadTraceTask(const AllocT& alloc, const chi::TaskId& task_id,
                const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
                chi::u64 trace_id, chi::u32 buffer, chi::u32 first)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kReadTrace),
        trace_id_(trace_id),
        buffer_(buffer),
        first_(first),
        records_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(trace_id_, buffer_, first_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(buffers_, worker_, dropped_, records_);
  }
};

}  // namespace chimaera::admin

#endif  // CHIMAERA_ADMIN_TRACE_TASKS_H_
