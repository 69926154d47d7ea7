// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What is full, and empty again:
//
//   --part memory       a client takes buffers until there are none, writes to
//                       every page, gives them back and takes them again;
//                       another one does so with results.
//   --part descriptors  clients attach until the daemon has no descriptors
//                       left. Those too many are told so, the others work, and
//                       when they have left there is room again.

#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/echo/echo_client.h"
#include "harness.h"
#include "witness.h"

namespace chi::stress {
namespace {

namespace echo = ::chimaera::echo;

// ---- memory ----

constexpr u64 kClientBytes = 16 * kMiB;
constexpr u64 kResultBytes = 4 * kMiB;
constexpr u64 kRoundsPerClient = 50;

struct Board {
  std::atomic<u64> done{0};
  std::atomic<u64> taken{0};  // bytes, of all rounds
};

// How many bytes it got before there was no more.
u64 TakeAll(u64 size, std::vector<hipc::FullPtr<char>>* buffers) {
  u64 taken = 0;
  for (;;) {
    const auto buffer = CHI_IPC->AllocateBuffer(size);
    if (buffer.ptr_ == nullptr) return taken;
    for (u64 at = 0; at < size; at += 4096) buffer.ptr_[at] = 1;
    taken += size;
    buffers->push_back(buffer);
  }
}

int FillBuffers(const std::string& dir, Board* board, u64 rounds, u64 seed) {
  const auto client = AttachTo(dir);
  SeededRandom random(seed);
  echo::Client pool(kEchoPool);
  for (u64 i = 0; i < rounds; ++i) {
    std::vector<hipc::FullPtr<char>> buffers;
    const u64 size = (random.Below(16) + 1) * 64 * kKiB;
    const u64 taken = TakeAll(size, &buffers);
    // All but what tasks, rings and the rest of a segment need.
    if (taken < kClientBytes / 2) return 1;
    // Full as it is, a task that needs nothing of it is served.
    if (!pool.Null(HSHM_MCTX, PoolQuery::Local()).ok()) return 2;
    for (const auto& buffer : buffers) CHI_IPC->FreeBuffer(buffer);
    board->taken.fetch_add(taken);
    board->done.fetch_add(1);
  }
  return 0;
}

int FillResults(const std::string& dir, Board* board, u64 rounds) {
  const auto client = AttachTo(dir);
  echo::Client pool(kEchoPool);
  constexpr u64 kSize = 256 * kKiB;
  for (u64 i = 0; i < rounds; ++i) {
    std::vector<Future<echo::GrowTask>> results;
    u64 taken = 0;
    for (;;) {
      results.push_back(pool.AsyncGrow(HSHM_MCTX, PoolQuery::Local(), kSize));
      const Status status = results.back().Get(60 * kNsPerSec);
      if (status.code() == StatusCode::kOverloaded) break;
      if (!status.ok()) return 3;
      taken += kSize;
      if (taken > kResultBytes) return 4;
    }
    if (taken < kResultBytes / 2) return 5;
    board->taken.fetch_add(taken);
    board->done.fetch_add(1);
  }
  return 0;
}

int RunMemory(const Args& args) {
  Summary summary;
  summary.name = "memory_full";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  DaemonOptions options;
  options.max_client_bytes = kClientBytes;
  options.max_result_bytes = kResultBytes;
  Daemon daemon(options);
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  Witnesses witness(daemon.dir(), 1);
  const Shared<Board> board;
  SeededRandom random(summary.seed);
  while (board->done < summary.asked && summary.failures == 0) {
    const u64 rounds =
        std::min(kRoundsPerClient, (summary.asked - board->done + 1) / 2);
    const u64 seed = random.Next();
    const int buffers = Reap(Spawn(
        [&] { return FillBuffers(daemon.dir(), &*board, rounds, seed); }));
    const int results =
        Reap(Spawn([&] { return FillResults(daemon.dir(), &*board, rounds); }));
    summary.Expect(buffers == 0 && results == 0,
                   Format("filled buffers: {}, results: {}", buffers, results));
  }
  summary.end_ns = NowNs();
  summary.done = board->done;
  summary.Add("filled_mib", board->taken / kMiB);
  witness.Stop(&summary);
  ExpectSameInventory(daemon, before, &summary);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

// ---- descriptors ----

// What the daemon may have; a session takes a few of them.
constexpr u64 kMaxFds = 64;
constexpr u32 kMaxClients = 32;

struct Crowd {
  std::atomic<u64> in{0};
  std::atomic<u64> told{0};
  std::atomic<u64> other{0};
  std::atomic<bool> leave{false};
};

// Exits 0 if it was let in and served, or told why not.
int TryToAttach(const std::string& dir, Crowd* crowd) {
  ClientConfig config;
  config.runtime_dir = dir;
  auto attached = Chimaera::Attach(config);
  if (!attached.ok()) {
    const StatusCode code = attached.status().code();
    if (code == StatusCode::kOverloaded || code == StatusCode::kNoMemory) {
      crowd->told.fetch_add(1);
    } else {
      crowd->other.fetch_add(1);
      std::fprintf(stderr, "refused: %s\n",
                   attached.status().ToString().c_str());
    }
    return 0;
  }
  const auto client = *std::move(attached);
  echo::Client pool(kEchoPool);
  crowd->in.fetch_add(1);
  if (!WaitUntil([crowd] { return crowd->leave.load(); })) return 1;
  return pool.Null(HSHM_MCTX, PoolQuery::Local()).ok() ? 0 : 2;
}

int RunDescriptors(const Args& args) {
  Summary summary;
  summary.name = "descriptors_used_up";
  summary.asked = args.Number("count");
  DaemonOptions options;
  options.max_fds = kMaxFds;
  Daemon daemon(options);
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  u64 told = 0;
  while (summary.done < summary.asked && summary.failures == 0) {
    const Shared<Crowd> crowd;
    std::vector<pid_t> clients;
    // One after the other: all at once they may leave none for each other.
    bool all = true;
    for (u32 i = 0; i < kMaxClients && all; ++i) {
      clients.push_back(
          Spawn([&] { return TryToAttach(daemon.dir(), &*crowd); }));
      all = WaitUntil(
          [&] { return crowd->in + crowd->told + crowd->other == i + 1; });
    }
    summary.Expect(
        all && crowd->told > 0 && crowd->in > 0 && crowd->other == 0,
        Format("{} clients got in, {} were told, {} otherwise",
               crowd->in.load(), crowd->told.load(), crowd->other.load()));
    if (!all) ++summary.hung;
    crowd->leave = true;
    for (const pid_t client : clients) {
      const int how = Reap(client);
      summary.Expect(how == 0, Format("a client ended with {}", how));
    }
    told += crowd->told;
    ExpectSameInventory(daemon, before, &summary);
    ++summary.done;
  }
  summary.Add("told", told);
  summary.Expect(daemon.IsAlive(), "the daemon died: " + daemon.ErrorText());
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  const chi::stress::Args args(
      argc, argv, {{"seed", "1"}, {"count", "20"}, {"part", "memory"}});
  return args.Text("part") == "memory" ? chi::stress::RunMemory(args)
                                       : chi::stress::RunDescriptors(args);
}
