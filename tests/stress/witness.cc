// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See witness.h.

#include "witness.h"

#include <algorithm>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/echo/echo_client.h"

namespace chi::stress {
namespace {

namespace echo = ::chimaera::echo;

constexpr u32 kBatch = 32;
// Batches of one interval.
constexpr size_t kInterval = 1000;
// What a field holds that the runtime has not written.
constexpr u32 kUnanswered = 0xdeadbeef;

Future<echo::EchoTask> Ask(u64 number) {
  auto task = CHI_IPC->NewTask<echo::EchoTask>(
      CreateTaskId(), kEchoPool, PoolQuery::Local(), "witness",
      std::vector<u64>{number}, number);
  task->container_id_ = kUnanswered;
  return CHI_IPC->Submit(task);
}

bool IsRight(const echo::EchoTask& task, u64 number) {
  return task.return_code_ == 0 && task.number_ == number &&
         task.container_id_ == 0 && task.numbers_.size() == 1 &&
         task.numbers_[0] == number && task.text_.view() == "witness";
}

}  // namespace

u64 RunHonestBatch(u64 number, WitnessState* out) {
  std::vector<Future<echo::EchoTask>> futures;
  for (u32 i = 0; i < kBatch; ++i) futures.push_back(Ask(number + i));
  for (u32 i = 0; i < kBatch; ++i) {
    if (!futures[i].WaitFor(60 * kNsPerSec).ok()) {
      out->hung.fetch_add(1);
      return 0;
    }
    if (!IsRight(*futures[i], number + i)) out->wrong.fetch_add(1);
  }
  out->tasks.fetch_add(kBatch);
  return kBatch;
}

Witnesses::Witnesses(const std::string& dir, u32 count) {
  CHI_CHECK(count <= kMax);
  for (u32 i = 0; i < count; ++i) {
    pids_.push_back(
        Spawn([&, i] { return Run(dir, *board_, &board_->states[i]); }));
  }
}

Witnesses::~Witnesses() {
  for (const pid_t pid : pids_) KillAndReap(pid);
}

int Witnesses::Run(const std::string& dir, const Board& board,
                   WitnessState* out) {
  const auto client = AttachTo(dir);
  std::vector<u64> times;
  for (u64 number = 1; !board.stop.load();) {
    const u64 begin_ns = NowNs();
    const u64 answered = RunHonestBatch(number, out);
    if (answered == 0) return 1;
    number += answered;
    times.push_back(NowNs() - begin_ns);
    if (times.size() == kInterval) {
      out->slow_ns.store(Quantile(times, 0.99));
      times.clear();
    }
  }
  return 0;
}

bool Witnesses::AwaitWarm() const {
  return WaitUntil([this] {
    for (size_t i = 0; i < pids_.size(); ++i) {
      if (board_->states[i].slow_ns == 0) return false;
    }
    return true;
  });
}

u64 Witnesses::tasks() const {
  u64 sum = 0;
  for (const WitnessState& state : board_->states) sum += state.tasks.load();
  return sum;
}

u64 Witnesses::slow_ns() const {
  u64 slowest = 0;
  for (const WitnessState& state : board_->states) {
    slowest = std::max(slowest, state.slow_ns.load());
  }
  return slowest;
}

void Witnesses::Stop(Summary* summary) {
  board_->stop = true;
  u64 tasks = 0;
  for (size_t i = 0; i < pids_.size(); ++i) {
    const int how = Reap(pids_[i]);
    const WitnessState& state = board_->states[i];
    tasks += state.tasks;
    summary->hung += state.hung;
    summary->Expect(how == 0 && state.wrong == 0,
                    Format("witness {}: exit {}, {} wrong answers", i, how,
                           state.wrong.load()));
  }
  pids_.clear();
  summary->Add("witness_tasks", tasks);
}

}  // namespace chi::stress
