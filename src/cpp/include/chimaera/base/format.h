// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Format("pool {}: container {} of {}", id, i, n): text from values, for
// messages and log lines. Far less than std::format, which C++17 lacks: the
// only placeholder is {}, and what it prints is what operator<< prints.

#ifndef CHIMAERA_BASE_FORMAT_H_
#define CHIMAERA_BASE_FORMAT_H_

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace chi {

namespace internal {

/// A value whose type has been forgotten, and the function that remembers it.
/// Valid during the full expression that made it.
struct FormatArg {
  const void* value;
  void (*print)(std::ostream& out, const void* value);
};

template <typename T, typename = void>
struct IsStreamable : std::false_type {};
template <typename T>
struct IsStreamable<T, std::void_t<decltype(std::declval<std::ostream&>()
                                            << std::declval<const T&>())>>
    : std::true_type {};

template <typename T>
void PrintValue(std::ostream& out, const T& value) {
  if constexpr (std::is_same_v<T, unsigned char> ||
                std::is_same_v<T, signed char>) {
    out << static_cast<int>(value);  // u8 and i8 are numbers here, not letters
  } else if constexpr (std::is_convertible_v<const T&, const char*>) {
    const char* text = value;
    out << (text == nullptr ? "(null)" : text);
  } else if constexpr (std::is_enum_v<T> && !IsStreamable<T>::value) {
    out << +static_cast<std::underlying_type_t<T>>(value);
  } else {
    out << value;
  }
}

template <typename T>
FormatArg MakeFormatArg(const T& value) {
  return {&value, [](std::ostream& out, const void* erased) {
            PrintValue(out, *static_cast<const T*>(erased));
          }};
}

std::string FormatArgs(std::string_view format, const FormatArg* args,
                       std::size_t num_args);

}  // namespace internal

/// Replaces each {} of `format` by the next argument; {{ and }} give braces.
/// A mistake never crashes: a {} without an argument stays in the text, and
/// arguments without a {} are appended in parentheses. Booleans print as
/// true/false, u8 and i8 as numbers, an enum without operator<< as its number.
/// The process's locale has no influence.
template <typename... Args>
[[nodiscard]] std::string Format(std::string_view format, const Args&... args) {
  if constexpr (sizeof...(Args) == 0) {
    return internal::FormatArgs(format, nullptr, 0);
  } else {
    const internal::FormatArg erased[] = {internal::MakeFormatArg(args)...};
    return internal::FormatArgs(format, erased, sizeof...(Args));
  }
}

}  // namespace chi

#endif  // CHIMAERA_BASE_FORMAT_H_
