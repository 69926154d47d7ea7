// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Broken configuration files, one per row: the text, and the beginning of the
// line that must stand in the error. Every error names file, line and key.

#include <string>

#include "chimaera/core/config.h"
#include "support/catch.h"

namespace chi {
namespace {

struct Row {
  const char* text;
  const char* error;
};

void CheckRows(const Row* rows, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    INFO(rows[i].text);
    const auto config = RuntimeConfig::FromYaml(rows[i].text, "f");
    REQUIRE_FALSE(config.ok());
    CHECK(config.status().code() == StatusCode::kBadRequest);
    // The first line: one mistake must not be reported as several others.
    const std::string message(config.status().message());
    CHECK_THAT(message, Catch::StartsWith(rows[i].error));
    CHECK(message.find('\n') == std::string::npos);
  }
}

template <size_t kCount>
void CheckRows(const Row (&rows)[kCount]) {
  CheckRows(rows, kCount);
}

TEST_CASE("Broken YAML: the shape of the file") {
  const std::string deep =
      "compose: " + std::string(40, '[') + std::string(40, ']');
  const Row rows[] = {
      {"- a", "f:1: must be a map of keys, not a list"},
      {"word", "f:1: must be a map of keys, not a single value"},
      {"runtime: 3", "f:1: runtime: must be a map of keys, not a single value"},
      {"\n\nmemory: [1]", "f:3: memory: must be a map of keys, not a list"},
      {"queue: word", "f:1: queue: must be a map of keys"},
      {"limits: []", "f:1: limits: must be a map of keys"},
      {"logging: 1", "f:1: logging: must be a map of keys"},
      {"modules: /opt", "f:1: modules: must be a map of keys"},
      {"compose: {}", "f:1: compose: must be a list of pools"},
      {"compose: word", "f:1: compose: must be a list of pools"},
      {"runtmie: {}", "f:1: runtmie: unknown key (did you mean 'runtime'?)"},
      {"Runtime: {}", "f:1: Runtime: unknown key (did you mean 'runtime'?)"},
      {"runtime: {}\nruntime: {}", "f:2: key 'runtime' stands in line 1"},
      {"runtime: {name: a}\n---\nqueue: {}", "f:2: a second document"},
      {"runtime: &a {}", "f:1: anchors are not allowed"},
      {"runtime: !x {}", "f:1: tags are not allowed"},
      {"runtime: {", "f:"},
      {"runtime:\n\tname: a", "f:2: "},
      {"a: b: c", "f:1: "},
      {deep.c_str(), "f:1: nested more than 32 deep"},
  };
  CheckRows(rows);
}

TEST_CASE("Broken YAML: keys and values of the sections") {
  const Row rows[] = {
      {"runtime:\n  threads: 1", "f:2: runtime.threads: unknown key"},
      {"runtime: {num_thread: 1}",
       "f:1: runtime.num_thread: unknown key (did you mean 'num_threads'?)"},
      {"runtime: {num_threads: -1}",
       "f:1: runtime.num_threads: '-1' is no whole number"},
      {"runtime: {num_threads: 1.5}",
       "f:1: runtime.num_threads: '1.5' is no whole number"},
      {"runtime: {num_threads: 0x10}",
       "f:1: runtime.num_threads: '0x10' is no whole number"},
      {"runtime: {num_threads: 65}",
       "f:1: runtime.num_threads: 65 is not within 0 and 64"},
      {"runtime: {num_threads: 99999999999999999999999}",
       "f:1: runtime.num_threads: 99999999999999999999999 is not within"},
      {"runtime: {num_threads: }",
       "f:1: runtime.num_threads: must be a single value, not nothing"},
      {"runtime: {num_threads: [1]}",
       "f:1: runtime.num_threads: must be a single value, not a list"},
      {"runtime: {pin_workers: yes}",
       "f:1: runtime.pin_workers: 'yes' is neither true nor false"},
      {"runtime: {pin_workers: 1}", "f:1: runtime.pin_workers: '1' is neither"},
      {"runtime: {first_busy_wait: 50}", "f:1: runtime.first_busy_wait: "},
      {"runtime: {first_busy_wait: 2s}",
       "f:1: runtime.first_busy_wait: 2s is more than"},
      {"runtime: {first_busy_wait: soon}", "f:1: runtime.first_busy_wait: "},
      {"runtime: {name: a/b}", "f:1: runtime.name: must be at most 64"},
      {"runtime: {name: {}}", "f:1: runtime.name: must be a single value"},
      {"memory: {main_segment: lots}", "f:1: memory.main_segment: "},
      {"memory: {main_segment: -4MB}", "f:1: memory.main_segment: "},
      {"memory: {main_segment: 4XB}", "f:1: memory.main_segment: "},
      {"memory: {main_segment: 1KB}",
       "f:1: memory.main_segment: 1KB is not within 1 MiB and 1 TiB"},
      {"memory: {main_segment: 2000000}",
       "f:1: memory.main_segment: 2000000 bytes are no multiple of 4096"},
      {"memory: {client_data_segment: 2TB}",
       "f:1: memory.client_data_segment: 2TB is not within"},
      {"memory:\n  main_segment: 4MB\n  max_client_bytes: 8MB",
       "f:3: memory.max_client_bytes: max_client_bytes, 8388608, is less than "
       "main_segment and"},
      {"memory: {runtime_data_segment: 2GB}",
       "f:1: memory.runtime_data_segment: max_runtime_data_bytes, 1073741824, "
       "is less than"},
      {"memory: {max_result_bytes: 1}",
       "f:1: memory.max_result_bytes: 1 is not within"},
      {"queue: {depth: 0}", "f:1: queue.depth: 0 is not within 16 and 65536"},
      {"queue: {depth: 1000}", "f:1: queue.depth: 1000 is no power of two"},
      {"queue: {depth: 131072}", "f:1: queue.depth: 131072 is not within"},
      {"limits: {sessions: 0}", "f:1: limits.sessions: 0 is not within"},
      {"limits: {rings: 1}", "f:1: limits.rings: 1 is not within 2"},
      {"limits: {tasks_in_flight: all}",
       "f:1: limits.tasks_in_flight: 'all' is no whole number"},
      {"limits:\n  session: 3",
       "f:2: limits.session: unknown key (did you mean 'sessions'?)"},
      {"logging: {level: loud}", "f:1: logging.level: "},
      {"logging: {file: chimaera.log}",
       "f:1: logging.file: 'chimaera.log' is no absolute path"},
      {"modules: {paths: /opt}",
       "f:1: modules.paths: must be a list, not a single value"},
      {"modules: {paths: [opt]}",
       "f:1: modules.paths: 'opt' is no absolute path"},
      {"modules:\n  paths:\n    - /a\n    - [b]",
       "f:4: modules.paths: its items must be single values, not a list"},
  };
  CheckRows(rows);
}

TEST_CASE("Broken YAML: compose entries") {
  const Row rows[] = {
      {"compose: [1]", "f:1: compose[0]: must be a map of keys"},
      {"compose:\n  - ~\n", "f:2: compose[0]: is empty"},
      {"compose:\n- {pool_name: p, pool_id: 2.0}",
       "f:2: compose[0].mod_name: is missing"},
      {"compose:\n- {mod_name: m, pool_id: 2.0}",
       "f:2: compose[0].pool_name: is missing"},
      {"compose:\n- {mod_name: m, pool_name: p}",
       "f:2: compose[0].pool_id: is missing"},
      {"compose:\n- {mod_name: '', pool_name: p, pool_id: 2.0}",
       "f:2: compose[0].mod_name: must not be empty"},
      {"compose:\n- {mod_name: m, pool_name: ~, pool_id: 2.0}",
       "f:2: compose[0].pool_name: must be a single value, not nothing"},
      {"compose:\n- {mod_name: m, pool_name: p, pool_id: two}",
       "f:2: compose[0].pool_id: 'two' is no pool id, as 200.0 is"},
      {"compose:\n- {mod_name: m, pool_name: p, pool_id: 1.2.3}",
       "f:2: compose[0].pool_id: '1.2.3' is no pool id"},
      {"compose:\n- {mod_name: m, pool_name: p, pool_id: -2.0}",
       "f:2: compose[0].pool_id: '-2.0' is no pool id"},
      {"compose:\n- {mod_name: m, pool_name: p, pool_id: 4294967296.0}",
       "f:2: compose[0].pool_id: '4294967296.0' is no pool id"},
      {"compose:\n- {mod_name: m, pool_name: p, pool_id: 0.0}",
       "f:2: compose[0].pool_id: 0.0 is the null pool id"},
      {"compose:\n- {mod_name: m, pool_name: p, pool_id: 1.0}",
       "f:2: compose[0].pool_id: 1.0 is the admin pool's"},
      {"compose:\n- mod_name: m\n  pool_name: p\n  pool_id: 2.0\n"
       "  pool_query: everywhere",
       "f:5: compose[0].pool_query: 'everywhere' is none of local"},
      {"compose:\n- {mod_name: m, pool_name: p, pool_id: 2.0, "
       "num_containers: 0}",
       "f:2: compose[0].num_containers: 0 is not within 1 and 4096"},
      {"compose:\n- {mod_name: m, pool_name: p, pool_id: 2.0, "
       "num_container: 3}",
       "f:2: compose[0].num_container: unknown key (did you mean "
       "'num_containers'?)"},
      {"compose:\n- {mod_name: m, pool_name: p, pool_id: 2.0}\n"
       "- {mod_name: m, pool_name: q, pool_id: 2}",
       "f:3: compose[1].pool_id: '2.0' belongs to the pool in line 2 already"},
      {"compose:\n- {mod_name: m, pool_name: p, pool_id: 2.0}\n"
       "- {mod_name: m, pool_name: p, pool_id: 3.0}",
       "f:3: compose[1].pool_name: 'p' belongs to the pool in line 2 already"},
      {"compose:\n- {mod_name: m, mod_name: n, pool_name: p, pool_id: 2.0}",
       "f:2: key 'mod_name' stands in line 2 already"},
  };
  CheckRows(rows);
}

}  // namespace
}  // namespace chi
