// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The one connection of this process, as Python objects share it: the Runtime,
// every array and every pending call hold a reference, and gil.h says who may
// touch the client when.
//
// Fork: in the child, everything here answers kForked, frees nothing and
// forgets the inherited client; a new connection may be made.

#ifndef CHIMAERA_PYTHON_CONNECTION_H_
#define CHIMAERA_PYTHON_CONNECTION_H_

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/core/config.h"
#include "chimaera/ipc/client_core.h"
#include "chimaera/ipc/task.h"
#include "chimaera/runtime/runtime.h"
#include "python/pybind.h"

namespace chi::python {

class Call;

/// A task nobody waits for any more, and the objects whose memory it uses.
struct DroppedTask {
  hipc::FullPtr<Task> task;
  void (*free)(IpcManager& ipc, hipc::FullPtr<Task> task) = nullptr;
  std::vector<py::object> kept;
};

/// Every method needs the GIL unless it says otherwise.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Starter = std::function<Result<std::unique_ptr<Chimaera>>()>;

  /// Runs `start` in a thread of its own, so that Ctrl-C is answered; when it
  /// comes, what the thread makes in the end is closed again. Raises.
  static std::shared_ptr<Connection> Open(Starter start);

  /// Closes what is open in this process, if anything is; for exit.
  static void CloseCurrent();

  explicit Connection(std::unique_ptr<Chimaera> chimaera);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Ends it: calls that are done keep their results, the others get
  /// kCancelled. Arrays stay valid memory. Waits, without the GIL, for the
  /// runtime if it is this process's own.
  void Close();
  bool closed() const { return closed_; }
  bool forked() const;

  /// kForked, kNoRuntime after Close, kRuntimeDied; OK otherwise.
  Status Check() const;

  /// REQUIRES: !closed().
  Chimaera& chimaera() { return *chimaera_; }
  ClientCore& client() { return chimaera_->client(); }
  const ControlPage& page() { return client().control().page(); }

  /// For code without the GIL: holds off Close for its lifetime.
  class Hold {
   public:
    explicit Hold(Connection& connection)
        : lock_(connection.mutex_), open_(connection.chimaera_ != nullptr) {}
    /// Whether there is still a client to use.
    bool open() const { return open_; }

   private:
    std::shared_lock<std::shared_mutex> lock_;
    bool open_;
  };

  // ---- calls ----
  std::list<Call*>::iterator Register(Call* call);
  void Unregister(std::list<Call*>::iterator place) { calls_.erase(place); }
  /// Frees the task now if it is done, else in a later Sweep.
  void Drop(DroppedTask dropped);
  /// Frees dropped tasks that are done, and lets their objects go.
  void Sweep();

  // ---- buffers ----
  void AddBuffer(const char* begin, u64 size, ShmPtr pointer);
  void RemoveBuffer(const char* begin);
  /// Where `size` bytes at `data` lie in a buffer of this connection; null
  /// if they lie elsewhere.
  ShmPtr Locate(const char* data, u64 size) const;

  // ---- views ----
  void AddView(PoolId pool) { ++views_[pool.ToU64()]; }
  void RemoveView(PoolId pool);
  /// Living views of blocks of `pool`, or of all pools if it is null.
  u64 CountViews(PoolId pool) const;

  /// Bytes that were copied between ordinary memory and the segment.
  u64 bytes_staged = 0;

 private:
  struct Extent {
    u64 size;
    ShmPtr pointer;
  };

  std::unique_ptr<Chimaera> chimaera_;  // GIL or mutex_; reset under both rules
  std::shared_mutex mutex_;
  std::atomic<bool> closed_{false};  // set under the GIL

  // Guarded by the GIL.
  std::list<Call*> calls_;  // not finished; each removes itself
  std::vector<DroppedTask> dropped_;
  size_t next_sweep_ = 16;
  std::map<const char*, Extent> buffers_;
  std::map<u64, u64> views_;  // pool, to how many
};

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_CONNECTION_H_
