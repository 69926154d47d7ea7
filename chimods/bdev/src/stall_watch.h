// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Says in the log that a device does not answer: who waits for it is parked, so
// nothing else would.

#ifndef CHIMAERA_BDEV_STALL_WATCH_H_
#define CHIMAERA_BDEV_STALL_WATCH_H_

#include <string>

#include "block_store.h"
#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// One caller at a time.
class StallWatch {
 public:
  /// `name` of the device; a request that is under way for `bound_ns` (> 0) is
  /// worth a line.
  StallWatch(std::string name, chi::u64 bound_ns)
      : name_(std::move(name)), bound_ns_(bound_ns) {}

  /// To be called a few times within the bound. Warns when the oldest request
  /// passes it, and again each time that its age has doubled; says when no
  /// request is so old any more.
  void Look(const StoreStats& store);

 private:
  const std::string name_;
  const chi::u64 bound_ns_;
  chi::u64 told_ns_ = 0;  // the age of the last line; 0: all is well
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_STALL_WATCH_H_
