// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a runtime is told before it starts: a plain struct and the reader of
// the YAML files that fill it. A file names only what it changes; the values
// below hold for the rest, and src/cpp/config/chimaera_default.yaml shows them
// all. A key that nobody reads is an error: a misspelt setting that silently
// does nothing costs an afternoon.

#ifndef CHIMAERA_CORE_CONFIG_H_
#define CHIMAERA_CORE_CONFIG_H_

#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/log.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/pool_query.h"

namespace chi {

/// One entry of a compose list: a pool to make. Modules see it in
/// CreateParams::LoadConfig; the names are the module guide's.
struct PoolConfig {
  std::string mod_name_;   ///< "chimaera_bdev": lib<mod_name_>_runtime.so.
  std::string pool_name_;  ///< Unique in the runtime; bdev: the file's path.
  PoolId pool_id_;         ///< Unique in the runtime, never null.
  PoolQuery pool_query_ = PoolQuery::Dynamic();
  u32 num_containers_ = 1;  ///< On each node.
  /// The whole entry as YAML text, for the keys that are the module's own.
  std::string config_;
};

struct RuntimeConfig {
  /// Longest YAML text that is read, and how deep it may nest.
  static constexpr u64 kMaxBytes = kMiB;
  static constexpr u32 kMaxDepth = 32;

  // ---- runtime ----
  std::string name;     ///< Tells runtimes of one user apart; may be empty.
  u32 num_threads = 0;  ///< Workers; 0: allowed CPUs - 1, at least 1.
  u64 first_busy_wait_ns = 50'000;  ///< An idle worker spins so long.
  bool pin_workers = true;          ///< Where there are CPUs enough.

  // ---- scheduling ----
  std::string mapping_policy = "map_by_pid_tid";  ///< A ring's worker.
  u32 num_long_workers = 0;   ///< For long tasks; 0: a quarter, at least 1.
  u64 long_task_ns = 50'000;  ///< A task that takes longer is a long one.
  u64 rebalance_interval_ns = 100'000'000;  ///< 0: rings never move.

  // ---- memory ----
  u64 main_segment_bytes = 4 * kMiB;           ///< Tasks and rings; a client's.
  u64 client_data_segment_bytes = 16 * kMiB;   ///< First buffers of a client.
  u64 runtime_data_segment_bytes = 16 * kMiB;  ///< First results, buffers.
  u64 max_client_bytes = 4 * kGiB;             ///< All segments of a client.
  u64 max_result_bytes = 64 * kMiB;   ///< Results a client has not given back.
  u64 max_runtime_data_bytes = kGiB;  ///< All runtime data segments.

  // ---- queue ----
  u32 queue_depth = 1024;  ///< Slots of one ring; a power of two.

  // ---- limits ----
  u32 max_sessions = 1024;          ///< Clients attached at a time.
  u32 max_tasks_in_flight = 65536;  ///< Whose methods wait, per client.
  u32 task_timeout_ms = 0;          ///< Of tasks that state none; 0: no bound.
  u32 max_rings = 256;              ///< Per client: threads times priorities.

  // ---- logging ----
  LogLevel log_level = LogLevel::kInfo;
  std::string log_file;  ///< Empty: standard error.

  // ---- modules ----
  std::vector<std::string> module_paths;  ///< Searched first, in this order.

  // ---- compose ----
  std::vector<PoolConfig> compose;  ///< Made at the start, in this order.

  /// Reads `text`; `origin` (a path) stands in messages. On failure
  /// kBadRequest with one line per mistake, each "origin:line: key: what".
  static Result<RuntimeConfig> FromYaml(std::string_view text,
                                        std::string_view origin);

  /// The same for a file. kNotFound or kIo, naming it, if it cannot be read.
  static Result<RuntimeConfig> FromFile(const std::string& path);

  /// The embedded defaults: equal to RuntimeConfig().
  static RuntimeConfig Default();

  /// The file that CHI_SERVER_CONF names, else Default().
  static Result<RuntimeConfig> Load();
};

/// The pools of a compose file: a map with the key `compose`, read as
/// RuntimeConfig reads its own. Other sections are refused: they belong to the
/// start of a runtime.
Result<std::vector<PoolConfig>> ParseCompose(std::string_view text,
                                             std::string_view origin);

/// The text of a configuration or compose file, cut one byte above
/// RuntimeConfig::kMaxBytes. kNotFound or kIo, naming it.
Result<std::string> ReadConfigFile(const std::string& path);

/// The text of the embedded default file.
std::string_view DefaultConfigText();

}  // namespace chi

#endif  // CHIMAERA_CORE_CONFIG_H_
