// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers and texts as they lie on disk: little-endian, one after another,
// without padding. A reader that runs past the end gives zeros and remembers.

#ifndef CHIMAERA_BDEV_FORMAT_BYTES_H_
#define CHIMAERA_BDEV_FORMAT_BYTES_H_

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "chimaera/base/types.h"

namespace chimaera::bdev {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "numbers are copied to and from disk as they are");

/// Appends to a string that outlives it.
class ByteWriter {
 public:
  explicit ByteWriter(std::string* out) : out_(*out) {}

  template <class T>
  void Put(T value) {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void PutBytes(const void* from, chi::u64 length) {
    out_.append(static_cast<const char*>(from), length);
  }
  /// A length in 4 bytes, then the text.
  void PutText(std::string_view text) {
    Put(static_cast<chi::u32>(text.size()));
    out_.append(text);
  }

 private:
  std::string& out_;
};

/// Reads what outlives it.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}

  template <class T>
  [[nodiscard]] T Get() {
    static_assert(std::is_integral_v<T>);
    T value = 0;
    const std::string_view bytes = GetBytes(sizeof(T));
    if (bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  /// Empty if there are not as many.
  [[nodiscard]] std::string_view GetBytes(chi::u64 length) {
    if (length > left_.size()) {
      ok_ = false;
      left_ = {};
      return {};
    }
    const std::string_view bytes = left_.substr(0, length);
    left_.remove_prefix(length);
    return bytes;
  }
  [[nodiscard]] std::string_view GetText() { return GetBytes(Get<chi::u32>()); }

  /// Whether everything asked for was there.
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool AtEnd() const { return left_.empty(); }
  [[nodiscard]] chi::u64 left() const { return left_.size(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_BYTES_H_
