// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A trace: what became of the tasks that carry a stamp (ipc/trace_stamp.h),
// while somebody asked for it. Each worker writes records into a buffer of its
// own, which is as large as was asked; what does not fit any more is counted.
// A buffer lives as long as the trace or a run that has a record in it. See
// docs/design/tracing.md.

#ifndef CHIMAERA_SCHED_TRACER_H_
#define CHIMAERA_SCHED_TRACER_H_

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/control.h"
#include "chimaera/ipc/trace_stamp.h"
#include "chimaera/sched/file_io.h"
#include "chimaera/sched/run_context.h"
#include "chimaera/sched/worker.h"

namespace chi {

/// What a record tells. Frozen: Python reads them.
enum class TraceKind : u32 {
  kRun = 1,     ///< A task, from its begin to its end.
  kWait = 2,    ///< A run was parked.
  kIo = 3,      ///< A run read or wrote files.
  kText = 4,    ///< A name, or a call site.
  kOrigin = 5,  ///< Where tasks of a client come from.
};

/// One record. Frozen: src/chimaera/trace_records.py has the same. Numbers of
/// other records are places in the same buffer, plus 1; 0: none.
struct TraceRecord {
  static constexpr u64 kTextOffset = 8;
  static constexpr u32 kTextCapacity = TraceStamp::kSiteCapacity;

  u32 kind = 0;  ///< A TraceKind.
  /// kWait: a WaitKind. kIo: a FileOp. kOrigin: a text, the call site. kText:
  /// how many bytes, from kTextOffset on.
  u32 what = 0;
  u64 begin_ns = 0;
  u64 submit_ns = 0;  ///< kRun: as the stamp says, and so on.
  u64 sent_ns = 0;
  u64 client = 0;  ///< Of the task or origin.
  TaskId task;
  PoolId pool;
  u32 method = 0;
  u32 run = 0;     ///< kWait, kIo: the run.
  u32 pid = 0;     ///< kRun: of the client, and so on.
  u32 thread = 0;  ///< kOrigin.
  u64 parent = 0;  ///< kRun of a subtask: ParentOf its maker's run.
  /// kWait: the address of what is waited for. kIo: bytes.
  u64 object = 0;
  u64 count = 0;        ///< kIo: transfers.
  u32 origin = 0;       ///< kRun, kOrigin: as the client numbers it.
  u32 pool_name = 0;    ///< kRun: a text.
  u32 method_name = 0;  ///< The same.
  // Written once more, at the end, while others may read.
  u32 code = 0;    ///< kRun: how it ended, or kHandedOver.
  u64 end_ns = 0;  ///< 0: not over.

  /// The run went on elsewhere, where it has a record of its own.
  static constexpr u32 kHandedOver = ~u32{0};
};
static_assert(sizeof(TraceRecord) == 128);
static_assert(std::is_trivially_copyable_v<TraceRecord>);

/// The records of one worker. Add by that worker only; Read by anybody.
class TraceBuffer {
 public:
  /// Memory is taken as it is written to.
  TraceBuffer(u32 worker, u32 capacity);
  ~TraceBuffer();
  TraceBuffer(const TraceBuffer&) = delete;
  TraceBuffer& operator=(const TraceBuffer&) = delete;

  u32 worker() const { return worker_; }

  /// The number of the record, 0 if there is no room: then it is counted.
  u32 Add(const TraceRecord& record);
  /// Ends record `number`, if it is not 0.
  void End(u32 number, u64 end_ns, u32 code);
  /// The number of a text, of which the first bytes count; 0: no room, or too
  /// many.
  u32 AddText(std::string_view text);

  /// Copies of up to `max` records from place `first` on, as bytes.
  std::string Read(u32 first, u32 max) const;
  u32 size() const { return size_.load(std::memory_order_acquire); }
  u64 dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kMaxTexts = 8192;

  std::string_view TextOf(u32 number) const;
  u32 FindOrAddText(std::string_view text);

  const u32 worker_;
  const u32 capacity_;
  TraceRecord* const records_;  // the first size_ are there
  std::atomic<u32> size_{0};
  std::atomic<u64> dropped_{0};
  std::unordered_map<std::string, u32> texts_;  // the worker's, as what follows
  // Numbers of the last that were looked for: most are the same again.
  std::array<u32, 4> recent_texts_{};
  u32 next_recent_ = 0;
};

struct TraceOptions {
  u32 one_in = 64;
  u32 max_records = 100'000;  ///< Of each worker.
  u64 max_ns = 0;             ///< Nothing is stamped after that time.
};

/// Where a trace stands. One at a time; safe from any thread.
class Tracer {
 public:
  static constexpr u32 kMaxRecords = 4'000'000;
  static constexpr u64 kMaxNs = 3600 * kNsPerSec;

  /// `page`, which may be null, is where clients learn of it.
  explicit Tracer(ControlPage* page) : page_(page) {}

  struct Started {
    u64 id = 0;
    u64 start_ns = 0;
  };
  /// kAlreadyExists while another trace is not forgotten, unless it is long
  /// over; kBadRequest for options that make no sense.
  Result<Started> Start(u64 owner, const TraceOptions& options);
  /// Nothing is stamped any more; when that was. Runs that have begun end up in
  /// the trace until it is forgotten. kNotFound: not this one.
  Result<u64> Stop(u64 id);
  /// The buffers, none for workers that have traced nothing. kNotFound.
  Result<std::vector<std::shared_ptr<const TraceBuffer>>> Buffers(u64 id) const;
  /// What it holds goes with the last run that has a record in it.
  void Forget(u64 id);
  /// The same for the trace of a client that is gone.
  void ForgetOf(u64 owner);

  /// The buffer of the calling worker, null while nothing is recorded.
  std::shared_ptr<TraceBuffer> BufferOf(u32 worker);

 private:
  struct Trace {
    u64 id = 0;
    u64 owner = 0;
    u64 until_ns = 0;
    u32 max_records = 0;
    std::vector<std::shared_ptr<TraceBuffer>> buffers;  // of some workers
  };
  void Drop() CHI_REQUIRES(mu_);
  void Tell(u32 one_in, u64 until_ns);

  ControlPage* const page_;
  mutable Mutex mu_;
  Trace trace_ CHI_GUARDED_BY(mu_);  // id 0: none
  u64 last_id_ CHI_GUARDED_BY(mu_) = 0;
  // trace_.id; a worker that reads another one than before asks under mu_.
  std::atomic<u64> current_{0};
};

/// A run with a stamp: on its stack, from begin to end. Does nothing where
/// nothing is recorded, or where there is no memory for it.
class TracedRun {
 public:
  /// What it says of the task, beside the stamp.
  struct Names {
    std::string_view pool;
    std::string_view method;
  };
  TracedRun(const Task& stamped, const TaskHeader& header, const Names& names,
            RunContext& ctx);
  ~TracedRun();
  TracedRun(const TracedRun&) = delete;
  TracedRun& operator=(const TracedRun&) = delete;

  /// `code`: that of the outcome. Not called: there was no memory for one.
  void SetOutcome(u32 code) { code_ = code; }

  /// What a subtask's stamp says of this run.
  u64 AsParent() const;
  /// Adds a record of something in this run; End takes its number.
  u32 Begin(TraceRecord record);
  void End(u32 number);

 private:
  void Record(const Task& stamped, const TaskHeader& header,
              const Names& names);
  void AddOrigin(const TraceStamp& stamp, const TraceRecord& run);

  RunContext& ctx_;
  std::shared_ptr<TraceBuffer> buffer_;
  u32 number_ = 0;
  u32 code_ = static_cast<u32>(StatusCode::kNoMemory);
};

/// Stamps a subtask if `maker`, which may be null, is traced; what it carries
/// of another stamp is forgotten.
void StampSubtask(const RunContext* maker, Task* task);

/// A part of the run under way, if that is traced: parked, or doing I/O. Lives
/// for as long as it takes, on the run's stack.
class TraceSpan {
 public:
  TraceSpan(const RunContext& ctx, const ParkedRun& run) {
    if (__builtin_expect(ctx.traced, 0)) BeginWait(ctx, run);
  }
  /// `ctx` may be null.
  TraceSpan(const RunContext* ctx, const FileTransfer* transfers,
            std::size_t count) {
    if (ctx != nullptr && __builtin_expect(ctx->traced, 0)) {
      BeginIo(*ctx, transfers, count);
    }
  }
  ~TraceSpan() {
    if (__builtin_expect(run_ != nullptr, 0)) run_->End(number_);
  }
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

 private:
  void BeginWait(const RunContext& ctx, const ParkedRun& run);
  void BeginIo(const RunContext& ctx, const FileTransfer* transfers,
               std::size_t count);

  TracedRun* run_ = nullptr;
  u32 number_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_TRACER_H_
