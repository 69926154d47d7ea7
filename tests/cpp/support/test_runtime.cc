// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See test_runtime.h.

#include "support/test_runtime.h"

#include <sys/wait.h>

#include <fstream>
#include <sstream>

#include "chimaera/base/check.h"
#include "chimaera/base/log.h"
#include "support/wait_until.h"

namespace chi::test {

TestRuntime::TestRuntime(const std::string& yaml, u32 num_workers)
    : dir_(temp_ / "runtime") {
  SetLogLevel(LogLevel::kError);
  std::vector<std::string> arguments = {dir_, std::to_string(num_workers)};
  if (!yaml.empty()) {
    arguments.push_back(temp_ / "config.yaml");
    std::ofstream(arguments.back()) << yaml;
  }
  process_ = std::make_unique<Process>("chi_test_daemon", arguments);
  const std::string answer = process_->ReadLine();
  CHI_CHECK(answer == "ready", "{}", answer);
}

Result<std::unique_ptr<Chimaera>> TestRuntime::TryAttach() const {
  ClientConfig config;
  config.runtime_dir = dir_;
  return Chimaera::Attach(config);
}

std::unique_ptr<Chimaera> TestRuntime::Attach() const {
  auto client = TryAttach();
  CHI_CHECK_OK(client.status());
  return *std::move(client);
}

std::unique_ptr<Process> TestRuntime::StartClient(
    std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), dir_);
  return std::make_unique<Process>("chi_test_client", arguments);
}

Counts TestRuntime::GetCounts() {
  process_->WriteLine("counts");
  std::istringstream line(process_->ReadLine());
  Counts counts;
  line >> counts.sessions >> counts.cut_off >> counts.result_bytes >>
      counts.fds >> counts.segments;
  CHI_CHECK(!line.fail());
  return counts;
}

bool TestRuntime::ReturnsTo(const Counts& before) {
  Counts now;
  const bool same = WaitUntil([&] {
    now = GetCounts();
    return now.sessions == before.sessions &&
           now.result_bytes == before.result_bytes && now.fds == before.fds &&
           now.segments == before.segments;
  });
  if (!same) {
    CHI_LOG(kError, "{} of {} sessions, {} of {} bytes, {} of {} fds, {} of {}",
            now.sessions, before.sessions, now.result_bytes,
            before.result_bytes, now.fds, before.fds, now.segments,
            before.segments);
  }
  return same;
}

bool TestRuntime::Stop() {
  process_->Signal(SIGTERM);
  const bool said = process_->ReadLine() == "stopped";
  const int status = process_->Reap();
  return said && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void TestRuntime::Kill() {
  process_->Kill();
  process_->Reap();
}

}  // namespace chi::test
