// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a failed CHI_CHECK does. It formats nothing it does not have to: the
// heap may be the thing that is broken.

#include "chimaera/base/check.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "chimaera/base/log.h"

namespace chi::internal {

void CheckFailed(const char* file, int line, const char* condition,
                 std::string_view message) {
  // A check that fails inside a log sink would come here again: the second
  // time only stderr is used.
  thread_local bool failing = false;
  char text[1024];
  const int length =
      std::snprintf(text, sizeof(text), "%s:%d: CHI_CHECK failed: %s%s%.*s\n",
                    file, line, condition, message.empty() ? "" : ": ",
                    static_cast<int>(message.size()), message.data());
  if (length > 0) {
    const auto wanted = static_cast<std::size_t>(length);
    const std::size_t size = wanted < sizeof(text) ? wanted : sizeof(text) - 1;
    if (::write(STDERR_FILENO, text, size) < 0) {
      failing = true;  // no stderr; try the log all the same
    }
    if (HasLogSink() && !failing) {
      failing = true;
      LogMessage(LogLevel::kFatal, file, line,
                 std::string_view(text, size - 1));
    }
  }
  std::abort();
}

}  // namespace chi::internal
