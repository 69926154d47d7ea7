// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reads one map of a configuration key by key, and notes everything that is
// wrong with it, so that one run reports all mistakes of a file.

#ifndef CHIMAERA_CORE_CONFIG_READER_H_
#define CHIMAERA_CORE_CONFIG_READER_H_

#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/core/config.h"
#include "chimaera/core/yaml_tree.h"

namespace chi {

/// The mistakes of one source.
class ConfigErrors {
 public:
  explicit ConfigErrors(std::string_view origin) : origin_(origin) {}

  void Add(u32 line, std::string_view key, std::string_view what);
  /// Adds the failure of ParseYaml, "origin:line: what".
  void Add(const Status& status);
  const std::string& origin() const { return origin_; }
  const std::vector<ConfigError>& list() const { return list_; }
  Status status() const { return StatusOf(list_); }

 private:
  const std::string origin_;
  std::vector<ConfigError> list_;
};

/// One map. Each Read looks for a key; if it is there, its value goes to `out`,
/// or its mistake to the errors. Keys that no Read has asked for are mistakes
/// too, once Finish is called.
class ConfigReader {
 public:
  /// `path` stands before keys in messages: "memory." or "". A null node is an
  /// empty map; anything else but a map is a mistake.
  ConfigReader(const YamlNode& node, std::string path, ConfigErrors& errors);

  void ReadNumber(std::string_view key, u64 min, u64 max, u32* out);
  /// Bytes, with a unit.
  void ReadSize(std::string_view key, u64 min, u64 max, u64* out);
  /// Nanoseconds, with a unit.
  void ReadDuration(std::string_view key, u64 max, u64* out);
  void ReadBool(std::string_view key, bool* out);
  void ReadString(std::string_view key, std::string* out);
  void ReadStrings(std::string_view key, std::vector<std::string>* out);

  /// The value of `key`, or null; for what is read in another way.
  const YamlNode* Find(std::string_view key);
  /// As Find; if there is none, that is a mistake.
  const YamlNode* Require(std::string_view key);
  /// Text of the scalar at `key`, or null, with a mistake if it is no scalar.
  const std::string* FindScalar(std::string_view key);

  /// The line of `key`, or of the map if it has none.
  u32 LineOf(std::string_view key) const;
  /// Adds a mistake at `key`.
  void Fail(std::string_view key, std::string_view what);

  /// Complains about keys that nobody asked for.
  void Finish();
  /// Complains only about those one letter away from a key that was asked for
  /// and is not there; the others are somebody else's.
  void FinishOpen();

 private:
  bool Asked(std::string_view key) const;

  const YamlNode& node_;
  const std::string path_;
  ConfigErrors& errors_;
  std::vector<std::string_view> asked_;  // constants of the callers
};

}  // namespace chi

#endif  // CHIMAERA_CORE_CONFIG_READER_H_
