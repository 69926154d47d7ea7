// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See json_writer.h.

#include "chimaera/base/json_writer.h"

#include <cinttypes>
#include <cmath>
#include <cstdio>

namespace chi {
namespace {

// Bytes of the UTF-8 character at the front of `text`; 0: there is none.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<u8>(text[i]) : u8{0};
  };
  const u8 first = byte(0);
  size_t length = 0;
  u8 low = 0x80;  // bounds of the second byte
  u8 high = 0xbf;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  if (first >= 0xe0 && first <= 0xef) length = 3;
  if (first >= 0xf0 && first <= 0xf4) length = 4;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  for (size_t i = 1; i < length; ++i) {
    const bool in_range =
        i == 1 ? byte(i) >= low && byte(i) <= high : (byte(i) & 0xc0) == 0x80;
    if (!in_range) return 0;
  }
  return length;
}

}  // namespace

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
  char text[32];
  std::snprintf(text, sizeof(text), "%.12g", number);
  return Raw(text);
}

JsonWriter& JsonWriter::Bool(bool value) {
  return Raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::Null() { return Raw("null"); }

}  // namespace chi
