// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The last words of a runtime that a module brought down: which pool, module,
// method and task ran when the signal came.

#ifndef CHIMAERA_RUNTIME_CRASH_REPORT_H_
#define CHIMAERA_RUNTIME_CRASH_REPORT_H_

#include "chimaera/base/status.h"

namespace chi {

/// From now on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT write one line to
/// standard error, and to the descriptor `log_fd` unless it is -1, before they
/// end the process as they would have; the overflow of a fiber's stack is among
/// them.
///
/// For daemons only, once: an embedded runtime leaves these signals to its
/// program.
Status InstallCrashReport(int log_fd);

}  // namespace chi

#endif  // CHIMAERA_RUNTIME_CRASH_REPORT_H_
