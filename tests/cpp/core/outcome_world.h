// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a random program of tasks consists of, and what is written down of it;
// outcome_programs_test.cc runs it.

#ifndef CHIMAERA_TESTS_CORE_OUTCOME_WORLD_H_
#define CHIMAERA_TESTS_CORE_OUTCOME_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/random.h"
#include "chimaera/sched/comutex.h"
#include "chimaera/sched/worker.h"
#include "core/probe.h"

namespace chi::test {

inline constexpr u32 kNumLocks = 2;

enum class Op : u32 {
  kNothing,
  kYield,
  kSleep,
  kLock,       // and sleeps with it
  kSpawn,      // and waits for it
  kSpawnAway,  // and drops it
  kCancelOne,  // spawns, cancels and waits
  kForget,     // fire and forget
  kPeriodic,   // spawns, and cancels or drops it after a while
  kSwallow,    // sleeps, and minds nothing
  kFail,
  kThrow,
  kCount,
};

struct World;

// What one task does, and what came of it.
struct Node {
  World* world = nullptr;
  const Node* maker = nullptr;  // null for a client's task
  u32 depth = 0;
  bool cancelled = false;  // by whoever has it
  bool periodic = false;
  std::vector<Op> ops;
  u32 runs = 0;
  bool finished = false;  // came to its end by itself
  bool fails = false;
  bool throws = false;
};

struct Root {
  Node* node = nullptr;
  CallTask* task = nullptr;
  bool settled = false;
  u64 deadline_ns = kNoDeadlineNs;
};

// How often each thing happened, so that the programs cannot become harmless.
struct Tally {
  u64 results = 0;
  u64 errors = 0;
  u64 exceptions = 0;
  u64 cancelled = 0;
  u64 expired = 0;
  u64 deaths = 0;
  u64 subtasks = 0;
  u64 swallowed = 0;
  u64 lock_waits = 0;
  u64 repeated = 0;
  u64 forgotten = 0;
};

struct World {
  World(u64 seed_value, Worker& on, ManualClock& time, Tally& all)
      : seed(seed_value),
        random(seed_value),
        worker(on),
        clock(time),
        tally(all) {}
  void Expect(bool holds, const char* claim) {
    if (!holds && broken.empty()) {
      broken = "seed " + std::to_string(seed) + ": " + claim;
    }
  }

  const u64 seed;
  SeededRandom random;
  Worker& worker;
  ManualClock& clock;
  Tally& tally;
  CoMutex locks[kNumLocks];
  u32 holders[kNumLocks] = {};
  std::vector<std::unique_ptr<Node>> nodes;
  bool died = false;
  std::string broken;
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_CORE_OUTCOME_WORLD_H_
