// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Keeps writers apart that touch the same pages.

#ifndef CHIMAERA_BDEV_RANGE_LOCK_H_
#define CHIMAERA_BDEV_RANGE_LOCK_H_

#include <chimaera/sched/coevent.h>

#include <list>

#include "chimaera/base/mutex.h"
#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// Safe from any thread; methods park. Who waits for a range goes before those
/// who come later and want a page of it. Made for as many ranges at once as a
/// device has requests: they are looked through one by one.
class RangeLock {
 public:
  /// Holds [begin, end) from its construction, which waits, to its end.
  class Guard {
   public:
    Guard(RangeLock& lock, chi::u64 begin, chi::u64 end);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    friend class RangeLock;
    RangeLock& lock_;
    const chi::u64 begin_;
    const chi::u64 end_;
    // How many that came before want one of its pages.
    chi::u64 num_before_ = 0;
    chi::CoEvent free_;
    std::list<Guard*>::iterator place_;
  };

 private:
  static bool Overlap(const Guard& a, const Guard& b) {
    return a.begin_ < b.end_ && b.begin_ < a.end_;
  }

  chi::Mutex mu_;
  std::list<Guard*> guards_ CHI_GUARDED_BY(mu_);  // in order of arrival
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_RANGE_LOCK_H_
