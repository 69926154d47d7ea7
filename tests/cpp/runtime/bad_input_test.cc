// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a client can get wrong: each is an error at once that names the thing,
// and harms nobody else.

#include <memory>
#include <string>

#include "chimaera/admin/admin_client.h"
#include "chimaera/chimaera.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/ipc/client_core.h"
#include "chimaera/ipc/control_client.h"
#include "chimaera/shm/ring_queue.h"
#include "support/catch.h"
#include "support/test_runtime.h"
#include "support/wait_until.h"

namespace chi::test {
namespace {

using chimaera::echo::EchoTask;
using chimaera::echo::NullTask;
using Echo = chimaera::echo::Client;

struct Fixture {
  explicit Fixture(const std::string& yaml = "")
      : runtime(yaml), client(runtime.Attach()) {
    REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Dynamic(), "echo", PoolId(300, 0),
                        false, 2));
  }
  // Whether the error is of this kind, and its text holds `text`.
  static bool Says(const Status& status, StatusCode code, const char* text) {
    INFO(status);
    CHECK(status.code() == code);
    return status.ToString().find(text) != std::string::npos;
  }
  TestRuntime runtime;
  std::unique_ptr<Chimaera> client;
  Echo echo;
};

TEST_CASE("Bad input: a pool that is not there, or not any more") {
  Fixture f;
  Echo nobody(PoolId(512, 3));
  CHECK(Fixture::Says(nobody.Null(HSHM_MCTX, PoolQuery::Local()),
                      StatusCode::kNotFound, "512.3"));
  REQUIRE(CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), PoolId(300, 0))
              .ok());
  CHECK(Fixture::Says(f.echo.Null(HSHM_MCTX, PoolQuery::Local()),
                      StatusCode::kNotFound, "300.0"));
}

TEST_CASE("Bad input: a method that is not there") {
  Fixture f;
  for (MethodId method : {77u, 4095u, 4096u, ~0u}) {
    auto task = CHI_IPC->NewTask<NullTask>(CreateTaskId(), f.echo.pool_id_,
                                           PoolQuery::Local());
    task->method_ = method;
    CHECK(Fixture::Says(CHI_IPC->Submit(task).Get(), StatusCode::kUnimplemented,
                        std::to_string(method).c_str()));
  }
}

TEST_CASE("Bad input: containers, nodes and ranges outside the pool") {
  Fixture f;
  const auto says = [&](const PoolQuery& query, StatusCode code,
                        const char* text) {
    return Fixture::Says(f.echo.Null(HSHM_MCTX, query), code, text);
  };
  CHECK(says(PoolQuery::DirectId(2), StatusCode::kNotFound, "2"));
  CHECK(says(PoolQuery::DirectId(~0u), StatusCode::kNotFound, "4294967295"));
  CHECK(says(PoolQuery::Physical(7), StatusCode::kNotFound, "7"));
  CHECK(says(PoolQuery::Range(1, 5), StatusCode::kNotFound, "1"));
  CHECK(says(PoolQuery::Range(~0u, 2), StatusCode::kNotFound, "4294967295"));
  CHECK(says(PoolQuery(), StatusCode::kBadRequest, ""));
  CHECK(f.echo.Null(HSHM_MCTX, PoolQuery::Broadcast()).ok());
  CHECK(f.echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
}

TEST_CASE("Bad input: no runtime") {
  TempDir temp;
  ClientConfig config;
  config.runtime_dir = temp / "nobody";
  const auto client = Chimaera::Attach(config);
  CHECK(client.status().code() == StatusCode::kNoRuntime);
  CHECK(client.status().ToString().find(temp.path()) != std::string::npos);
  CHECK_FALSE(Chimaera::Exists());
}

TEST_CASE("Bad input: a second runtime in one directory names the first") {
  TestRuntime runtime;
  Process second("chi_test_daemon", {runtime.dir(), "1"});
  const std::string line = second.ReadLine();
  INFO(line);
  CHECK(line.find(std::to_string(runtime.process().pid())) !=
        std::string::npos);
  CHECK(line.find(runtime.dir()) != std::string::npos);
}

TEST_CASE("Bad input: a second client in one process") {
  Fixture f;
  CHECK(f.runtime.TryAttach().status().code() == StatusCode::kAlreadyExists);
  CHECK(f.echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
}

TEST_CASE("Bad input: client data is full") {
  Fixture f("memory:\n  max_client_bytes: 32MB\n");
  std::vector<hipc::FullPtr<char>> buffers;
  hipc::FullPtr<char> buffer;
  for (;;) {
    buffer = CHI_IPC->AllocateBuffer(kMiB);
    if (buffer.IsNull()) break;
    buffers.push_back(buffer);
    REQUIRE(buffers.size() < 64);
  }
  CHECK(buffers.size() >= 15);
  // Tasks still go, and what does not fit into them says why.
  CHECK(f.echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
  const auto why = f.client->client().AllocateBuffer(kMiB).status();
  INFO(why);
  CHECK((why.code() == StatusCode::kOverloaded ||
         why.code() == StatusCode::kNoMemory));
  const auto large =
      f.echo.Echo(HSHM_MCTX, PoolQuery::Local(), std::string(2 * kMiB, 'x'));
  INFO(large.status());
  CHECK(large.status().code() == why.code());
  for (const auto& each : buffers) CHI_IPC->FreeBuffer(each);
  CHECK_FALSE(CHI_IPC->AllocateBuffer(kMiB).IsNull());
}

TEST_CASE("Bad input: results beyond a client's share") {
  Fixture f("memory:\n  max_result_bytes: 1MB\n");
  const auto large = f.echo.Grow(HSHM_MCTX, PoolQuery::Local(), 4 * kMiB);
  INFO(large.status());
  CHECK(large.status().code() == StatusCode::kOverloaded);
  CHECK(f.echo.Grow(HSHM_MCTX, PoolQuery::Local(), 100'000).ok());
}

TEST_CASE("Bad input: more parked tasks than a client may have") {
  Fixture f("limits:\n  tasks_in_flight: 4\n");
  std::vector<Future<chimaera::echo::SleepTask>> sleeps;
  for (int i = 0; i < 4; ++i) {
    sleeps.push_back(
        f.echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), 3'600 * kNsPerSec));
  }
  // As many as there may be; pools can be made and destroyed all the same.
  CHECK(f.echo.Sleep(HSHM_MCTX, PoolQuery::Local(), kNsPerMs).code() ==
        StatusCode::kOverloaded);
  Echo other;
  CHECK(other.Create(HSHM_MCTX, PoolQuery::Local(), "two", PoolId(301, 0)));
  CHECK(CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), PoolId(301, 0)));
  CHECK(f.echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
}

TEST_CASE("Bad input: a task shorter than its method needs") {
  // Not the client's own mistake alone: the bytes behind the task are others'.
  Fixture f;
  auto task = CHI_IPC->NewTask<NullTask>(CreateTaskId(), f.echo.pool_id_,
                                         PoolQuery::Local());
  task->method_ = chimaera::echo::Method::kEcho;
  auto future = CHI_IPC->Submit(task);
  // Whatever lies there is taken for strings: an error or an empty answer.
  static_cast<void>(future.Get());
  CHECK(future.IsDone());
  CHECK(f.echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
}

// A client that writes its ring by hand.
struct RawClient {
  explicit RawClient(const std::string& dir) {
    control = std::move(ControlClient::Connect(dir)).value();
    char* memory = control->main_segment().base + kMainHeapOffset;
    const auto layout = RingLayout<>::Create(memory, kCapacity);
    const ShmPtr where = ShmPtr::At(kMainSegment, kMainHeapOffset);
    worker = *control->AttachRing(0, where, kCapacity, 1);
    ring = std::make_unique<RingProducer<>>(layout);
  }
  void Push(u64 value) {
    CHI_CHECK(ring->TryPush(value));
    const u64 one = 1;
    CHI_CHECK(write(control->worker_eventfd(worker), &one, 8) == 8);
  }
  static constexpr u32 kCapacity = 64;
  std::unique_ptr<ControlClient> control;
  std::unique_ptr<RingProducer<>> ring;
  u32 worker = 0;
};

TEST_CASE("Bad input: forged task pointers end their session, and only it") {
  constexpr u64 kMainBytes = 4 * kMiB;
  static const int kPrivate = 0;
  const u64 forged = GENERATE(
      u64{0}, ~u64{0}, ShmPtr::At(kMainSegment, kMainBytes).bits_,
      ShmPtr::At(kMainSegment, kMainBytes - 64).bits_,      // ends outside
      ShmPtr::At(kMainSegment, kMainHeapOffset + 8).bits_,  // unaligned
      ShmPtr::At(3, 0).bits_,                               // no such segment
      ShmPtr::At(kFirstRuntimeSegment, 0).bits_,            // not its own
      ShmPtr::Private(&kPrivate).bits_);
  Fixture witness;
  {
    RawClient client(witness.runtime.dir());
    client.Push(forged);
    CHECK(WaitUntil([&] { return !client.control->CheckSession().ok(); }));
    INFO(client.control->CheckSession());
    CHECK(client.control->Check().ok());  // the runtime lives
  }
  CHECK(WaitUntil([&] { return witness.runtime.GetCounts().sessions == 1; }));
  CHECK(witness.runtime.GetCounts().cut_off == 1);
  CHECK(witness.echo.Null(HSHM_MCTX, PoolQuery::Local()).ok());
}

}  // namespace
}  // namespace chi::test
