// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What another thread of this process is doing right now. That thread is
// interrupted by a signal and writes its own stack down, since only it can
// read what it runs.

#ifndef CHIMAERA_RUNTIME_STACK_PROBE_H_
#define CHIMAERA_RUNTIME_STACK_PROBE_H_

#include <sys/types.h>

#include <string>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chi {

struct StackSample {
  std::string run;    ///< As DescribeRun says it.
  std::string stack;  ///< "  #0 Name+0x12 (library)\n…", innermost first.
  bool in_method = false;
};

/// The signal, a real-time one, is taken once per process; where somebody else
/// uses it already there are no samples.
class StackProbe {
 public:
  /// kAlreadyExists if the signal is not free. Idempotent.
  static Status Install();

  /// Samples thread `tid` of this process. kDeadlineExceeded if it does not
  /// answer within `timeout_ns` (it blocks signals, or is in the kernel for
  /// good), kNotFound if there is none. System calls of
  /// the thread are restarted where the kernel can do that.
  static Result<StackSample> Take(pid_t tid, u64 timeout_ns);
};

}  // namespace chi

#endif  // CHIMAERA_RUNTIME_STACK_PROBE_H_
