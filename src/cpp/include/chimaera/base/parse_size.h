// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Sizes and durations as people write them in configuration files.

#ifndef CHIMAERA_BASE_PARSE_SIZE_H_
#define CHIMAERA_BASE_PARSE_SIZE_H_

#include <string>
#include <string_view>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"

namespace chi {

/// Bytes of "2GB", "512 MiB", "4k", "1.5g" or "4096". The unit is K, M, G or T
/// in either case, then an optional "i", then an optional "B". All of them mean
/// powers of 1024, with "i" or without: as usual for storage in configuration
/// files, 2GB is 2 GiB here. A fraction of a byte is cut off.
/// Returns kBadRequest, naming the text, for anything else: signs, a missing
/// number, unknown units, text behind the unit, 2^64 bytes or more.
[[nodiscard]] Result<u64> ParseSize(std::string_view text);

/// Nanoseconds of "50us", "2 ms", "1.5s", "100ns", "5min" or "1h". A unit is
/// required, in lower case ("min" is minutes; "m" is refused as ambiguous); a
/// bare "0" needs none. Errors as for ParseSize.
[[nodiscard]] Result<u64> ParseDuration(std::string_view text);

/// Text for `bytes` that people can read: "512 B", "1.5 KiB", "2 GiB"; at most
/// two decimals, rounded.
[[nodiscard]] std::string FormatSize(u64 bytes);

}  // namespace chi

namespace hshm {

/// The name under which modules parse sizes in their LoadConfig.
class ConfigParse {
 public:
  /// chi::ParseSize for code that has no Status to return: throws
  /// std::invalid_argument, with the same message, where that fails.
  [[nodiscard]] static u64 ParseSize(const std::string& text);
};

}  // namespace hshm

#endif  // CHIMAERA_BASE_PARSE_SIZE_H_
