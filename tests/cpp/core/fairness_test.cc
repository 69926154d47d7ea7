// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Clients whose tasks cost differently share a worker: rings, dispatcher,
// sampling and turns as they are, on one thread and a clock that each task
// moves on by what it costs. Nothing depends on how fast anything is.

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

#include "chimaera/core/dispatcher.h"
#include "core/fixture.h"
#include "sched/worker_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

constexpr PoolId kPool(512, 0);
constexpr u64 kTaskOffset = 128 * kKiB;  // behind the ring
constexpr u32 kTasks = 100;              // of each client, in flight

struct Service {
  ManualClock* clock;
  u64 cost_ns;
  u64 served_ns = 0;
};

void Serve(u64 argument, CallTask& /*task*/, RunContext& /*ctx*/) {
  auto& service = *reinterpret_cast<Service*>(argument);
  service.served_ns += service.cost_ns;
  service.clock->Advance(service.cost_ns);
}

// A client that always has kTasks tasks waiting.
class Client {
 public:
  Client(Worker& worker, u64 id, ManualClock& clock, u64 cost_ns)
      : service_{&clock, cost_ns},
        fake_(id),
        ring_(fake_.Attach(worker, Priority::kLowLatency, false)) {
    for (u32 i = 0; i < kTasks; ++i) {
      const ShmPtr at = ShmPtr::At(kMainSegment, kTaskOffset + u64{i} * 1024);
      char* memory = fake_.session->Resolve(at, sizeof(CallTask));
      CHI_CHECK(memory != nullptr);
      tasks_.push_back(
          new (memory) CallTask(hipc::CtxAllocator<CHI_MAIN_ALLOC_T>(), kPool,
                                &Serve, reinterpret_cast<u64>(&service_)));
      Submit(i);
    }
  }
  ~Client() {
    for (CallTask* task : tasks_) task->~CallTask();
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Refill() {
    for (u32 i = 0; i < kTasks; ++i) {
      if (tasks_[i]->IsComplete()) Submit(i);
    }
  }
  u64 served_ns() const { return service_.served_ns; }

 private:
  void Submit(u32 i) {
    tasks_[i]->state_.store(static_cast<u32>(TaskState::kPending));
    CHI_CHECK(ring_.TryPush(
        ShmPtr::At(kMainSegment, kTaskOffset + u64{i} * 1024).bits_));
  }

  Service service_;
  FakeClient fake_;
  RingProducer<> ring_;
  std::vector<CallTask*> tasks_;
};

TEST_CASE("Fairness: 64 clients with tasks of any cost get like shares") {
  Pools pools;
  REQUIRE(pools.Create(Request("probe_a", "shared", kPool)).ok());
  Dispatcher dispatcher(pools.manager);
  ManualClock clock(kNsPerSec);
  Worker worker(TestOptions(&clock), dispatcher);
  const u64 costs_ns[] = {200, 1'000, 4'000, 20'000};
  std::vector<std::unique_ptr<Client>> clients;
  for (u64 i = 0; i < 64; ++i) {
    clients.push_back(
        std::make_unique<Client>(worker, 5 + i, clock, costs_ns[i % 4]));
  }
  const u64 end_ns = clock.NowNs() + 2 * kNsPerSec;
  while (clock.NowNs() < end_ns) {
    static_cast<void>(worker.TEST_PollOnce());
    for (auto& client : clients) client->Refill();
  }
  u64 least = ~u64{0};
  u64 most = 0;
  for (const auto& client : clients) {
    least = std::min(least, client->served_ns());
    most = std::max(most, client->served_ns());
  }
  INFO("least " << least << " ns, most " << most << " ns");
  CHECK(least > 0);
  CHECK(most <= 2 * least);
}

}  // namespace
}  // namespace chi::test
