// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Lays the sources of a configuration over each other, and checks what must
// agree.

#include "chimaera/core/config.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/nearest_name.h"
#include "chimaera/core/setting_table.h"
#include "chimaera/core/yaml_tree.h"
#include "core/config_compose.h"
#include "core/config_reader.h"
#include "core/setting_reader.h"

namespace chi {
namespace {

// Reads one source into `reading`, over what is there.
class Layer {
 public:
  Layer(std::string_view origin, ConfigReading* reading)
      : errors_(origin), reading_(*reading) {}

  ConfigErrors& errors() { return errors_; }

  void Read(const YamlNode& root) {
    static const YamlNode kNothing;
    ConfigReader top(root, "", errors_);
    std::string_view section;
    std::unique_ptr<ConfigReader> reader;
    for (const Setting& setting : Settings()) {
      if (setting.section() != section) {
        if (reader != nullptr) reader->Finish();
        section = setting.section();
        const YamlNode* const node = top.Find(section);
        reader =
            std::make_unique<ConfigReader>(node == nullptr ? kNothing : *node,
                                           Format("{}.", section), errors_);
      }
      ReadSetting(setting, *reader, &reading_.config);
      if (reader->Find(setting.name()) == nullptr) continue;
      reading_.config.places[std::string(setting.key)] = {
          errors_.origin(), reader->LineOf(setting.name()),
          std::string(setting.key)};
    }
    reader->Finish();
    if (const YamlNode* const list = top.Find("compose")) {
      ReadCompose(*list, errors_, &reading_.config.compose);
    }
    top.Finish();
  }

  // Hands the mistakes over; `name_of` tells what a key is called here.
  template <class NameOf>
  void Finish(const NameOf& name_of) {
    std::vector<ConfigError> errors = errors_.list();
    std::stable_sort(errors.begin(), errors.end(),
                     [](const ConfigError& a, const ConfigError& b) {
                       return a.line < b.line;
                     });
    for (ConfigError& error : errors) {
      error.key = name_of(error.key);
      reading_.errors.push_back(std::move(error));
    }
    for (auto& [key, place] : reading_.config.places) {
      if (place.origin == errors_.origin()) place.key = name_of(key);
    }
  }

 private:
  ConfigErrors errors_;
  ConfigReading& reading_;
};

std::string SameName(const std::string& key) { return key; }

std::string VariableOf(const std::string& key) {
  const Setting* const setting = FindSetting(key);
  return setting == nullptr ? key : setting->variable();
}

// Gives what stands in `value` to `setting`, in a tree as a file has it.
void AddToTree(const Setting& setting, std::string_view value, YamlNode* tree) {
  tree->kind = YamlNode::Kind::kMap;
  YamlMember* section = nullptr;
  for (YamlMember& member : tree->members) {
    if (member.key == setting.section()) section = &member;
  }
  if (section == nullptr) {
    section = &tree->members.emplace_back();
    section->key = setting.section();
    section->value.kind = YamlNode::Kind::kMap;
  }
  YamlMember& added = section->value.members.emplace_back();
  added.key = setting.name();
  added.line = 0;
  added.value = TextNode(setting, value);
}

void ReadFile(const ConfigSources& sources, ConfigReading* reading) {
  if (sources.text.empty()) return;
  Layer layer(sources.origin, reading);
  const Result<YamlNode> root =
      ParseYaml(sources.text, sources.origin, RuntimeConfig::kMaxBytes,
                RuntimeConfig::kMaxDepth);
  if (root.ok()) {
    layer.Read(*root);
  } else {
    layer.errors().Add(root.status());
  }
  layer.Finish(&SameName);
}

void ReadEnvironment(ConfigReading* reading) {
  if (getauxval(AT_SECURE) != 0) return;
  Layer layer("environment", reading);
  std::vector<std::string> names;
  for (const Setting& setting : Settings()) names.push_back(setting.variable());
  YamlNode tree;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.substr(0, kSettingPrefix.size()) != kSettingPrefix) continue;
    const std::string_view name = text.substr(0, text.find('='));
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      const std::vector<std::string_view> known(names.begin(), names.end());
      layer.errors().Add(0, name, "unknown variable" + DidYouMean(name, known));
      continue;
    }
    const auto index = static_cast<size_t>(found - names.begin());
    AddToTree(Settings()[index],
              text.substr(std::min(name.size() + 1, text.size())), &tree);
  }
  layer.Read(tree);
  layer.Finish(&VariableOf);
}

void ReadArguments(const ConfigSources& sources, ConfigReading* reading) {
  if (sources.arguments.empty()) return;
  Layer layer("argument", reading);
  YamlNode tree;
  for (const auto& [key, value] : sources.arguments) {
    const Setting* const setting = FindSetting(key);
    if (setting != nullptr) {
      AddToTree(*setting, value, &tree);
      continue;
    }
    std::vector<std::string_view> known;
    for (const Setting& each : Settings()) known.push_back(each.key);
    layer.errors().Add(0, key, "unknown setting" + DidYouMean(key, known));
  }
  layer.Read(tree);
  layer.Finish(&SameName);
}

// What log.h takes from the environment by itself, before all others.
void ReadLogVariables(ConfigReading* reading) {
  const std::optional<LogLevel> level = LogLevelFromEnvironment();
  if (!level.has_value()) return;
  reading->config.log_level = *level;
  const char* const named = std::getenv("CHI_LOG_LEVEL");
  const bool by_name = named != nullptr && *named != '\0';
  reading->config.places["logging.level"] = {
      "environment", 0, by_name ? "CHI_LOG_LEVEL" : "CHI_DEBUG"};
}

// ---- what must agree --------------------------------------------------------

// A mistake of several settings stands where the first of them was set.
void FailTogether(std::initializer_list<const char*> keys, std::string what,
                  ConfigReading* reading) {
  ConfigError error;
  for (const char* key : keys) {
    const auto place = reading->config.places.find(key);
    if (place == reading->config.places.end()) continue;
    error = {place->second.origin, place->second.line, place->second.key, {}};
    break;
  }
  error.what = std::move(what);
  reading->errors.push_back(std::move(error));
}

void CheckRelations(ConfigReading* reading) {
  const RuntimeConfig& config = reading->config;
  if (config.num_threads != 0 &&
      config.num_long_workers >= std::max(config.num_threads, 2u)) {
    FailTogether({"scheduling.long_workers", "runtime.num_threads"},
                 Format("{} of {} workers leave none for short tasks",
                        config.num_long_workers, config.num_threads),
                 reading);
  }
  const u64 first =
      config.main_segment_bytes + config.client_data_segment_bytes;
  if (config.max_client_bytes < first) {
    FailTogether({"memory.max_client_bytes", "memory.main_segment",
                  "memory.client_data_segment"},
                 Format("max_client_bytes, {}, is less than main_segment and "
                        "client_data_segment together, {}",
                        config.max_client_bytes, first),
                 reading);
  }
  if (config.max_runtime_data_bytes < config.runtime_data_segment_bytes) {
    FailTogether(
        {"memory.max_runtime_data_bytes", "memory.runtime_data_segment"},
        Format("max_runtime_data_bytes, {}, is less than "
               "runtime_data_segment, {}",
               config.max_runtime_data_bytes,
               config.runtime_data_segment_bytes),
        reading);
  }
}

}  // namespace

ConfigReading ReadConfig(const ConfigSources& sources) {
  ConfigReading reading;
  if (!sources.text_is_argument) ReadFile(sources, &reading);
  if (sources.environment) ReadEnvironment(&reading);
  if (sources.text_is_argument) ReadFile(sources, &reading);
  ReadArguments(sources, &reading);
  if (sources.environment) ReadLogVariables(&reading);
  CheckRelations(&reading);
  return reading;
}

Result<RuntimeConfig> RuntimeConfig::FromSources(const ConfigSources& sources) {
  ConfigReading reading = ReadConfig(sources);
  CHI_RETURN_IF_ERROR(StatusOf(reading.errors));
  return std::move(reading.config);
}

Result<RuntimeConfig> RuntimeConfig::FromYaml(std::string_view text,
                                              std::string_view origin) {
  ConfigSources sources;
  sources.text = text;
  sources.origin = origin;
  return FromSources(sources);
}

Result<RuntimeConfig> RuntimeConfig::FromFile(const std::string& path) {
  CHI_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(path));
  return FromYaml(text, path);
}

Status RuntimeConfig::ApplyLogging() const {
  // What the environment says goes first, also where nobody has read it.
  SetLogLevel(LogLevelFromEnvironment().value_or(log_level));
  if (log_file.empty()) return Status();
  return SetLogFile(log_file, {log_file_bytes, log_old_files});
}

Result<RuntimeConfig> RuntimeConfig::Load() {
  CHI_ASSIGN_OR_RETURN(const ConfigSources sources, ConfigSources::Of());
  return FromSources(sources);
}

Result<ConfigSources> ConfigSources::Of(std::string path) {
  ConfigSources sources;
  sources.environment = true;
  if (path.empty()) {
    const char* const named = secure_getenv("CHI_SERVER_CONF");
    if (named != nullptr) path = named;
  }
  if (path.empty()) return sources;
  CHI_ASSIGN_OR_RETURN(sources.text, ReadConfigFile(path));
  sources.origin = std::move(path);
  return sources;
}

Result<std::string> ReadConfigFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "re"), &std::fclose);
  if (file == nullptr) {
    if (errno == ENOENT) return Status::NotFound(path + ": no such file");
    return Status::FromErrno(errno, path);
  }
  // One byte more than is allowed, so that a longer file is noticed.
  std::string text(RuntimeConfig::kMaxBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return Status::FromErrno(errno, path);
  return text;
}

}  // namespace chi
