// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How generated CreateParams read the settings of a pool: `parameters` of
// kCreate, from a compose entry and from a client; and write them as such an
// entry has them.

#ifndef CHIMAERA_CORE_SETTINGS_H_
#define CHIMAERA_CORE_SETTINGS_H_

#include <charconv>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/parse_size.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/core/module_config.h"
#include "chimaera/shm/storage.h"

namespace chi {

/// Reads `key` into `out` if it is there; a mistake goes to reader.Finish().
/// A u64 may be a size: "2GB".
template <class T>
void ReadSetting(ModuleConfig& reader, std::string_view key, T* out) {
  if constexpr (std::is_same_v<T, bool>) {
    reader.ReadBool(key, out);
  } else if constexpr (std::is_same_v<T, std::string>) {
    reader.ReadString(key, out);
  } else if constexpr (std::is_same_v<T, u64>) {
    reader.ReadSize(key, 0, ~u64{0}, out);
  } else {
    std::string text;
    reader.ReadString(key, &text);
    if (text.empty()) return;
    T value{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) {
      reader.Fail(key, Format("'{}' is no number of its type", text));
    } else {
      *out = value;
    }
  }
}

/// The same for an enum, of which all names are given.
template <class EnumT>
void ReadSetting(
    ModuleConfig& reader, std::string_view key, EnumT* out,
    std::initializer_list<std::pair<std::string_view, EnumT>> names) {
  std::string text;
  reader.ReadString(key, &text);
  if (text.empty()) return;
  std::string all;
  for (const auto& [name, value] : names) {
    if (name == text) {
      *out = value;
      return;
    }
    all += all.empty() ? "" : ", ";
    all += name;
  }
  reader.Fail(key, Format("'{}' is none of {}", text, all));
}

/// Makes the YAML that ReadSetting reads: `{label: "a", limit: 10}`.
class SettingsWriter {
 public:
  void Write(std::string_view key, std::string_view value) {
    Begin(key);
    text_ += '"';
    for (const char c : value) AppendQuoted(c);
    text_ += '"';
  }
  /// A truth, or a number with all its digits. A template, since a pointer to a
  /// text would rather be a bool than a string_view.
  template <class T>
  std::enable_if_t<std::is_arithmetic_v<T>> Write(std::string_view key,
                                                  T value) {
    Begin(key);
    if constexpr (std::is_same_v<T, bool>) {
      text_ += value ? "true" : "false";
    } else {
      char digits[32];
      text_.append(digits, std::to_chars(digits, std::end(digits), value).ptr);
    }
  }
  /// An enum, of which all names are given.
  template <class EnumT>
  void Write(std::string_view key, EnumT value,
             std::initializer_list<std::pair<std::string_view, EnumT>> names) {
    for (const auto& [name, each] : names) {
      if (each == value) return Write(key, name);
    }
    Write(key, static_cast<u32>(value));  // which is refused when it is read
  }

  std::string Finish() const { return text_ + "}"; }

 private:
  void Begin(std::string_view key) {
    if (text_.size() > 1) text_ += ", ";
    text_.append(key).append(": ");
  }
  void AppendQuoted(char c) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (text_ += '\\') += c;
    } else if (code < 0x20 || code == 0x7f) {
      ((text_ += "\\x") += kDigits[code >> 4]) += kDigits[code & 15];
    } else {
      text_ += c;
    }
  }

  std::string text_ = "{";
};

/// cereal's `ar(value)`. Throws StatusError(kBadRequest) for a number that the
/// enum does not have.
template <class Archive, class EnumT>
void SerializeEnum(Archive& ar, EnumT* value) {
  u32 number = static_cast<u32>(*value);
  ar(number);
  if constexpr (Archive::is_loading::value) {
    *value = static_cast<EnumT>(number);
    if (IsValid(*value)) return;
    throw StatusError(Status::BadRequest(
        Format("a setting has the unknown value {}", number)));
  }
}

}  // namespace chi

#endif  // CHIMAERA_CORE_SETTINGS_H_
