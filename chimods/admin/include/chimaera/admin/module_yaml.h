// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How the modules that ship with Chimaera read their keys of a compose entry.
// For their .cc files only: it brings yaml-cpp.

#ifndef CHIMAERA_ADMIN_MODULE_YAML_H_
#define CHIMAERA_ADMIN_MODULE_YAML_H_

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/base/nearest_name.h"
#include "chimaera/base/status.h"
#include "chimaera/core/config.h"
#include "chimaera/shm/storage.h"

namespace chimaera {

/// One entry. All failures are StatusError(kBadRequest) that name pool and key.
class ModuleYaml {
 public:
  /// `keys` are the module's own; others, except those that every entry has,
  /// are refused.
  ModuleYaml(const chi::PoolConfig& config, std::vector<std::string_view> keys)
      : pool_name_(config.pool_name_), keys_(std::move(keys)) {
    for (const char* key :
         {"mod_name", "pool_name", "pool_id", "pool_query", "num_containers"}) {
      keys_.emplace_back(key);
    }
    try {
      map_ = YAML::Load(config.config_);
    } catch (const YAML::Exception& error) {
      Fail("", error.what());
    }
    if (map_.IsNull()) return;
    if (!map_.IsMap()) Fail("", "not a map");
    for (const auto& pair : map_) {
      const std::string key = pair.first.Scalar();
      if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) continue;
      Fail(key, "unknown key" + chi::DidYouMean(key, keys_));
    }
  }

  /// The value of `key` if it is there; `parse` makes a chi::Result of its
  /// text.
  template <class T, class Parse>
  void Read(const std::string& key, T* value, Parse parse) const {
    if (!map_.IsMap()) return;
    const YAML::Node node = map_[key];
    if (!node) return;
    if (!node.IsScalar()) Fail(key, "a single value is expected");
    auto parsed = parse(node.Scalar());
    if (!parsed.ok()) Fail(key, std::string(parsed.status().message()));
    *value = *std::move(parsed);
  }

  /// The same for what yaml-cpp reads itself: numbers and booleans.
  template <class T>
  void Read(const std::string& key, T* value) const {
    Read(key, value, [](const std::string& text) -> chi::Result<T> {
      T result;
      if (YAML::convert<T>::decode(YAML::Node(text), result)) return result;
      return chi::Status::BadRequest("'" + text + "' is not possible here");
    });
  }

 private:
  [[noreturn]] void Fail(const std::string& key,
                         const std::string& what) const {
    throw chi::StatusError(chi::Status::BadRequest(chi::Format(
        "pool '{}': {}{}{}", pool_name_, key, key.empty() ? "" : ": ", what)));
  }

  std::string pool_name_;
  std::vector<std::string_view> keys_;
  YAML::Node map_;
};

}  // namespace chimaera

#endif  // CHIMAERA_ADMIN_MODULE_YAML_H_
