// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A client: the connection to one runtime, the memory it allocates in, and
// the ports of its threads.

#ifndef CHIMAERA_IPC_CLIENT_CORE_H_
#define CHIMAERA_IPC_CLIENT_CORE_H_

#include <atomic>
#include <memory>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/control_client.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/shm/return_ring.h"
#include "chimaera/shm/slab.h"
#include "chimaera/shm/storage.h"

namespace chi {

class ClientHeap;
class ClientPort;
class SpinWaiter;

struct ClientOptions {
  /// Slots of a thread's ring, a power of two; 0: as many as the runtime
  /// allows (its queue.depth).
  u32 ring_capacity = 0;
  /// How long a full ring may keep Submit before the task gets kOverloaded.
  u64 submit_timeout_ns = kDefaultTimeoutNs;
  /// How long a waiting thread polls before it sleeps.
  u64 busy_wait_ns = 50'000;
};

/// Safe from any thread.
class ClientCore final : public PortSource,
                         private SlabSource,
                         private Storage {
 public:
  /// Takes the connection over and becomes the storage and the waiter of this
  /// process.
  ClientCore(std::unique_ptr<ControlClient> control,
             const ClientOptions& options);
  /// REQUIRES: no task, buffer or port is in use. Pointers into shared memory
  /// die here.
  ~ClientCore() override;

  ControlClient& control() { return *control_; }
  const ClientOptions& options() const { return options_; }

  /// Bytes of the client data segment.
  Result<ShmRange> AllocateBuffer(u64 bytes);
  /// Frees a buffer, or gives a result back to the runtime.
  void FreeBuffer(ShmPtr pointer);

  /// The time of tasks that state none, ms; 0: they have no bound. At first
  /// what CHI_TIMEOUT_MS says, else the runtime's limits.task_timeout_ms.
  /// Relaxed: it counts for tasks submitted some time later.
  u32 default_timeout_ms() const {
    return default_timeout_ms_.load(std::memory_order_relaxed);
  }
  void SetDefaultTimeout(u32 timeout_ms) {
    default_timeout_ms_.store(timeout_ms, std::memory_order_relaxed);
  }

  /// OK, kRuntimeDied, kForked, or kProtocolViolation when the runtime has
  /// closed the connection.
  [[nodiscard]] Status Check() const;

  ThreadPort* AcquirePort() override;
  void ReleasePort(ThreadPort* port) override;

  /// Bytes allocated in own segments, and held in all.
  u64 buffer_bytes() const;
  u64 task_bytes() const;

 private:
  friend class ClientPort;

  // SlabSource: task memory from the main segment.
  Result<ShmRange> AllocateSlab(u64 bytes) override;
  void FreeSlab(ShmPtr slab) override;

  // Storage: strings and vectors of tasks keep their bytes in client data.
  Result<ShmPtr> Allocate(u64 bytes, const void* holder) override;
  void Free(ShmPtr pointer, const void* holder) override;
  char* Resolve(ShmPtr pointer, u64 bytes, const void* holder) override;
  [[nodiscard]] bool HoldsPrivate(const void* holder) const override;

  void SweepIdlePorts() CHI_REQUIRES(mu_);
  Result<RingProducer<>> MakeRing(Priority priority, u32* worker);

  const ClientOptions options_;
  const std::unique_ptr<ControlClient> control_;
  const std::unique_ptr<ClientHeap> main_;
  const std::unique_ptr<ClientHeap> data_;
  ReturnRingProducer returns_;
  const std::unique_ptr<SpinWaiter> waiter_;
  SlabAllocator slabs_;

  std::atomic<u32> default_timeout_ms_;

  Mutex mu_;
  std::vector<std::unique_ptr<ClientPort>> ports_ CHI_GUARDED_BY(mu_);
  std::vector<ClientPort*> idle_ports_ CHI_GUARDED_BY(mu_);
};

}  // namespace chi

#endif  // CHIMAERA_IPC_CLIENT_CORE_H_
