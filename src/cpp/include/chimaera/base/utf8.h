// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which bytes are UTF-8: no overlong forms, no surrogates, nothing beyond
// U+10FFFF.

#ifndef CHIMAERA_BASE_UTF8_H_
#define CHIMAERA_BASE_UTF8_H_

#include <cstddef>
#include <string_view>

namespace chi {

/// Bytes of the character at the front of `text`; 0: there is none.
[[nodiscard]] std::size_t Utf8Length(std::string_view text);

/// Whether all of `text` is UTF-8.
[[nodiscard]] bool IsUtf8(std::string_view text);

}  // namespace chi

#endif  // CHIMAERA_BASE_UTF8_H_
