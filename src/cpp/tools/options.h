// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Command lines of the form --name value or --name=value.

#ifndef CHIMAERA_TOOLS_OPTIONS_H_
#define CHIMAERA_TOOLS_OPTIONS_H_

#include <map>
#include <string>
#include <vector>

#include "chimaera/base/result.h"

namespace chi::tools {

/// Exit codes of both programs; those of `chimaera` agree.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;  // also: a runtime runs there already
inline constexpr int kExitNoRuntime = 3;

/// The values by name, without the dashes; "help" has an empty one. kBadRequest
/// naming what is not known, lacks a value, or stands twice; those of
/// `repeated` may, and have a line for each value.
Result<std::map<std::string, std::string>> ParseOptions(
    int argc, char** argv, const std::vector<std::string>& known,
    const std::vector<std::string>& repeated = {});

}  // namespace chi::tools

#endif  // CHIMAERA_TOOLS_OPTIONS_H_
