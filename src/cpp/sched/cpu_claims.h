// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which CPUs this runtime may bind workers to. Two runtimes that spin on one
// CPU would each wait for the other's time slice, so a CPU is claimed first: by
// a Unix socket with an abstract name, which the kernel frees with the
// process, however it ends.

#ifndef CHIMAERA_SCHED_CPU_CLAIMS_H_
#define CHIMAERA_SCHED_CPU_CLAIMS_H_

#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"

namespace chi {

class CpuClaims {
 public:
  /// Claims `count` of the CPUs this process may use, the last ones first, and
  /// only if at least one more is left for clients. Returns the CPUs, fewer
  /// or none if there are not enough; they are held until destruction.
  std::vector<i32> Claim(u32 count);

 private:
  std::vector<UniqueFd> held_;
};

/// CPUs that this process may use, in ascending order; never empty.
std::vector<i32> AllowedCpus();

}  // namespace chi

#endif  // CHIMAERA_SCHED_CPU_CLAIMS_H_
