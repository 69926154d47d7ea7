// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The pools of this node. A worker looks one up for every task, without a
// lock, in an immutable table that is swapped whenever a pool comes or goes.
//
// Old tables and destroyed pools are freed only after every worker has passed
// the top of its loop since the swap, where it holds neither ("quiescence");
// how to wait for that is the owner's knowledge and is handed in.
//
// Invariants:
//   1. The table names live pools only. A pool is entered after all of its
//      containers have run Create, and taken out before any runs Destroy.
//   2. A name and an id belong to one pool from the moment its creation begins
//      until the pool is freed.
//   3. mutex_ is never held while a module's code runs, nor across a wait.

#ifndef CHIMAERA_CORE_POOL_MANAGER_H_
#define CHIMAERA_CORE_POOL_MANAGER_H_

#include <atomic>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/thread_annotations.h"
#include "chimaera/core/module_manager.h"
#include "chimaera/core/node_set.h"
#include "chimaera/core/pool.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/task.h"
#include "chimaera/sched/run_context.h"

namespace chi {

struct PoolManagerOptions {
  /// Returns when every worker has passed its loop top since the call. Blocks
  /// the thread or parks the fiber that calls it. Empty: there are no workers.
  std::function<void()> quiesce;
  /// Sleeps about so many nanoseconds: the thread, or in a method the fiber.
  /// Empty: the thread.
  std::function<void(u64 ns)> pause;
  /// Ends the periodic tasks of the pool whose runs are counted there, those
  /// that do not run at this moment. Empty: there are no workers.
  std::function<void(const std::atomic<u64>* held_runs)> end_periodic;
  /// Says in a few words which run of a pool has waited for longest, and for
  /// what; empty if none waits, or it cannot be told. Waits for workers, within
  /// a bound. Empty: nothing is said.
  std::function<std::string(PoolId)> longest_wait;
  /// Time is read from here.
  const Clock* clock = &SystemClock::Get();
  /// How long Destroy waits for parked runs.
  u64 destroy_timeout_ns = 5'000'000'000;
  /// How long GetOrCreate waits for somebody else who makes the same pool.
  u64 create_timeout_ns = 30'000'000'000;
  /// What takes longer is a long task; see method_costs.h.
  u64 long_task_ns = 50'000;
  u32 max_pools = 16384;
  /// Per pool, on all nodes.
  u32 max_containers = 4096;
};

/// What GetOrCreate is asked for.
struct PoolRequest {
  std::string mod_name;
  std::string pool_name;
  PoolId pool_id;
  u32 num_containers = 1;  ///< On each node.
  /// YAML text of the compose entry, or of the module's own keys; empty: it is
  /// not known what the pool is made with.
  std::string config;
};

/// What a pool was made with.
struct PoolOrigin {
  PoolRequest request;
  u64 serial = 0;  ///< Counts creations.
};

/// One row of a listing.
struct PoolInfo {
  PoolId id;
  std::string name;
  std::string module;
  u32 num_containers = 0;
  PoolState state = PoolState::kCreating;
  u64 held_runs = 0;  ///< Runs that have parked and are not over.
  /// Of the heap, allocated by its containers and not freed yet; the admin
  /// pool's are all that are no other pool's. HeapAccounts::kNotCounted: this
  /// process does not count.
  u64 heap_bytes = HeapAccounts::kNotCounted;
  u64 cancelled = 0;  ///< Runs that were cancelled while they waited.
  u64 expired = 0;    ///< Runs that their deadline ended.
};

/// One pool in figures.
struct PoolMetrics {
  PoolInfo info;
  std::vector<MethodMetrics::Row> methods;  ///< None while it is made.
  std::vector<MethodCosts::Row> costs;
};

/// What the methods of one pool cost.
struct PoolCosts {
  PoolId id;
  std::string name;
  std::vector<MethodCosts::Row> rows;
};

/// Every method may be called from any thread, and from methods, where waits
/// park the fiber; except as Find says.
class PoolManager {
 public:
  /// `modules` must outlive this object.
  explicit PoolManager(ModuleManager& modules, NodeSet nodes = {},
                       PoolManagerOptions options = {});
  /// Frees all containers, the youngest pool first, without running their
  /// Destroy. REQUIRES: no worker runs any more.
  ~PoolManager();
  PoolManager(const PoolManager&) = delete;
  PoolManager& operator=(const PoolManager&) = delete;

  /// The live pool `id`, or null. Only for a worker, between two passes of its
  /// loop top: after that the pool may be gone, unless a run was counted with
  /// Pool::HoldRun.
  Pool* Find(PoolId id) const { return FindPlace(id).pool; }

  /// The same, with what most tasks need of a pool. Thousands of pools do not
  /// fit into a cache: what lies here is not looked up there.
  struct Place {
    u64 key = 0;  // the id's bytes
    Pool* pool = nullptr;
    // Both set if the node has one container of the pool.
    Container* only = nullptr;
    const CallRecord* record = nullptr;  ///< Of `only`.
  };
  const Place& FindPlace(PoolId id) const {
    return table_.load(std::memory_order_acquire)->Find(id);
  }

  /// Changes whenever Find may answer differently. A worker that reads the
  /// same epoch in this pass of its loop may use what it found in an earlier
  /// one. Acquire, with the release in Publish.
  u64 epoch() const { return epoch_.load(std::memory_order_acquire); }

  /// The id of the pool called request.pool_name, made if it is not there:
  /// containers, Init, then the module's Create (method 0) on `create_task`
  /// for each of them; a null `create_task` leaves Create out. The pool exists
  /// when all have succeeded, else nothing is left of it.
  ///
  /// An existing pool of the same module is returned whatever its id is.
  /// kAlreadyExists: the name belongs to a pool of another module, or the id to
  /// another name. kBadRequest: null id, empty name, no containers. Module
  /// errors as ModuleManager::Find; what Create writes into the task becomes
  /// the error. kOverloaded: too many pools. kDeadlineExceeded: somebody else
  /// is still making this pool. *created tells whether this call has made it.
  Result<PoolId> GetOrCreate(const PoolRequest& request,
                             hipc::FullPtr<Task> create_task, RunContext& ctx,
                             bool* created = nullptr);

  /// What the live pool `id` was made with. kNotFound.
  Result<PoolOrigin> OriginOf(PoolId id) const;

  /// Module::ReadParameters of the entry's module, loaded if it is not yet; it
  /// is not unloaded meanwhile. Errors as ModuleManager::Find.
  Result<std::string> ReadParameters(const PoolConfig& config);

  /// Calls `call` when pool `id`, which is being made, is live or was given up;
  /// at once if it is live. False if there is no such pool. `call` must not
  /// wait.
  bool CallWhenCreated(PoolId id, std::function<void()> call);

  /// Hides the pool, waits for its runs, runs the module's Destroy (method 1)
  /// on `destroy_task` for each container (null: not), and frees it. An error
  /// of the module is logged and returned; the pool is gone all the same.
  /// kNotFound. kBadRequest: the admin pool, or the caller's own.
  /// kDeadlineExceeded: runs are still parked after the timeout, such as one
  /// whose disk does not answer; the message says what the oldest waits for.
  /// The pool stays hidden and takes no tasks, its name stays taken, nothing
  /// that the runs use is freed, and another call goes on waiting.
  /// *left_bytes is what PoolInfo::heap_bytes was of the pool when it was gone;
  /// more than 0 is logged.
  Status Destroy(PoolId id, hipc::FullPtr<Task> destroy_task, RunContext& ctx,
                 u64* left_bytes = nullptr);

  /// Takes module `name` out of memory, so that the next pool of it loads its
  /// file again; whoever wants one meanwhile waits. Returns whether its code is
  /// really gone: see ModuleManager::Unload. kNotFound: it is not loaded.
  /// kBadRequest: a pool of it exists, in whatever state, or somebody else
  /// unloads it. kDeadlineExceeded: tasks that its methods have made for others
  /// and left alone, periodic ones for instance, are not over after
  /// destroy_timeout_ns. In these cases nothing has happened.
  Result<bool> UnloadModule(const std::string& name);

  /// The id of the live pool called `name`, or the null id.
  PoolId FindPoolByName(std::string_view name) const;

  /// All pools by id, also those that come and go.
  std::vector<PoolInfo> List() const;

  /// The same with what is counted of their methods.
  std::vector<PoolMetrics> ListMetrics() const;

  /// Calls Container::OnClientGone of every container of every live pool. Only
  /// for a worker. An exception of a module is logged.
  void NotifyClientGone(u64 client_id);

  /// What the methods of this node's live pools cost, as far as they were run.
  std::vector<PoolCosts> ListCosts() const;

  const NodeSet& nodes() const { return nodes_; }

 private:
  /// Open addressing, at most half full, never changed once published.
  class Table {
   public:
    explicit Table(const std::vector<Pool*>& pools);
    u64 size() const { return places_.size(); }
    const Place& Find(PoolId id) const {
      const u64 key = KeyOf(id);
      const u64 first = Hash(key);
      const Place& place = places_[first & mask_];
      if (__builtin_expect(place.key == key, 1)) return place;
      return FindFrom(first, key);
    }

   private:
    const Place& FindFrom(u64 i, u64 key) const {
      for (;; ++i) {
        const Place& place = places_[i & mask_];
        // An empty place has a null pool, whatever its key.
        if (place.key == key || place.pool == nullptr) return place;
      }
    }
    static u64 KeyOf(PoolId id) {
      u64 key;
      std::memcpy(&key, &id, sizeof(key));
      return key;
    }
    // Of pools with consecutive numbers, which are the rule, the places follow
    // each other: 1.06 apart in the mean, so that regular distances between
    // the numbers do not meet in few places either. The minor number, the upper
    // half of the key, is mixed by the factor's lower half.
    static u64 Hash(u64 key) { return (key * 0x10fd24d51) >> 32; }
    u64 mask_;
    std::vector<Place> places_;
  };

  using Calls = std::vector<std::function<void()>>;
  /// A pool in any state. `pool` is null while its containers are made.
  struct Entry {
    std::string name;
    std::string module;
    u32 num_containers = 0;  // on all nodes
    u64 serial = 0;          // counts creations
    bool destroyer = false;  // a Destroy is at work on it
    PoolState state = PoolState::kCreating;
    OwnHeapAccount heap;
    std::unique_ptr<Pool> pool;
    Calls when_created;
  };
  class Reservation;
  class Destroyer;
  class Unloading;
  class Reading;

  Status CheckRequest(const PoolRequest& request) const;
  /// The id of the existing pool, or the null id: then name and id are taken.
  Result<PoolId> Reserve(const PoolRequest& request);
  Result<PoolId> TryReserve(const PoolRequest& request, bool* wait);
  Result<std::unique_ptr<Pool>> Build(const PoolRequest& request,
                                      hipc::FullPtr<Task> create_task,
                                      RunContext& ctx);
  HeapAccount HeapAccountOf(PoolId id) const;
  static PoolInfo InfoOf(PoolId id, const Entry& entry);
  Result<Pool*> BeginDestroy(PoolId id, const RunContext& ctx);
  Status FinishDestroy(Pool& pool, hipc::FullPtr<Task> task, RunContext& ctx);
  Status BeginUnload(const std::string& name);
  Status NotOver(const Pool& pool) const;
  bool WaitForRuns(const Pool& pool) const;
  u64 Erase(PoolId id);
  bool WaitUntilZero(const std::function<u64()>& count) const;
  void Publish() CHI_REQUIRES(mutex_);
  void FreeRetired();
  void Pause() const;

  // Constant after construction.
  ModuleManager& modules_;
  const NodeSet nodes_;
  const PoolManagerOptions options_;

  // Written under mutex_ by Publish (release), read by workers (acquire): who
  // sees the new table sees the pools that it names.
  std::atomic<const Table*> table_;
  std::atomic<u64> epoch_{0};

  CallRecords records_;

  mutable Mutex mutex_;
  std::map<PoolId, Entry> entries_ CHI_GUARDED_BY(mutex_);
  std::map<std::string, PoolId, std::less<>> ids_ CHI_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> unloading_ CHI_GUARDED_BY(mutex_);
  // Modules whose parameters are being read, and by how many.
  std::map<std::string, u32> reading_ CHI_GUARDED_BY(mutex_);
  u64 last_serial_ CHI_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<const Table> current_ CHI_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<const Table>> retired_ CHI_GUARDED_BY(mutex_);
};

}  // namespace chi

#endif  // CHIMAERA_CORE_POOL_MANAGER_H_
