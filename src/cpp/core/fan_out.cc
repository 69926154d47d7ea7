// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The copies are made, run and freed in waves. Copies are made, and results
// combined, by the run of the original alone: no two workers share a field.

#include "chimaera/core/fan_out.h"

#include <algorithm>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/core/container.h"
#include "chimaera/core/module_call.h"
#include "chimaera/sched/replicas.h"

namespace chi {
namespace {

// In the group number of a client's copies: no client counts that far.
constexpr u64 kReplicaGroup = u64{1} << 63;

// The copies of one wave; frees them.
class Replicas {
 public:
  Replicas(Container& container, MethodId method)
      : container_(container), method_(method) {
    tasks_.reserve(kFanOutWindow);
  }
  ~Replicas() {
    for (const auto& task : tasks_) container_.Del(method_, task);
  }
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  void Add(hipc::FullPtr<Task> task) { tasks_.push_back(task); }
  const std::vector<hipc::FullPtr<Task>>& tasks() const { return tasks_; }

 private:
  Container& container_;
  const MethodId method_;
  std::vector<hipc::FullPtr<Task>> tasks_;
};

class FanOutRun {
 public:
  FanOutRun(const Pool& pool, hipc::FullPtr<Task> origin, const RunContext& ctx)
      : container_(*ctx.container),
        origin_(origin),
        from_client_(ctx.session != nullptr),
        what_(Format("pool {} ({}): method {}", pool.id(), pool.name(),
                     origin->method_)) {
    origin_->return_code_ = static_cast<u32>(StatusCode::kNotRun);
    origin_->text_size_ = 0;
  }

  Status RunWave(ContainerSpan wave) {
    CHI_RETURN_IF_ERROR(PrepareReplicas());
    Replicas replicas(container_, origin_->method_);
    CHI_RETURN_IF_ERROR(MakeReplicas(wave, &replicas));
    u32 step = 0;
    for (const auto& replica : replicas.tasks()) {
      SubmitReplica(replica, step++);
    }
    CHI_RETURN_IF_ERROR(AwaitReplicas(replicas.tasks()));
    for (u32 i = 0; i < wave.count; ++i) {
      CHI_RETURN_IF_ERROR(Collect(wave.first + i, replicas.tasks()[i]));
    }
    return Status();
  }

  Status Outcome(u32 count) const {
    if (num_failed_ == 0) return Status();
    return Status::FromCode(
        first_error_.code_value(),
        Format("{} of {} containers failed; container {}: {}", num_failed_,
               count, first_failed_, first_error_.message()));
  }

 private:
  Status MakeReplicas(ContainerSpan wave, Replicas* replicas) const {
    return CallModule(what_, [&] {
      for (u32 i = 0; i < wave.count; ++i) {
        hipc::FullPtr<Task> replica;
        container_.NewCopy(origin_->method_, origin_, replica, true);
        replicas->Add(replica);
        replica->task_id_ = CreateTaskId();
        if (from_client_) {
          replica->task_id_.major_ = replica->task_id_.minor_ | kReplicaGroup;
        }
        replica->pool_query_ = PoolQuery::DirectId(wave.first + i);
        replica->task_flags_.UnsetBits(TASK_PERIODIC | TASK_FIRE_AND_FORGET);
        replica->timeout_ms_ = 0;  // it has the time of its origin
      }
    });
  }

  Status Collect(ContainerId id, const hipc::FullPtr<Task>& replica) {
    if (replica->return_code_ != 0) {
      if (num_failed_++ == 0) {
        first_failed_ = id;
        first_error_ = replica->GetStatus();
      }
      return Status();
    }
    if (num_failed_ > 0) return Status();
    CHI_RETURN_IF_ERROR(CallModule(what_, [&] {
      container_.Aggregate(origin_->method_, origin_, replica);
    }));
    origin_->return_code_ = 0;
    return Status();
  }

  Container& container_;  // any of the pool
  const hipc::FullPtr<Task> origin_;
  const bool from_client_;
  const std::string what_;
  u32 num_failed_ = 0;
  ContainerId first_failed_ = 0;
  Status first_error_;
};

}  // namespace

Status FanOut(const Pool& pool, ContainerSpan span, hipc::FullPtr<Task> origin,
              RunContext& ctx) {
  FanOutRun run(pool, origin, ctx);
  for (u32 done = 0; done < span.count;) {
    const u32 count = std::min(span.count - done, kFanOutWindow);
    CHI_RETURN_IF_ERROR(run.RunWave({span.first + done, count}));
    done += count;
  }
  return run.Outcome(span.count);
}

}  // namespace chi
