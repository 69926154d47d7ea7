// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CHI_CHECK: for our own bugs, on in every build. What the world can cause is
// a Status (status.h), not a check.

#ifndef CHIMAERA_BASE_CHECK_H_
#define CHIMAERA_BASE_CHECK_H_

#include <ostream>
#include <string>
#include <string_view>

#include "chimaera/base/format.h"
#include "chimaera/base/status.h"

/// Aborts the process with file, line, condition and message if `cond` is
/// false: CHI_CHECK(index < size, "lane {} of {}", index, size). The message
/// and its arguments may be left out; they are evaluated only on failure.
/// Split compound conditions, so that the text tells which half failed.
#define CHI_CHECK(...) \
  CHI_INTERNAL_CHECK(__VA_ARGS__, ::chi::internal::EndOfCheck{})

/// Aborts like CHI_CHECK if `expr`, a Status, is a failure.
#define CHI_CHECK_OK(expr)                                             \
  do {                                                                 \
    const ::chi::Status chi_status_tmp = (expr);                       \
    if (!chi_status_tmp.ok()) {                                        \
      ::chi::internal::CheckFailed(__FILE__, __LINE__, #expr " is OK", \
                                   chi_status_tmp.ToString());         \
    }                                                                  \
  } while (false)

// The mark at the end keeps `...` from being empty, which C++17 forbids.
#define CHI_INTERNAL_CHECK(cond, ...)           \
  (__builtin_expect(static_cast<bool>(cond), 1) \
       ? static_cast<void>(0)                   \
       : ::chi::internal::CheckFailed(          \
             __FILE__, __LINE__, #cond,         \
             ::chi::internal::CheckMessage(__VA_ARGS__)))

namespace chi::internal {

struct EndOfCheck {};
inline std::ostream& operator<<(std::ostream& out, EndOfCheck) { return out; }

/// What follows the condition in CHI_CHECK: nothing, or a format and its
/// arguments; then the mark.
inline std::string CheckMessage(EndOfCheck) { return {}; }
template <typename... ArgsAndEnd>
std::string CheckMessage(std::string_view format, const ArgsAndEnd&... args) {
  const FormatArg erased[] = {MakeFormatArg(args)...};
  return FormatArgs(format, erased, sizeof...(ArgsAndEnd) - 1);
}

/// Writes one line to stderr and, if that is elsewhere, to the log; then calls
/// abort(), so that a core dump or a debugger sees the stack.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view message);

}  // namespace chi::internal

#endif  // CHIMAERA_BASE_CHECK_H_
