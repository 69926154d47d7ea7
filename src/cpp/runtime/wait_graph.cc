// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Depth-first search with the path kept: a wait for a group that is on the
// path closes a ring. Not recursive: chains may be as long as there are tasks.

#include "runtime/wait_graph.h"

#include <algorithm>
#include <unordered_set>

#include "chimaera/base/format.h"

namespace chi {
namespace {

std::string Name(LockGroup group) {
  if (group.client == kThreadClient) return "a thread of the runtime";
  return Format("client {} task {}", group.client, group.major);
}

}  // namespace

void WaitGraph::Add(const LiveTask& task, LockGroup holder) {
  if (holder == task.group) return;
  std::vector<Wait>& waits = waits_[task.group];
  const bool known =
      std::any_of(waits.begin(), waits.end(),
                  [holder](const Wait& w) { return w.holder == holder; });
  if (known) return;
  char object[19];
  std::snprintf(object, sizeof(object), "0x%llx",
                static_cast<unsigned long long>(task.object));
  waits.push_back({holder, Format("{} ({} of pool {}) waits for {} {} of",
                                  Name(task.group), task.method, task.pool,
                                  WaitKindName(task.kind), object)});
}

std::vector<std::string> WaitGraph::Cycles() const {
  struct Step {
    LockGroup group;
    size_t next = 0;  // wait to look at
  };
  std::vector<std::string> cycles;
  std::unordered_set<LockGroup> done;
  std::unordered_set<LockGroup> on_path;
  for (const auto& entry : waits_) {
    std::vector<Step> path;
    const auto enter = [&](LockGroup group) {
      path.push_back({group});
      on_path.insert(group);
    };
    if (done.count(entry.first) == 0) enter(entry.first);
    while (!path.empty()) {
      Step& step = path.back();
      const auto found = waits_.find(step.group);
      if (found == waits_.end() || step.next == found->second.size()) {
        on_path.erase(step.group);
        done.insert(step.group);
        path.pop_back();
        continue;
      }
      const LockGroup holder = found->second[step.next++].holder;
      if (on_path.count(holder) == 0) {
        if (done.count(holder) == 0) enter(holder);
        continue;
      }
      std::string ring;
      const auto first =
          std::find_if(path.begin(), path.end(),
                       [holder](const Step& s) { return s.group == holder; });
      for (auto it = first; it != path.end(); ++it) {
        ring += waits_.at(it->group)[it->next - 1].why + " ";
      }
      cycles.push_back(ring + Name(holder));
    }
  }
  return cycles;
}

}  // namespace chi
