// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Processes, files and the last line of a tool.

#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "chimaera/base/format.h"
#include "chimaera/base/log.h"
#include "chimaera/bdev/bdev_client.h"

namespace chi::stress {

// ---- command line and last line ----

Args::Args(int argc, char** argv, std::map<std::string, std::string> defaults)
    : values_(std::move(defaults)) {
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    const auto found = values_.find(name.size() > 2 ? name.substr(2) : "");
    if (found == values_.end() || i + 1 == argc) {
      std::fprintf(stderr, "%s: no option %s, or no value for it\n", argv[0],
                   name.c_str());
      std::exit(2);
    }
    found->second = argv[i + 1];
  }
  SetLogLevel(LogLevel::kFatal);  // clients that are refused would say so
}

u64 Args::Number(const std::string& name) const {
  return std::strtoull(values_.at(name).c_str(), nullptr, 0);
}

void Summary::Fail(const std::string& what) {
  constexpr u64 kShown = 20;
  if (failures++ < kShown) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), what.c_str());
  }
}

int Summary::Finish() const {
  const u64 until_ns = end_ns == 0 ? NowNs() : end_ns;
  const f64 minutes = static_cast<f64>(until_ns - begin_ns) / 60e9;
  const bool ok = failures == 0 && hung == 0 && leaked_bytes == 0 &&
                  leaked_fds == 0 && done >= asked && done > 0;
  std::string line = Format(
      "name={} seed={} asked={} done={} per_minute={} leaked_bytes={} "
      "leaked_fds={} hung={} failures={}",
      name, seed, asked, done,
      static_cast<u64>(static_cast<f64>(done) / minutes), leaked_bytes,
      leaked_fds, hung, failures);
  for (const auto& [key, value] : more) line += Format(" {}={}", key, value);
  std::printf("%s result=%s\n", line.c_str(), ok ? "ok" : "FAILED");
  std::fflush(stdout);
  return ok ? 0 : 1;
}

int Summary::Skip(const std::string& why) const {
  constexpr int kSkipped = 77;  // SKIP_RETURN_CODE in CMakeLists.txt
  std::printf("name=%s seed=%llu asked=%llu done=0 skipped=%s result=skipped\n",
              name.c_str(), static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(asked), why.c_str());
  return kSkipped;
}

// ---- the daemon ----

std::string DaemonProgram() { return CHI_STRESS_DAEMON; }

Daemon::Daemon(const DaemonOptions& options) : options_(options) {
  char name[] = "/tmp/chimaera-stress-XXXXXX";
  CHI_CHECK(mkdtemp(name) != nullptr);
  base_ = name;
  dir_ = base_ + "/runtime";
  CHI_CHECK(mkdir(dir_.c_str(), 0700) == 0);
  WriteConfig();
}

Daemon::~Daemon() {
  if (pid_ > 0) Kill();
  std::error_code ignored;
  std::filesystem::remove_all(base_, ignored);
}

void Daemon::WriteConfig() const {
  std::ofstream file(base_ + "/config.yaml");
  file << "runtime: {num_threads: " << options_.num_threads
       << ", pin_workers: false}\n"
       << "memory: {main_segment: 1MB, client_data_segment: 1MB, "
       << "max_client_bytes: " << options_.max_client_bytes
       << ", runtime_data_segment: 16MB, max_result_bytes: "
       << options_.max_result_bytes << "}\n"
       << "queue: {depth: " << options_.queue_depth << "}\n"
       << "limits: {tasks_in_flight: " << options_.tasks_in_flight << "}\n"
       << "logging: {level: " << options_.log_level << "}\n"
       << "modules: {paths: [" << options_.module_dir << "]}\n";
  if (!options_.add_pools) return;
  file << "compose:\n"
       << "  - {mod_name: chimaera_echo, pool_name: echo, pool_id: 9000.0, "
       << "allow_crash: " << (options_.allow_crash ? "true" : "false") << "}\n"
       << "  - {mod_name: chimaera_bdev, pool_name: 'ram://stress', pool_id: "
       << "200.0, bdev_type: ram, capacity: " << options_.ram_bytes << "}\n";
}

void Daemon::Start() {
  CHI_CHECK(pid_ <= 0);
  int ready[2];
  CHI_CHECK(pipe(ready) == 0);
  pid_ = fork();
  CHI_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (options_.max_fds > 0) {
      const rlimit limit = {options_.max_fds, options_.max_fds};
      CHI_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    }
    close(ready[0]);
    const int errors =
        open((base_ + "/stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(errors, STDERR_FILENO);
    if (errors > 2) close(errors);
    const std::string fd = std::to_string(ready[1]);
    const std::string config = base_ + "/config.yaml";
    execl(CHI_STRESS_DAEMON, CHI_STRESS_DAEMON, "--runtime-dir", dir_.c_str(),
          "--config", config.c_str(), "--ready-fd", fd.c_str(), nullptr);
    _exit(127);
  }
  close(ready[1]);
  char line[512] = {};
  const ssize_t got = read(ready[0], line, sizeof(line) - 1);
  close(ready[0]);
  CHI_CHECK(got > 0 && std::string(line).rfind("ready ", 0) == 0,
            "the daemon did not start: {}{}", line, ErrorText());
}

void Daemon::Kill() {
  KillAndReap(pid_);
  pid_ = -1;
}

int Daemon::Stop() {
  kill(pid_, SIGTERM);
  return AwaitEnd();
}

int Daemon::AwaitEnd() {
  int status = 0;
  const bool ended =
      WaitUntil([&] { return waitpid(pid_, &status, WNOHANG) == pid_; });
  if (!ended) return -1;
  pid_ = -1;
  return status;
}

bool Daemon::IsAlive() const {
  siginfo_t info = {};
  return pid_ > 0 &&
         waitid(P_PID, static_cast<id_t>(pid_), &info,
                WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

std::string Daemon::ErrorText() const { return ReadFile(base_ + "/stderr"); }

u64 Daemon::CountFds() const {
  return CountEntries(Format("/proc/{}/fd", pid_));
}

u64 Daemon::CountSessionMappings() const {
  std::istringstream maps(ReadFile(Format("/proc/{}/maps", pid_)));
  u64 count = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("chimaera-main-") != std::string::npos ||
        line.find("chimaera-data-") != std::string::npos) {
      ++count;
    }
  }
  return count;
}

u64 Daemon::SharedBytes() const {
  std::istringstream maps(ReadFile(Format("/proc/{}/maps", pid_)));
  u64 bytes = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/memfd:") == std::string::npos) continue;
    char* dash = nullptr;
    const u64 begin = std::strtoull(line.c_str(), &dash, 16);
    bytes += std::strtoull(dash + 1, nullptr, 16) - begin;
  }
  return bytes;
}

u64 Daemon::StatusBytes(const std::string& key) const {
  std::istringstream status(ReadFile(Format("/proc/{}/status", pid_)));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key + ":", 0) == 0) {
      return kKiB * std::strtoull(line.c_str() + key.size() + 1, nullptr, 10);
    }
  }
  return 0;
}

u64 CountEntries(const std::string& folder) {
  std::error_code error;
  u64 count = 0;
  for (std::filesystem::directory_iterator it(folder, error), end;
       !error && it != end; it.increment(error)) {
    ++count;
  }
  return count;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// ---- clients ----

std::unique_ptr<Chimaera> AttachTo(const std::string& dir) {
  ClientConfig config;
  config.runtime_dir = dir;
  config.connect_timeout_ns = test::kHangNs;
  std::unique_ptr<Chimaera> client;
  Status status;
  // Of a crowd that comes at once some are told to come again.
  const bool decided = WaitUntil([&] {
    auto attached = Chimaera::Attach(config);
    status = attached.status();
    if (attached.ok()) client = *std::move(attached);
    return status.code() != StatusCode::kOverloaded;
  });
  CHI_CHECK(decided && status.ok(), "cannot attach: {}", status);
  return client;
}

pid_t Spawn(const std::function<int()>& body) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  CHI_CHECK(pid >= 0);
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const int code = body();
  std::fflush(nullptr);
  _exit(code);
}

int Reap(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

void KillAndReap(pid_t pid) {
  kill(pid, SIGKILL);
  Reap(pid);
}

// ---- what the daemon holds ----

namespace {

// A stand-in may be called at any time for a worker that has lost its CPU,
// and stays.
constexpr u64 kFdsOfWorker = 2;

int Inspect(const Daemon& daemon, Inventory* out) {
  const auto client = AttachTo(daemon.dir());
  const auto stats = chimaera::admin::Client().GetStats(HSHM_MCTX);
  if (!stats.ok()) return 1;
  out->sessions = stats->sessions;
  out->result_bytes = stats->result_bytes;
  out->cut_off = stats->cut_off;
  out->parked = out->rings = 0;
  for (const auto& worker : stats->workers) {
    out->parked += worker.parked_;
    out->rings += worker.rings_;
  }
  auto device = chimaera::bdev::Client(kBdevPool).AsyncGetStats(HSHM_MCTX);
  if (!device.Get().ok()) return 1;
  out->free_bytes = device->remaining_size_;
  out->num_blocks = device->num_blocks_;
  out->num_pins = device->num_pins_;
  out->fds = daemon.CountFds() - kFdsOfWorker * stats->workers.size();
  out->mappings = daemon.CountSessionMappings();
  out->shared_bytes = daemon.SharedBytes();
  out->anon_bytes = daemon.StatusBytes("RssAnon");
  out->ok = true;
  return 0;
}

// Fewer descriptors are no leak: the first count may have found one closing.
bool IsSame(const Inventory& a, const Inventory& b) {
  return b.ok && a.sessions == b.sessions && a.parked == b.parked &&
         a.rings == b.rings && a.result_bytes == b.result_bytes &&
         a.free_bytes == b.free_bytes && a.num_blocks == b.num_blocks &&
         a.num_pins == b.num_pins && b.fds <= a.fds &&
         a.mappings == b.mappings && a.shared_bytes == b.shared_bytes;
}

}  // namespace

Inventory TakeInventory(const Daemon& daemon) {
  PauseFor(5 * kNsPerMs);  // whoever looked last is being reclaimed
  const Shared<Inventory> shared;
  const int code = Reap(Spawn([&] { return Inspect(daemon, &*shared); }));
  if (code != 0) shared->ok = false;
  return *shared;
}

Inventory QuietInventory(const Daemon& daemon) {
  Inventory quiet;
  const bool settled = WaitUntil([&] {
    const Inventory first = TakeInventory(daemon);
    quiet = TakeInventory(daemon);
    return IsSame(first, quiet) && quiet.sessions == 1 &&
           quiet.result_bytes == 0;
  });
  CHI_CHECK(settled, "the daemon does not come to rest");
  return quiet;
}

void ExpectSameInventory(const Daemon& daemon, const Inventory& before,
                         Summary* summary) {
  Inventory after;
  const bool same = WaitUntil(
      [&] {
        after = TakeInventory(daemon);
        return IsSame(before, after);
      },
      60 * kNsPerSec);
  if (!same) {
    summary->Fail(Format(
        "left behind (before/after): sessions {}/{}, parked {}/{}, rings "
        "{}/{}, result bytes {}/{}, free bytes {}/{}, blocks {}/{}, pins "
        "{}/{}, descriptors {}/{}, mappings {}/{}, shared bytes {}/{}, "
        "answered {}",
        before.sessions, after.sessions, before.parked, after.parked,
        before.rings, after.rings, before.result_bytes, after.result_bytes,
        before.free_bytes, after.free_bytes, before.num_blocks,
        after.num_blocks, before.num_pins, after.num_pins, before.fds,
        after.fds, before.mappings, after.mappings, before.shared_bytes,
        after.shared_bytes, after.ok));
  }
  const auto minus = [](u64 a, u64 b) {
    return static_cast<i64>(a) - static_cast<i64>(b);
  };
  summary->leaked_fds += std::max<i64>(0, minus(after.fds, before.fds));
  summary->leaked_bytes += minus(after.result_bytes, before.result_bytes) +
                           minus(before.free_bytes, after.free_bytes) +
                           minus(after.shared_bytes, before.shared_bytes);
}

void PauseFor(u64 ns) {
  const timespec pause = {static_cast<time_t>(ns / kNsPerSec),
                          static_cast<long>(ns % kNsPerSec)};
  ppoll(nullptr, 0, &pause, nullptr);
}

u64 Quantile(std::vector<u64> samples, f64 q) {
  if (samples.empty()) return 0;
  const size_t at =
      std::min(samples.size() - 1,
               static_cast<size_t>(q * static_cast<f64>(samples.size())));
  std::nth_element(samples.begin(),
                   samples.begin() + static_cast<std::ptrdiff_t>(at),
                   samples.end());
  return samples[at];
}

}  // namespace chi::stress
