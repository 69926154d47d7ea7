// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the fault tools share: a daemon in a process of its own, forked clients,
// memory that all of them see, seeded numbers and the line that each tool
// ends with.
//
// The process that controls a tool has one thread and never attaches, so that
// what it forks starts like a fresh program, without paying for exec.

#ifndef CHIMAERA_TESTS_STRESS_HARNESS_H_
#define CHIMAERA_TESTS_STRESS_HARNESS_H_

#include <sys/mman.h>
#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/base/check.h"
#include "chimaera/base/clock.h"
#include "chimaera/base/random.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/runtime/runtime.h"
#include "support/wait_until.h"

namespace chi::stress {

using test::WaitUntil;

inline constexpr PoolId kEchoPool{9000, 0};
inline constexpr PoolId kBdevPool{200, 0};

/// --name value pairs; every name must have a default.
class Args {
 public:
  Args(int argc, char** argv, std::map<std::string, std::string> defaults);
  [[nodiscard]] u64 Number(const std::string& name) const;
  [[nodiscard]] const std::string& Text(const std::string& name) const {
    return values_.at(name);
  }

 private:
  std::map<std::string, std::string> values_;
};

/// The last line of a tool: key=value pairs in this order.
struct Summary {
  std::string name;
  u64 seed = 0;
  u64 asked = 0;
  u64 done = 0;
  u64 begin_ns = SystemClock::Get().NowNs();
  u64 end_ns = 0;  ///< Of what is counted; 0: now.
  i64 leaked_bytes = 0;
  i64 leaked_fds = 0;
  u64 hung = 0;
  /// Faults that were not survived; what each of them was is on stderr.
  u64 failures = 0;
  std::vector<std::pair<std::string, std::string>> more;

  void Add(const std::string& key, u64 value) {
    more.emplace_back(key, std::to_string(value));
  }
  /// Counts a failure and says it on stderr unless there were many.
  void Fail(const std::string& what);
  void Expect(bool condition, const std::string& what) {
    if (!condition) Fail(what);
  }
  /// Prints the line; 0 if it did what was asked, which was something, and
  /// nothing leaked, hung or failed, else 1.
  [[nodiscard]] int Finish() const;
  /// Prints the line of a tool that can do nothing here: `why`, in one word,
  /// and no figures. What ctest and run.py take for skipped, never for passed.
  [[nodiscard]] int Skip(const std::string& why) const;
};

struct DaemonOptions {
  u64 ram_bytes = 64 * kMiB;
  u32 num_threads = 1;
  bool allow_crash = false;
  bool add_pools = true;  ///< Echo at kEchoPool, a RAM device at kBdevPool.
  u32 tasks_in_flight = 65536;
  u32 queue_depth = 1024;
  u64 max_client_bytes = 16 * kGiB;
  u64 max_result_bytes = 64 * kMiB;
  u64 max_fds = 0;  ///< RLIMIT_NOFILE; 0: as the tool's own.
  std::string log_level = "fatal";
  std::string module_dir = CHI_TEST_LIBRARY_DIR;
};

/// chimaera_start_runtime in a directory of its own, which it keeps over
/// restarts and removes at the end.
class Daemon {
 public:
  explicit Daemon(const DaemonOptions& options = DaemonOptions());
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  /// Returns when clients can attach; ends the tool if that fails.
  void Start();
  /// SIGKILL, and reaps it.
  void Kill();
  /// SIGTERM; its wait status.
  int Stop();
  /// Waits for an end that something else brings about; its wait status, or -1
  /// if it still lives after the bound against hangs.
  int AwaitEnd();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// False once it has ended, reaped or not.
  [[nodiscard]] bool IsAlive() const;
  [[nodiscard]] const std::string& dir() const { return dir_; }
  /// What it wrote to standard error since the last start.
  [[nodiscard]] std::string ErrorText() const;
  [[nodiscard]] u64 CountFds() const;
  /// Mappings of client segments, "chimaera-main-..." and "chimaera-data-...".
  [[nodiscard]] u64 CountSessionMappings() const;
  /// Bytes of all memfds that it maps, touched or not.
  [[nodiscard]] u64 SharedBytes() const;
  /// A line of /proc/PID/status in bytes, as RssAnon.
  [[nodiscard]] u64 StatusBytes(const std::string& key) const;

 private:
  void WriteConfig() const;

  const DaemonOptions options_;
  std::string base_;  // holds the configuration, standard error and dir_
  std::string dir_;
  pid_t pid_ = -1;
};

/// Path of the daemon's program.
std::string DaemonProgram();
/// How many entries a folder has.
u64 CountEntries(const std::string& folder);
std::string ReadFile(const std::string& path);

/// Attaches this process to the daemon; ends it with an error if that fails.
std::unique_ptr<Chimaera> AttachTo(const std::string& dir);

/// Forks; the child runs `body`, exits with what it returns, and dies with its
/// parent.
pid_t Spawn(const std::function<int()>& body);
/// The exit code, or 256 + the signal.
int Reap(pid_t pid);
void KillAndReap(pid_t pid);

/// What a daemon holds for clients, as a client sees it that attaches for this.
struct Inventory {
  u64 sessions = 0;
  u64 parked = 0;
  u64 rings = 0;
  u64 result_bytes = 0;
  u64 cut_off = 0;
  u64 free_bytes = 0;  ///< Of the RAM device.
  u64 num_blocks = 0;
  u64 num_pins = 0;
  u64 fds = 0;  ///< The asking session's as well, the workers' not.
  u64 mappings = 0;
  u64 shared_bytes = 0;  ///< Of all memfds that it maps.
  u64 anon_bytes = 0;    ///< Private memory; may vary.
  bool ok = false;
};
Inventory TakeInventory(const Daemon& daemon);
/// The same when nothing changes any more: before any fault.
Inventory QuietInventory(const Daemon& daemon);

/// Compares by what must be equal to the byte; enters differences as leaks.
/// Waits for a moment in which everything is equal, within the bound.
void ExpectSameInventory(const Daemon& daemon, const Inventory& before,
                         Summary* summary);

/// An object that this process and those that it forks share.
template <class T>
class Shared {
 public:
  Shared() {
    void* memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHI_CHECK(memory != MAP_FAILED);
    value_ = new (memory) T();
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { munmap(value_, sizeof(T)); }
  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  T* value_;
};

inline u64 NowNs() { return SystemClock::Get().NowNs(); }
/// Paces a tool that injects faults at chosen moments.
void PauseFor(u64 ns);
/// `q` in [0, 1]; 0 for no samples.
u64 Quantile(std::vector<u64> samples, f64 q);

}  // namespace chi::stress

#endif  // CHIMAERA_TESTS_STRESS_HARNESS_H_
