// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A module's view of its compose entry.

#include "chimaera/core/module_config.h"

#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/core/yaml_tree.h"
#include "core/config_reader.h"

namespace chi {
namespace {

thread_local ModuleSettingRecorder* t_recorder = nullptr;

void Note(std::string_view key, const char* type, u64 min, u64 max,
          std::string value) {
  if (t_recorder == nullptr) return;
  t_recorder->settings.push_back(
      {std::string(key), type, min, max, std::move(value)});
}

}  // namespace

ModuleSettingRecorder::ModuleSettingRecorder() { t_recorder = this; }
ModuleSettingRecorder::~ModuleSettingRecorder() { t_recorder = nullptr; }

struct ModuleConfig::Impl {
  explicit Impl(const PoolConfig& config)
      : origin(Format("pool '{}'", config.pool_name_)), errors(origin) {
    Result<YamlNode> parsed =
        ParseYaml(config.config_, origin, RuntimeConfig::kMaxBytes,
                  RuntimeConfig::kMaxDepth);
    if (parsed.ok()) {
      root = *std::move(parsed);
    } else {
      status = parsed.status();
    }
    reader = std::make_unique<ConfigReader>(root, "", errors);
    // Read by the runtime already.
    for (const char* key :
         {"mod_name", "pool_name", "pool_id", "pool_query", "num_containers"}) {
      reader->Find(key);
    }
  }

  const std::string origin;
  ConfigErrors errors;
  YamlNode root;
  Status status;  // of the parser
  std::unique_ptr<ConfigReader> reader;
};

ModuleConfig::ModuleConfig(const PoolConfig& config)
    : impl_(std::make_unique<Impl>(config)) {}

ModuleConfig::~ModuleConfig() = default;

void ModuleConfig::ReadNumber(std::string_view key, u64 min, u64 max,
                              u32* out) {
  Note(key, "number", min, max, Format("{}", *out));
  impl_->reader->ReadNumber(key, min, max, out);
}

void ModuleConfig::ReadSize(std::string_view key, u64 min, u64 max, u64* out) {
  Note(key, "size", min, max, Format("{}", *out));
  impl_->reader->ReadSize(key, min, max, out);
}

void ModuleConfig::ReadBool(std::string_view key, bool* out) {
  Note(key, "bool", 0, 0, *out ? "true" : "false");
  impl_->reader->ReadBool(key, out);
}

void ModuleConfig::ReadString(std::string_view key, std::string* out) {
  Note(key, "text", 0, 0, *out);
  impl_->reader->ReadString(key, out);
}

void ModuleConfig::Fail(std::string_view key, std::string_view what) {
  impl_->reader->Fail(key, what);
}

Status ModuleConfig::Finish() {
  if (!impl_->status.ok()) return impl_->status;
  impl_->reader->Finish();
  return impl_->errors.status();
}

}  // namespace chi
