// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What every task needs of its container, apart from it. Thousands of
// containers do not fit into a cache, nor their pages into a TLB; their records
// lie side by side and do.

#ifndef CHIMAERA_CORE_CALL_RECORD_H_
#define CHIMAERA_CORE_CALL_RECORD_H_

#include <atomic>
#include <memory>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/types.h"

namespace chi {

class MethodTable;

struct alignas(32) CallRecord {
  const MethodTable* methods = nullptr;
  /// A bit per method, by the id modulo 64: a run of it has to be looked at.
  /// Relaxed: a late answer is as good.
  std::atomic<u64> care{0};
  /// Where a task of the method with id 0 is counted; the others follow.
  u32 first_count = 0;

  bool NeedsCare(u32 method) const {
    return (care.load(std::memory_order_relaxed) >> (method & 63) & 1) != 0;
  }
};

/// Safe from any thread. Outlives all records that it has given out.
class CallRecords {
 public:
  struct GiveBack {
    CallRecords* owner = nullptr;
    void operator()(CallRecord* record) const { owner->Give(record); }
  };
  using Ptr = std::unique_ptr<CallRecord, GiveBack>;

  CallRecords() = default;
  CallRecords(const CallRecords&) = delete;
  CallRecords& operator=(const CallRecords&) = delete;

  Ptr Take() {
    const MutexLock lock(mutex_);
    if (free_.empty()) Grow();
    CallRecord* const record = free_.back();
    free_.pop_back();
    return Ptr(record, GiveBack{this});
  }

 private:
  static constexpr u32 kPerChunk = 1024;

  void Give(CallRecord* record) {
    const MutexLock lock(mutex_);
    free_.push_back(record);
  }
  // Lowest addresses last, so that they are taken in order.
  void Grow() CHI_REQUIRES(mutex_) {
    chunks_.push_back(std::make_unique<CallRecord[]>(kPerChunk));
    for (u32 i = kPerChunk; i > 0; --i) {
      free_.push_back(&chunks_.back()[i - 1]);
    }
  }

  Mutex mutex_;
  std::vector<std::unique_ptr<CallRecord[]>> chunks_ CHI_GUARDED_BY(mutex_);
  std::vector<CallRecord*> free_ CHI_GUARDED_BY(mutex_);
};

}  // namespace chi

#endif  // CHIMAERA_CORE_CALL_RECORD_H_
