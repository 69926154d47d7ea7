// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a runtime is told before it starts: a plain struct with the defaults,
// and what fills it, weakest first: a YAML file, the environment, arguments.
// What each field means and may be stands in core/setting_table.cc. A key that
// nobody reads is an error: a misspelt setting that silently does nothing costs
// an afternoon.

#ifndef CHIMAERA_CORE_CONFIG_H_
#define CHIMAERA_CORE_CONFIG_H_

#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "chimaera/base/log_file.h"
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
  /// Where it stands: the file, and the line of each of its keys, of the entry
  /// at "". May be empty.
  std::string origin_;
  std::map<std::string, u32> lines_;
};

namespace internal {

/// Whether a module's CreateParams can be written as YAML: a method
/// `std::string ToConfig() const` that gives a map of the module's own keys,
/// from which its LoadConfig makes equal parameters. What a pool was made with
/// is remembered then, whoever made it.
template <class, class = void>
struct HasToConfig : std::false_type {};
template <class T>
struct HasToConfig<
    T, std::enable_if_t<std::is_same_v<
           decltype(std::declval<const T&>().ToConfig()), std::string>>>
    : std::true_type {};

}  // namespace internal

struct ConfigSources;

/// Where a value stands that is not the default.
struct ConfigPlace {
  std::string origin;  ///< As ConfigError::origin.
  u32 line = 0;
  std::string key;  ///< What it is called there.
};

struct RuntimeConfig {
  /// Longest YAML text that is read, and how deep it may nest.
  static constexpr u64 kMaxBytes = kMiB;
  static constexpr u32 kMaxDepth = 32;

  // ---- runtime ----
  std::string name;     ///< Tells runtimes of one user apart; may be empty.
  u32 num_threads = 0;  ///< Workers; 0: allowed CPUs - 1, at least 1.
  u64 first_busy_wait_ns = 50'000;       ///< An idle worker spins so long.
  bool pin_workers = true;               ///< Where there are CPUs enough.
  u64 stop_timeout_ns = 20'000'000'000;  ///< What does not end is left then.

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

  // ---- statistics ----
  bool statistics = true;  ///< Timed runs fill histograms.
  u32 sample_one_in = 64;  ///< So many runs, of which one is timed.

  // ---- logging ----
  LogLevel log_level = LogLevel::kInfo;
  std::string log_file;                          ///< Empty: standard error.
  u64 log_file_bytes = LogRotation().max_bytes;  ///< As LogRotation.
  u32 log_old_files = LogRotation().old_files;

  // ---- modules ----
  std::vector<std::string> module_paths;  ///< Searched first, in this order.

  // ---- compose ----
  std::vector<PoolConfig> compose;  ///< Made at the start, in this order.

  /// Where each setting stands that is not the default, by its key.
  std::map<std::string, ConfigPlace> places;

  /// Reads `text` and nothing else; `origin` (a path) stands in messages. On
  /// failure kBadRequest with one line per mistake, each
  /// "origin:line: key: what".
  static Result<RuntimeConfig> FromYaml(std::string_view text,
                                        std::string_view origin);

  /// The same for a file. kNotFound or kIo, naming it, if it cannot be read.
  static Result<RuntimeConfig> FromFile(const std::string& path);

  /// From all sources; kBadRequest as above.
  static Result<RuntimeConfig> FromSources(const ConfigSources& sources);

  /// The file that CHI_SERVER_CONF names, if any, then the environment.
  static Result<RuntimeConfig> Load();

  /// Puts level and file of the log in force.
  [[nodiscard]] Status ApplyLogging() const;
};

/// One mistake, and where it stands.
struct ConfigError {
  std::string origin;  ///< A path, "environment" or "argument".
  u32 line = 0;        ///< 0: there are no lines.
  std::string key;     ///< "memory.main_segment", "compose[1].pool_id", or "".
  std::string what;

  /// "origin:line: key: what", without what is not there.
  std::string ToString() const;
};

/// Success, or kBadRequest with a line for each, the first 20.
Status StatusOf(const std::vector<ConfigError>& errors);

/// What a configuration is made from, the weakest first: the defaults, `text`,
/// the environment's CHIMAERA__SECTION__KEY, `arguments`.
struct ConfigSources {
  std::string text;    ///< YAML; may be empty.
  std::string origin;  ///< Its path, for messages.
  /// `text` is what a program says, and goes before the environment.
  bool text_is_argument = false;
  bool environment = false;
  /// "runtime.num_threads" and a value as in the environment.
  std::vector<std::pair<std::string, std::string>> arguments;

  /// The file `path`, by default the one that CHI_SERVER_CONF names, if any;
  /// and the environment. Errors as ReadConfigFile.
  static Result<ConfigSources> Of(std::string path = "");
};

struct ConfigReading {
  RuntimeConfig config;             ///< Means something if there are no errors.
  std::vector<ConfigError> errors;  ///< By source, then by line.
};

/// Reads all sources and finds all mistakes. A process with more rights than
/// its caller takes no notice of the environment.
ConfigReading ReadConfig(const ConfigSources& sources);

/// The text of a configuration file, cut one byte above
/// RuntimeConfig::kMaxBytes. kNotFound or kIo, naming it.
Result<std::string> ReadConfigFile(const std::string& path);

}  // namespace chi

#endif  // CHIMAERA_CORE_CONFIG_H_
