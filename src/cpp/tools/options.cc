// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See options.h.

#include "tools/options.h"

#include <algorithm>

#include "chimaera/base/format.h"

namespace chi::tools {

Result<std::map<std::string, std::string>> ParseOptions(
    int argc, char** argv, const std::vector<std::string>& known,
    const std::vector<std::string>& repeated) {
  const auto is_in = [](const std::vector<std::string>& names,
                        const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::map<std::string, std::string> options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--help" || word == "-h") {
      options["help"] = "";
      continue;
    }
    const size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    const bool has_dashes = name.rfind("--", 0) == 0;
    if (has_dashes) name.erase(0, 2);
    const bool may_repeat = is_in(repeated, name);
    if (!has_dashes || !(may_repeat || is_in(known, name))) {
      return Status::BadRequest(
          Format("unknown option {}", word.substr(0, equals)));
    }
    if (equals == std::string::npos && i + 1 == argc) {
      return Status::BadRequest(Format("--{} wants a value", name));
    }
    const std::string value =
        equals == std::string::npos ? argv[++i] : word.substr(equals + 1);
    const auto added = options.emplace(name, value);
    if (added.second) continue;
    if (!may_repeat) {
      return Status::BadRequest(Format("--{} stands twice", name));
    }
    added.first->second += "\n" + value;
  }
  return options;
}

}  // namespace chi::tools
