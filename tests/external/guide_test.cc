// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The module that is written as the module guide writes one, in a daemon, with
// this process as its client. CHI_REPO_PATH is not needed: the modules of the
// build lie in one directory.

#include <chimaera/admin/admin_client.h>
#include <chimaera/chimaera.h>
#include <external/guide/guide_client.h>

#include <cstring>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/test_runtime.h"

namespace {

using external::guide::Client;
using external::guide::CountTask;
using external::guide::CreateParams;
using external::guide::CustomTask;
using external::guide::RawTask;
using external::guide::TransferTask;

struct Fixture {
  Fixture() : process(runtime.Attach()), client(chi::PoolId(7000, 0)) {
    client.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "my_pool",
                  chi::PoolId(7000, 0), CreateParams("data", 3));
    REQUIRE(client.pool_id_ == chi::PoolId(7000, 0));
  }
  chi::test::TestRuntime runtime;
  std::unique_ptr<chi::Chimaera> process;
  Client client;
};

TEST_CASE("Guide: a task with serialisers goes there and back") {
  Fixture f;
  const std::string text(100, 'x');
  for (const auto& query :
       {chi::PoolQuery::Local(), chi::PoolQuery::Dynamic(),
        chi::PoolQuery::DirectId(0), chi::PoolQuery::DirectHash(9)}) {
    auto task = f.client.Async<CustomTask>(HSHM_MCTX, query, text, 7u);
    task->Wait();
    REQUIRE(task->return_code_ == 0);
    CHECK(task->data_.str() == text + "_processed7");
    CHECK(task->timestamps_.size() == 4);
    CHECK(task->timestamps_[3] == f.client.pool_id_.ToU64());
    CHECK(task->result_code_ == 3);
    CHI_IPC->DelTask(task);
  }
}

TEST_CASE("Guide: a task without serialisers is run where it lies") {
  Fixture f;
  for (size_t size : {0u, 10u, 39u, 100u, 100'000u}) {
    const std::string text(size, 'y');
    auto task =
        f.client.Async<RawTask>(HSHM_MCTX, chi::PoolQuery::Local(), text, 1u);
    task->Wait();
    INFO(size << ": " << task->GetStatus());
    REQUIRE(task->return_code_ == 0);
    CHECK(task->data_.str() == text + "_processed1");
    CHECK(task->result_code_ == 0);
    CHI_IPC->DelTask(task);
  }
}

TEST_CASE("Guide: bulk data is worked on where it lies") {
  Fixture f;
  auto* ipc_manager = CHI_IPC;
  hipc::FullPtr<char> buffer = ipc_manager->AllocateBuffer(5);
  std::memcpy(buffer.ptr_, "abcde", 5);
  auto task = f.client.Async<TransferTask>(HSHM_MCTX, chi::PoolQuery::Local(),
                                           buffer.shm_, size_t{5});
  task->Wait();
  REQUIRE(task->return_code_ == 0);
  CHECK(task->bytes_written_ == 5);
  CHECK(std::string(buffer.ptr_, 5) == "edcba");
  ipc_manager->DelTask(task);
  ipc_manager->FreeBuffer(buffer);
}

TEST_CASE("Guide: a method waits for its subtasks") {
  Fixture f;
  auto task =
      f.client.Async<CountTask>(HSHM_MCTX, chi::PoolQuery::Local(), 5u, 10u);
  task->Wait();
  REQUIRE(task->return_code_ == 0);
  CHECK(task->count_ == 11);
  CHI_IPC->DelTask(task);
}

TEST_CASE("Guide: parameters come from a compose entry, too") {
  Fixture f;
  chi::PoolConfig config;
  config.mod_name_ = CreateParams::chimod_lib_name;
  config.pool_name_ = "composed";
  config.pool_id_ = chi::PoolId(7001, 0);
  config.config_ = "worker_count: 8\ncapacity: 2MB\n";
  REQUIRE(CHI_ADMIN->CreatePool(HSHM_MCTX, config).ok());
  Client composed(chi::PoolId(7001, 0));
  auto task = composed.Async<CustomTask>(HSHM_MCTX, chi::PoolQuery::Local(),
                                         std::string("a"), 0u);
  task->Wait();
  CHECK(task->result_code_ == 8);
  CHI_IPC->DelTask(task);
}

TEST_CASE("Guide: queries can be asked what they are") {
  const chi::PoolQuery query = chi::PoolQuery::Range(0, 10);
  REQUIRE(query.IsRangeMode());
  CHECK(query.GetRangeOffset() == 0);
  CHECK(query.GetRangeCount() == 10);
  CHECK(query.GetRoutingMode() == chi::RoutingMode::Range);
  CHECK(chi::PoolQuery::Broadcast().IsBroadcastMode());
  CHECK(chi::PoolQuery::Physical(3).GetNodeId() == 3);
}

TEST_CASE("Guide: a runtime inside the process, and its managers") {
  const std::string path = std::string(CHI_TEST_LIBRARY_DIR);
  setenv("CHI_REPO_PATH", path.c_str(), 1);
  REQUIRE(chi::CHIMAERA_RUNTIME_INIT());
  auto* module_manager = CHI_MODULE_MANAGER;
  CHECK(module_manager->GetChiMod("chimaera_admin") != nullptr);
  CHECK(module_manager->GetChiMod("mycompany_admin") == nullptr);
  CHECK(CHI_CONFIG_MANAGER->queue_depth > 0);
  CHECK(CHI_WORK_ORCHESTRATOR->num_workers() > 0);
  CHECK(CHI_IPC->Dequeue(chi::kLowLatency).IsNull());
  chi::CHIMAERA_FINALIZE();
  unsetenv("CHI_REPO_PATH");
}

}  // namespace
