// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A method that loses 1 KiB with each task, beside a pool of the same module
// that loses nothing but uses as much, and one whose blocks are freed by
// somebody else. The daemon says who holds how much, and, when a pool goes,
// what it leaves.

#include <algorithm>
#include <vector>

#include "chimaera/base/format.h"
#include "harness.h"
#include "heap/hoarder_tasks.h"

namespace chi::stress {
namespace {

using test::hoarder::Act;
using test::hoarder::DoTask;
using test::hoarder::Pool;

constexpr u64 kLost = 1024;
constexpr u64 kBatch = 256;
constexpr Pool kLeaking{{9201, 0}};
constexpr Pool kTidy{{9202, 0}};
constexpr Pool kGiving{{9203, 0}};
constexpr PoolId kAll[] = {kLeaking.id, kTidy.id, kGiving.id};

struct Board {
  u64 done = 0;
  u64 failed = 0;
  u64 grown[3] = {};  // as kAll
  u64 left[3] = {};
};

// One task for each of the pools, `count` times.
void RunTasks(u64 count, Board* board) {
  while (count > 0) {
    const u64 batch = std::min(count, kBatch);
    std::vector<Future<DoTask>> futures;
    for (u64 i = 0; i < batch; ++i) {
      futures.push_back(kLeaking.AsyncDo(Act::kLeak, kLost));
      futures.push_back(kTidy.AsyncDo(Act::kUseAll));
      futures.push_back(kGiving.AsyncDo(Act::kGive, kLost));
    }
    for (auto& future : futures) {
      if (!future.Get(60 * kNsPerSec).ok()) ++board->failed;
    }
    board->done += batch;
    count -= batch;
  }
}

int Leak(const std::string& dir, u64 count, Board* board) {
  const auto client = AttachTo(dir);
  u64 before[3];
  for (int i = 0; i < 3; ++i) {
    const Pool pool{kAll[i]};
    if (!pool.Create(Format("hoarder {}", i)).ok()) return 1;
    before[i] = pool.HeapBytes();
    if (before[i] == HeapAccounts::kNotCounted) return 2;
  }
  RunTasks(count, board);
  // What was given away is freed after the answer.
  const bool freed =
      WaitUntil([&] { return kGiving.HeapBytes() == before[2]; });
  for (int i = 0; i < 3; ++i) {
    const Pool pool{kAll[i]};
    board->grown[i] = pool.HeapBytes() - before[i];
    board->left[i] = pool.Destroy();
  }
  return freed ? 0 : 3;
}

int Run(const Args& args) {
  Summary summary;
  summary.name = "module_leaks";
  summary.asked = args.Number("count");
  DaemonOptions options;
  options.module_dir =
      Format("{}, {}", CHI_TEST_HOARDER_DIR, CHI_TEST_LIBRARY_DIR);
  options.log_level = "warning";
  Daemon daemon(options);
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  const Shared<Board> board;
  const int how =
      Reap(Spawn([&] { return Leak(daemon.dir(), summary.asked, &*board); }));
  summary.end_ns = NowNs();
  summary.done = board->done;
  summary.Expect(how == 0, Format("the client ended with {}", how));
  summary.Expect(board->failed == 0, Format("{} tasks failed", board->failed));
  const u64 lost = summary.asked * kLost;
  const auto is_near = [lost](u64 said) {
    return said >= lost - lost / 100 && said <= lost + lost / 100;
  };
  summary.Expect(is_near(board->grown[0]) && is_near(board->left[0]),
                 Format("of {} bytes lost it says {}, and {} at the end", lost,
                        board->grown[0], board->left[0]));
  for (const int i : {1, 2}) {
    summary.Expect(board->grown[i] == 0 && board->left[i] == 0,
                   Format("pool {} lost nothing; it says {}, and {} at the end",
                          kAll[i], board->grown[i], board->left[i]));
  }
  const std::string line =
      Format("pool {} 'hoarder 0' of hoarder destroyed; {} bytes that it",
             kLeaking.id, board->left[0]);
  const std::string log = daemon.ErrorText();
  summary.Expect(log.find(line) != log.npos, "the log does not say it: " + log);
  summary.Expect(
      log.find("hoarder 1") == log.npos && log.find("hoarder 2") == log.npos,
      "the log blames others: " + log);
  summary.Add("said_bytes", board->left[0]);
  ExpectSameInventory(daemon, before, &summary);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run({argc, argv, {{"seed", "1"}, {"count", "1000"}}});
}
