// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A dump as JSON: for programs, and for whoever prints it nicely.

#include <cstdio>
#include <sstream>
#include <string_view>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/runtime/dump.h"

namespace chi {
namespace {

constexpr u64 kNsPerUsInMs = kNsPerMs / 1000;

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[7];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", c);
      quoted += escaped;
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string Address(u64 object) {
  if (object == 0) return "null";
  char text[21];
  std::snprintf(text, sizeof(text), "\"0x%llx\"",
                static_cast<unsigned long long>(object));
  return text;
}

std::string Ms(u64 ns) {
  return Format("{}", static_cast<f64>(ns / kNsPerUsInMs) / 1000);
}

std::string ToText(const std::string& text) { return Quoted(text); }
std::string ToText(u32 number) { return Format("{}", number); }

std::string ToText(LockGroup group) {
  if (group.client == kThreadClient) return "{\"client\": null}";
  return Format("{{\"client\": {}, \"task\": {}}}", group.client, group.major);
}

std::string ToText(const LockReport::Owner& owner) {
  return ToText(owner.group);
}
std::string ToText(const LockReport::Waiting& waiting) {
  return ToText(waiting.group);
}

std::string ToText(const LiveTask& task);
std::string ToText(const LiveLock& lock);
std::string ToText(const StuckWorker& stuck);

template <class Rows>
std::string List(const Rows& rows) {
  std::string text = "[";
  for (const auto& row : rows) {
    if (text.size() > 1) text += ", ";
    text += ToText(row);
  }
  return text + "]";
}

std::string ToText(const LiveTask& task) {
  std::ostringstream out;
  out << "{\"pool\": " << Quoted(Format("{}", task.pool))
      << ", \"pool_name\": " << Quoted(task.pool_name)
      << ", \"module\": " << Quoted(task.module)
      << ", \"method\": " << Quoted(task.method)
      << ", \"client\": " << task.group.client << ", \"task\": \""
      << task.group.major << '.' << task.task_minor
      << "\", \"worker\": " << task.worker
      << ", \"state\": " << (task.ready ? "\"ready\"" : "\"waiting\"")
      << ", \"waits_for\": \"" << WaitKindName(task.kind)
      << "\", \"object\": " << Address(task.object)
      << ", \"waited_ms\": " << Ms(task.waited_ns) << '}';
  return out.str();
}

std::string ToText(const LiveLock& lock) {
  return Format(
      "{{\"object\": {}, \"kind\": {}, \"owners\": {}, \"waiting\": {}}}",
      Address(lock.object),
      lock.kind == WaitKind::kMutex ? "\"mutex\"" : "\"rwlock\"",
      List(lock.report.owners), List(lock.report.waiting));
}

std::string ToText(const StuckWorker& stuck) {
  const u64 now_ns = SystemClock::Get().NowNs();
  return Format(
      "{{\"worker\": {}, \"for_ms\": {}, \"run\": {}, \"stack\": {}}}",
      stuck.worker, Ms(now_ns - stuck.since_ns), Quoted(stuck.run),
      Quoted(stuck.stack));
}

}  // namespace

std::string RuntimeDump::ToJson() const {
  return Format(
      "{{\"tasks\": {}, \"omitted\": {}, \"locks\": {}, \"cycles\": {}, "
      "\"stuck\": {}, \"silent_workers\": {}}}",
      List(tasks), num_omitted, List(locks), List(cycles), List(stuck),
      List(silent_workers));
}

}  // namespace chi
