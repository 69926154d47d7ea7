// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a configuration file may say, and how each mistake is reported.

#include "chimaera/core/config.h"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/core/setting_table.h"
#include "support/catch.h"

namespace chi {
namespace {

Result<RuntimeConfig> Read(std::string_view text) {
  return RuntimeConfig::FromYaml(text, "f.yaml");
}

TEST_CASE("RuntimeConfig: the default file says what the struct says") {
  const auto file =
      RuntimeConfig::FromFile(CORE_TEST_CONFIG_DIR "/chimaera_default.yaml");
  REQUIRE(file.ok());
  for (const Setting& setting : Settings()) {
    INFO(setting.key);
    CHECK(setting.TextOf(*file) == setting.TextOf(RuntimeConfig()));
  }
  CHECK(file->compose.empty());
}

TEST_CASE("Settings: what each default says is read back as it is") {
  for (const Setting& setting : Settings()) {
    const std::string text = setting.TextOf(RuntimeConfig());
    INFO(setting.key << ": " << text << " of " << setting.possible());
    const auto config = Read(std::string(setting.section()) + ":\n  " +
                             std::string(setting.name()) + ": " + text);
    REQUIRE(config.ok());
    CHECK(setting.TextOf(*config) == text);
  }
}

TEST_CASE("ReadConfig: arguments before environment before file") {
  ConfigSources sources;
  sources.text = "queue: {depth: 16}\nlimits:\n  rings: 3\n  sessions: 4\n";
  sources.origin = "f.yaml";
  sources.environment = true;
  sources.arguments = {{"queue.depth", "64"}, {"modules.paths", "/a:/b"}};
  setenv("CHIMAERA__QUEUE__DEPTH", "32", 1);
  setenv("CHIMAERA__LIMITS__RINGS", "5", 1);
  const ConfigReading all = ReadConfig(sources);
  sources.arguments.clear();
  const ConfigReading two = ReadConfig(sources);
  sources.text_is_argument = true;
  const ConfigReading turned = ReadConfig(sources);
  unsetenv("CHIMAERA__QUEUE__DEPTH");
  unsetenv("CHIMAERA__LIMITS__RINGS");
  CHECK(all.errors.empty());
  CHECK(all.config.queue_depth == 64);
  CHECK(all.config.places.at("queue.depth").origin == "argument");
  CHECK(all.config.module_paths == std::vector<std::string>{"/a", "/b"});
  CHECK(all.config.max_rings == 5);
  CHECK(all.config.places.at("limits.rings").key == "CHIMAERA__LIMITS__RINGS");
  CHECK(all.config.max_sessions == 4);
  CHECK(all.config.places.at("limits.sessions").line == 4);
  CHECK(all.config.places.count("limits.task_timeout_ms") == 0);
  CHECK(two.config.queue_depth == 32);
  CHECK(turned.config.queue_depth == 16);
  CHECK(turned.config.max_rings == 3);
}

TEST_CASE("ReadConfig: mistakes say whose they are") {
  ConfigSources sources;
  sources.text = "memory:\n  max_client_bytes: 8MB\n";
  sources.origin = "f.yaml";
  sources.environment = true;
  sources.arguments = {{"queue.deph", "64"}, {"limits.rings", "one"}};
  setenv("CHIMAERA__QUEU__DEPTH", "32", 1);
  setenv("CHIMAERA__LIMITS__SESSIONS", "-3", 1);
  const ConfigReading reading = ReadConfig(sources);
  unsetenv("CHIMAERA__QUEU__DEPTH");
  unsetenv("CHIMAERA__LIMITS__SESSIONS");
  std::string text;
  for (const ConfigError& error : reading.errors) {
    text += error.ToString() + "\n";
  }
  CHECK(text ==
        "environment: CHIMAERA__QUEU__DEPTH: unknown variable (did you mean "
        "'CHIMAERA__QUEUE__DEPTH'?)\n"
        "environment: CHIMAERA__LIMITS__SESSIONS: '-3' is no whole number\n"
        "argument: queue.deph: unknown setting (did you mean 'queue.depth'?)\n"
        "argument: limits.rings: 'one' is no whole number\n"
        "f.yaml:2: memory.max_client_bytes: max_client_bytes, 8388608, is less "
        "than main_segment and client_data_segment together, 20971520\n");
}

TEST_CASE("RuntimeConfig: an empty file gives the defaults") {
  for (const char* text : {"", "# nothing\n", "runtime:\nmemory: {}\n"}) {
    const auto config = Read(text);
    REQUIRE(config.ok());
    CHECK(config->queue_depth == RuntimeConfig().queue_depth);
  }
}

TEST_CASE("RuntimeConfig: each key reaches its field") {
  const auto config = Read(R"(
runtime:
  {name: lab-2, num_threads: 3, first_busy_wait: 1.5ms, pin_workers: false}
memory:
  main_segment: 8 MiB
  client_data_segment: 32MB
  runtime_data_segment: 2m
  max_client_bytes: 1GB
  max_result_bytes: 64k
  max_runtime_data_bytes: 3MB
queue: {depth: 64}
limits: {sessions: 2, tasks_in_flight: 100, rings: 6}
logging: {level: debug, file: /var/log/chimaera.log}
modules: {paths: [/opt/a, "/opt/b"]}
)");
  REQUIRE(config.ok());
  CHECK(config->name == "lab-2");
  CHECK(config->num_threads == 3);
  CHECK(config->first_busy_wait_ns == 1'500'000);
  CHECK_FALSE(config->pin_workers);
  CHECK(config->main_segment_bytes == 8 * kMiB);
  CHECK(config->client_data_segment_bytes == 32 * kMiB);
  CHECK(config->runtime_data_segment_bytes == 2 * kMiB);
  CHECK(config->max_client_bytes == kGiB);
  CHECK(config->max_result_bytes == 64 * kKiB);
  CHECK(config->max_runtime_data_bytes == 3 * kMiB);
  CHECK(config->queue_depth == 64);
  CHECK(config->max_sessions == 2);
  CHECK(config->max_tasks_in_flight == 100);
  CHECK(config->max_rings == 6);
  CHECK(config->log_level == LogLevel::kDebug);
  CHECK(config->log_file == "/var/log/chimaera.log");
  CHECK(config->module_paths == std::vector<std::string>{"/opt/a", "/opt/b"});
}

TEST_CASE("RuntimeConfig: compose entries keep the keys of their module") {
  const auto config = Read(R"(
compose:
  - mod_name: chimaera_bdev
    pool_name: ram://test
    pool_query: local
    pool_id: 200.0
    capacity: 2GB
    nested: {list: [1, "2"]}
  - {mod_name: m, pool_name: p, pool_id: "7.3", num_containers: 4}
)");
  REQUIRE(config.ok());
  REQUIRE(config->compose.size() == 2);
  const PoolConfig& first = config->compose[0];
  CHECK(first.mod_name_ == "chimaera_bdev");
  CHECK(first.pool_name_ == "ram://test");
  CHECK(first.pool_id_ == PoolId(200, 0));
  CHECK(first.pool_query_.IsLocalMode());
  CHECK(first.num_containers_ == 1);
  CHECK(first.config_.find("capacity: 2GB\n") != std::string::npos);
  CHECK(first.config_.find("\"2\"") != std::string::npos);
  CHECK(first.config_.find("pool_id: 200.0\n") != std::string::npos);
  const PoolConfig& second = config->compose[1];
  CHECK(second.pool_id_ == PoolId(7, 3));
  CHECK(second.pool_query_.IsDynamicMode());
  CHECK(second.num_containers_ == 4);
}

TEST_CASE("RuntimeConfig: all mistakes of a file are reported at once") {
  const auto config = Read(
      "runtime:\n  num_threads: many\n  nmae: x\nqueue: {depth: 1000}\n"
      "extra: 1\n");
  REQUIRE_FALSE(config.ok());
  CHECK(config.status().code() == StatusCode::kBadRequest);
  CHECK(config.status().message() ==
        "f.yaml:2: runtime.num_threads: 'many' is no whole number\n"
        "f.yaml:3: runtime.nmae: unknown key (did you mean 'name'?)\n"
        "f.yaml:4: queue.depth: 1000 is no power of two\n"
        "f.yaml:5: extra: unknown key; known are runtime, scheduling, "
        "memory, queue, limits, statistics, logging, modules, compose");
}

TEST_CASE("RuntimeConfig: many mistakes are counted, not all are shown") {
  std::string text = "runtime:\n";
  for (int i = 0; i < 50; ++i) text += "  zz" + std::to_string(i) + ": 1\n";
  const auto config = Read(text);
  const std::string message(config.status().message());
  CHECK(std::count(message.begin(), message.end(), '\n') == 20);
  CHECK(message.substr(message.rfind('\n') + 1) == "f.yaml: and 30 more");
}

TEST_CASE("RuntimeConfig: a file that cannot be read is named") {
  CHECK(RuntimeConfig::FromFile("/no/such/file.yaml").status().ToString() ==
        "NotFound: /no/such/file.yaml: no such file");
  CHECK(RuntimeConfig::FromFile("/").status().code() == StatusCode::kIo);
  CHECK(RuntimeConfig::FromFile("/dev/zero").status().code() ==
        StatusCode::kBadRequest);
}

TEST_CASE("RuntimeConfig: CHI_SERVER_CONF names the file that is loaded") {
  unsetenv("CHI_SERVER_CONF");
  CHECK(RuntimeConfig::Load()->queue_depth == 1024);
  setenv("CHI_SERVER_CONF", "/no/such/file.yaml", 1);
  const auto missing = RuntimeConfig::Load();
  setenv("CHI_SERVER_CONF", CORE_TEST_CONFIG_DIR "/chimaera_default.yaml", 1);
  const auto present = RuntimeConfig::Load();
  unsetenv("CHI_SERVER_CONF");
  CHECK(missing.status().code() == StatusCode::kNotFound);
  CHECK(present.ok());
}

}  // namespace
}  // namespace chi
