// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What an array is made of: type of its elements, shape, chunks.

#ifndef CHIMAERA_BDEV_ARRAY_LAYOUT_H_
#define CHIMAERA_BDEV_ARRAY_LAYOUT_H_

#include <complex>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"

namespace chimaera::bdev {

/// A type of elements, as NumPy writes it.
struct ElementType {
  /// "<f8", ">i4", "|b1", "<M8[ns]"; of fields, JSON:
  /// [["x","<f8"],["ids","<i4",[3]]].
  std::string text;
  chi::u64 size = 0;  ///< Bytes of one element.

  /// Without a byte order it is this machine's. kBadRequest: NumPy has no such
  /// type, or elements have no bytes, or are Python's.
  static chi::Result<ElementType> Parse(std::string_view text);

  friend bool operator==(const ElementType& a, const ElementType& b) {
    return a.text == b.text;
  }
};

/// NumPy's name of a number's type: "<f8" for double.
template <class T>
std::string DtypeOf() {
  std::string order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "<" : ">";
  if (sizeof(T) == 1) order = "|";
  if constexpr (std::is_same_v<T, bool>) {
    return "|b1";
  } else if constexpr (std::is_floating_point_v<T>) {
    return order + "f" + std::to_string(sizeof(T));
  } else if constexpr (std::is_integral_v<T>) {
    return order + (std::is_signed_v<T> ? "i" : "u") +
           std::to_string(sizeof(T));
  } else {
    static_assert(std::is_same_v<T, std::complex<typename T::value_type>>,
                  "bool, integers, floating-point and complex numbers");
    return order + "c" + std::to_string(sizeof(T));
  }
}

/// A part of an array: `count` elements from `offset` on, along each axis.
struct Box {
  std::vector<chi::u64> offset;
  std::vector<chi::u64> count;
};

/// How an array lies in blocks: one for each chunk, in C order, all of the same
/// size, also where a chunk sticks out of the array.
struct ArrayLayout {
  std::vector<chi::u64> shape;
  ElementType type;
  std::vector<chi::u64> chunks;  ///< Shape of a chunk, of as many axes.

  /// No `chunks`: about 4 MiB, of whole rows where possible. kBadRequest: they
  /// do not fit each other, or it is larger than kMaxArrayBytes.
  static chi::Result<ArrayLayout> Make(std::vector<chi::u64> shape,
                                       std::string_view dtype,
                                       std::vector<chi::u64> chunks);
  /// kBadRequest: sizes that make no sense. What it accepts does not overflow.
  chi::Status Check() const;
  /// kBadRequest: the box leaves the array.
  chi::Status Check(const Box& box) const;

  /// Chunks along each axis.
  std::vector<chi::u64> grid() const;
  /// 0 if the array has no bytes.
  chi::u64 num_chunks() const;
  chi::u64 size_bytes() const;
  chi::u64 chunk_bytes() const;
  /// All of it.
  Box whole() const;
};

inline constexpr chi::u64 kMaxArrayBytes = chi::u64{1} << 60;
/// As many as NumPy allows.
inline constexpr chi::u64 kMaxArrayAxes = 64;

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_ARRAY_LAYOUT_H_
