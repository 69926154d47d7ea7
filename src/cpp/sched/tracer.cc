// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See tracer.h. A record is written before size_ counts it (release), and
// after that only its two last members change, each read and written as a
// whole.

#include "chimaera/sched/tracer.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/log.h"
#include "chimaera/ipc/session.h"

namespace chi {
namespace {

// How long after its end a trace that was not forgotten keeps others out.
constexpr u64 kReadingNs = 60 * kNsPerSec;

u64 NowNs() { return SystemClock::Get().NowNs(); }

// Zeros that cost nothing until they are written to.
TraceRecord* MakeRecords(u32 capacity) {
  void* const memory = std::calloc(capacity, sizeof(TraceRecord));
  if (memory == nullptr) {
    CHI_LOG(kWarning, "no memory for a trace of {} records", capacity);
    throw std::bad_alloc();
  }
  return static_cast<TraceRecord*>(memory);
}

}  // namespace

// ---- a buffer ---------------------------------------------------------------

TraceBuffer::TraceBuffer(u32 worker, u32 capacity)
    : worker_(worker), capacity_(capacity), records_(MakeRecords(capacity)) {}

TraceBuffer::~TraceBuffer() { std::free(records_); }

u32 TraceBuffer::Add(const TraceRecord& record) {
  const u32 at = size_.load(std::memory_order_relaxed);
  if (at == capacity_) {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1,
                   std::memory_order_relaxed);
    return 0;
  }
  records_[at] = record;
  size_.store(at + 1, std::memory_order_release);
  return at + 1;
}

void TraceBuffer::End(u32 number, u64 end_ns, u32 code) {
  if (number == 0) return;
  TraceRecord& record = records_[number - 1];
  __atomic_store_n(&record.code, code, __ATOMIC_RELAXED);
  // release: who sees the end sees how.
  __atomic_store_n(&record.end_ns, end_ns, __ATOMIC_RELEASE);
}

u32 TraceBuffer::AddText(std::string_view text) {
  text = text.substr(0, TraceRecord::kTextCapacity);
  if (text.empty()) return 0;
  for (const u32 recent : recent_texts_) {
    if (recent != 0 && TextOf(recent) == text) return recent;
  }
  const u32 number = FindOrAddText(text);
  recent_texts_[next_recent_++ % recent_texts_.size()] = number;
  return number;
}

std::string_view TraceBuffer::TextOf(u32 number) const {
  const TraceRecord& record = records_[number - 1];
  return {reinterpret_cast<const char*>(&record) + TraceRecord::kTextOffset,
          record.what};
}

u32 TraceBuffer::FindOrAddText(std::string_view text) {
  std::string key(text);
  const auto known = texts_.find(key);
  if (known != texts_.end()) return known->second;
  if (texts_.size() >= kMaxTexts) return 0;
  TraceRecord record;
  record.kind = static_cast<u32>(TraceKind::kText);
  record.what = static_cast<u32>(text.size());
  static_assert(TraceRecord::kTextOffset + TraceRecord::kTextCapacity <=
                offsetof(TraceRecord, code));
  std::memcpy(reinterpret_cast<char*>(&record) + TraceRecord::kTextOffset,
              text.data(), text.size());
  const u32 number = Add(record);
  if (number != 0) texts_.emplace(std::move(key), number);
  return number;
}

std::string TraceBuffer::Read(u32 first, u32 max) const {
  const u32 end = size();
  if (first >= end) return {};
  const u32 count = std::min(max, end - first);
  std::string bytes(u64{count} * sizeof(TraceRecord), '\0');
  for (u32 i = 0; i < count; ++i) {
    const TraceRecord& record = records_[first + i];
    char* const to = bytes.data() + i * sizeof(TraceRecord);
    const u64 end_ns = __atomic_load_n(&record.end_ns, __ATOMIC_ACQUIRE);
    const u32 code = __atomic_load_n(&record.code, __ATOMIC_RELAXED);
    std::memcpy(to, &record, offsetof(TraceRecord, code));
    std::memcpy(to + offsetof(TraceRecord, code), &code, sizeof(code));
    std::memcpy(to + offsetof(TraceRecord, end_ns), &end_ns, sizeof(end_ns));
  }
  return bytes;
}

// ---- the trace --------------------------------------------------------------

Result<Tracer::Started> Tracer::Start(u64 owner, const TraceOptions& options) {
  if (options.one_in == 0 || options.max_records == 0 ||
      options.max_records > kMaxRecords || options.max_ns == 0 ||
      options.max_ns > kMaxNs) {
    return Status::BadRequest(Format(
        "a trace of one task in {}, {} records a worker, {} s: at least 1 "
        "each, at most {} records and {} s",
        options.one_in, options.max_records, options.max_ns / kNsPerSec,
        kMaxRecords, kMaxNs / kNsPerSec));
  }
  const u64 now_ns = NowNs();
  MutexLock lock(mu_);
  if (trace_.id != 0 && now_ns < DeadlineNs(trace_.until_ns, kReadingNs)) {
    return Status::AlreadyExists(
        Format("client {} traces already, for {} s at most", trace_.owner,
               (DeadlineNs(trace_.until_ns, kReadingNs) - now_ns) / kNsPerSec));
  }
  trace_ = Trace();
  trace_.id = ++last_id_;
  trace_.owner = owner;
  trace_.until_ns = now_ns + options.max_ns;
  trace_.max_records = options.max_records;
  current_.store(trace_.id, std::memory_order_release);
  // Last: whoever sees a stamp finds a trace.
  Tell(options.one_in, trace_.until_ns);
  return Started{trace_.id, now_ns};
}

void Tracer::Tell(u32 one_in, u64 until_ns) {
  if (page_ == nullptr) return;
  page_->trace_until_ns.store(until_ns, std::memory_order_relaxed);
  page_->trace_one_in.store(one_in, std::memory_order_relaxed);
}

Result<u64> Tracer::Stop(u64 id) {
  MutexLock lock(mu_);
  if (id == 0 || trace_.id != id) return Status::NotFound("no such trace");
  const u64 now_ns = std::min(NowNs(), trace_.until_ns);
  trace_.until_ns = now_ns;
  Tell(0, 0);
  return now_ns;
}

Result<std::vector<std::shared_ptr<const TraceBuffer>>> Tracer::Buffers(
    u64 id) const {
  MutexLock lock(mu_);
  if (id == 0 || trace_.id != id) return Status::NotFound("no such trace");
  return std::vector<std::shared_ptr<const TraceBuffer>>(trace_.buffers.begin(),
                                                         trace_.buffers.end());
}

void Tracer::Drop() {
  Tell(0, 0);
  current_.store(0, std::memory_order_release);
  trace_ = Trace();
}

void Tracer::Forget(u64 id) {
  MutexLock lock(mu_);
  if (id != 0 && trace_.id == id) Drop();
}

void Tracer::ForgetOf(u64 owner) {
  MutexLock lock(mu_);
  if (trace_.id != 0 && trace_.owner == owner) Drop();
}

std::shared_ptr<TraceBuffer> Tracer::BufferOf(u32 worker) {
  // Weak, so that nothing is left of a trace that was forgotten.
  struct Known {
    const Tracer* tracer = nullptr;
    u64 id = 0;
    std::weak_ptr<TraceBuffer> buffer;
  };
  static thread_local Known known;
  const u64 id = current_.load(std::memory_order_acquire);
  if (id == 0) return nullptr;
  if (known.tracer == this && known.id == id) return known.buffer.lock();
  MutexLock lock(mu_);
  if (trace_.id == 0) return nullptr;
  known = {this, trace_.id, {}};  // also if there is no memory
  auto buffer = std::make_shared<TraceBuffer>(worker, trace_.max_records);
  trace_.buffers.push_back(buffer);
  known.buffer = buffer;
  return buffer;
}

// ---- runs -------------------------------------------------------------------

TracedRun::TracedRun(const Task& stamped, const TaskHeader& header,
                     const Names& names, RunContext& ctx)
    : ctx_(ctx) {
  const HeapScope heap;
  try {
    Record(stamped, header, names);
  } catch (const std::bad_alloc&) {
    buffer_ = nullptr;  // the task runs all the same
  }
}

void TracedRun::Record(const Task& stamped, const TaskHeader& header,
                       const Names& names) {
  const Worker& worker = *Worker::Current();
  Tracer* const tracer = worker.tracer();
  if (tracer != nullptr) buffer_ = tracer->BufferOf(worker.index());
  if (buffer_ == nullptr) return;
  const u64 now_ns = NowNs();
  const TraceStamp stamp = ReadTraceStamp(stamped, now_ns);
  TraceRecord record;
  record.kind = static_cast<u32>(TraceKind::kRun);
  record.begin_ns = now_ns;
  record.submit_ns = stamp.sent_ns - stamp.submitting_ns;
  record.sent_ns = stamp.sent_ns;
  record.client = ctx_.client_id;
  record.task = header.task_id_;
  record.pool = header.pool_id_;
  record.method = header.method_;
  if (ctx_.session != nullptr) {
    record.pid = static_cast<u32>(ctx_.session->pid());
    record.origin = stamp.origin & ~TraceStamp::kHasRest;
    if (stamp.HasRest()) AddOrigin(stamp, record);
  } else {
    record.parent = stamp.parent;
  }
  record.pool_name = buffer_->AddText(names.pool);
  record.method_name = buffer_->AddText(names.method);
  number_ = buffer_->Add(record);
  ctx_.traced = true;
  ctx_.trace = this;
}

void TracedRun::AddOrigin(const TraceStamp& stamp, const TraceRecord& run) {
  TraceRecord record;
  record.kind = static_cast<u32>(TraceKind::kOrigin);
  record.what = buffer_->AddText(stamp.site_text());
  record.client = run.client;
  record.origin = run.origin;
  record.thread = stamp.thread;
  buffer_->Add(record);
}

TracedRun::~TracedRun() {
  if (buffer_ == nullptr) return;
  ctx_.traced = false;
  const u32 code = ctx_.handed_over ? TraceRecord::kHandedOver : code_;
  buffer_->End(number_, NowNs(), code);
}

u64 TracedRun::AsParent() const {
  return number_ == 0 ? 0 : u64{buffer_->worker()} << 32 | number_;
}

u32 TracedRun::Begin(TraceRecord record) {
  record.run = number_;
  record.begin_ns = NowNs();
  return number_ == 0 ? 0 : buffer_->Add(record);
}

void TracedRun::End(u32 number) { buffer_->End(number, NowNs(), 0); }

void StampSubtask(const RunContext* maker, Task* task) {
  task->task_flags_.UnsetBits(TASK_TRACED);
  if (maker == nullptr || !maker->traced) return;
  TraceStamp stamp;
  stamp.sent_ns = NowNs();
  stamp.origin = TraceStamp::kHasRest;
  stamp.parent = maker->trace->AsParent();
  WriteTraceStamp(stamp, task);
}

void TraceSpan::BeginWait(const RunContext& ctx, const ParkedRun& run) {
  TraceRecord record;
  record.kind = static_cast<u32>(TraceKind::kWait);
  record.what = static_cast<u32>(run.kind);
  record.object = reinterpret_cast<u64>(run.object);
  if (run.kind == WaitKind::kTask && run.object != nullptr) {
    // It cannot go before its waiter does.
    const Task& task = *static_cast<const Task*>(run.object);
    record.task = task.task_id_;
    record.pool = task.pool_id_;
    record.method = task.method_;
  }
  run_ = ctx.trace;
  number_ = run_->Begin(record);
}

void TraceSpan::BeginIo(const RunContext& ctx, const FileTransfer* transfers,
                        std::size_t count) {
  TraceRecord record;
  record.kind = static_cast<u32>(TraceKind::kIo);
  record.count = count;
  for (std::size_t i = 0; i < count; ++i) {
    record.what = static_cast<u32>(transfers[i].op);
    record.object += transfers[i].length;
  }
  run_ = ctx.trace;
  number_ = run_->Begin(record);
}

}  // namespace chi
