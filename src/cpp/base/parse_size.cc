// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Parses "<number> <unit>" without floating point, so that the results are
// exact and no locale decides what a decimal point is.

#include "chimaera/base/parse_size.h"

#include <array>
#include <cctype>
#include <cstddef>
#include <stdexcept>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"

namespace chi {

namespace {

__extension__ using Wide = unsigned __int128;

struct Unit {
  std::string_view name;
  u64 factor;
};

// A decimal number, as `digits` / 10^`num_decimals`, and the text behind it.
struct Number {
  u64 digits = 0;
  u64 power_of_ten = 1;
  std::string_view rest;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view TrimSpaces(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// False if there is no number, or one that no u64 holds.
bool ScanNumber(std::string_view text, Number* number) {
  // More decimals than this cannot change a result in whole bytes or
  // nanoseconds that anybody means; they are read and dropped.
  constexpr u64 kMaxPowerOfTen = 1000000000;
  bool in_decimals = false;
  bool any = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !in_decimals) {
      in_decimals = true;
      continue;
    }
    if (!IsDigit(text[i])) {
      break;
    }
    any = true;
    if (in_decimals && number->power_of_ten == kMaxPowerOfTen) {
      continue;
    }
    const auto digit = static_cast<u64>(text[i] - '0');
    if (__builtin_mul_overflow(number->digits, u64{10}, &number->digits) ||
        __builtin_add_overflow(number->digits, digit, &number->digits)) {
      return false;
    }
    number->power_of_ten *= in_decimals ? 10 : 1;
  }
  number->rest = TrimSpaces(text.substr(i));
  return any;
}

// False if 2^64 is reached.
bool Multiply(const Number& number, u64 factor, u64* result) {
  const Wide product =
      static_cast<Wide>(number.digits) * factor / number.power_of_ten;
  *result = static_cast<u64>(product);
  return product <= ~u64{0};
}

// The factor of "", "b", "k", "kb", "kib", "m" ...; 0 if it is no such unit.
u64 SizeFactor(std::string_view unit) {
  static constexpr Unit kPrefixes[] = {
      {"k", kKiB}, {"m", kMiB}, {"g", kGiB}, {"t", 1024 * kGiB}};
  std::string lower(unit);
  for (char& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (lower.empty() || lower == "b") {
    return 1;
  }
  const std::string_view suffix = std::string_view(lower).substr(1);
  for (const Unit& prefix : kPrefixes) {
    if (lower[0] == prefix.name[0] &&
        (suffix.empty() || suffix == "b" || suffix == "i" || suffix == "ib")) {
      return prefix.factor;
    }
  }
  return 0;
}

// 0 if it is no unit of time.
u64 DurationFactor(std::string_view unit) {
  static constexpr Unit kUnits[] = {
      {"ns", 1},        {"us", kNsPerUs},        {"ms", kNsPerMs},
      {"s", kNsPerSec}, {"min", 60 * kNsPerSec}, {"h", 3600 * kNsPerSec}};
  for (const Unit& candidate : kUnits) {
    if (candidate.name == unit) {
      return candidate.factor;
    }
  }
  return 0;
}

}  // namespace

Result<u64> ParseSize(std::string_view text) {
  Number number;
  if (!ScanNumber(TrimSpaces(text), &number)) {
    return Status::BadRequest(
        Format("'{}' is not a size such as 2GB, 512 MiB or 4096", text));
  }
  const u64 factor = SizeFactor(number.rest);
  if (factor == 0) {
    return Status::BadRequest(
        Format("'{}' is not a size: unit '{}' is none of B, K, M, G, T", text,
               number.rest));
  }
  u64 bytes = 0;
  if (!Multiply(number, factor, &bytes)) {
    return Status::BadRequest(Format("size '{}' exceeds 2^64 bytes", text));
  }
  return bytes;
}

Result<u64> ParseDuration(std::string_view text) {
  Number number;
  if (!ScanNumber(TrimSpaces(text), &number)) {
    return Status::BadRequest(
        Format("'{}' is not a duration such as 50us, 2 ms or 1.5s", text));
  }
  const bool bare_zero = number.rest.empty() && number.digits == 0;
  const u64 factor = bare_zero ? 1 : DurationFactor(number.rest);
  if (factor == 0) {
    return Status::BadRequest(Format(
        "'{}' is not a duration: unit '{}' is none of ns, us, ms, s, min, h",
        text, number.rest));
  }
  u64 ns = 0;
  if (!Multiply(number, factor, &ns)) {
    return Status::BadRequest(
        Format("duration '{}' exceeds 2^64 nanoseconds", text));
  }
  return ns;
}

std::string FormatSize(u64 bytes) {
  static constexpr std::array<const char*, 7> kUnits = {
      "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  // In hundredths of the unit, rounded. Checked after rounding, so that
  // 1048575 reads "1 MiB" and not "1024 KiB".
  const auto hundredths = [bytes](std::size_t power) {
    const Wide scale = Wide{1} << (10 * power);
    return static_cast<u64>((Wide{bytes} * 100 + scale / 2) / scale);
  };
  while (unit + 1 < kUnits.size() && hundredths(unit) >= u64{1024} * 100) {
    ++unit;
  }
  const u64 value = hundredths(unit);
  std::string text = std::to_string(value / 100);
  if (value % 100 != 0) {
    text += '.';
    text += static_cast<char>('0' + value % 100 / 10);
    if (value % 10 != 0) {
      text += static_cast<char>('0' + value % 10);
    }
  }
  return text + " " + kUnits[unit];
}

}  // namespace chi

namespace hshm {

u64 ConfigParse::ParseSize(const std::string& text) {
  const chi::Result<u64> size = chi::ParseSize(text);
  if (!size.ok()) {
    throw std::invalid_argument(std::string(size.status().message()));
  }
  return *size;
}

}  // namespace hshm
