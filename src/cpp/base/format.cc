// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The part of Format that does not depend on the types of its arguments.

#include "chimaera/base/format.h"

#include <locale>
#include <sstream>

namespace chi::internal {

namespace {

void AppendUnused(std::ostream& out, const FormatArg* args, std::size_t first,
                  std::size_t num_args) {
  for (std::size_t i = first; i < num_args; ++i) {
    out << (i == first ? " (" : ", ");
    args[i].print(out, args[i].value);
  }
  if (first < num_args) {
    out << ')';
  }
}

}  // namespace

std::string FormatArgs(std::string_view format, const FormatArg* args,
                       std::size_t num_args) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << std::boolalpha;
  std::size_t next = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const std::string_view pair = format.substr(i, 2);
    if (pair == "{}" && next < num_args) {
      args[next].print(out, args[next].value);
      ++next;
      ++i;
    } else if (pair == "{{" || pair == "}}") {
      out << pair[0];
      ++i;
    } else {
      out << format[i];
    }
  }
  AppendUnused(out, args, next, num_args);
  return out.str();
}

}  // namespace chi::internal
