// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See stall_watch.h.

#include "stall_watch.h"

#include "chimaera/base/clock.h"
#include "chimaera/base/log.h"

namespace chimaera::bdev {

using chi::kNsPerMs;

void StallWatch::Look(const StoreStats& store) {
  if (store.oldest_ns < bound_ns_) {
    if (told_ns_ != 0) CHI_LOG(kInfo, "{}: the device answers again", name_);
    told_ns_ = 0;
    return;
  }
  if (told_ns_ != 0 && store.oldest_ns / 2 < told_ns_) return;
  told_ns_ = store.oldest_ns;
  CHI_LOG(kWarning,
          "{}: the device has not answered a request for {} ms; {} are under "
          "way",
          name_, store.oldest_ns / kNsPerMs, store.queue_depth);
}

}  // namespace chimaera::bdev
