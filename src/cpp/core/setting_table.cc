// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The table, and how a value is written.

#include "chimaera/core/setting_table.h"

#include <cctype>
#include <iterator>
#include <memory>
#include <type_traits>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/core/sampling.h"
#include "chimaera/ipc/control.h"
#include "chimaera/sched/mapping_policy.h"

namespace chi {
namespace {

using C = RuntimeConfig;
using Type = SettingType;
using Rule = SettingRule;

constexpr u64 kTiB = 1024 * kGiB;
constexpr u64 kPage = 4096;

const std::vector<std::string_view>& LogLevels() {
  static const std::vector<std::string_view> names = {
      "debug", "info", "warning", "error", "fatal"};
  return names;
}

// ---- rows -------------------------------------------------------------------

constexpr Setting Number(const char* key, u32 C::*field, u64 min, u64 max,
                         const char* doc, Rule rule = Rule::kNone) {
  return {key, field, Type::kNumber, min, max, rule, doc, nullptr};
}
constexpr Setting Size(const char* key, u64 C::*field, u64 min, const char* doc,
                       Rule rule = Rule::kNone) {
  return {key, field, Type::kSize, min, kTiB, rule, doc, nullptr};
}
constexpr Setting Duration(const char* key, u64 C::*field, u64 max,
                           const char* doc) {
  return {key, field, Type::kDuration, 0, max, Rule::kNone, doc, nullptr};
}
constexpr Setting Bool(const char* key, bool C::*field, const char* doc) {
  return {key, field, Type::kBool, 0, 0, Rule::kNone, doc, nullptr};
}
constexpr Setting Text(const char* key, std::string C::*field, u64 max,
                       Rule rule, const char* doc) {
  return {key, field, Type::kText, 0, max, rule, doc, nullptr};
}
constexpr Setting Choice(const char* key, Setting::Member field,
                         Setting::Choices choices, const char* doc) {
  return {key, field, Type::kChoice, 0, 0, Rule::kNone, doc, choices};
}
constexpr Setting Paths(const char* key, std::vector<std::string> C::*field,
                        const char* doc) {
  return {key, field, Type::kPaths, 0, 0, Rule::kAbsolute, doc, nullptr};
}

constexpr Setting kSettings[] = {
    Text("runtime.name", &C::name, 64, Rule::kPlainName,
         "tells several runtimes of one user apart: part of the directory's "
         "name"),
    Number("runtime.num_threads", &C::num_threads, 0, kMaxWorkers,
           "workers; 0: one less than there are usable CPUs, at least 1"),
    Duration("runtime.first_busy_wait", &C::first_busy_wait_ns, kNsPerSec,
             "an idle worker polls so long to begin with; it adapts up to "
             "200us, or to this value if that is longer"),
    Bool("runtime.pin_workers", &C::pin_workers,
         "bind each worker to a CPU, where there are more of them than "
         "workers"),
    Duration("runtime.stop_timeout", &C::stop_timeout_ns, 3600 * kNsPerSec,
             "a runtime that stops waits so long for methods that do not end, "
             "as when a disk does not answer, and then leaves them"),

    Choice("scheduling.policy", &C::mapping_policy, &MappingPolicyNames,
           "which worker polls a new ring: the same for the same thread; "
           "threads, processes or rings in turn; the one that does least"),
    Number("scheduling.long_workers", &C::num_long_workers, 0, kMaxWorkers - 1,
           "workers for long tasks only, fewer than num_threads; 0: a quarter "
           "of them, at least 1. A single worker is for both"),
    Duration("scheduling.long_task", &C::long_task_ns, 10 * kNsPerSec,
             "what is likely to keep a worker longer is a long task"),
    Duration("scheduling.rebalance_interval", &C::rebalance_interval_ns,
             3600 * kNsPerSec,
             "how often rings may move between workers; 0s: never"),

    Size("memory.main_segment", &C::main_segment_bytes, kMiB,
         "per client: first segment for tasks and rings", Rule::kWholePages),
    Size("memory.client_data_segment", &C::client_data_segment_bytes, kMiB,
         "per client: first segment for buffers", Rule::kWholePages),
    Size("memory.max_client_bytes", &C::max_client_bytes, kMiB,
         "per client: all of its segments; at least main_segment and "
         "client_data_segment together"),
    Size("memory.max_result_bytes", &C::max_result_bytes, kPage,
         "per client: results in runtime data that it has not given back"),
    Size("memory.runtime_data_segment", &C::runtime_data_segment_bytes, kMiB,
         "first segment for results, and the step of growth",
         Rule::kWholePages),
    Size("memory.max_runtime_data_bytes", &C::max_runtime_data_bytes, kMiB,
         "all runtime data; at least one runtime_data_segment"),

    Number("queue.depth", &C::queue_depth, 16, 65536,
           "slots of a client thread's ring", Rule::kPowerOfTwo),

    Number("limits.sessions", &C::max_sessions, 1, 65536,
           "clients attached at a time"),
    Number("limits.tasks_in_flight", &C::max_tasks_in_flight, 1, 1u << 24,
           "per client: methods that are parked"),
    Number("limits.task_timeout_ms", &C::task_timeout_ms, 0, ~u32{0},
           "the time of tasks that state none, in milliseconds; 0: no bound. "
           "A client's variable CHI_TIMEOUT_MS goes before it"),
    Number("limits.rings", &C::max_rings, 2, 65536,
           "per client: threads times priorities"),

    Bool("statistics.enabled", &C::statistics,
         "timed runs fill the histograms of docs/observing.md; counters do "
         "not depend on it"),
    Number(
        "statistics.sample_one_in", &C::sample_one_in, 1, Sampling::kMaxOneIn,
        "one run in so many is in the histograms, of every method. Costs are "
        "learned from at least one in 64"),

    Choice("logging.level", &C::log_level, &LogLevels,
           "what is logged; CHI_LOG_LEVEL goes first. In "
           "chimaera.local() Python's logger `chimaera` has a say"),
    Text("logging.file", &C::log_file, 4096, Rule::kAbsolute,
         "where it logs; empty: standard error"),
    Size("logging.max_file_size", &C::log_file_bytes, 64 * kKiB,
         "a log file that is so large is put aside as FILE.1"),
    Number("logging.old_files", &C::log_old_files, 0, 100,
           "of those, how many are kept"),

    Paths("modules.paths", &C::module_paths,
          "directories that are searched for modules first"),
};

// ---- values -----------------------------------------------------------------

struct Unit {
  u64 factor;
  const char* name;
};

// In the largest unit that leaves no fraction.
template <size_t N>
std::string Exactly(u64 value, const Unit (&units)[N], const char* zero) {
  if (value == 0) return zero;
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) {
      return Format("{}{}", value / unit.factor, unit.name);
    }
  }
  return Format("{}", value);
}

std::string SizeText(u64 bytes) {
  static constexpr Unit kUnits[] = {
      {kTiB, "TB"}, {kGiB, "GB"}, {kMiB, "MB"}, {kKiB, "KB"}, {1, "B"}};
  return Exactly(bytes, kUnits, "0B");
}

std::string DurationText(u64 ns) {
  static constexpr Unit kUnits[] = {
      {3600 * kNsPerSec, "h"}, {60 * kNsPerSec, "min"}, {kNsPerSec, "s"},
      {kNsPerMs, "ms"},        {kNsPerUs, "us"},        {1, "ns"}};
  return Exactly(ns, kUnits, "0s");
}

// In double quotes, as JSON and YAML read them alike.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string ListText(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    text += (text.empty() ? "" : ", ") + Quoted(item);
  }
  return "[" + text + "]";
}

}  // namespace

const char* SettingTypeName(SettingType type) {
  static constexpr const char* kNames[] = {
      "number", "size", "duration", "bool", "text", "choice", "paths"};
  return kNames[static_cast<u32>(type)];
}

std::string Setting::possible() const {
  switch (type) {
    case Type::kBool:
      return "true, false";
    case Type::kPaths:
      return "a list of absolute paths";
    case Type::kText:
      return rule == Rule::kAbsolute
                 ? "an absolute path"
                 : Format("at most {} letters, digits, _ and -", max);
    case Type::kChoice: {
      std::string text;
      for (const std::string_view choice : choices()) {
        text += (text.empty() ? "" : ", ") + std::string(choice);
      }
      return text;
    }
    case Type::kNumber:
      return Format("{} to {}{}", min, max,
                    rule == Rule::kPowerOfTwo ? ", a power of two" : "");
    case Type::kSize:
      return Format("{} to {}{}", SizeText(min), SizeText(max),
                    rule == Rule::kWholePages ? ", whole pages" : "");
    case Type::kDuration:
      return Format("0s to {}", DurationText(max));
  }
  return {};
}

std::string Setting::variable() const {
  std::string name(kSettingPrefix);
  for (const char c : key) {
    if (c == '.') {
      name += "__";
    } else {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  }
  return name;
}

std::string Setting::TextOf(const RuntimeConfig& config) const {
  return std::visit(
      [&](auto field) -> std::string {
        const auto& value = config.*field;
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, bool>) {
          return value ? "true" : "false";
        } else if constexpr (std::is_same_v<T, LogLevel>) {
          return std::string(choices()[static_cast<u32>(value) - 1]);
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          return ListText(value);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return type == Type::kChoice ? value : Quoted(value);
        } else {
          if (type == Type::kSize) return SizeText(value);
          return type == Type::kDuration ? DurationText(value)
                                         : Format("{}", value);
        }
      },
      member);
}

const std::vector<Setting>& Settings() {
  static const auto* const table =
      std::make_unique<std::vector<Setting>>(std::begin(kSettings),
                                             std::end(kSettings))
          .release();
  return *table;
}

const Setting* FindSetting(std::string_view key) {
  for (const Setting& setting : Settings()) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

}  // namespace chi
