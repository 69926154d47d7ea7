// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A runtime in this process with an echo pool, for tests that look inside.

#ifndef CHIMAERA_TESTS_RUNTIME_EMBEDDED_H_
#define CHIMAERA_TESTS_RUNTIME_EMBEDDED_H_

#include <memory>
#include <string>
#include <utility>

#include "chimaera/base/log.h"
#include "chimaera/chimaera.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/sched/work_orchestrator.h"
#include "support/catch.h"

namespace chi::test {

class Embedded {
 public:
  explicit Embedded(u32 num_workers, const std::string& module_dir = "") {
    RuntimeConfig config = RuntimeConfig();
    config.num_threads = num_workers;
    config.pin_workers = false;
    config.module_paths.emplace_back(CHI_TEST_LIBRARY_DIR);
    if (!module_dir.empty()) config.module_paths.push_back(module_dir);
    SetLogLevel(LogLevel::kError);
    auto started = Chimaera::StartEmbedded(config);
    INFO(started.status());
    REQUIRE(started.ok());
    runtime_ = *std::move(started);
    REQUIRE(echo.Create(HSHM_MCTX, PoolQuery::Dynamic(), "echo", PoolId(300, 0))
                .ok());
  }
  Embedded(const Embedded&) = delete;
  Embedded& operator=(const Embedded&) = delete;

  Chimaera& runtime() { return *runtime_; }
  Worker& worker(u32 index) { return runtime_->workers().worker(index); }

 private:
  std::unique_ptr<Chimaera> runtime_;

 public:
  chimaera::echo::Client echo;
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_RUNTIME_EMBEDDED_H_
