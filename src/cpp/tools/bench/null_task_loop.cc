// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// chimaera_null_task_loop N [typed|traced]: runs N null tasks with client and
// worker taking turns in one thread, so that callgrind counts exactly what a
// task costs: create, enqueue, run, complete, delete. See
// scripts/count_instructions.py. Of "traced" ones a trace has one in 64.

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "chimaera/base/check.h"
#include "chimaera/base/log.h"
#include "chimaera/core/dispatcher.h"
#include "chimaera/core/module_manager.h"
#include "chimaera/core/pool_manager.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/ipc/control_server.h"
#include "chimaera/runtime/runtime.h"
#include "chimaera/sched/tracer.h"
#include "chimaera/sched/worker.h"

namespace chi::bench {
namespace {

// A simulated CPU is so slow that null tasks would look like long ones.
class StoppedClock final : public Clock {
 public:
  u64 NowNs() const override { return 1; }
};

// A runtime whose only worker has no thread.
class OneThreadRuntime final : private SessionEvents {
 public:
  explicit OneThreadRuntime(const std::string& dir)
      : pools_(modules_), dispatcher_(pools_) {
    ControlServerOptions options;
    options.runtime_dir = dir;
    auto control = ControlServer::Start(options, *this);
    CHI_CHECK_OK(control.status());
    control_ = std::move(*control);
    tracer_ = std::make_unique<Tracer>(&control_->page());
    WorkerOptions worker;
    worker.clock = &clock_;
    worker.tracer = tracer_.get();
    worker_ = std::make_unique<Worker>(worker, dispatcher_);
    PoolRequest request;
    request.mod_name = "chimaera_echo";
    request.pool_name = "echo";
    request.pool_id = PoolId(9000, 0);
    RunContext ctx;
    CHI_CHECK_OK(pools_.GetOrCreate(request, {}, ctx).status());
  }
  ~OneThreadRuntime() override {
    control_->Stop();
    worker_.reset();
  }

  Worker& worker() { return *worker_; }

  void Trace() {
    TraceOptions options;
    options.max_ns = Tracer::kMaxNs;
    CHI_CHECK_OK(tracer_->Start(0, options).status());
  }

 private:
  Result<u32> OnAttachRing(const std::shared_ptr<Session>& session,
                           const RingRequest& ring) override {
    RingSource source;
    source.session = session;
    source.ring = ring.memory;
    source.capacity = ring.capacity;
    worker_->AttachRing(std::move(source));
    return 0;
  }
  void OnSessionGone(const std::shared_ptr<Session>& /*session*/) override {}

  const StoppedClock clock_;
  ModuleManager modules_;
  PoolManager pools_;
  Dispatcher dispatcher_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<Tracer> tracer_;
  std::unique_ptr<Worker> worker_;
};

// Not inlined: callgrind counts what happens inside it.
__attribute__((noinline)) void MeasuredLoop(chimaera::echo::Client& echo,
                                            Worker& worker, long count) {
  for (long i = 0; i < count; ++i) {
    auto null = echo.AsyncNull(HSHM_MCTX, PoolQuery::Local());
    worker.TEST_PollOnce();
    null.Wait();
  }
}

__attribute__((noinline)) void TypedMeasuredLoop(chimaera::echo::Client& echo,
                                                 Worker& worker, long count) {
  for (long i = 0; i < count; ++i) {
    auto null = echo.AsyncTypedNull(HSHM_MCTX, PoolQuery::Local());
    worker.TEST_PollOnce();
    null.Wait();
  }
}

int Run(long count, std::string_view how) {
  char dir[] = "/tmp/chimaera-count-XXXXXX";
  CHI_CHECK(mkdtemp(dir) != nullptr);
  SetLogLevel(LogLevel::kWarning);
  {
    OneThreadRuntime runtime(dir);
    ClientConfig config;
    config.runtime_dir = dir;
    auto client = Chimaera::Attach(config);
    CHI_CHECK_OK(client.status());
    chimaera::echo::Client echo(PoolId(9000, 0));
    // The first task makes the thread's port and ring.
    auto first = echo.AsyncNull(HSHM_MCTX, PoolQuery::Local());
    while (!first.IsDone()) runtime.worker().TEST_PollOnce();
    CHI_CHECK_OK(first->GetStatus());
    if (how == "traced") runtime.Trace();
    (how == "typed" ? TypedMeasuredLoop : MeasuredLoop)(echo, runtime.worker(),
                                                        count);
  }
  rmdir(dir);
  return 0;
}

}  // namespace
}  // namespace chi::bench

int main(int argc, char** argv) {
  const long count = argc > 1 ? std::atol(argv[1]) : 0;
  const std::string_view how = argc == 3 ? argv[2] : "";
  const bool known = how.empty() || how == "typed" || how == "traced";
  if (count > 0 && known && argc <= 3) return chi::bench::Run(count, how);
  std::fprintf(stderr, "usage: chimaera_null_task_loop COUNT [typed|traced]\n");
  return 2;
}
