// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which containers of a pool a task is meant for. A value of 12 bytes that
// lies in every task's header; the router (core/router.h) resolves it.

#ifndef CHIMAERA_IPC_POOL_QUERY_H_
#define CHIMAERA_IPC_POOL_QUERY_H_

#include <optional>
#include <string>
#include <string_view>

#include "chimaera/base/types.h"
#include "chimaera/ipc/ids.h"

namespace chi {

/// Frozen: the values lie in shared memory. The names are the module guide's.
enum class RoutingMode : u32 {
  Null = 0,  ///< A default-constructed query; refused by the router.
  Local = 1,
  DirectId = 2,
  DirectHash = 3,
  Range = 4,
  Broadcast = 5,
  Physical = 6,
  Dynamic = 7,
};

class PoolQuery {
 public:
  constexpr PoolQuery() = default;

  /// A container on the node where the task was submitted.
  static constexpr PoolQuery Local() { return {RoutingMode::Local, 0, 0}; }
  /// The container with this id.
  static constexpr PoolQuery DirectId(ContainerId id) {
    return {RoutingMode::DirectId, id, 0};
  }
  /// Container `hash` modulo the number of containers.
  static constexpr PoolQuery DirectHash(u32 hash) {
    return {RoutingMode::DirectHash, hash, 0};
  }
  /// Containers [offset, offset + count): the task is copied for each of them
  /// (core/fan_out.h), as for the next two.
  static constexpr PoolQuery Range(u32 offset, u32 count) {
    return {RoutingMode::Range, offset, count};
  }
  /// Every container of the pool, on all nodes.
  static constexpr PoolQuery Broadcast() {
    return {RoutingMode::Broadcast, 0, 0};
  }
  /// Every container of the pool on the node with this id.
  static constexpr PoolQuery Physical(NodeId node) {
    return {RoutingMode::Physical, node, 0};
  }
  /// The method itself decides: it runs once with
  /// ExecMode::kDynamicSchedule, writes the query it wants, and is routed
  /// again.
  static constexpr PoolQuery Dynamic() { return {RoutingMode::Dynamic, 0, 0}; }

  constexpr RoutingMode GetRoutingMode() const {
    return static_cast<RoutingMode>(mode_);
  }
  constexpr bool IsNull() const { return Is(RoutingMode::Null); }
  constexpr bool IsLocalMode() const { return Is(RoutingMode::Local); }
  constexpr bool IsDirectIdMode() const { return Is(RoutingMode::DirectId); }
  constexpr bool IsDirectHashMode() const {
    return Is(RoutingMode::DirectHash);
  }
  constexpr bool IsRangeMode() const { return Is(RoutingMode::Range); }
  constexpr bool IsBroadcastMode() const { return Is(RoutingMode::Broadcast); }
  constexpr bool IsPhysicalMode() const { return Is(RoutingMode::Physical); }
  constexpr bool IsDynamicMode() const { return Is(RoutingMode::Dynamic); }

  /// Each is 0 in the other modes.
  constexpr ContainerId GetContainerId() const {
    return IsDirectIdMode() ? first_ : 0;
  }
  constexpr u32 GetHash() const { return IsDirectHashMode() ? first_ : 0; }
  constexpr u32 GetRangeOffset() const { return IsRangeMode() ? first_ : 0; }
  constexpr u32 GetRangeCount() const { return IsRangeMode() ? second_ : 0; }
  constexpr NodeId GetNodeId() const { return IsPhysicalMode() ? first_ : 0; }

  /// "Range(2, 3)"; for messages.
  std::string ToString() const;
  /// The words of compose files: "local", "dynamic", "broadcast".
  static std::optional<PoolQuery> Parse(std::string_view word);

  friend constexpr bool operator==(const PoolQuery& a, const PoolQuery& b) {
    return a.mode_ == b.mode_ && a.first_ == b.first_ && a.second_ == b.second_;
  }
  friend constexpr bool operator!=(const PoolQuery& a, const PoolQuery& b) {
    return !(a == b);
  }

  template <class Archive>
  void serialize(Archive& ar) {
    ar(mode_, first_, second_);
  }

 private:
  constexpr PoolQuery(RoutingMode mode, u32 first, u32 second)
      : mode_(static_cast<u32>(mode)), first_(first), second_(second) {}
  constexpr bool Is(RoutingMode mode) const {
    return mode_ == static_cast<u32>(mode);
  }

  u32 mode_ = 0;
  u32 first_ = 0;
  u32 second_ = 0;
};
static_assert(sizeof(PoolQuery) == 12);

}  // namespace chi

#endif  // CHIMAERA_IPC_POOL_QUERY_H_
