// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which keys a configuration has, what values they take, and which of them
// must agree.

#include "chimaera/core/config.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/ipc/control.h"
#include "chimaera/sched/mapping_policy.h"
#include "core/config_reader.h"
#include "core/yaml_tree.h"

namespace chi {
namespace {

constexpr u64 kPageBytes = 4096;
constexpr u64 kMaxBusyWaitNs = kNsPerSec;
constexpr u64 kMaxLongTaskNs = 10 * kNsPerSec;
constexpr u64 kMaxRebalanceNs = 3600 * kNsPerSec;
constexpr u64 kMaxSegmentBytes = kGiB * 1024;
constexpr u64 kMaxNameBytes = 64;
constexpr u32 kMaxPoolContainers = 4096;

bool IsPowerOfTwo(u64 value) { return (value & (value - 1)) == 0; }

// The map at `key` of the file, or an empty one.
const YamlNode& SectionOf(ConfigReader& top, std::string_view key) {
  static const YamlNode kEmpty;
  const YamlNode* section = top.Find(key);
  return section == nullptr ? kEmpty : *section;
}

void ReadRuntime(const YamlNode& node, ConfigErrors& errors,
                 RuntimeConfig* config) {
  ConfigReader reader(node, "runtime.", errors);
  reader.ReadString("name", &config->name);
  const bool plain =
      std::all_of(config->name.begin(), config->name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
               c == '-';
      });
  if (!plain || config->name.size() > kMaxNameBytes) {
    reader.Fail("name", Format("must be at most {} letters, digits, _ and -",
                               kMaxNameBytes));
  }
  reader.ReadNumber("num_threads", 0, kMaxWorkers, &config->num_threads);
  reader.ReadDuration("first_busy_wait", kMaxBusyWaitNs,
                      &config->first_busy_wait_ns);
  reader.ReadBool("pin_workers", &config->pin_workers);
  reader.Finish();
}

void ReadScheduling(const YamlNode& node, ConfigErrors& errors,
                    RuntimeConfig* config) {
  ConfigReader reader(node, "scheduling.", errors);
  reader.ReadString("policy", &config->mapping_policy);
  const Status known = MakeMappingPolicy(config->mapping_policy).status();
  if (!known.ok()) reader.Fail("policy", known.message());
  reader.ReadNumber("long_workers", 0, kMaxWorkers - 1,
                    &config->num_long_workers);
  reader.ReadDuration("long_task", kMaxLongTaskNs, &config->long_task_ns);
  reader.ReadDuration("rebalance_interval", kMaxRebalanceNs,
                      &config->rebalance_interval_ns);
  if (config->num_threads != 0 &&
      config->num_long_workers >= std::max(config->num_threads, 2u)) {
    reader.Fail("long_workers",
                Format("{} of {} workers leave none for short tasks",
                       config->num_long_workers, config->num_threads));
  }
  reader.Finish();
}

// Segments are mapped in whole pages.
void ReadSegment(ConfigReader& reader, std::string_view key, u64* out) {
  reader.ReadSize(key, kMiB, kMaxSegmentBytes, out);
  if (*out % kPageBytes != 0) {
    reader.Fail(key,
                Format("{} bytes are no multiple of {}", *out, kPageBytes));
  }
}

void ReadMemory(const YamlNode& node, ConfigErrors& errors,
                RuntimeConfig* config) {
  ConfigReader reader(node, "memory.", errors);
  ReadSegment(reader, "main_segment", &config->main_segment_bytes);
  ReadSegment(reader, "client_data_segment",
              &config->client_data_segment_bytes);
  ReadSegment(reader, "runtime_data_segment",
              &config->runtime_data_segment_bytes);
  reader.ReadSize("max_client_bytes", kMiB, kMaxSegmentBytes,
                  &config->max_client_bytes);
  reader.ReadSize("max_result_bytes", kPageBytes, kMaxSegmentBytes,
                  &config->max_result_bytes);
  reader.ReadSize("max_runtime_data_bytes", kMiB, kMaxSegmentBytes,
                  &config->max_runtime_data_bytes);
  const u64 first =
      config->main_segment_bytes + config->client_data_segment_bytes;
  if (config->max_client_bytes < first) {
    reader.Fail("max_client_bytes",
                Format("{} is less than main_segment and client_data_segment "
                       "together, {}",
                       config->max_client_bytes, first));
  }
  if (config->max_runtime_data_bytes < config->runtime_data_segment_bytes) {
    reader.Fail("max_runtime_data_bytes",
                Format("{} is less than runtime_data_segment, {}",
                       config->max_runtime_data_bytes,
                       config->runtime_data_segment_bytes));
  }
  reader.Finish();
}

void ReadQueueAndLimits(const YamlNode& queue, const YamlNode& limits,
                        ConfigErrors& errors, RuntimeConfig* config) {
  ConfigReader reader(queue, "queue.", errors);
  reader.ReadNumber("depth", 16, 65536, &config->queue_depth);
  if (!IsPowerOfTwo(config->queue_depth)) {
    reader.Fail("depth", Format("{} is no power of two", config->queue_depth));
  }
  reader.Finish();

  ConfigReader limit(limits, "limits.", errors);
  limit.ReadNumber("sessions", 1, 65536, &config->max_sessions);
  limit.ReadNumber("tasks_in_flight", 1, 1u << 24,
                   &config->max_tasks_in_flight);
  limit.ReadNumber("task_timeout_ms", 0, ~0u, &config->task_timeout_ms);
  limit.ReadNumber("rings", 2, 65536, &config->max_rings);
  limit.Finish();
}

void CheckAbsolute(ConfigReader& reader, std::string_view key,
                   const std::string& path) {
  if (path.empty() || path[0] != '/') {
    reader.Fail(key, Format("'{}' is no absolute path", path));
  }
}

void ReadLoggingAndModules(const YamlNode& logging, const YamlNode& modules,
                           ConfigErrors& errors, RuntimeConfig* config) {
  ConfigReader log(logging, "logging.", errors);
  if (const std::string* text = log.FindScalar("level")) {
    const Result<LogLevel> level = ParseLogLevel(*text);
    if (level.ok()) {
      config->log_level = *level;
    } else {
      log.Fail("level", level.status().message());
    }
  }
  log.ReadString("file", &config->log_file);
  if (!config->log_file.empty()) CheckAbsolute(log, "file", config->log_file);
  log.Finish();

  ConfigReader module(modules, "modules.", errors);
  module.ReadStrings("paths", &config->module_paths);
  for (const std::string& path : config->module_paths) {
    CheckAbsolute(module, "paths", path);
  }
  module.Finish();
}

// A required word of a compose entry.
void ReadWord(ConfigReader& reader, std::string_view key, std::string* out) {
  if (reader.Require(key) == nullptr) return;
  const std::string* text = reader.FindScalar(key);
  if (text == nullptr) return;
  if (text->empty()) reader.Fail(key, "must not be empty");
  *out = *text;
}

PoolConfig ReadPool(const YamlNode& node, const std::string& path,
                    ConfigErrors& errors) {
  PoolConfig pool;
  ConfigReader reader(node, path, errors);
  ReadWord(reader, "mod_name", &pool.mod_name_);
  ReadWord(reader, "pool_name", &pool.pool_name_);
  std::string id;
  ReadWord(reader, "pool_id", &id);
  if (!id.empty()) {
    const std::optional<PoolId> parsed = PoolId::Parse(id);
    if (!parsed) {
      reader.Fail("pool_id", Format("'{}' is no pool id, as 200.0 is", id));
    } else if (parsed->IsNull()) {
      reader.Fail("pool_id", "0.0 is the null pool id");
    } else if (*parsed == kAdminPoolId) {
      reader.Fail("pool_id", Format("{} is the admin pool's", *parsed));
    } else {
      pool.pool_id_ = *parsed;
    }
  }
  if (const std::string* word = reader.FindScalar("pool_query")) {
    const std::optional<PoolQuery> query = PoolQuery::Parse(*word);
    if (query) {
      pool.pool_query_ = *query;
    } else {
      reader.Fail("pool_query",
                  Format("'{}' is none of local, dynamic, broadcast", *word));
    }
  }
  reader.ReadNumber("num_containers", 1, kMaxPoolContainers,
                    &pool.num_containers_);
  reader.FinishOpen();
  pool.config_ = WriteYaml(node);
  return pool;
}

void ReadCompose(const YamlNode& list, ConfigErrors& errors,
                 std::vector<PoolConfig>* compose) {
  if (list.kind == YamlNode::Kind::kNull) return;
  if (list.kind != YamlNode::Kind::kList) {
    errors.Add(list.line, "compose", "must be a list of pools");
    return;
  }
  std::map<PoolId, u32> lines_of_ids;
  std::map<std::string, u32> lines_of_names;
  for (size_t i = 0; i < list.items.size(); ++i) {
    const YamlNode& item = list.items[i];
    const std::string path = Format("compose[{}].", i);
    if (item.kind == YamlNode::Kind::kNull) {
      errors.Add(item.line, Format("compose[{}]", i), "is empty");
      continue;
    }
    PoolConfig pool = ReadPool(item, path, errors);
    if (!pool.pool_id_.IsNull()) {
      const auto first = lines_of_ids.emplace(pool.pool_id_, item.line);
      if (!first.second) {
        errors.Add(item.line, path + "pool_id",
                   Format("{} belongs to the pool in line {} already",
                          pool.pool_id_, first.first->second));
      }
    }
    if (!pool.pool_name_.empty()) {
      const auto first = lines_of_names.emplace(pool.pool_name_, item.line);
      if (!first.second) {
        errors.Add(item.line, path + "pool_name",
                   Format("'{}' belongs to the pool in line {} already",
                          pool.pool_name_, first.first->second));
      }
    }
    compose->push_back(std::move(pool));
  }
}

}  // namespace

Result<RuntimeConfig> RuntimeConfig::FromYaml(std::string_view text,
                                              std::string_view origin) {
  CHI_ASSIGN_OR_RETURN(const YamlNode root,
                       ParseYaml(text, origin, kMaxBytes, kMaxDepth));
  ConfigErrors errors(origin);
  ConfigReader top(root, "", errors);
  RuntimeConfig config;
  ReadRuntime(SectionOf(top, "runtime"), errors, &config);
  ReadScheduling(SectionOf(top, "scheduling"), errors, &config);
  ReadMemory(SectionOf(top, "memory"), errors, &config);
  const YamlNode& queue = SectionOf(top, "queue");
  ReadQueueAndLimits(queue, SectionOf(top, "limits"), errors, &config);
  const YamlNode& logging = SectionOf(top, "logging");
  ReadLoggingAndModules(logging, SectionOf(top, "modules"), errors, &config);
  ReadCompose(SectionOf(top, "compose"), errors, &config.compose);
  top.Finish();
  CHI_RETURN_IF_ERROR(errors.status());
  return config;
}

Result<std::vector<PoolConfig>> ParseCompose(std::string_view text,
                                             std::string_view origin) {
  CHI_ASSIGN_OR_RETURN(const YamlNode root,
                       ParseYaml(text, origin, RuntimeConfig::kMaxBytes,
                                 RuntimeConfig::kMaxDepth));
  ConfigErrors errors(origin);
  ConfigReader top(root, "", errors);
  std::vector<PoolConfig> compose;
  if (root.kind == YamlNode::Kind::kNull) {
    errors.Add(root.line, "compose", "is missing");
  } else if (const YamlNode* list = top.Require("compose")) {
    ReadCompose(*list, errors, &compose);
  }
  top.Finish();
  CHI_RETURN_IF_ERROR(errors.status());
  return compose;
}

Result<RuntimeConfig> RuntimeConfig::FromFile(const std::string& path) {
  CHI_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(path));
  return FromYaml(text, path);
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

RuntimeConfig RuntimeConfig::Default() {
  Result<RuntimeConfig> config =
      FromYaml(DefaultConfigText(), "chimaera_default.yaml");
  CHI_CHECK(config.ok(), "{}", config.status());
  return std::move(config).value();
}

Result<RuntimeConfig> RuntimeConfig::Load() {
  const char* path = secure_getenv("CHI_SERVER_CONF");
  if (path == nullptr || *path == '\0') return Default();
  return FromFile(path);
}

}  // namespace chi
