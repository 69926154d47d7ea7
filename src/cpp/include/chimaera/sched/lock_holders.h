// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which groups hold a CoRwLock, and how often. One group is the usual case and
// costs no memory; more, which can only be readers, lie in a map.
//
// The inside of CoRwLock; not for modules.

#ifndef CHIMAERA_SCHED_LOCK_HOLDERS_H_
#define CHIMAERA_SCHED_LOCK_HOLDERS_H_

#include <functional>

#include "chimaera/base/hash_map.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/types.h"
#include "chimaera/sched/lock_group.h"

namespace chi {

/// Guarded by the lock's spin word.
class LockHolders {
 public:
  using Counts = LockReport::Owner;

  /// Groups that hold the lock.
  size_t size() const { return (IsUsed(first_) ? 1 : 0) + more_.size(); }
  /// Whether one of them holds it alone; it is then the only one.
  bool has_writer() const { return writing_; }

  /// What `group` holds, or null.
  Counts* Find(LockGroup group) {
    if (IsUsed(first_) && first_.group == group) return &first_;
    if (__builtin_expect(more_.empty(), 1)) return nullptr;
    const auto found = more_.find(group);
    return found == more_.end() ? nullptr : &found->second;
  }

  void Add(LockGroup group, u32 reads, u32 writes) {
    writing_ |= writes > 0;
    Counts* counts = Find(group);
    if (counts == nullptr) {
      counts = IsUsed(first_) ? &AddMore(group) : &first_;
      counts->group = group;
    }
    counts->reads += reads;
    counts->writes += writes;
  }

  /// Forgets a group whose counts have become 0. `counts` is gone then.
  void Update(Counts* counts) {
    if (writing_) writing_ = counts->writes > 0;
    if (!IsUsed(*counts) && counts != &first_) more_.erase(counts->group);
  }

  void Report(std::vector<LockReport::Owner>* owners) const {
    if (IsUsed(first_)) owners->push_back(first_);
    for (const auto& entry : more_) owners->push_back(entry.second);
  }

 private:
  static bool IsUsed(const Counts& counts) {
    return counts.reads + counts.writes > 0;
  }

  // The lock is granted, and its spin word held: nobody could be told.
  Counts& AddMore(LockGroup group) {
    const HeapReserveScope heap;
    return more_[group];
  }

  bool writing_ = false;
  Counts first_;
  hash_map<LockGroup, Counts> more_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_LOCK_HOLDERS_H_
