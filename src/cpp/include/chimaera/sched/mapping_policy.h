// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which worker polls a new ring. One small class per policy; the configuration
// names one of them (scheduling.policy).

#ifndef CHIMAERA_SCHED_MAPPING_POLICY_H_
#define CHIMAERA_SCHED_MAPPING_POLICY_H_

#include <memory>
#include <string_view>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"

namespace chi {

/// The ring of a client thread that wants a worker.
struct NewRing {
  u64 session_id = 0;  ///< The process; never used again for another one.
  u32 pid = 0;
  u32 tid = 0;
};

/// A worker that could take it.
struct Candidate {
  u32 worker = 0;
  u64 rings = 0;          ///< That it has or is about to have.
  u32 load_permille = 0;  ///< Of its time, lately, in clients' tasks.
};

/// Owned by the orchestrator, called by one thread at a time.
class MappingPolicy {
 public:
  virtual ~MappingPolicy() = default;

  /// The worker for `ring`. REQUIRES: there are candidates.
  virtual u32 Choose(const NewRing& ring,
                     const std::vector<Candidate>& candidates) = 0;
};

inline constexpr char kDefaultMappingPolicy[] = "map_by_pid_tid";

/// The names that MakeMappingPolicy knows.
const std::vector<std::string_view>& MappingPolicyNames();

/// kBadRequest, with the nearest name, if there is no such policy.
Result<std::unique_ptr<MappingPolicy>> MakeMappingPolicy(std::string_view name);

}  // namespace chi

#endif  // CHIMAERA_SCHED_MAPPING_POLICY_H_
