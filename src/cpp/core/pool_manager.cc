// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Making, finding and destroying pools.

#include "chimaera/core/pool_manager.h"

#include <algorithm>
#include <ctime>
#include <new>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "chimaera/base/log.h"
#include "chimaera/base/utf8.h"
#include "chimaera/core/module_call.h"
#include "core/lifecycle.h"

namespace chi {
namespace {

// Between two looks at what another thread has to finish.
constexpr u64 kPauseNs = 100'000;
// Slots of unpublished tables above which a creation frees them.
constexpr u64 kMaxRetiredSlots = 65536;
constexpr u64 kMaxNameBytes = 4096;

// What a method allocates is its pool's.
HeapOwner OwnerNow() {
  const RunContext* const run = CurrentRun();
  if (run == nullptr || run->container == nullptr) return {};
  return {run->container->heap_account(), true};
}

Result<ContainerPtr> NewContainer(const Module& module, HeapAccount account) {
  const HeapScope heap(account);
  CHI_ASSIGN_OR_RETURN(ContainerPtr container, module.NewContainer());
  container->SetHeapAccount(account);
  return container;
}

}  // namespace

PoolManager::Table::Table(const std::vector<Pool*>& pools) {
  u64 size = 2;
  while (size < 2 * pools.size()) size *= 2;
  places_.resize(size);
  mask_ = size - 1;
  for (Pool* pool : pools) {
    u64 i = Hash(KeyOf(pool->id()));
    while (places_[i & mask_].pool != nullptr) ++i;
    Container* const only =
        pool->num_local() == 1 ? pool->local_container(0) : nullptr;
    const CallRecord* const record =
        only == nullptr ? nullptr : &only->record();
    places_[i & mask_] = {KeyOf(pool->id()), pool, only, record};
  }
}

// Name and id of a pool that is being made; given back unless it is.
class PoolManager::Reservation {
 public:
  Reservation(PoolManager& pools, PoolId id) : pools_(pools), id_(id) {}
  ~Reservation() {
    if (!kept_) pools_.Erase(id_);
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  void Keep() { kept_ = true; }

 private:
  PoolManager& pools_;
  const PoolId id_;
  bool kept_ = false;
};

// A pool that is being destroyed by this call; by none, if the call gives up.
// Its waits throw when the caller's task is cancelled or its time is over.
class PoolManager::Destroyer {
 public:
  Destroyer(PoolManager& pools, PoolId id) : pools_(pools), id_(id) {}
  ~Destroyer() {
    if (kept_) return;
    const MutexLock lock(pools_.mutex_);
    pools_.entries_.at(id_).destroyer = false;
  }
  Destroyer(const Destroyer&) = delete;
  Destroyer& operator=(const Destroyer&) = delete;
  /// The pool is gone when the call returns.
  void Keep() { kept_ = true; }

 private:
  PoolManager& pools_;
  const PoolId id_;
  bool kept_ = false;
};

PoolManager::PoolManager(ModuleManager& modules, NodeSet nodes,
                         PoolManagerOptions options)
    : modules_(modules),
      nodes_(std::move(nodes)),
      options_(std::move(options)),
      current_(std::make_unique<const Table>(std::vector<Pool*>())) {
  CHI_CHECK(nodes_.Contains(nodes_.self), "node {}", nodes_.self);
  HeapAccounts::SetOwner(&OwnerNow);
  table_.store(current_.get(), std::memory_order_release);
}

PoolManager::~PoolManager() {
  std::vector<std::pair<u64, std::unique_ptr<Pool>>> pools;
  {
    const MutexLock lock(mutex_);
    for (auto& [id, entry] : entries_) {
      pools.emplace_back(entry.serial, std::move(entry.pool));
    }
  }
  std::sort(pools.begin(), pools.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  for (auto& pool : pools) pool.second.reset();
}

// ---- creation ---------------------------------------------------------------

Result<PoolId> PoolManager::GetOrCreate(const PoolRequest& request,
                                        hipc::FullPtr<Task> create_task,
                                        RunContext& ctx, bool* created) {
  CHI_ASSIGN_OR_RETURN(const PoolId existing, Reserve(request));
  if (created != nullptr) *created = existing.IsNull();
  if (!existing.IsNull()) return existing;
  const PoolId id = request.pool_id;
  Reservation reservation(*this, id);
  CHI_ASSIGN_OR_RETURN(std::unique_ptr<Pool> pool,
                       Build(request, create_task, ctx));
  if (pool->num_local() == 1) pool->KeepRecordIn(records_.Take());
  u64 retired_slots = 0;
  Calls when_created;
  {
    const MutexLock lock(mutex_);
    Entry& entry = entries_.at(id);
    pool->SetState(PoolState::kLive);
    entry.state = PoolState::kLive;
    entry.pool = std::move(pool);
    Publish();
    reservation.Keep();
    when_created = std::move(entry.when_created);
    for (const auto& table : retired_) retired_slots += table->size();
  }
  for (const auto& call : when_created) call();
  if (retired_slots > kMaxRetiredSlots) FreeRetired();
  CHI_LOG(kInfo, "pool {} '{}' of {} created, {} containers", id,
          request.pool_name, request.mod_name, request.num_containers);
  return id;
}

Result<PoolId> PoolManager::Reserve(const PoolRequest& request) {
  const u64 deadline_ns =
      DeadlineNs(options_.clock->NowNs(), options_.create_timeout_ns);
  for (;;) {
    bool wait = false;
    Result<PoolId> reserved = TryReserve(request, &wait);
    if (!wait) return reserved;
    if (options_.clock->NowNs() >= deadline_ns) {
      return Status::DeadlineExceeded(
          Format("pool '{}' is still being made or destroyed after {} ms",
                 request.pool_name, options_.create_timeout_ns / kNsPerMs));
    }
    Pause();
  }
}

// Sets *wait, and gives nothing of use, if the pool comes or goes just now, or
// its module goes.
Result<PoolId> PoolManager::TryReserve(const PoolRequest& request, bool* wait) {
  const MutexLock lock(mutex_);
  const auto named = ids_.find(request.pool_name);
  if (named != ids_.end()) {
    const Entry& entry = entries_.at(named->second);
    if (entry.module != request.mod_name) {
      return Status::AlreadyExists(
          Format("pool '{}' ({}) is of module {}, not {}", request.pool_name,
                 named->second, entry.module, request.mod_name));
    }
    *wait = entry.state != PoolState::kLive;
    return named->second;
  }
  CHI_RETURN_IF_ERROR(CheckRequest(request));
  if (unloading_.count(request.mod_name) != 0) {
    *wait = true;
    return PoolId();
  }
  const auto same_id = entries_.find(request.pool_id);
  if (same_id != entries_.end()) {
    return Status::AlreadyExists(
        Format("pool id {} belongs to '{}'; '{}' needs another one",
               request.pool_id, same_id->second.name, request.pool_name));
  }
  if (entries_.size() >= options_.max_pools) {
    return Status::Overloaded(Format("cannot create pool '{}': {} pools exist",
                                     request.pool_name, entries_.size()));
  }
  std::string name = request.pool_name;
  std::string module = request.mod_name;
  {
    // Both tables or none.
    const HeapScope heap;
    ids_.emplace(name, request.pool_id);
    entries_.try_emplace(request.pool_id);
  }
  Entry& entry = entries_.at(request.pool_id);
  entry.name = std::move(name);
  entry.module = std::move(module);
  entry.num_containers =
      request.num_containers * static_cast<u32>(nodes_.nodes.size());
  entry.serial = ++last_serial_;
  if (request.pool_id != kAdminPoolId) entry.heap.Open();
  return PoolId();
}

Status PoolManager::CheckRequest(const PoolRequest& request) const {
  if (request.pool_name.empty()) {
    return Status::BadRequest(
        Format("cannot create pool {} without a name", request.pool_id));
  }
  if (request.pool_name.size() > kMaxNameBytes) {
    return Status::BadRequest(
        Format("cannot create pool {}: its name has {} bytes of at most {}",
               request.pool_id, request.pool_name.size(), kMaxNameBytes));
  }
  if (!IsUtf8(request.pool_name)) {
    return Status::BadRequest(Format(
        "cannot create pool {}: its name is not UTF-8", request.pool_id));
  }
  if (request.pool_id.IsNull()) {
    return Status::BadRequest(Format(
        "cannot create pool '{}' with a null pool id", request.pool_name));
  }
  const u64 total = u64{request.num_containers} * nodes_.nodes.size();
  if (total == 0 || total > options_.max_containers) {
    return Status::BadRequest(
        Format("cannot create pool '{}' with {} containers; 1 to {} are "
               "possible",
               request.pool_name, total, options_.max_containers));
  }
  return Status();
}

HeapAccount PoolManager::HeapAccountOf(PoolId id) const {
  const MutexLock lock(mutex_);
  return entries_.at(id).heap.account();
}

// Either all containers have run Create, or none is left.
Result<std::unique_ptr<Pool>> PoolManager::Build(
    const PoolRequest& request, hipc::FullPtr<Task> create_task,
    RunContext& ctx) {
  const std::string what =
      Format("pool {} ({})", request.pool_id, request.mod_name);
  Result<const Module*> found = modules_.Find(request.mod_name);
  if (!found.ok()) return found.status().WithContext(what);
  const HeapAccount account = HeapAccountOf(request.pool_id);
  AddressTable addresses(nodes_, request.num_containers);
  std::vector<ContainerPtr> containers;
  for (u32 local = 0; local < addresses.num_local(); ++local) {
    CHI_ASSIGN_OR_RETURN(ContainerPtr container,
                         NewContainer(**found, account));
    container->container_id_ = *addresses.GlobalIdOf(local);
    container->num_containers_ = addresses.num_containers();
    container->node_id_ = addresses.self();
    CHI_RETURN_IF_ERROR(CallModule(what + ": Init", [&] {
      const HeapScope heap(account);
      container->Init(request.pool_id, request.pool_name);
    }));
    containers.push_back(std::move(container));
  }
  if (!create_task.IsNull()) {
    for (const ContainerPtr& container : containers) {
      CHI_RETURN_IF_ERROR(
          RunLifecycle(*container, kCreateMethod, create_task, ctx)
              .WithContext(what + ": Create"));
    }
  }
  return std::make_unique<Pool>(request.pool_id, request.pool_name, **found,
                                request.config, std::move(addresses),
                                std::move(containers), options_.long_task_ns);
}

// ---- destruction ------------------------------------------------------------

Status PoolManager::Destroy(PoolId id, hipc::FullPtr<Task> destroy_task,
                            RunContext& ctx, u64* left_bytes) {
  CHI_ASSIGN_OR_RETURN(Pool* const pool, BeginDestroy(id, ctx));
  Destroyer destroyer(*this, id);
  // What is begun is ended, memory or not; the module's Destroy may fail.
  const HeapScope heap;
  // From here on every run of the pool's is over or counted (pool.h).
  FreeRetired();
  if (pool->held_runs() != 0 && options_.end_periodic) {
    // Those that run at this moment end when they look for the pool again.
    options_.end_periodic(pool->held_runs_counter());
  }
  if (!WaitForRuns(*pool)) return NotOver(*pool);
  destroyer.Keep();
  const std::string what =
      Format("pool {} '{}' of {}", id, pool->name(), pool->module_name());
  const Status status = FinishDestroy(*pool, destroy_task, ctx);
  const u64 left = Erase(id);
  if (left_bytes != nullptr) *left_bytes = left;
  if (left == 0 || left == HeapAccounts::kNotCounted) {
    CHI_LOG(kInfo, "{} destroyed", what);
  } else {
    CHI_LOG(kWarning, "{} destroyed; {} bytes that it allocated are not freed",
            what, left);
  }
  return status;
}

// Takes the pool out of the table; its destruction is the caller's now.
Result<Pool*> PoolManager::BeginDestroy(PoolId id, const RunContext& ctx) {
  if (id == kAdminPoolId) {
    return Status::BadRequest(
        Format("pool {}: the admin pool cannot be destroyed", id));
  }
  if (ctx.container != nullptr && ctx.container->pool_id_ == id) {
    return Status::BadRequest(
        Format("pool {}: a pool cannot destroy itself", id));
  }
  const MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) {
    return Status::NotFound(Format("pool {} does not exist", id));
  }
  Entry& entry = found->second;
  if (entry.state == PoolState::kCreating || entry.destroyer) {
    return Status::NotFound(Format("pool {} is being {} by somebody else", id,
                                   entry.destroyer ? "destroyed" : "created"));
  }
  const PoolState before = std::exchange(entry.state, PoolState::kDestroying);
  try {
    Publish();
  } catch (const std::bad_alloc&) {
    entry.state = before;
    return Status::NoMemory(Format("pool {} stays: no memory to hide it", id));
  }
  entry.destroyer = true;
  entry.pool->SetState(PoolState::kDestroying);
  return entry.pool.get();
}

// Runs Destroy in every container, also after one has failed; the first error.
Status PoolManager::FinishDestroy(Pool& pool, hipc::FullPtr<Task> task,
                                  RunContext& ctx) {
  Status first;
  if (task.IsNull()) return first;
  for (u32 local = 0; local < pool.num_local(); ++local) {
    const Status status =
        RunLifecycle(*pool.local_container(local), kDestroyMethod, task, ctx)
            .WithContext(
                Format("pool {} ({}): Destroy", pool.id(), pool.module_name()));
    // A module need not have it.
    if (status.ok() || status.code() == StatusCode::kUnimplemented) continue;
    CHI_LOG(kError, "{}", status);
    if (first.ok()) first = status;
  }
  return first;
}

Status PoolManager::NotOver(const Pool& pool) const {
  std::string what =
      Format("pool {}: {} runs are not over after {} ms", pool.id(),
             pool.held_runs(), options_.destroy_timeout_ns / kNsPerMs);
  if (options_.longest_wait) {
    const std::string longest = options_.longest_wait(pool.id());
    if (!longest.empty()) what += Format(", {}", longest);
  }
  // A long name is cut off in a task, and not in the log.
  what += Format("; destroy it again to wait on: {}", pool.name());
  CHI_LOG(kWarning, "{}", what);
  return Status::DeadlineExceeded(what);
}

bool PoolManager::WaitForRuns(const Pool& pool) const {
  return WaitUntilZero([&pool] { return pool.held_runs(); });
}

bool PoolManager::WaitUntilZero(const std::function<u64()>& count) const {
  const u64 deadline_ns =
      DeadlineNs(options_.clock->NowNs(), options_.destroy_timeout_ns);
  while (count() != 0) {
    if (options_.clock->NowNs() >= deadline_ns) return false;
    Pause();
  }
  return true;
}

// The containers' destructors are the module's code: they run without lock,
// while name and id are still taken. Says what is left of its memory.
u64 PoolManager::Erase(PoolId id) {
  std::unique_ptr<Pool> pool;
  {
    const MutexLock lock(mutex_);
    pool = std::move(entries_.at(id).pool);
  }
  pool.reset();
  Calls when_created;
  u64 left_bytes = 0;
  {
    const MutexLock lock(mutex_);
    Entry& entry = entries_.at(id);
    left_bytes = entry.heap.bytes();
    when_created = std::move(entry.when_created);
    ids_.erase(entry.name);
    entries_.erase(id);
  }
  for (const auto& call : when_created) call();
  return left_bytes;
}

bool PoolManager::CallWhenCreated(PoolId id, std::function<void()> call) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  const PoolState state = found->second.state;
  if (state == PoolState::kLive) call();
  if (state == PoolState::kCreating) {
    found->second.when_created.push_back(std::move(call));
  }
  return state != PoolState::kDestroying;
}

// ---- the table --------------------------------------------------------------

void PoolManager::Publish() {
  std::vector<Pool*> live;
  for (const auto& [id, entry] : entries_) {
    if (entry.state == PoolState::kLive) live.push_back(entry.pool.get());
  }
  auto table = std::make_unique<const Table>(live);
  retired_.emplace_back();  // nothing fails from here on
  retired_.back() = std::exchange(current_, std::move(table));
  // Pairs with the acquire in Find.
  table_.store(current_.get(), std::memory_order_release);
  // Last: who sees the new epoch sees the new table.
  epoch_.fetch_add(1, std::memory_order_release);
}

void PoolManager::FreeRetired() {
  std::vector<std::unique_ptr<const Table>> retired;
  {
    const MutexLock lock(mutex_);
    retired.swap(retired_);
  }
  if (options_.quiesce) options_.quiesce();
}

void PoolManager::Pause() const {
  if (options_.pause) {
    options_.pause(kPauseNs);
    return;
  }
  const timespec duration{0, static_cast<long>(kPauseNs)};
  nanosleep(&duration, nullptr);
}

// ---- reading ----------------------------------------------------------------

void PoolManager::NotifyClientGone(u64 client_id) {
  std::vector<Pool*> held;
  {
    // Under the lock that Destroy takes first: it waits for what is held here.
    const MutexLock lock(mutex_);
    for (const auto& [id, entry] : entries_) {
      if (entry.state != PoolState::kLive) continue;
      entry.pool->HoldRun();
      held.push_back(entry.pool.get());
    }
  }
  for (Pool* pool : held) {
    for (u32 local = 0; local < pool->num_local(); ++local) {
      Container& container = *pool->local_container(local);
      const Status status = CallModule(
          Format("pool {} ({}): OnClientGone", pool->id(), pool->module_name()),
          [&] {
            const HeapScope heap(container.heap_account());
            container.OnClientGone(client_id);
          });
      if (!status.ok()) CHI_LOG(kError, "{}", status);
    }
    pool->ReleaseRun();
  }
}

}  // namespace chi
