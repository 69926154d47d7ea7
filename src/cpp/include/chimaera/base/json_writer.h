// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Writes JSON from the first byte to the last. What it is given decides what
// comes out: it keeps commas and quotes right, not the nesting.

#ifndef CHIMAERA_BASE_JSON_WRITER_H_
#define CHIMAERA_BASE_JSON_WRITER_H_

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "chimaera/base/types.h"

namespace chi {

/// Not for several threads.
class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginList() { return Open('['); }
  JsonWriter& EndList() { return Close(']'); }

  /// Of the member that is written next.
  JsonWriter& Key(std::string_view key);

  /// Bytes that are no UTF-8 become U+FFFD.
  JsonWriter& Text(std::string_view text);
  JsonWriter& Number(u64 number);
  JsonWriter& Number(f64 number);  ///< Null if it is not finite.
  JsonWriter& Bool(bool value);
  JsonWriter& Null();

  template <class T>
  JsonWriter& Member(std::string_view key, const T& value) {
    Key(key);
    if constexpr (std::is_same_v<T, bool>) {
      return Bool(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return Number(f64{value});
    } else if constexpr (std::is_unsigned_v<T>) {
      return Number(u64{value});
    } else {
      return Text(value);
    }
  }
  /// Nanoseconds, as seconds.
  JsonWriter& Seconds(std::string_view key, u64 ns) {
    return Key(key).Number(static_cast<f64>(ns) / 1e9);
  }

  std::string Take() && { return std::move(text_); }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  JsonWriter& Raw(std::string_view value);
  void Comma();

  std::string text_;
  bool comma_ = false;  // what comes next is not the first of its list
};

}  // namespace chi

#endif  // CHIMAERA_BASE_JSON_WRITER_H_
