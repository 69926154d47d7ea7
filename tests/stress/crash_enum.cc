// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Block files after power cuts and kills (part crashes; the method stands in
// chimods/crash_images.h), and with every single bit of their metadata flipped
// (part flips). In process; no daemon.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/base/format.h"
#include "chimods/bit_flips.h"
#include "chimods/crash_images.h"
#include "harness.h"

namespace chi::stress {
namespace {

// `count` images by each thread's share, each with a seed of its own.
void EnumerateCrashes(const Args& args, Summary* summary) {
  const u64 num_threads = args.Number("threads");
  std::vector<std::unique_ptr<test::CrashImages>> shares;
  std::vector<std::thread> threads;
  for (u64 i = 0; i < num_threads; ++i) {
    shares.push_back(std::make_unique<test::CrashImages>(summary->seed + i));
    threads.emplace_back([&share = *shares.back(), &summary, num_threads] {
      share.Run((summary->asked + num_threads - 1) / num_threads);
    });
  }
  for (std::thread& thread : threads) thread.join();
  u64 transactions = 0;
  u64 runs = 0;
  for (u64 i = 0; i < num_threads; ++i) {
    summary->done += shares[i]->num_images();
    transactions += shares[i]->num_transactions();
    runs += shares[i]->num_runs();
    if (!shares[i]->violation().empty()) {
      summary->Fail(Format("seed {}, image {}: {}", summary->seed + i,
                           shares[i]->num_images(), shares[i]->violation()));
    }
  }
  summary->Add("transactions", transactions);
  summary->Add("openings", runs);
}

// Every bit of a metadata area of `count` KiB.
void FlipBits(const Args& args, Summary* summary) {
  const test::BitFlips flips(summary->asked * kKiB, summary->seed);
  const u64 num_threads = args.Number("threads");
  std::vector<test::BitFlips::Outcome> outcomes(num_threads);
  std::vector<std::thread> threads;
  for (u64 i = 0; i < num_threads; ++i) {
    threads.emplace_back([&flips, &outcomes, i, num_threads] {
      outcomes[i] = flips.FlipEvery(num_threads, i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  u64 live = 0;
  u64 refused = 0;
  for (const test::BitFlips::Outcome& outcome : outcomes) {
    summary->done += outcome.num_flips;
    live += outcome.num_live;
    refused += outcome.num_refused;
    if (outcome.num_silent > 0) summary->Fail(outcome.first_silent);
  }
  summary->done /= 8 * kKiB;
  summary->Add("flips", summary->asked * kKiB * 8);
  summary->Add("live_bits", live);
  summary->Add("refused", refused);
}

int Main(int argc, char** argv) {
  const Args args(argc, argv,
                  {{"count", "1000000"},
                   {"part", "crashes"},
                   {"seed", "1"},
                   {"threads", "1"}});
  Summary summary;
  summary.name = "crash_" + args.Text("part");
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  if (args.Text("part") == "flips") {
    FlipBits(args, &summary);
  } else {
    EnumerateCrashes(args, &summary);
  }
  summary.Expect(summary.done >= summary.asked, "not all were done");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) { return chi::stress::Main(argc, argv); }
