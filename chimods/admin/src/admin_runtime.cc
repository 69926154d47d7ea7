// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Pools come and go through here; the work is PoolManager's.

#include "chimaera/admin/admin_runtime.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "chimaera/admin/route_here.h"
#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/core/compose.h"
#include "chimaera/core/sampling.h"
#include "chimaera/ipc/control_server.h"
#include "chimaera/runtime/dump.h"
#include "chimaera/runtime/metrics.h"

namespace chimaera::admin {
namespace {

// How long Dump waits for a worker; one that is stuck does not answer.
constexpr chi::u64 kDumpAnswerNs = 100 * chi::kNsPerMs;

// What was learned most about first.
void AddCosts(GetStatsTask& task) {
  struct Cost {
    chi::PoolId pool;
    chi::MethodCosts::Row row;
  };
  std::vector<Cost> costs;
  for (const chi::PoolCosts& pool : CHI_POOL_MANAGER->ListCosts()) {
    for (const chi::MethodCosts::Row& row : pool.rows) {
      costs.push_back({pool.id, row});
    }
  }
  std::stable_sort(costs.begin(), costs.end(),
                   [](const Cost& a, const Cost& b) {
                     return a.row.estimate.samples > b.row.estimate.samples;
                   });
  if (costs.size() > GetStatsTask::kMaxCosts) {
    costs.resize(GetStatsTask::kMaxCosts);
  }
  std::string names;
  for (const Cost& cost : costs) {
    const chi::CostEstimate& estimate = cost.row.estimate;
    const std::string name = cost.row.method_name;
    CostRow row;
    row.pool_id_ = cost.pool;
    row.samples_ = estimate.samples;
    row.changes_ = estimate.changes;
    row.base_ns_ = estimate.base_ns;
    row.ns_per_unit_ = estimate.ns_per_unit;
    row.error_ns_ = estimate.error_ns;
    row.method_ = cost.row.method;
    row.name_size_ = static_cast<chi::u32>(name.size());
    row.is_long_ = cost.row.is_long ? 1 : 0;
    task.costs_.push_back(row);
    names += name;
  }
  task.cost_names_ = names;
}

void Answer(const chi::Status& status, chi::CreatePoolTask& task) {
  if (status.ok()) return;
  task.SetError(status.code_value(), status.message());
  task.result_code_ = status.code_value();
  task.new_pool_id_ = chi::PoolId();
  task.error_message_ = status.message();
}

}  // namespace

void Runtime::Init(const chi::PoolId& pool_id, const std::string& pool_name) {
  chi::Container::Init(pool_id, pool_name);
  start_ns_ = chi::SystemClock::Get().NowNs();
}

void Runtime::Create(hipc::FullPtr<CreateTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  task->new_pool_id_ = pool_id_;
}

void Runtime::GetOrCreatePool(
    hipc::FullPtr<GetOrCreatePoolTask<CreateParams>> task,
    chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  chi::PoolRequest request;
  request.mod_name = task->chimod_name_.str();
  request.pool_name = task->pool_name_.str();
  request.pool_id = task->target_pool_id_;
  request.num_containers = task->num_containers_;
  if (task->IsYaml()) request.config = task->chimod_params_.str();
  bool created = false;
  const chi::Result<chi::PoolId> id = CHI_POOL_MANAGER->GetOrCreate(
      request, task.Cast<chi::Task>(), rctx, &created);
  // What the module's Create has left in the task is part of the status.
  task->return_code_ = 0;
  task->text_size_ = 0;
  if (!id.ok()) return Answer(id.status(), *task);
  task->new_pool_id_ = *id;
  task->created_ = created ? 1 : 0;
  if (created) pools_created_.fetch_add(1, std::memory_order_relaxed);
}

void Runtime::CheckCompose(hipc::FullPtr<CheckComposeTask> task,
                           chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  chi::ConfigSources sources;
  sources.text = task->text_.str();
  sources.origin = task->origin_.str();
  chi::ConfigReading reading = chi::ReadConfig(sources);
  const std::vector<std::string> settings = chi::CheckCompose(
      reading.config.compose,
      [](const chi::PoolConfig& pool) {
        return CHI_POOL_MANAGER->ReadParameters(pool);
      },
      &reading.errors);
  std::string errors;
  for (const chi::ConfigError& error : reading.errors) {
    errors += error.ToString() + "\n";
  }
  task->errors_ = errors;
  std::string list;
  for (const std::string& each : settings) list += each + '\0';
  task->settings_ = list;
}

void Runtime::DescribePool(hipc::FullPtr<DescribePoolTask> task,
                           chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const chi::Result<chi::PoolOrigin> origin =
      CHI_POOL_MANAGER->OriginOf(task->target_pool_id_);
  if (!origin.ok()) {
    task->SetError(origin.status().code_value(), origin.status().message());
    return;
  }
  const chi::PoolRequest& request = origin->request;
  task->serial_ = origin->serial;
  task->num_containers_ = request.num_containers;
  task->config_ = request.config;
  chi::PoolConfig config;
  config.mod_name_ = request.mod_name;
  config.pool_name_ = request.pool_name;
  config.config_ = request.config;
  // Its module has taken them, so that they are no mistake; if nobody knows
  // them, they are no one's.
  if (request.config.empty()) return;
  const chi::Result<std::string> settings =
      CHI_POOL_MANAGER->ReadParameters(config);
  if (settings.ok()) task->settings_ = *settings;
}

void Runtime::DestroyPool(hipc::FullPtr<DestroyPoolTask> task,
                          chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const chi::Status status = CHI_POOL_MANAGER->Destroy(
      task->target_pool_id_, task.Cast<chi::Task>(), rctx, &task->left_bytes_);
  task->return_code_ = 0;
  task->text_size_ = 0;
  if (!status.ok()) {
    task->SetError(status.code_value(), status.message());
    return;
  }
  pools_destroyed_.fetch_add(1, std::memory_order_relaxed);
}

void Runtime::UnloadModule(hipc::FullPtr<UnloadModuleTask> task,
                           chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const chi::Result<bool> gone =
      CHI_POOL_MANAGER->UnloadModule(task->module_.str());
  if (!gone.ok()) {
    task->SetError(gone.status().code_value(), gone.status().message());
    return;
  }
  task->is_gone_ = *gone ? 1 : 0;
}

void Runtime::ListPools(hipc::FullPtr<ListPoolsTask> task,
                        chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  std::string names;
  for (const chi::PoolInfo& info : CHI_POOL_MANAGER->List()) {
    PoolRow row;
    row.id_ = info.id;
    row.held_runs_ = info.held_runs;
    row.heap_bytes_ = info.heap_bytes;
    row.cancelled_ = info.cancelled;
    row.expired_ = info.expired;
    row.num_containers_ = info.num_containers;
    row.state_ = static_cast<chi::u32>(info.state);
    row.name_size_ = static_cast<chi::u32>(info.name.size());
    row.module_size_ = static_cast<chi::u32>(info.module.size());
    task->pools_.push_back(row);
    names += info.name;
    names += info.module;
  }
  task->names_ = names;
}

void Runtime::GetStats(hipc::FullPtr<GetStatsTask> task,
                       chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const auto read = [](const std::atomic<chi::u64>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  task->uptime_ns_ = chi::SystemClock::Get().NowNs() - start_ns_;
  task->resident_bytes_ = chi::ResidentBytes();
  task->pid_ = static_cast<chi::u32>(getpid());
  task->num_pools_ = static_cast<chi::u32>(CHI_POOL_MANAGER->List().size());
  task->pools_created_ = read(pools_created_);
  task->pools_destroyed_ = read(pools_destroyed_);
  chi::ControlServer& control = chi::Chimaera::Get().control();
  const chi::ControlServer::Stats clients = control.stats();
  task->sessions_ = clients.sessions;
  task->sessions_total_ = clients.sessions_total;
  task->cut_off_ = clients.cut_off;
  task->result_bytes_ = control.runtime_data().used_bytes();
  const chi::WorkOrchestrator& workers = *CHI_WORK_ORCHESTRATOR;
  for (const chi::Worker* worker : workers.AllWorkers()) {
    const chi::WorkerStats& stats = worker->stats();
    WorkerRow row;
    row.tasks_ = read(stats.tasks);
    row.parks_ = read(stats.parks);
    row.sleeps_ = read(stats.sleeps);
    row.parked_ = read(stats.parked);
    row.rings_ = read(stats.rings);
    row.fibers_ = read(stats.fibers);
    row.busy_ns_ = read(stats.busy_ns);
    row.handed_over_ = read(stats.handed_over);
    row.long_waiting_ = read(stats.long_waiting);
    row.rings_moved_ = read(stats.rings_moved);
    row.cancelled_ = read(stats.cancelled);
    row.expired_ = read(stats.expired);
    row.missed_periods_ = read(stats.missed_periods);
    row.kind_ = static_cast<chi::u32>(worker->kind());
    row.load_permille_ = workers.LoadPermille(worker->index());
    task->workers_.push_back(row);
  }
  AddCosts(*task);
}

void Runtime::Dump(hipc::FullPtr<DumpTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  task->json_ =
      chi::TakeDump(*CHI_WORK_ORCHESTRATOR, chi::Chimaera::Get().watchdog(),
                    task->max_tasks_, kDumpAnswerNs)
          .ToJson();
}

void Runtime::GetMetrics(hipc::FullPtr<GetMetricsTask> task,
                         chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  task->json_ = chi::MetricsJson(chi::Chimaera::Get());
}

void Runtime::SetSampling(hipc::FullPtr<SetSamplingTask> task,
                          chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  chi::Sampling sampling = chi::GetSampling();
  if (task->one_in_ > chi::Sampling::kMaxOneIn) {
    const chi::Status refused = chi::Status::BadRequest(
        chi::Format("one sample in {} runs; at most {} are possible",
                    task->one_in_, chi::Sampling::kMaxOneIn));
    task->SetError(refused.code_value(), refused.message());
    return;
  }
  if (task->one_in_ != 0) sampling.one_in = task->one_in_;
  sampling.on = task->on_ != 0;
  chi::SetSampling(sampling);
}

// The order to stop is a job of this worker's own: it runs between two tasks,
// so after the answer to this one.
void Runtime::StopRuntime(hipc::FullPtr<StopRuntimeTask> task,
                          chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  CHI_LOG(kInfo, "stop requested by a client");
  CHI_CUR_WORKER->Inject([] { chi::Chimaera::Get().RequestStop(); });
}

}  // namespace chimaera::admin

CHI_TASK_CC(chimaera::admin::Runtime);
