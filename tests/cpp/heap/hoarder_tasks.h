// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A module that allocates as it is told, and a pool of it as a client sees it.

#ifndef CHIMAERA_TESTS_HEAP_HOARDER_TASKS_H_
#define CHIMAERA_TESTS_HEAP_HOARDER_TASKS_H_

#include <string>

#include "chimaera/admin/admin_client.h"
#include "chimaera/chimaera.h"
#include "chimaera/core/config.h"
#include "chimaera/core/create_pool_task.h"

namespace chi::test::hoarder {

inline constexpr MethodId kDo = 10;

enum class Act : u32 {
  kNothing,
  kLeak,         ///< Forgets a block of bytes_.
  kLeakAll,      ///< Forgets one by each form of new; total_ is their sum.
  kUse,          ///< Does what methods do, and keeps nothing.
  kUseAll,       ///< Each form of new, with its delete.
  kPark,         ///< A block before it yields, one after, both forgotten.
  kPut,          ///< Leaves a block where any pool finds it.
  kTake,         ///< Frees it.
  kGive,         ///< Has a block freed by the runtime, outside of any method.
  kKeep,         ///< Keeps a block until the container goes.
  kChild,        ///< A subtask that is to kLeak here.
  kChildOfPeer,  ///< The same in pool peer_.
  kThrow,        ///< Throws with a text of bytes_.
};

struct DoTask : public Task {
  IN Act act_ = Act::kNothing;
  IN u64 bytes_ = 0;
  IN PoolId peer_;
  OUT u64 total_ = 0;

  using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;
  explicit DoTask(const AllocT& alloc) : Task(alloc) {}
  DoTask(const AllocT& alloc, const TaskId& id, const PoolId& pool,
         const PoolQuery& query, Act act, u64 bytes, const PoolId& peer)
      : Task(alloc, id, pool, query, kDo),
        act_(act),
        bytes_(bytes),
        peer_(peer) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(act_, bytes_, peer_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(total_);
  }
};

/// As a client uses it.
struct Pool {
  PoolId id;

  Status Create(const std::string& name, u32 num_containers = 1) const {
    PoolConfig config;
    config.mod_name_ = "hoarder";
    config.pool_name_ = name;
    config.pool_id_ = id;
    config.pool_query_ = PoolQuery::Dynamic();
    config.num_containers_ = num_containers;
    return CHI_ADMIN->CreatePool(HSHM_MCTX, config).status();
  }
  Future<DoTask> AsyncDo(Act act, u64 bytes = 0, const PoolId& peer = {},
                         const PoolQuery& query = PoolQuery::Local()) const {
    auto* ipc = CHI_IPC;
    return ipc->Submit(
        ipc->NewTask<DoTask>(CreateTaskId(), id, query, act, bytes, peer));
  }
  Status Do(Act act, u64 bytes = 0, const PoolId& peer = {}) const {
    return AsyncDo(act, bytes, peer).Get();
  }
  /// What the runtime says that the pool `of` holds; HeapAccounts::kNotCounted
  /// also if it does not answer.
  static u64 HeapBytes(const PoolId& of) {
    const auto list = CHI_ADMIN->ListPools(HSHM_MCTX);
    if (!list.ok()) return HeapAccounts::kNotCounted;
    for (const PoolInfo& info : *list) {
      if (info.id == of) return info.heap_bytes;
    }
    return HeapAccounts::kNotCounted;
  }
  u64 HeapBytes() const { return HeapBytes(id); }
  /// Destroys it; what it has left behind, or kNotCounted.
  u64 Destroy() const {
    auto gone = chimaera::admin::Client().AsyncDestroyPool(
        HSHM_MCTX, PoolQuery::Local(), id);
    return gone.Get().ok() ? gone->left_bytes_ : HeapAccounts::kNotCounted;
  }
};

}  // namespace chi::test::hoarder

#endif  // CHIMAERA_TESTS_HEAP_HOARDER_TASKS_H_
