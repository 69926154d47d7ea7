// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Stops a runtime through its admin pool, and waits until its process is gone.

#include <chimaera/admin/admin_client.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "chimaera/base/unique_fd.h"
#include "chimaera/ipc/client_core.h"
#include "chimaera/runtime/runtime.h"
#include "tools/options.h"

namespace {

using chi::Chimaera;
using chi::Result;
using chi::Status;
using Options = std::map<std::string, std::string>;

constexpr char kHelp[] =
    "usage: chimaera_stop_runtime [option value]...\n"
    "\n"
    "Stops a Chimaera runtime: what is in flight is answered, the rest "
    "refused.\n"
    "\n"
    "  --runtime-dir DIR  where it meets its clients, as when it was started\n"
    "  --name NAME        as when it was started\n"
    "  --timeout SECONDS  to wait for its end; 30 by default\n"
    "\n"
    "exit codes: 0 it is gone; 1 it is not; 2 a wrong command line; 3 none "
    "ran\n";

std::string Value(const Options& options, const char* name,
                  const char* otherwise) {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

Status WaitForEnd(const chi::UniqueFd& process, int timeout_ms) {
  pollfd wait = {process.get(), POLLIN, 0};
  const int ready = poll(&wait, 1, timeout_ms);
  if (ready > 0) return Status();
  if (ready < 0) return Status::FromErrno(errno, "waiting for the runtime");
  return Status::DeadlineExceeded(
      chi::Format("the runtime still runs after {} ms", timeout_ms));
}

Status Stop(const Options& options) {
  chi::ClientConfig config;
  config.runtime_dir = Value(options, "runtime-dir", "");
  config.name = Value(options, "name", "");
  CHI_ASSIGN_OR_RETURN(std::unique_ptr<Chimaera> client,
                       Chimaera::Attach(config));
  const pid_t pid = client->client().control().page().pid;
  const chi::UniqueFd process(
      static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid()) return Status::FromErrno(errno, "pidfd_open");
  CHI_RETURN_IF_ERROR(chimaera::admin::Client().StopRuntime(
      HSHM_MCTX, chi::PoolQuery::Local()));
  client.reset();
  const double seconds = std::atof(Value(options, "timeout", "30").c_str());
  return WaitForEnd(process, static_cast<int>(seconds * 1000));
}

}  // namespace

int main(int argc, char** argv) {
  const Result<Options> options =
      chi::tools::ParseOptions(argc, argv, {"runtime-dir", "name", "timeout"});
  if (!options.ok()) {
    std::fprintf(stderr, "chimaera_stop_runtime: %s\n\n%s",
                 std::string(options.status().message()).c_str(), kHelp);
    return chi::tools::kExitUsage;
  }
  if (options->count("help") != 0) {
    std::fputs(kHelp, stdout);
    return chi::tools::kExitOk;
  }
  const Status status = Stop(*options);
  if (status.ok()) return chi::tools::kExitOk;
  std::fprintf(stderr, "chimaera_stop_runtime: %s\n",
               std::string(status.message()).c_str());
  return status.code() == chi::StatusCode::kNoRuntime
             ? chi::tools::kExitNoRuntime
             : chi::tools::kExitFailed;
}
