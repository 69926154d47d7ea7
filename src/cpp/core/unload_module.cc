// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Taking a module out of memory. Its code may be on stacks, in tables of
// methods and in what frees a task, so: no pool of it in any state, all workers
// past their loop tops, and no task left that only it can free.

#include <string>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/core/pool_manager.h"

namespace chi {

// That nobody makes a pool of the module; also when a wait throws.
class PoolManager::Unloading {
 public:
  Unloading(PoolManager& pools, const std::string& module)
      : pools_(pools), module_(module) {}
  ~Unloading() {
    const MutexLock lock(pools_.mutex_);
    pools_.unloading_.erase(module_);
  }
  Unloading(const Unloading&) = delete;
  Unloading& operator=(const Unloading&) = delete;

 private:
  PoolManager& pools_;
  const std::string& module_;
};

Result<bool> PoolManager::UnloadModule(const std::string& name) {
  CHI_RETURN_IF_ERROR(BeginUnload(name));
  const Unloading unloading(*this, name);
  // Its pools are gone, and with them every run of its methods: the parked
  // ones were waited for. What a worker still has in hand, a job that the
  // module has injected or a look at a table, is over when all have passed.
  FreeRetired();
  const Module* const module = modules_.GetChiMod(name);
  if (module == nullptr) return modules_.Unload(name);
  const auto uses = [module] { return module->num_uses(); };
  if (!WaitUntilZero(uses)) {
    return Status::DeadlineExceeded(
        Format("module {}: {} tasks that it has made for others are not over "
               "after {} ms; it stays loaded",
               name, uses(), options_.destroy_timeout_ns / kNsPerMs));
  }
  return modules_.Unload(name);
}

// That nobody unloads the module.
class PoolManager::Reading {
 public:
  Reading(PoolManager& pools, const std::string& module)
      : pools_(pools), module_(module) {
    for (;;) {
      {
        const MutexLock lock(pools_.mutex_);
        // Unloading has a bound of its own.
        if (pools_.unloading_.count(module_) == 0) {
          ++pools_.reading_[module_];
          return;
        }
      }
      pools_.Pause();
    }
  }
  ~Reading() {
    const MutexLock lock(pools_.mutex_);
    const auto found = pools_.reading_.find(module_);
    if (--found->second == 0) pools_.reading_.erase(found);
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

 private:
  PoolManager& pools_;
  const std::string& module_;
};

Result<std::string> PoolManager::ReadParameters(const PoolConfig& config) {
  const Reading reading(*this, config.mod_name_);
  CHI_ASSIGN_OR_RETURN(const Module* const module,
                       modules_.Find(config.mod_name_));
  return module->ReadParameters(config);
}

Status PoolManager::BeginUnload(const std::string& name) {
  const MutexLock lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    if (entry.module != name) continue;
    return Status::BadRequest(
        Format("module {} cannot be unloaded: pool {} '{}' of it is {}", name,
               id, entry.name, PoolStateName(entry.state)));
  }
  if (reading_.count(name) != 0) {
    return Status::BadRequest(
        Format("module {} cannot be unloaded: its parameters are read", name));
  }
  if (unloading_.insert(name).second) return Status();
  return Status::BadRequest(
      Format("module {} is being unloaded by somebody else", name));
}

}  // namespace chi
