// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which group of tasks waits for which, and who waits for himself in the end.

#ifndef CHIMAERA_RUNTIME_WAIT_GRAPH_H_
#define CHIMAERA_RUNTIME_WAIT_GRAPH_H_

#include <string>
#include <unordered_map>
#include <vector>

#include "chimaera/runtime/dump.h"
#include "chimaera/sched/lock_group.h"

namespace chi {

class WaitGraph {
 public:
  /// A task of its group waits for `holder`. A group that waits for itself
  /// (for its subtask, say) adds nothing.
  void Add(const LiveTask& task, LockGroup holder);

  /// The rings, each once, in words. Time grows with the number of waits.
  std::vector<std::string> Cycles() const;

 private:
  struct Wait {
    LockGroup holder;
    std::string why;  ///< "method M of pool P waits for mutex 0x…"
  };
  std::unordered_map<LockGroup, std::vector<Wait>> waits_;
};

}  // namespace chi

#endif  // CHIMAERA_RUNTIME_WAIT_GRAPH_H_
