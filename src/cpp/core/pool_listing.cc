// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What is asked of the pools that is neither a task's nor about their life.

#include <string_view>
#include <utility>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/base/mutex.h"
#include "chimaera/core/pool_manager.h"

namespace chi {

PoolId PoolManager::FindPoolByName(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto found = ids_.find(name);
  if (found == ids_.end()) return PoolId();
  const bool live = entries_.at(found->second).state == PoolState::kLive;
  return live ? found->second : PoolId();
}

PoolInfo PoolManager::InfoOf(PoolId id, const Entry& entry) {
  const Pool* const pool = entry.pool.get();
  const u64 heap_bytes = id == kAdminPoolId ? HeapAccounts::Bytes(kRuntimeHeap)
                                            : entry.heap.bytes();
  return {id,
          entry.name,
          entry.module,
          entry.num_containers,
          entry.state,
          pool != nullptr ? pool->held_runs() : 0,
          heap_bytes,
          pool != nullptr ? pool->run_ends().cancelled.load() : 0,
          pool != nullptr ? pool->run_ends().expired.load() : 0};
}

std::vector<PoolInfo> PoolManager::List() const {
  const MutexLock lock(mutex_);
  std::vector<PoolInfo> list;
  list.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) list.push_back(InfoOf(id, entry));
  return list;
}

std::vector<PoolMetrics> PoolManager::ListMetrics() const {
  const MutexLock lock(mutex_);
  std::vector<PoolMetrics> list;
  list.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) {
    PoolMetrics metrics{InfoOf(id, entry), {}, {}};
    if (entry.pool != nullptr) {
      metrics.methods = entry.pool->metrics().List();
      metrics.costs = entry.pool->costs().List();
    }
    list.push_back(std::move(metrics));
  }
  return list;
}

std::vector<PoolCosts> PoolManager::ListCosts() const {
  std::vector<PoolCosts> all;
  const MutexLock lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    if (entry.state != PoolState::kLive) continue;
    std::vector<MethodCosts::Row> rows = entry.pool->costs().List();
    if (rows.empty()) continue;
    all.push_back({id, entry.name, std::move(rows)});
  }
  return all;
}

Result<PoolOrigin> PoolManager::OriginOf(PoolId id) const {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.state != PoolState::kLive) {
    return Status::NotFound(Format("pool {} does not exist", id));
  }
  const Entry& entry = found->second;
  const u32 per_node =
      entry.num_containers / static_cast<u32>(nodes_.nodes.size());
  return PoolOrigin{
      {entry.module, entry.name, id, per_node, entry.pool->config()},
      entry.serial};
}

const char* PoolStateName(PoolState state) {
  switch (state) {
    case PoolState::kCreating:
      return "creating";
    case PoolState::kLive:
      return "live";
    case PoolState::kDestroying:
      return "destroying";
  }
  return "unknown";
}

}  // namespace chi
