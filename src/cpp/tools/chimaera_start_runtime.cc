// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Runs a runtime in the foreground until SIGTERM, SIGINT or a stop task, then
// stops it in order: what is in flight is answered, nothing is left behind.
//
// Whoever starts it in the background hands a descriptor over (--ready-fd) and
// reads one line: "ready <runtime directory>", or "failed <code> <why>".

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/log_file.h"
#include "chimaera/core/config.h"
#include "chimaera/runtime/crash_report.h"
#include "chimaera/runtime/runtime.h"
#include "tools/options.h"

namespace {

using chi::Chimaera;
using chi::Result;
using chi::RuntimeConfig;
using chi::Status;
using Options = std::map<std::string, std::string>;

constexpr char kHelp[] =
    "usage: chimaera_start_runtime [option value]...\n"
    "\n"
    "Runs a Chimaera runtime until SIGTERM, SIGINT or chimaera_stop_runtime.\n"
    "\n"
    "  --runtime-dir DIR  where runtime and clients meet; by default\n"
    "                     $CHI_RUNTIME_DIR, else $XDG_RUNTIME_DIR/chimaera,\n"
    "                     else /tmp/chimaera-<uid>\n"
    "  --name NAME        to run several: a directory of that name beside it\n"
    "  --config FILE      settings (YAML); by default $CHI_SERVER_CONF\n"
    "  --set KEY=VALUE    one setting, as runtime.num_threads=3; goes before\n"
    "                     $CHIMAERA__RUNTIME__NUM_THREADS and the file; may "
    "be\n"
    "                     given several times\n"
    "  --log-file FILE    append the log there instead of to standard error\n"
    "  --ready-fd N       write one line to descriptor N when it runs\n"
    "\n"
    "exit codes: 0 stopped in order; 1 could not start, or stopped while "
    "methods\n"
    "did not end; 2 a runtime runs there already, or a wrong command line\n";

// A stop request is noticed this soon, and so is a signal.
constexpr chi::u64 kLookNs = 20'000'000;

void TellStarter(const Options& options, const std::string& line) {
  const auto found = options.find("ready-fd");
  if (found == options.end()) return;
  const int fd = std::atoi(found->second.c_str());
  // A starter that has gone does not matter to the runtime.
  const ssize_t written = write(fd, line.data(), line.size());
  static_cast<void>(written);
  close(fd);
}

// "KEY=VALUE", one in each line.
Status AddSettings(const std::string& lines, chi::ConfigSources* sources) {
  std::istringstream text(lines);
  for (std::string line; std::getline(text, line);) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos) {
      return Status::BadRequest(
          chi::Format("--set {}: write SECTION.KEY=VALUE", line));
    }
    sources->arguments.emplace_back(line.substr(0, equals),
                                    line.substr(equals + 1));
  }
  return Status();
}

Result<RuntimeConfig> ReadConfig(const Options& options) {
  const auto value_of = [&options](const char* name) {
    const auto found = options.find(name);
    return found == options.end() ? std::string() : found->second;
  };
  CHI_ASSIGN_OR_RETURN(chi::ConfigSources sources,
                       chi::ConfigSources::Of(value_of("config")));
  if (options.count("name") != 0) {
    sources.arguments.emplace_back("runtime.name", value_of("name"));
  }
  if (options.count("log-file") != 0) {
    const std::string log = std::filesystem::absolute(value_of("log-file"));
    sources.arguments.emplace_back("logging.file", log);
  }
  CHI_RETURN_IF_ERROR(AddSettings(value_of("set"), &sources));
  return RuntimeConfig::FromSources(sources);
}

Result<std::unique_ptr<Chimaera>> StartWith(const Options& options) {
  CHI_ASSIGN_OR_RETURN(const RuntimeConfig config, ReadConfig(options));
  CHI_RETURN_IF_ERROR(config.ApplyLogging());
  const auto dir = options.find("runtime-dir");
  CHI_ASSIGN_OR_RETURN(
      std::unique_ptr<Chimaera> runtime,
      Chimaera::StartServer(config, dir == options.end() ? "" : dir->second));
  CHI_RETURN_IF_ERROR(chi::InstallCrashReport(chi::LogFileDescriptor()));
  return runtime;
}

// A path without '/' would be taken for a name.
void MakeDirAPath(Options* options) {
  const auto dir = options->find("runtime-dir");
  if (dir != options->end() && dir->second.find('/') == std::string::npos) {
    dir->second.insert(0, "./");
  }
}

// What main has to return. A runtime that stays behind has methods which go on,
// and must not meet what exit takes down.
int Leave(int code) {
  if (Chimaera::Exists()) {
    CHI_LOG(kError, "stopped, and did not wait any longer");
    _exit(code);
  }
  return code;
}

int Run(Options options) {
  MakeDirAPath(&options);
  // Before any thread exists, so that all of them leave signals to this one.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, each);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  Result<std::unique_ptr<Chimaera>> started = StartWith(options);
  if (!started.ok()) {
    const Status why = started.status();
    std::fprintf(stderr, "chimaera_start_runtime: %s\n",
                 std::string(why.message()).c_str());
    TellStarter(options,
                chi::Format("failed {} {}\n", why.code_value(), why.message()));
    return Leave(why.code() == chi::StatusCode::kAlreadyExists
                     ? chi::tools::kExitUsage
                     : chi::tools::kExitFailed);
  }
  Chimaera& runtime = **started;
  TellStarter(options, chi::Format("ready {}\n", runtime.runtime_dir()));
  const timespec at_once = {0, 0};
  for (int signal = -1; signal < 0 && !runtime.WaitForStop(kLookNs);) {
    signal = sigtimedwait(&signals, nullptr, &at_once);
    if (signal > 0) CHI_LOG(kInfo, "stopping on signal {}", signal);
  }
  started->reset();
  if (Chimaera::Exists()) return Leave(chi::tools::kExitFailed);
  CHI_LOG(kInfo, "stopped");
  return chi::tools::kExitOk;
}

}  // namespace

int main(int argc, char** argv) {
  const Result<Options> options = chi::tools::ParseOptions(
      argc, argv, {"runtime-dir", "name", "config", "log-file", "ready-fd"},
      {"set"});
  if (!options.ok()) {
    std::fprintf(stderr, "chimaera_start_runtime: %s\n\n%s",
                 std::string(options.status().message()).c_str(), kHelp);
    return chi::tools::kExitUsage;
  }
  if (options->count("help") != 0) {
    std::fputs(kHelp, stdout);
    return chi::tools::kExitOk;
  }
  return Run(*options);
}
