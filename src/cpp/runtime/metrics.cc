// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Collects and writes at once: nothing is kept from one document to the next.

#include "chimaera/runtime/metrics.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/base/json_writer.h"
#include "chimaera/core/pool_manager.h"
#include "chimaera/core/sampling.h"
#include "chimaera/core/task_errors.h"
#include "chimaera/ipc/control_server.h"
#include "chimaera/ipc/session.h"
#include "chimaera/runtime/runtime.h"
#include "chimaera/runtime/watchdog.h"
#include "chimaera/sched/work_orchestrator.h"

namespace chi {
namespace {

u64 Read(const std::atomic<u64>& counter) {
  return counter.load(std::memory_order_relaxed);
}

std::string IdText(PoolId id) { return Format("{}", id); }

// ---- workers ----------------------------------------------------------------

using Pools = std::vector<PoolMetrics>;

void WriteRunning(const Worker& worker, const Pools& pools, JsonWriter& json) {
  const Running running = worker.running();
  json.Key("running");
  const auto pool = std::find_if(
      pools.begin(), pools.end(),
      [&](const PoolMetrics& each) { return each.info.id == running.pool_id; });
  if (running.since_ns == 0 || pool == pools.end()) {
    json.Null();
    return;
  }
  const auto method =
      std::find_if(pool->methods.begin(), pool->methods.end(),
                   [&](const auto& each) { return each.id == running.method; });
  const u64 now_ns = worker.clock().NowNs();
  json.BeginObject()
      .Member("pool_id", IdText(running.pool_id))
      .Member("pool", pool->info.name)
      .Member("method",
              method == pool->methods.end() ? std::string() : method->name)
      .Seconds("since_s",
               now_ns > running.since_ns ? now_ns - running.since_ns : 0)
      .EndObject();
}

void WriteWorker(const Worker& worker, u32 load_permille, const Pools& pools,
                 JsonWriter& json) {
  const WorkerStats& stats = worker.stats();
  json.BeginObject()
      .Member("index", worker.index())
      .Member("kind", std::string_view(WorkerKindName(worker.kind())))
      .Member("asleep", stats.asleep.load(std::memory_order_relaxed))
      .Member("tasks", worker.TasksBegun())
      .Member("parks", Read(stats.parks))
      .Member("sleeps", Read(stats.sleeps))
      .Member("parked", Read(stats.parked))
      .Member("rings", Read(stats.rings))
      .Member("fibers", Read(stats.fibers))
      .Member("load", load_permille / 1e3)
      .Seconds("busy_s", Read(stats.busy_ns))
      .Member("handed_over", Read(stats.handed_over))
      .Member("long_waiting", Read(stats.long_waiting))
      .Member("rings_moved", Read(stats.rings_moved))
      .Member("cancelled", Read(stats.cancelled))
      .Member("expired", Read(stats.expired))
      .Member("missed_periods", Read(stats.missed_periods));
  WriteRunning(worker, pools, json);
  json.Key("run_s");
  worker.runs().Read().Write(json);
  json.EndObject();
}

struct Totals {
  u64 tasks = 0;
  u64 cancelled = 0;
  u64 expired = 0;
};

Totals WriteWorkers(const WorkOrchestrator& workers, const Pools& pools,
                    JsonWriter& json) {
  Totals totals;
  json.Key("workers").BeginList();
  for (const Worker* const worker : workers.AllWorkers()) {
    WriteWorker(*worker, workers.LoadPermille(worker->index()), pools, json);
    totals.tasks += worker->TasksBegun();
    totals.cancelled += Read(worker->stats().cancelled);
    totals.expired += Read(worker->stats().expired);
  }
  json.EndList();
  return totals;
}

// ---- pools ------------------------------------------------------------------

void WriteCost(const PoolMetrics& pool, MethodId method, JsonWriter& json) {
  json.Key("cost");
  for (const MethodCosts::Row& cost : pool.costs) {
    if (cost.method != method) continue;
    json.BeginObject()
        .Member("samples", cost.estimate.samples)
        .Member("base_s", cost.estimate.base_ns / 1e9)
        .Member("s_per_unit", cost.estimate.ns_per_unit / 1e9)
        .Member("error_s", cost.estimate.error_ns / 1e9)
        .Member("is_long", cost.is_long)
        .Member("changes", cost.estimate.changes)
        .EndObject();
    return;
  }
  json.Null();
}

void WriteMethod(const PoolMetrics& pool, const MethodMetrics::Row& method,
                 JsonWriter& json) {
  json.BeginObject()
      .Member("id", method.id)
      .Member("name", method.name)
      .Member("tasks", method.tasks)
      .Member("failed", method.failed)
      .Key("run_s");
  method.runs.Write(json);
  WriteCost(pool, method.id, json);
  json.EndObject();
}

void WritePool(const PoolMetrics& pool, JsonWriter& json) {
  u64 tasks = 0;
  u64 failed = 0;
  for (const MethodMetrics::Row& method : pool.methods) {
    tasks += method.tasks;
    failed += method.failed;
  }
  const PoolInfo& info = pool.info;
  json.BeginObject()
      .Member("id", IdText(info.id))
      .Member("name", info.name)
      .Member("module", info.module)
      .Member("state", std::string_view(PoolStateName(info.state)))
      .Member("num_containers", info.num_containers)
      .Key("heap_bytes");
  if (info.heap_bytes == HeapAccounts::kNotCounted) {
    json.Null();
  } else {
    json.Number(info.heap_bytes);
  }
  json.Member("held_runs", info.held_runs)
      .Member("tasks", tasks)
      .Member("failed", failed)
      .Member("cancelled", info.cancelled)
      .Member("expired", info.expired)
      .Key("methods")
      .BeginList();
  for (const MethodMetrics::Row& method : pool.methods) {
    // Those that nobody has called are many.
    if (method.tasks != 0) WriteMethod(pool, method, json);
  }
  json.EndList().EndObject();
}

// ---- clients and memory -----------------------------------------------------

void WriteClient(const Session& session, JsonWriter& json) {
  const u64 failed = session.tasks_failed();
  json.BeginObject()
      .Member("id", session.id())
      .Member("pid", static_cast<u64>(session.pid()))
      .Member("uid", static_cast<u64>(session.uid()))
      .Member("tasks", session.tasks_taken())
      .Member("failed", failed)
      .Member("in_flight", session.tasks_in_flight())
      .Member("rings", session.num_rings())
      .Member("memory_bytes", session.segment_bytes())
      .Member("loaned_bytes", session.result_bytes())
      .Member("pinned_bytes", session.pinned_bytes())
      .Key("run_s");
  session.runs().Write(json);
  json.EndObject();
}

using Sessions = std::vector<std::shared_ptr<Session>>;

void WriteSegment(std::string_view kind, const std::string& owner, u64 bytes,
                  JsonWriter& json) {
  json.BeginObject()
      .Member("kind", kind)
      .Member("owner", owner)
      .Member("bytes", bytes)
      .Key("used_bytes");
}

// What a client uses of its segments, only the client knows.
void WriteMemory(const Sessions& sessions, const RuntimeData& data,
                 JsonWriter& json) {
  u64 loaned = 0;
  u64 pinned = 0;
  json.Key("memory").BeginObject().Key("segments").BeginList();
  const u64 used = data.used_bytes();
  const u64 capacity = data.capacity_bytes();
  WriteSegment("runtime_data", "runtime", capacity, json);
  json.Number(used).EndObject();
  for (const auto& session : sessions) {
    const std::string owner = Format("client {}", session->id());
    WriteSegment("main", owner, session->segment_bytes(SegmentKind::kMain),
                 json);
    json.Null().EndObject();
    WriteSegment("client_data", owner,
                 session->segment_bytes(SegmentKind::kClientData), json);
    json.Null().EndObject();
    loaned += session->result_bytes();
    pinned += session->pinned_bytes();
  }
  json.EndList()
      .Member("loaned_bytes", loaned)
      .Member("pinned_bytes", pinned)
      .Member("free_bytes", capacity > used ? capacity - used : 0)
      .EndObject();
}

// ---- what went wrong --------------------------------------------------------

void WriteStuck(const Watchdog& watchdog, JsonWriter& json) {
  const std::vector<StuckWorker> all = watchdog.Stuck();
  const u64 now_ns = SystemClock::Get().NowNs();  // after all of them
  json.Key("stuck").BeginList();
  for (const StuckWorker& stuck : all) {
    json.BeginObject()
        .Member("worker", stuck.worker)
        .Seconds("since_s", now_ns - stuck.since_ns)
        .Member("run", stuck.run)
        .Member("stack", stuck.stack)
        .EndObject();
  }
  json.EndList();
}

void WriteErrors(const TaskErrors& errors, JsonWriter& json) {
  json.Key("errors").BeginList();
  for (const TaskError& error : errors.Last()) {
    json.BeginObject()
        .Seconds("time_s", error.unix_ns)
        .Member("pool_id", IdText(error.pool_id))
        .Member("pool", error.pool_name)
        .Member("method", error.method_name.empty() ? Format("{}", error.method)
                                                    : error.method_name)
        .Member("code", error.code)
        .Member("name", std::string_view(StatusCodeName(error.code)))
        .Member("message", error.message)
        .Member("client", error.client_id)
        .Key("stack")
        .Null()
        .EndObject();
  }
  json.EndList();
}

}  // namespace

u64 ResidentBytes() {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(
      std::fopen("/proc/self/statm", "re"), close);
  unsigned long long total = 0;
  unsigned long long resident = 0;
  if (file == nullptr ||
      std::fscanf(file.get(), "%llu %llu", &total, &resident) != 2) {
    return 0;
  }
  return resident * static_cast<u64>(sysconf(_SC_PAGESIZE));
}

std::string MetricsJson(Chimaera& runtime) {
  const TaskErrors& errors = runtime.errors();
  // Before the tasks are counted, so that no more have failed than there were.
  const u64 failed = errors.total();
  const Sampling sampling = GetSampling();
  JsonWriter json;
  json.BeginObject()
      .Member("version", kMetricsVersion)
      .Member("pid", static_cast<u64>(getpid()))
      .Member("name", runtime.config().name)
      .Member("runtime_dir", runtime.runtime_dir())
      .Seconds("time_s", UnixNs())
      .Seconds("uptime_s", runtime.uptime_ns())
      .Member("resident_bytes", ResidentBytes())
      .Member("health", std::string_view(runtime.health()));
  json.Key("sampling")
      .BeginObject()
      .Member("on", sampling.on)
      .Member("one_in", sampling.one_in)
      .EndObject();
  const Pools pools = runtime.pools().ListMetrics();
  const Totals totals = WriteWorkers(runtime.workers(), pools, json);
  json.Member("tasks", totals.tasks)
      .Member("failed", failed)
      .Member("cancelled", totals.cancelled)
      .Member("expired", totals.expired)
      .Key("pools")
      .BeginList();
  for (const PoolMetrics& pool : pools) WritePool(pool, json);
  json.EndList();
  const Sessions sessions = runtime.control().Sessions();
  json.Key("clients").BeginList();
  for (const auto& session : sessions) WriteClient(*session, json);
  json.EndList();
  WriteMemory(sessions, runtime.control().runtime_data(), json);
  WriteStuck(runtime.watchdog(), json);
  WriteErrors(errors, json);
  json.EndObject();
  return std::move(json).Take();
}

}  // namespace chi
