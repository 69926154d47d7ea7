// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What tasks do between this process, as a client, and a runtime in another.

#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/chimaera.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/ipc/client_core.h"
#include "support/catch.h"
#include "support/test_runtime.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

using chimaera::echo::EchoTask;
using chimaera::echo::NullTask;
using chimaera::echo::SleepTask;
using Echo = chimaera::echo::Client;

// A runtime, this process as its client, and an echo pool.
struct Fixture {
  explicit Fixture(u32 num_containers = 1) : client(runtime.Attach()) {
    const chimaera::Outcome made =
        echo.Create(HSHM_MCTX, PoolQuery::Dynamic(), "echo", PoolId(300, 0),
                    false, num_containers);
    INFO(made);
    REQUIRE(made.ok());
  }
  TestRuntime runtime;
  std::unique_ptr<Chimaera> client;
  Echo echo;
};

TEST_CASE("Tasks: texts of 0 bytes to 1 MiB come back as they went") {
  Fixture f;
  for (u64 size : {0u, 1u, 38u, 39u, 40u, 41u, 4095u, 65'536u, 1u << 20}) {
    std::string text(size, 'x');
    for (u64 i = 0; i < size; i += 97) text[i] = static_cast<char>(i % 251);
    const auto answer = f.echo.Echo(HSHM_MCTX, PoolQuery::Local(), text);
    INFO(size << " bytes: " << answer.status());
    REQUIRE(answer.ok());
    CHECK(*answer == text);
  }
}

TEST_CASE("Tasks: vectors of 0 to 100,000 numbers come back as they went") {
  Fixture f;
  for (u64 size : {0u, 1u, 7u, 1000u, 100'000u}) {
    std::vector<u64> numbers(size);
    std::iota(numbers.begin(), numbers.end(), 5);
    auto future =
        f.echo.AsyncEcho(HSHM_MCTX, PoolQuery::Local(), "", numbers, size);
    REQUIRE(future.Get().ok());
    CHECK(future->number_ == size);
    CHECK(std::vector<u64>(future->numbers_.begin(), future->numbers_.end()) ==
          numbers);
  }
}

TEST_CASE("Tasks: one after the other, with what they leave given back") {
  Fixture f;
  REQUIRE(f.echo.Null(HSHM_MCTX, PoolQuery::Local()));
  const u64 tasks = f.client->client().task_bytes();
  const u64 buffers = f.client->client().buffer_bytes();
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(f.echo.Null(HSHM_MCTX, PoolQuery::Local()));
  }
  const std::string text(1000, 'x');
  for (int i = 0; i < 1'000; ++i) {
    REQUIRE(f.echo.Echo(HSHM_MCTX, PoolQuery::Local(), text).ok());
  }
  CHECK(f.client->client().task_bytes() <= tasks + 256 * kKiB);
  CHECK(f.client->client().buffer_bytes() == buffers);
}

TEST_CASE("Tasks: 64 in flight, and each answer finds its task") {
  Fixture f;
  std::vector<Future<EchoTask>> futures;
  for (u64 round = 0; round < 50; ++round) {
    for (u64 i = 0; i < 64; ++i) {
      futures.push_back(f.echo.AsyncEcho(HSHM_MCTX, PoolQuery::Local(),
                                         std::to_string(i), {i}, round));
    }
    for (u64 i = 0; i < 64; ++i) {
      REQUIRE(futures[i].Get().ok());
      REQUIRE(futures[i]->text_ == std::to_string(i));
      REQUIRE(futures[i]->number_ == round);
    }
    futures.clear();
  }
}

TEST_CASE("Tasks: a batch larger than the ring is answered whole") {
  Fixture f;
  std::vector<hipc::FullPtr<EchoTask>> tasks;
  for (u64 i = 0; i < 3'000; ++i) {
    tasks.push_back(CHI_IPC->NewTask<EchoTask>(CreateTaskId(), f.echo.pool_id_,
                                               PoolQuery::Local(), "",
                                               std::vector<u64>(), i));
  }
  CHI_IPC->EnqueueBatch(tasks);
  for (u64 i = 0; i < tasks.size(); ++i) {
    REQUIRE(tasks[i]->WaitFor(kHangNs).ok());
    REQUIRE(tasks[i]->GetStatus().ok());
    REQUIRE(tasks[i]->number_ == i);
    CHI_IPC->DelTask(tasks[i]);
  }
}

TEST_CASE("Tasks: a batch of tasks to be forgotten leaves nothing behind") {
  Fixture f;
  REQUIRE(f.echo.Null(HSHM_MCTX, PoolQuery::Local()));
  const u64 before = f.client->client().task_bytes();
  for (int round = 0; round < 200; ++round) {
    std::vector<hipc::FullPtr<NullTask>> tasks;
    for (int i = 0; i < 100; ++i) {
      tasks.push_back(CHI_IPC->NewTask<NullTask>(
          CreateTaskId(), f.echo.pool_id_, PoolQuery::Local()));
      tasks.back()->task_flags_.SetBits(TASK_FIRE_AND_FORGET);
    }
    CHI_IPC->EnqueueBatch(tasks);
    REQUIRE(f.echo.Null(HSHM_MCTX, PoolQuery::Local()));
  }
  // 20,000 tasks of 256 bytes would be 5 MB.
  CHECK(f.client->client().task_bytes() <= before + kMiB);
}

TEST_CASE("Tasks: eight threads in each of two processes") {
  TestRuntime runtime;
  auto one = runtime.StartClient({"load", "8", "500"});
  auto two = runtime.StartClient({"load", "8", "500"});
  CHECK(one->ReadLine() == "ok 4000");
  CHECK(two->ReadLine() == "ok 4000");
  CHECK(one->Reap() == 0);
  CHECK(two->Reap() == 0);
  CHECK(runtime.Stop());
}

TEST_CASE("Tasks: a thousand of them sleep at the same time") {
  Fixture f;
  std::vector<Future<SleepTask>> futures;
  for (int i = 0; i < 1'000; ++i) {
    futures.push_back(
        f.echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 3600 * kNsPerSec));
  }
  CHECK(WaitUntil([&] {
    const auto stats = CHI_ADMIN->GetStats(HSHM_MCTX);
    u64 parked = 0;
    if (stats.ok()) {
      for (const auto& worker : stats->workers) parked += worker.parked_;
    }
    return parked >= futures.size();
  }));
  for (auto& future : futures) REQUIRE(future.Cancel());
  for (auto& future : futures) {
    REQUIRE(future.Get().code() == StatusCode::kCancelled);
  }
}

TEST_CASE("Tasks: what a method throws is the task's outcome") {
  Fixture f;
  const auto with_text =
      f.echo.Throw(HSHM_MCTX, PoolQuery::Local(), "the disk is on fire");
  CHECK(with_text.code() == StatusCode::kModuleException);
  CHECK(with_text.ToString().find("the disk is on fire") != std::string::npos);
  const auto number = f.echo.Throw(HSHM_MCTX, PoolQuery::Local(), "");
  CHECK(number.code() == StatusCode::kModuleException);
  const auto longer =
      f.echo.Throw(HSHM_MCTX, PoolQuery::Local(), std::string(5'000, 'y'));
  CHECK(longer.code() == StatusCode::kModuleException);
  CHECK(f.echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
}

TEST_CASE("Tasks: a method's subtasks are counted") {
  Fixture f;
  for (u32 count : {0u, 1u, 1000u}) {
    const auto spawned = f.echo.Spawn(HSHM_MCTX, PoolQuery::Local(), count);
    INFO(spawned.status());
    REQUIRE(spawned.ok());
    CHECK(*spawned == count);
  }
}

TEST_CASE("Tasks: results that the runtime made are given back to it") {
  Fixture f;
  const Counts before = f.runtime.GetCounts();
  for (u64 size : {10u, 1'000u, 100'000u, 5u << 20}) {
    const auto text = f.echo.Grow(HSHM_MCTX, PoolQuery::Local(), size);
    INFO(text.status());
    REQUIRE(text.ok());
    REQUIRE(text->size() == size);
    CHECK((*text)[size - 1] == static_cast<char>('a' + (size - 1) % 26));
  }
  {
    auto held = f.echo.AsyncGrow(HSHM_MCTX, PoolQuery::Local(), 100'000);
    REQUIRE(held.Get().ok());
    CHECK(f.runtime.GetCounts().result_bytes >= 100'000);
  }
  // The return ring is looked at when the next result is made.
  CHECK(WaitUntil([&] {
    return f.echo.Grow(HSHM_MCTX, PoolQuery::Local(), 1'000).ok() &&
           f.runtime.GetCounts().result_bytes <= before.result_bytes + 2'048;
  }));
}

TEST_CASE("Tasks: three containers share the work, and each can be named") {
  Fixture f(3);
  for (u32 id = 0; id < 3; ++id) {
    auto future = f.echo.AsyncEcho(HSHM_MCTX, PoolQuery::DirectId(id), "x");
    REQUIRE(future.Get().ok());
    CHECK(future->container_id_ == id);
    auto hashed =
        f.echo.AsyncEcho(HSHM_MCTX, PoolQuery::DirectHash(30 + id), "x");
    REQUIRE(hashed.Get().ok());
    CHECK(hashed->container_id_ == id);
  }
  CHECK(f.echo.Null(HSHM_MCTX, PoolQuery::Dynamic()).ok());
  CHECK(f.echo.Null(HSHM_MCTX, PoolQuery::Physical(0)).ok());
  CHECK(f.echo.Null(HSHM_MCTX, PoolQuery::Range(1, 1)).ok());
}

TEST_CASE("Tasks: futures that are dropped early are freed when done") {
  Fixture f;
  REQUIRE(f.echo.Null(HSHM_MCTX, PoolQuery::Local()));
  const u64 before = f.client->client().buffer_bytes();
  for (int i = 0; i < 300; ++i) {
    static_cast<void>(
        f.echo.AsyncEcho(HSHM_MCTX, PoolQuery::Local(), std::string(100, 'x')));
  }
  CHECK(WaitUntil([&] {
    // Dropped tasks are looked at when further ones are dropped.
    static_cast<void>(f.echo.AsyncNull(HSHM_MCTX, PoolQuery::Local()));
    return f.client->client().buffer_bytes() == before;
  }));
}

TEST_CASE("Tasks: high latency goes another way and is answered as well") {
  Fixture f;
  auto task = CHI_IPC->NewTask<NullTask>(CreateTaskId(), f.echo.pool_id_,
                                         PoolQuery::Local());
  CHECK(CHI_IPC->Submit(task, kHighLatency).Get().ok());
}

}  // namespace
}  // namespace chi::test
