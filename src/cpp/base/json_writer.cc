// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See json_writer.h.

#include "chimaera/base/json_writer.h"

#include <charconv>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "chimaera/base/utf8.h"

namespace chi {

void JsonWriter::Comma() {
  if (comma_) text_ += ", ";
  comma_ = false;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Comma();
  text_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  text_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view value) {
  Comma();
  text_ += value;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Text(key);
  text_ += ": ";
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view text) {
  Comma();
  text_ += '"';
  while (!text.empty()) {
    const char c = text.front();
    const size_t length = Utf8Length(text);
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (length == 1 && static_cast<u8>(c) < 0x20) {
      char escaped[7];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", c);
      text_ += escaped;
    } else if (length == 0) {
      text_ += "\\ufffd";
    } else {
      text_ += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  text_ += '"';
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Number(u64 number) {
  char text[21];
  std::snprintf(text, sizeof(text), "%" PRIu64, number);
  return Raw(text);
}

JsonWriter& JsonWriter::Number(f64 number) {
  if (!std::isfinite(number)) return Null();
  // Not printf: its decimal point is that of the locale.
  char text[32];
  const auto end = std::to_chars(text, std::end(text), number,
                                 std::chars_format::general, 12);
  return Raw({text, static_cast<size_t>(end.ptr - text)});
}

JsonWriter& JsonWriter::Bool(bool value) {
  return Raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::Null() { return Raw("null"); }

}  // namespace chi
