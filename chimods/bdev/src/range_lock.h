// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Keeps writers apart that touch the same pages.

#ifndef CHIMAERA_BDEV_RANGE_LOCK_H_
#define CHIMAERA_BDEV_RANGE_LOCK_H_

#include <chimaera/sched/coevent.h>

#include <cstddef>
#include <list>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// Safe from any thread; methods park. Who waits for a range goes before those
/// who come later and want a page of it. Made for as many guards at once as a
/// device has requests: they are looked through one by one.
class RangeLock {
 public:
  /// [begin, end), not empty.
  struct Range {
    chi::u64 begin = 0;
    chi::u64 end = 0;
  };

  /// Holds a range, or several, from its construction, which waits, to its end.
  class Guard {
   public:
    Guard(RangeLock& lock, chi::u64 begin, chi::u64 end)
        : lock_(lock), only_{begin, end}, ranges_(&only_), num_ranges_(1) {
      Enter();
    }
    /// Comes to all of them at once, so that no two guards wait for each other.
    /// REQUIRES: `ranges` outlive it, are sorted and do not overlap; there is
    /// one at least.
    Guard(RangeLock& lock, const std::vector<Range>& ranges)
        : lock_(lock), ranges_(ranges.data()), num_ranges_(ranges.size()) {
      Enter();
    }
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    friend class RangeLock;
    void Enter();
    bool Overlaps(const Guard& other) const;
    chi::u64 begin() const { return ranges_[0].begin; }
    chi::u64 end() const { return ranges_[num_ranges_ - 1].end; }

    RangeLock& lock_;
    const Range only_;
    const Range* const ranges_;
    const std::size_t num_ranges_;
    // How many that came before want one of its pages.
    chi::u64 num_before_ = 0;
    chi::CoEvent free_;
    std::list<Guard*>::iterator place_;
  };

 private:
  chi::Mutex mu_;
  std::list<Guard*> guards_ CHI_GUARDED_BY(mu_);  // in order of arrival
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_RANGE_LOCK_H_
