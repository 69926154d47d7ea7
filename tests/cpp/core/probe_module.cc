// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The probe (probe.h) as a shared library. PROBE_NAME is its module name;
// PROBE_CONSTRUCTOR_THROWS makes one that cannot be constructed,
// PROBE_THREAD_LOCAL one that leaves something in the thread that constructs
// it; PROBE_VERSION is that of its methods.

#include <stdexcept>
#include <string>

#include "chimaera/core/method_table.h"
#include "chimaera/core/module_entry.h"
#include "core/probe.h"
#include "support/wait_until.h"

#ifndef PROBE_VERSION
#define PROBE_VERSION "1.0"
#endif

namespace chi::test {
namespace {

#ifdef PROBE_THREAD_LOCAL
thread_local std::string left_in_thread;
#endif

class Runtime : public Container {
 public:
  struct CreateParams {
    static constexpr const char* chimod_lib_name = PROBE_NAME;
  };

  Runtime() {
#ifdef PROBE_CONSTRUCTOR_THROWS
    throw std::runtime_error("no probe today");
#endif
#ifdef PROBE_THREAD_LOCAL
    left_in_thread = "something";
#endif
  }
  ~Runtime() override {
    if (log_ != nullptr) ++log_->freed;
  }

  void Create(hipc::FullPtr<ProbeTask> task, RunContext& ctx) {
    log_ = task->log;
    if (!WaitUntil([this] { return !log_->hold; })) {
      throw std::runtime_error("nobody let the probe go on");
    }
    ++log_->creates;
    Act(*task, ctx);
  }
  void Destroy(hipc::FullPtr<ProbeTask> task, RunContext& ctx) {
    ++log_->destroys;
    Act(*task, ctx);
  }
  void Ping(hipc::FullPtr<ProbeTask> task, RunContext&) { ++task->log->pings; }

  void Call(hipc::FullPtr<CallTask> task, RunContext& ctx) {
    const auto call = reinterpret_cast<CallTask::Function>(task->function);
    call(task->argument, *task, ctx);
  }

  void OnClientGone(u64 client_id) override {
    if (client_id == kClientThatThrows) throw std::runtime_error("unlucky");
    if (log_ != nullptr) log_->gone += client_id;
  }

 private:
  void Act(ProbeTask& task, const RunContext& ctx) const {
    if (ctx.container != this) throw std::logic_error("not my context");
    if (task.at != container_id_) return;
    switch (task.act) {
      case ProbeAct::kWork:
        return;
      case ProbeAct::kFailWithText:
        task.SetError(7, "the probe is told to fail");
        return;
      case ProbeAct::kFailWithCode:
        task.return_code_ = 42;
        return;
      case ProbeAct::kThrow:
        throw std::runtime_error("thrown by the probe");
      case ProbeAct::kThrowNumber:
        throw 17;
    }
  }

  ProbeLog* log_ = nullptr;
};

const MethodRow kRows[] = {
    MakeMethod<Runtime, ProbeTask, &Runtime::Create>(0, "Create"),
    MakeMethod<Runtime, ProbeTask, &Runtime::Destroy>(1, "Destroy"),
    MakeMethod<Runtime, ProbeTask, &Runtime::Ping>(kPing, "Ping"),
    MakeMethod<Runtime, CallTask, &Runtime::Call>(CallTask::kCall, "Call"),
};

}  // namespace
}  // namespace chi::test

CHI_MODULE_METHODS(chi::test::kRows, PROBE_VERSION)
CHI_TASK_CC(chi::test::Runtime);
