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
#include "support/catch.h"

namespace chi {
namespace {

Result<RuntimeConfig> Read(std::string_view text) {
  return RuntimeConfig::FromYaml(text, "f.yaml");
}

TEST_CASE("RuntimeConfig: the default file says what the struct says") {
  const RuntimeConfig file = RuntimeConfig::Default();
  const RuntimeConfig plain;
  CHECK(file.name == plain.name);
  CHECK(file.num_threads == plain.num_threads);
  CHECK(file.first_busy_wait_ns == plain.first_busy_wait_ns);
  CHECK(file.pin_workers == plain.pin_workers);
  CHECK(file.main_segment_bytes == plain.main_segment_bytes);
  CHECK(file.client_data_segment_bytes == plain.client_data_segment_bytes);
  CHECK(file.runtime_data_segment_bytes == plain.runtime_data_segment_bytes);
  CHECK(file.max_client_bytes == plain.max_client_bytes);
  CHECK(file.max_result_bytes == plain.max_result_bytes);
  CHECK(file.max_runtime_data_bytes == plain.max_runtime_data_bytes);
  CHECK(file.queue_depth == plain.queue_depth);
  CHECK(file.max_sessions == plain.max_sessions);
  CHECK(file.max_tasks_in_flight == plain.max_tasks_in_flight);
  CHECK(file.max_rings == plain.max_rings);
  CHECK(file.log_level == plain.log_level);
  CHECK(file.log_file == plain.log_file);
  CHECK(file.module_paths == plain.module_paths);
  CHECK(file.compose.empty());
}

TEST_CASE("RuntimeConfig: the embedded text is the file of the source tree") {
  std::ifstream file(CORE_TEST_CONFIG_DIR "/chimaera_default.yaml");
  std::stringstream text;
  text << file.rdbuf();
  CHECK(text.str() == DefaultConfigText());
}

TEST_CASE("RuntimeConfig: the default file names every key") {
  // A key that is known and not in the file would be offered as a hint.
  for (const char* section :
       {"runtime", "memory", "queue", "limits", "logging", "modules"}) {
    const auto wrong = Read(std::string(section) + ":\n  zzzzzzzz: 1\n");
    std::string known(wrong.status().message());
    known = known.substr(known.find("known are ") + 10);
    std::stringstream keys(known);
    for (std::string key; std::getline(keys, key, ',');) {
      key.erase(0, key.find_first_not_of(' '));
      INFO(section << "." << key);
      CHECK(DefaultConfigText().find("\n  " + key + ":") != std::string::npos);
    }
  }
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
        "memory, queue, limits, logging, modules, compose");
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

TEST_CASE("ParseCompose: takes a compose file and nothing else") {
  const auto pools =
      ParseCompose("compose: [{mod_name: m, pool_name: p, pool_id: 7.0}]", "c");
  REQUIRE(pools.ok());
  CHECK(pools->size() == 1);
  CHECK(ParseCompose("", "c").status().message() == "c:1: compose: is missing");
  CHECK(ParseCompose("{}", "c").status().message() ==
        "c:1: compose: is missing");
  CHECK_THAT(ParseCompose("compose: []\nruntime: {}", "c").status().ToString(),
             Catch::Contains("c:2: runtime: unknown key"));
}

}  // namespace
}  // namespace chi
