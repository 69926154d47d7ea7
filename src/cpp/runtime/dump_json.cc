// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A dump as JSON: for programs, and for whoever prints it nicely.

#include <cinttypes>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/base/json_writer.h"
#include "chimaera/runtime/dump.h"

namespace chi {
namespace {

constexpr u64 kNsPerUs = kNsPerMs / 1000;

// To the microsecond.
void WriteMs(std::string_view key, u64 ns, JsonWriter& json) {
  json.Member(key, static_cast<f64>(ns / kNsPerUs) / 1000);
}

void WriteAddress(u64 object, JsonWriter& json) {
  json.Key("object");
  if (object == 0) {
    json.Null();
  } else {
    char text[19];
    std::snprintf(text, sizeof(text), "0x%" PRIx64, object);
    json.Text(text);
  }
}

void Write(const std::string& text, JsonWriter& json) { json.Text(text); }
void Write(u32 number, JsonWriter& json) { json.Number(u64{number}); }

void Write(LockGroup group, JsonWriter& json) {
  json.BeginObject();
  if (group.client == kThreadClient) {
    json.Key("client").Null();
  } else {
    json.Member("client", group.client).Member("task", group.major);
  }
  json.EndObject();
}

void Write(const LockReport::Owner& owner, JsonWriter& json) {
  Write(owner.group, json);
}
void Write(const LockReport::Waiting& waiting, JsonWriter& json) {
  Write(waiting.group, json);
}

void Write(const LiveTask& task, JsonWriter& json);
void Write(const LiveLock& lock, JsonWriter& json);
void Write(const StuckWorker& stuck, JsonWriter& json);

template <class Rows>
void WriteList(std::string_view key, const Rows& rows, JsonWriter& json) {
  json.Key(key).BeginList();
  for (const auto& row : rows) Write(row, json);
  json.EndList();
}

void Write(const LiveTask& task, JsonWriter& json) {
  json.BeginObject()
      .Member("pool", Format("{}", task.pool))
      .Member("pool_name", task.pool_name)
      .Member("module", task.module)
      .Member("method", task.method)
      .Member("client", task.group.client)
      .Member("task", Format("{}.{}", task.group.major, task.task_minor))
      .Member("worker", task.worker)
      .Member("state", std::string_view(task.ready ? "ready" : "waiting"))
      .Member("waits_for", std::string_view(WaitKindName(task.kind)));
  WriteAddress(task.object, json);
  WriteMs("waited_ms", task.waited_ns, json);
  json.EndObject();
}

void Write(const LiveLock& lock, JsonWriter& json) {
  const bool is_mutex = lock.kind == WaitKind::kMutex;
  json.BeginObject();
  WriteAddress(lock.object, json);
  json.Member("kind", std::string_view(is_mutex ? "mutex" : "rwlock"));
  WriteList("owners", lock.report.owners, json);
  WriteList("waiting", lock.report.waiting, json);
  json.EndObject();
}

void Write(const StuckWorker& stuck, JsonWriter& json) {
  const u64 now_ns = SystemClock::Get().NowNs();
  json.BeginObject().Member("worker", stuck.worker);
  WriteMs("for_ms", now_ns - stuck.since_ns, json);
  json.Member("run", stuck.run).Member("stack", stuck.stack).EndObject();
}

}  // namespace

std::string RuntimeDump::ToJson() const {
  JsonWriter json;
  json.BeginObject();
  WriteList("tasks", tasks, json);
  json.Member("omitted", num_omitted);
  WriteList("locks", locks, json);
  WriteList("cycles", cycles, json);
  WriteList("stuck", stuck, json);
  WriteList("silent_workers", silent_workers, json);
  json.EndObject();
  return std::move(json).Take();
}

}  // namespace chi
