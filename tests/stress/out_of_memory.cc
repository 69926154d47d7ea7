// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A daemon whose n-th allocation fails, for each n until an operation is
// through before it comes to that, for each of the operations in
// scarce_operations.h. Each time the operation ends as ever or with kNoMemory,
// the daemon lives, and the same operation works at once; in the end all is
// freed that was allocated.
//
// The daemon is a child of this program, so that who asks can arm the failure
// in memory that both see. A daemon that dies is reported and started again.

#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/log.h"
#include "chimaera/bdev/bdev_client.h"
#include "chimaera/core/config.h"
#include "harness.h"
#include "scarce_operations.h"

namespace chi::stress {
namespace {

constexpr int kDaemonDied = 3;
constexpr int kHangs = 4;
constexpr int kSweeps = 4;
// More allocations than any operation makes.
constexpr u64 kMaxN = 20'000;

struct Board {
  // The daemon's: allocations until the one that fails; 0: none will.
  std::atomic<u64> left{0};
  std::atomic<u64> fired{0};
  std::atomic<bool> ready{false};
  std::atomic<bool> stop{false};
  // The client's: where it is.
  std::atomic<u64> operation{0};
  std::atomic<u64> n{1};
  std::atomic<u64> runs{0};
  std::atomic<u64> refused{0};
  std::atomic<u64> hung{0};
  std::atomic<u64> wrong{0};
  std::atomic<u64> left_bytes{0};
  std::atomic<u64> num_operations{0};
  std::atomic<bool> over{false};
};

// ---- the daemon ----

Board* fault_board = nullptr;

bool FailsNow() {
  u64 left = fault_board->left.load(std::memory_order_relaxed);
  while (left != 0 &&
         !fault_board->left.compare_exchange_weak(left, left - 1)) {
  }
  if (left != 1) return false;
  fault_board->fired.fetch_add(1);
  return true;
}

void SayWhere() {
  void* frames[48];
  backtrace_symbols_fd(frames, backtrace(frames, 48), STDERR_FILENO);
  abort();
}

int RunDaemon(const std::string& dir, Board* board) {
  std::set_terminate(&SayWhere);
  SetLogLevel(LogLevel::kFatal);
  RuntimeConfig config = RuntimeConfig();
  config.num_threads = 2;
  config.pin_workers = false;
  config.mapping_policy = "map_by_pid_tid";  // others remember who has come
  config.module_paths = {CHI_TEST_LIBRARY_DIR, CHI_TEST_HOARDER_DIR};
  config.main_segment_bytes = kMiB;
  config.client_data_segment_bytes = kMiB;
  auto runtime = Chimaera::StartServer(config, dir);
  CHI_CHECK(runtime.ok(), "the daemon did not start: {}", runtime.status());
  fault_board = board;
  HeapAccounts::SetFault(&FailsNow);
  board->ready = true;
  while (!board->stop) PauseFor(kNsPerMs);
  HeapAccounts::SetFault(nullptr);
  runtime->reset();
  return 0;
}

// ---- the client ----

void MakePools() {
  const auto make = [](const char* module, const char* name, PoolId id,
                       const char* settings) {
    PoolConfig config;
    config.mod_name_ = module;
    config.pool_name_ = name;
    config.pool_id_ = id;
    config.config_ = settings;
    CHI_CHECK_OK(CHI_ADMIN->CreatePool(HSHM_MCTX, config).status());
  };
  make("chimaera_echo", "echo", kEchoPool, "{}");
  make("chimaera_bdev", "ram://stress", kBdevPool,
       "{bdev_type: ram, capacity: 4MB}");
}

// What each pool holds, the runtime's own as the admin pool's.
// And under numbers that no pool has, what else it could lose.
using Holdings = std::map<u64, u64>;
constexpr u64 kResultBytes = 1;
constexpr u64 kSessions = 2;
constexpr u64 kBlocks = 3;
constexpr u64 kPins = 4;

Holdings Look() {
  Holdings held;
  const auto list = CHI_ADMIN->ListPools(HSHM_MCTX);
  CHI_CHECK_OK(list.status());
  for (const PoolInfo& info : *list) {
    held[u64{info.id.major_} << 32 | info.id.minor_] = info.heap_bytes;
  }
  const auto stats = CHI_ADMIN->GetStats(HSHM_MCTX);
  CHI_CHECK_OK(stats.status());
  held[kResultBytes] = stats->result_bytes;
  held[kSessions] = stats->sessions;
  auto device = ::chimaera::bdev::Client(kBdevPool).AsyncGetStats(HSHM_MCTX);
  CHI_CHECK_OK(device.Get());
  held[kBlocks] = device->num_blocks_;
  held[kPins] = device->num_pins_;
  return held;
}

std::string Name(u64 id) {
  constexpr const char* kNames[] = {"", "result bytes", "sessions", "blocks",
                                    "pins"};
  if (id < std::size(kNames)) return kNames[id];
  return Format("bytes of pool {}", id >> 32);
}

std::string Compare(const Holdings& before, const Holdings& after) {
  std::string text;
  for (const auto& [id, bytes] : after) {
    const auto found = before.find(id);
    if (found == before.end()) {
      text += Format(" {} is new", Name(id));
    } else if (bytes > found->second) {
      text += Format(" {}: {} to {}", Name(id), found->second, bytes);
    }
  }
  return text;
}

class Sweep {
 public:
  Sweep(Board* board, const Operation& operation)
      : board_(*board), operation_(operation) {}

  void Run() {
    for (int i = 0; i < 3; ++i) Work();
    // A table that has grown for good is no leak: it does not go on growing.
    std::string grown;
    for (int i = 0; i < kSweeps; ++i) {
      const Holdings before = Look();
      SweepAll();
      if (SettlesTo(before)) return;
      grown += Compare(before, Look()) + ";";
    }
    ++board_.left_bytes;
    Report("leaves memory:" + grown);
  }

 private:
  void SweepAll() {
    for (u64 n = 1; n < kMaxN; ++n) {
      board_.n = n;
      const u64 fired = board_.fired;
      board_.left = n;
      const Status status = operation_.run();
      board_.left = 0;
      const bool reached = board_.fired != fired;
      Judge(status, reached, n);
      operation_.tidy();
      ++board_.runs;
      Work();
      if (!reached) return;
    }
    Report("has no end");
  }

  void Judge(const Status& status, bool reached, u64 n) {
    if (status.code() == operation_.outcome) return;
    if (status.code() == StatusCode::kRuntimeDied) _exit(kDaemonDied);
    if (reached && status.code() == StatusCode::kNoMemory) {
      ++board_.refused;
      return;
    }
    if (status.code() == StatusCode::kDeadlineExceeded) {
      // What hangs, hangs each time: the next operation has another daemon.
      ++board_.hung;
      Report(Format("n {}: hangs", n));
      _exit(kHangs);
    }
    Report(Format("n {}: {}", n, status));
  }

  // With nothing missing.
  void Work() {
    const Status status = operation_.run();
    operation_.tidy();
    if (status.code() == StatusCode::kRuntimeDied) _exit(kDaemonDied);
    if (status.code() != operation_.outcome) {
      if (status.code() == StatusCode::kDeadlineExceeded) {
        ++board_.hung;
        Report(Format("hangs after n {}", board_.n.load()));
        _exit(kHangs);
      }
      Report(Format("after n {} with memory: {}", board_.n.load(), status));
    }
  }

  bool SettlesTo(const Holdings& before) {
    return WaitUntil([&] { return Compare(before, Look()).empty(); },
                     2 * kNsPerSec);
  }

  void Report(const std::string& what) {
    if (board_.wrong.fetch_add(1) > 40) return;
    std::fprintf(stderr, "out_of_memory: %s: %s\n", operation_.name.c_str(),
                 what.c_str());
  }

  Board& board_;
  const Operation& operation_;
};

int RunClient(const std::string& dir, const std::string& files, Board* board,
              const std::string& only) {
  const auto client = AttachTo(dir);
  MakePools();
  const std::vector<Operation> all = MakeOperations(dir, files);
  board->num_operations = all.size();
  for (; board->operation < all.size(); ++board->operation) {
    const Operation& operation = all[board->operation];
    if (!only.empty() && operation.name != only) continue;
    Sweep(board, operation).Run();
  }
  board->over = true;
  return 0;
}

// ---- the tool ----

class TempFolder {
 public:
  TempFolder() {
    char name[] = "/tmp/chimaera-memory-XXXXXX";
    CHI_CHECK(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Until all operations are through, or the daemon has died.
void RunOnce(Board* board, const Args& args, Summary* summary) {
  const TempFolder folder;
  const std::string dir = folder.path() + "/runtime";
  CHI_CHECK(mkdir(dir.c_str(), 0700) == 0);
  board->ready = board->stop = false;
  board->left = 0;
  const pid_t daemon = Spawn([&] { return RunDaemon(dir, board); });
  CHI_CHECK(WaitUntil([&] { return board->ready.load(); }));
  const pid_t client = Spawn(
      [&] { return RunClient(dir, folder.path(), board, args.Text("only")); });
  const int how = Reap(client);
  board->stop = true;
  board->left = 0;
  if (how == kHangs) kill(daemon, SIGKILL);
  const int end = Reap(daemon);
  if (how == 0 && end == 0) return;
  summary->Fail(
      Format("operation {}, n {}: the client ended with {}, the "
             "daemon with {}",
             board->operation.load(), board->n.load(), how, end));
  ++board->operation;  // one death of each is enough
}

int Run(const Args& args) {
  Summary summary;
  summary.name = "out_of_memory";
  const Shared<Board> board;
  while (!board->over && summary.failures < args.Number("max-failures")) {
    RunOnce(&*board, args, &summary);
  }
  summary.end_ns = NowNs();
  summary.asked = args.Number("count");
  summary.done = board->runs;
  summary.hung = board->hung;
  summary.failures += board->wrong;
  summary.leaked_bytes = static_cast<i64>(board->left_bytes.load());
  summary.Add("operations", board->num_operations);
  summary.Add("failed_allocations", board->fired);
  summary.Add("refused", board->refused);
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run(
      {argc,
       argv,
       {{"seed", "1"}, {"count", "1"}, {"only", ""}, {"max-failures", "20"}}});
}
