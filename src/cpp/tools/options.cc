// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See options.h.

#include "tools/options.h"

#include <algorithm>

#include "chimaera/base/format.h"

namespace chi::tools {

Result<std::map<std::string, std::string>> ParseOptions(
    int argc, char** argv, const std::vector<std::string>& known) {
  std::map<std::string, std::string> options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--help" || word == "-h") {
      options["help"] = "";
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const bool is_known =
        name.rfind("--", 0) == 0 &&
        std::find(known.begin(), known.end(), name.substr(2)) != known.end();
    if (!is_known) return Status::BadRequest(Format("unknown option {}", name));
    if (equals == std::string::npos && i + 1 == argc) {
      return Status::BadRequest(Format("{} wants a value", name));
    }
    const std::string value =
        equals == std::string::npos ? argv[++i] : word.substr(equals + 1);
    if (!options.emplace(name.substr(2), value).second) {
      return Status::BadRequest(Format("{} stands twice", name));
    }
  }
  return options;
}

}  // namespace chi::tools
