// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See connection.h.

#include "python/connection.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "chimaera/base/log_file.h"
#include "python/call.h"
#include "python/call_set.h"
#include "python/errors.h"
#include "python/gil.h"

namespace chi::python {
namespace {

// Of the process: there is one connection at most. Guarded by the GIL.
std::weak_ptr<Connection>& Current() {
  static auto* current = new std::weak_ptr<Connection>;
  return *current;
}

// What a starting thread leaves for whoever waits, or for nobody.
struct Start {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<std::unique_ptr<Chimaera>>> result;
};

}  // namespace

std::shared_ptr<Connection> Connection::Open(Starter start) {
  auto shared = std::make_shared<Start>();
  std::thread([shared, start = std::move(start)] {
    auto result = start();
    const std::lock_guard<std::mutex> lock(shared->mutex);
    shared->result.emplace(std::move(result));
    shared->changed.notify_one();
  }).detach();
  for (bool done = false; !done; CheckSignals()) {
    const ReleaseGil released;
    std::unique_lock<std::mutex> lock(shared->mutex);
    done = shared->changed.wait_for(
        lock, std::chrono::nanoseconds(kSignalSliceNs),
        [&shared] { return shared->result.has_value(); });
  }
  auto connection =
      std::make_shared<Connection>(ValueOf(std::move(*shared->result)));
  Current() = connection;
  return connection;
}

void Connection::CloseCurrent() {
  if (const auto connection = Current().lock()) connection->Close();
}

Connection::Connection(std::unique_ptr<Chimaera> chimaera)
    : chimaera_(std::move(chimaera)) {}

Connection::~Connection() { Close(); }

bool Connection::forked() const {
  return chimaera_ != nullptr && chimaera_->client().control().forked();
}

Status Connection::Check() const {
  if (closed_) return Status::NoRuntime("this connection was closed");
  return chimaera_->client().Check();
}

void Connection::Close() {
  if (closed_.exchange(true)) return;
  CallSet::LookAgainAll();
  // Making results and exceptions may run any Python code: nothing of this is
  // to be destroyed by it.
  std::vector<py::object> held;
  for (Call* call : calls_) {
    held.push_back(py::cast(call, py::return_value_policy::reference));
  }
  if (chimaera_->client().control().forked()) {
    const Status forked = chimaera_->client().Check();
    for (const py::object& call : held) call.cast<Call&>().Abandon(forked);
    calls_.clear();
    dropped_.clear();
    // Its threads are the parent's, and so is what it would tell the runtime.
    static_cast<void>(chimaera_.release());
    return;
  }
  std::vector<DroppedTask> dropped = std::move(dropped_);
  dropped_.clear();
  for (const py::object& call : held) {
    dropped.push_back(call.cast<Call&>().Finish());
  }
  calls_.clear();
  {
    const ReleaseGil released;
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    for (DroppedTask& each : dropped) each.free(chimaera_->ipc(), each.task);
    chimaera_.reset();
    CloseLogFile();  // of a runtime that was in this process
  }
}

std::list<Call*>::iterator Connection::Register(Call* call) {
  return calls_.insert(calls_.end(), call);
}

void Connection::Drop(DroppedTask dropped) {
  if (dropped.task->IsComplete()) {
    dropped.free(chimaera_->ipc(), dropped.task);
    return;
  }
  dropped_.push_back(std::move(dropped));
  if (dropped_.size() < next_sweep_) return;
  Sweep();
  // So that the work per task stays constant.
  next_sweep_ = std::max<size_t>(16, 2 * dropped_.size());
}

void Connection::Sweep() {
  // Letting an object go may run any code, also code that comes here.
  std::vector<DroppedTask> all = std::move(dropped_);
  dropped_.clear();
  for (DroppedTask& each : all) {
    if (each.task->IsComplete()) {
      each.free(chimaera_->ipc(), each.task);
    } else {
      dropped_.push_back(std::move(each));
    }
  }
}

void Connection::AddBuffer(const char* begin, u64 size, ShmPtr pointer) {
  buffers_[begin] = Extent{size, pointer};
}

void Connection::RemoveBuffer(const char* begin) { buffers_.erase(begin); }

ShmPtr Connection::Locate(const char* data, u64 size) const {
  auto after = buffers_.upper_bound(data);
  if (after == buffers_.begin()) return ShmPtr::Null();
  const auto& [begin, extent] = *std::prev(after);
  const u64 offset = static_cast<u64>(data - begin);
  if (size > extent.size || offset > extent.size - size) return ShmPtr::Null();
  return extent.pointer + offset;
}

void Connection::RemoveView(PoolId pool) {
  const auto found = views_.find(pool.ToU64());
  if (--found->second == 0) views_.erase(found);
}

u64 Connection::CountViews(PoolId pool) const {
  u64 count = 0;
  for (const auto& [id, views] : views_) {
    if (pool.IsNull() || id == pool.ToU64()) count += views;
  }
  return count;
}

}  // namespace chi::python
