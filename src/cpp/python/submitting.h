// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Giving the GIL up to submit something. While it is held, and if a task is to
// be traced, the line of the program that asked for it is looked up.

#ifndef CHIMAERA_PYTHON_SUBMITTING_H_
#define CHIMAERA_PYTHON_SUBMITTING_H_

#include <optional>

#include "chimaera/ipc/trace_stamp.h"
#include "python/connection.h"
#include "python/gil.h"

namespace chi::python {

/// As ReleaseGil. REQUIRES: the caller holds the GIL.
class Submitting {
 public:
  enum class Count { kOne, kMany };

  explicit Submitting(Connection& connection, Count count = Count::kOne)
      : site_(connection, count) {}

 private:
  // Of the innermost frame that is not this package's.
  class Site {
   public:
    Site(Connection& connection, Count count) {
      if (connection.closed()) return;
      const ControlPage& page = connection.page();
      if (page.trace_one_in.load(std::memory_order_relaxed) != 0) Find(count);
    }

   private:
    void Find(Count count);
    std::optional<CallSite> site_;
  };

  Site site_;
  ReleaseGil released_;  // the last one: the site is looked up before
};

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_SUBMITTING_H_
