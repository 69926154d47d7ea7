// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Each guard counts those before it that overlap; who leaves counts down in
// those behind it.

#include "range_lock.h"

namespace chimaera::bdev {

RangeLock::Guard::Guard(RangeLock& lock, chi::u64 begin, chi::u64 end)
    : lock_(lock), begin_(begin), end_(end) {
  bool wait = false;
  {
    const chi::MutexLock hold(lock_.mu_);
    for (const Guard* other : lock_.guards_) {
      if (Overlap(*other, *this)) ++num_before_;
    }
    place_ = lock_.guards_.insert(lock_.guards_.end(), this);
    wait = num_before_ != 0;
  }
  // As long as the I/O of those before takes.
  if (wait) free_.WaitForCertain();
}

RangeLock::Guard::~Guard() {
  const chi::MutexLock hold(lock_.mu_);
  for (auto other = lock_.guards_.erase(place_); other != lock_.guards_.end();
       ++other) {
    if (Overlap(**other, *this) && --(*other)->num_before_ == 0) {
      (*other)->free_.Set();
    }
  }
}

}  // namespace chimaera::bdev
