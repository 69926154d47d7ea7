// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The settings of a runtime as a table: what each is called, what it may be and
// what it means. Defaults stand in RuntimeConfig and nowhere else. The reader
// of files, the environment's variables, `chimaera config` and the reference
// page all come from this table.

#ifndef CHIMAERA_CORE_SETTING_TABLE_H_
#define CHIMAERA_CORE_SETTING_TABLE_H_

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chimaera/base/types.h"
#include "chimaera/core/config.h"

namespace chi {

enum class SettingType : u32 {
  kNumber,    ///< A whole number.
  kSize,      ///< Bytes, with a unit.
  kDuration,  ///< Nanoseconds, with a unit.
  kBool,
  kText,
  kChoice,  ///< One of `choices`.
  kPaths,   ///< A list of absolute paths; parted by colons in a variable.
};
const char* SettingTypeName(SettingType type);

/// What a value must be beside within its bounds.
enum class SettingRule : u32 {
  kNone,
  kPowerOfTwo,
  kWholePages,  ///< A multiple of 4096.
  kPlainName,   ///< Letters, digits, _ and -.
  kAbsolute,    ///< An absolute path, or empty.
};

struct Setting {
  using Member =
      std::variant<u32 RuntimeConfig::*, u64 RuntimeConfig::*,
                   bool RuntimeConfig::*, std::string RuntimeConfig::*,
                   LogLevel RuntimeConfig::*,
                   std::vector<std::string> RuntimeConfig::*>;
  using Choices = const std::vector<std::string_view>& (*)();

  std::string_view key;  ///< Section and name: "runtime.num_threads".
  Member member;
  SettingType type;
  u64 min;  ///< Of numbers, sizes in bytes, durations in ns.
  u64 max;  ///< The same; of texts, letters; 0: no bound.
  SettingRule rule;
  std::string_view doc;
  Choices choices;  ///< Null for all types but kChoice.

  std::string_view section() const { return key.substr(0, key.find('.')); }
  std::string_view name() const { return key.substr(key.find('.') + 1); }
  /// The environment's variable: "CHIMAERA__RUNTIME__NUM_THREADS".
  std::string variable() const;
  /// What it may be, in words: "16 to 65536, a power of two".
  std::string possible() const;
  /// What `config` holds, as it would stand in a file.
  std::string TextOf(const RuntimeConfig& config) const;
};

/// All of them, those of a section together.
const std::vector<Setting>& Settings();
/// Null: there is no such key.
const Setting* FindSetting(std::string_view key);

/// How the variables of the environment begin.
inline constexpr std::string_view kSettingPrefix = "CHIMAERA__";

}  // namespace chi

#endif  // CHIMAERA_CORE_SETTING_TABLE_H_
