// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a module reads its own keys of a compose entry, for
// CreateParams::LoadConfig. A module may use yaml-cpp instead; this one has no
// header of a third party, takes units, and refuses keys that nobody knows.

#ifndef CHIMAERA_CORE_MODULE_CONFIG_H_
#define CHIMAERA_CORE_MODULE_CONFIG_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/core/config.h"

namespace chi {

/// A key that a module reads, as its Read says.
struct ModuleSetting {
  std::string key;
  const char* type;  ///< "number", "size", "bool" or "text".
  u64 min = 0;
  u64 max = 0;
  std::string default_text;  ///< What its parameter holds otherwise.
};

/// While it lives, every Read of this thread is noted. Not to be nested.
class ModuleSettingRecorder {
 public:
  ModuleSettingRecorder();
  ~ModuleSettingRecorder();
  ModuleSettingRecorder(const ModuleSettingRecorder&) = delete;
  ModuleSettingRecorder& operator=(const ModuleSettingRecorder&) = delete;

  std::vector<ModuleSetting> settings;
};

/// Each Read looks for a key, a constant; if it is there, its value goes to
/// `out`, or its mistake to the Status of Finish. Not thread-safe.
class ModuleConfig {
 public:
  explicit ModuleConfig(const PoolConfig& config);
  ~ModuleConfig();
  ModuleConfig(const ModuleConfig&) = delete;
  ModuleConfig& operator=(const ModuleConfig&) = delete;

  void ReadNumber(std::string_view key, u64 min, u64 max, u32* out);
  /// Bytes, with a unit: "2GB".
  void ReadSize(std::string_view key, u64 min, u64 max, u64* out);
  void ReadBool(std::string_view key, bool* out);
  void ReadString(std::string_view key, std::string* out);
  /// Adds a mistake at `key`.
  void Fail(std::string_view key, std::string_view what);

  /// kBadRequest with a line for each mistake; keys that no Read has asked for
  /// are mistakes too, except those that every entry has.
  [[nodiscard]] Status Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chi

#endif  // CHIMAERA_CORE_MODULE_CONFIG_H_
