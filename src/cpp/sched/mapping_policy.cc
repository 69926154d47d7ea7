// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The policies, one class each, and their names.

#include "chimaera/sched/mapping_policy.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "chimaera/base/format.h"
#include "chimaera/base/nearest_name.h"

namespace chi {
namespace {

// The same thread always has the same worker, whoever came before it.
class MapByPidTid final : public MappingPolicy {
 public:
  u32 Choose(const NewRing& ring,
             const std::vector<Candidate>& candidates) override {
    const u64 hash = (u64{ring.pid} << 32 | ring.tid) * 0x9e3779b97f4a7c15;
    return candidates[(hash >> 32) % candidates.size()].worker;
  }
};

// Gives the next turn to every key it has not seen; bounded, since keys never
// come back once their process has gone.
class Turns {
 public:
  u64 TurnOf(u64 key) {
    if (known_.size() >= kMaxKnown) known_.clear();
    const auto [at, is_new] = known_.emplace(key, next_);
    if (is_new) ++next_;
    return at->second;
  }

 private:
  static constexpr size_t kMaxKnown = 65536;
  std::unordered_map<u64, u64> known_;
  u64 next_ = 0;
};

// Each new thread has the next worker, for all of its rings.
class RoundRobin final : public MappingPolicy {
 public:
  u32 Choose(const NewRing& ring,
             const std::vector<Candidate>& candidates) override {
    const u64 turn = threads_.TurnOf(ring.session_id << 32 | ring.tid);
    return candidates[turn % candidates.size()].worker;
  }

 private:
  Turns threads_;
};

// Each new process has the next worker, for all of its threads.
class ProcRoundRobin final : public MappingPolicy {
 public:
  u32 Choose(const NewRing& ring,
             const std::vector<Candidate>& candidates) override {
    const u64 turn = processes_.TurnOf(ring.session_id);
    return candidates[turn % candidates.size()].worker;
  }

 private:
  Turns processes_;
};

// Each new ring has the next worker.
class QueueRoundRobin final : public MappingPolicy {
 public:
  u32 Choose(const NewRing& /*ring*/,
             const std::vector<Candidate>& candidates) override {
    return candidates[next_++ % candidates.size()].worker;
  }

 private:
  u64 next_ = 0;
};

// The worker that has done least lately; of equal ones that with fewest rings.
class LeastLoaded final : public MappingPolicy {
 public:
  u32 Choose(const NewRing& /*ring*/,
             const std::vector<Candidate>& candidates) override {
    const auto key = [](const Candidate& c) {
      return std::make_tuple(c.load_permille / kGrainPermille, c.rings);
    };
    return std::min_element(candidates.begin(), candidates.end(),
                            [&key](const Candidate& a, const Candidate& b) {
                              return key(a) < key(b);
                            })
        ->worker;
  }

 private:
  // Loads that differ less are as good as equal.
  static constexpr u32 kGrainPermille = 100;
};

template <class Policy>
std::unique_ptr<MappingPolicy> Make() {
  return std::make_unique<Policy>();
}

struct Row {
  std::string_view name;
  std::unique_ptr<MappingPolicy> (*make)();
};
constexpr Row kPolicies[] = {{kDefaultMappingPolicy, &Make<MapByPidTid>},
                             {"round_robin", &Make<RoundRobin>},
                             {"least_loaded", &Make<LeastLoaded>},
                             {"proc_round_robin", &Make<ProcRoundRobin>},
                             {"queue_round_robin", &Make<QueueRoundRobin>}};

}  // namespace

const std::vector<std::string_view>& MappingPolicyNames() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names;
    for (const Row& row : kPolicies) names.push_back(row.name);
    return names;
  }();
  return kNames;
}

Result<std::unique_ptr<MappingPolicy>> MakeMappingPolicy(
    std::string_view name) {
  for (const Row& row : kPolicies) {
    if (row.name == name) return row.make();
  }
  return Status::BadRequest(Format("there is no policy '{}'{}", name,
                                   DidYouMean(name, MappingPolicyNames())));
}

}  // namespace chi
