// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Each guard counts those before it that overlap; who leaves counts down in
// those behind it.

#include "range_lock.h"

namespace chimaera::bdev {

bool RangeLock::Guard::Overlaps(const Guard& other) const {
  if (begin() >= other.end() || other.begin() >= end()) return false;
  const Range* a = ranges_;
  const Range* b = other.ranges_;
  while (a != ranges_ + num_ranges_ && b != other.ranges_ + other.num_ranges_) {
    if (a->end <= b->begin) {
      ++a;
    } else if (b->end <= a->begin) {
      ++b;
    } else {
      return true;
    }
  }
  return false;
}

void RangeLock::Guard::Enter() {
  bool wait = false;
  {
    const chi::MutexLock hold(lock_.mu_);
    for (const Guard* other : lock_.guards_) {
      if (Overlaps(*other)) ++num_before_;
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
    if (Overlaps(**other) && --(*other)->num_before_ == 0) {
      (*other)->free_.Set();
    }
  }
}

}  // namespace chimaera::bdev
