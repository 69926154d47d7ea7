// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Ports of threads. A thread remembers its port together with the generation
// of the source it came from; whatever changes the source, or makes the
// process a forked child, changes the generation, and the next use asks anew.

#include "chimaera/ipc/ipc_manager.h"

#include <pthread.h>

#include <cstdlib>
#include <mutex>

#include "chimaera/base/check.h"
#include "chimaera/base/log.h"

namespace chi {
namespace {

// Task memory of last resort, and all there is in a forked child.
class HeapTaskSource final : public SlabSource {
 public:
  Result<ShmRange> AllocateSlab(u64 bytes) override {
    void* memory = std::aligned_alloc(
        kCacheLineSize, (bytes + kCacheLineSize - 1) & ~(kCacheLineSize - 1));
    if (memory == nullptr) return Status::NoMemory("task memory");
    return ShmRange{static_cast<char*>(memory), ShmPtr::Private(memory), bytes};
  }
  void FreeSlab(ShmPtr slab) override { std::free(slab.private_address()); }
};

// What a thread of a forked child gets: every task fails at once.
class ForkedPort final : public ThreadPort {
 public:
  explicit ForkedPort(SlabAllocator& slabs) : ThreadPort(slabs, true) {}
  void Submit(hipc::FullPtr<Task> task, Priority /*priority*/) override {
    CompleteLocally(*task, Status::Forked("this process was forked from a "
                                          "client; it must attach itself"));
  }
  // Tasks inherited from the parent are the parent's.
  void Orphan(hipc::FullPtr<Task> /*task*/,
              void (* /*destroy*/)(ThreadPort&, hipc::FullPtr<Task>)) override {
  }
  bool Cancel(hipc::FullPtr<Task> /*task*/) override { return false; }
  hipc::FullPtr<char> AllocateBuffer(u64 /*bytes*/) override { return {}; }
  void FreeBuffer(ShmPtr /*pointer*/) override {}
  char* Resolve(ShmPtr /*pointer*/, u64 /*bytes*/) override { return nullptr; }
};

class ForkedPorts final : public PortSource {
 public:
  ThreadPort* AcquirePort() override {
    ports_.push_back(std::make_unique<ForkedPort>(slabs_));
    return ports_.back().get();
  }
  void ReleasePort(ThreadPort* /*port*/) override {}

 private:
  HeapTaskSource source_;
  SlabAllocator slabs_{source_};
  // The child of a fork has one thread; each port lives to the end.
  std::vector<std::unique_ptr<ForkedPort>> ports_;
};

// What this process was forked from may have held locks: made in advance, and
// never destroyed, since tasks may outlive every order of destruction.
PortSource* TheForkedPorts() {
  static PortSource* const ports = std::make_unique<ForkedPorts>().release();
  return ports;
}

std::atomic<PortSource*> port_source{nullptr};

}  // namespace

void CompleteLocally(Task& task, const Status& status) {
  task.SetError(status.code_value(), status.message());
  const TaskState done =
      status.ok() ? TaskState::kDone : TaskState::kDoneWithText;
  task.state_.store(static_cast<u32>(done), std::memory_order_release);
}

std::atomic<u64> IpcManager::generation_{1};

IpcManager::IpcManager() {
  static std::once_flag registered;
  std::call_once(registered, [] {
    TheForkedPorts();
    pthread_atfork(nullptr, nullptr, [] {
      if (port_source.load() == nullptr) return;
      port_source.store(TheForkedPorts());
      generation_.fetch_add(1);
    });
  });
}

IpcManager::~IpcManager() { SetPortSource(nullptr); }

void IpcManager::SetPortSource(PortSource* source) {
  port_source.store(source);
  generation_.fetch_add(1);
}

namespace internal {
__thread CachedPort thread_port = {nullptr, 0};
}  // namespace internal

// Gives the port back when the thread ends.
class IpcManager::PortLease {
 public:
  ~PortLease() {
    const bool current = internal::thread_port.generation ==
                         generation_.load(std::memory_order_relaxed);
    if (current && source != nullptr) {
      source->ReleasePort(internal::thread_port.port);
    }
    internal::thread_port.generation = 0;
  }

  PortSource* source = nullptr;  // whose port it is; null for a worker's own
  bool is_own = false;           // given by SetThreadPort: no source is asked
};

IpcManager::PortLease& IpcManager::ThisThread() {
  thread_local PortLease lease;
  return lease;
}

void IpcManager::SetThreadPort(ThreadPort* port) {
  PortLease& lease = ThisThread();
  lease.source = nullptr;
  lease.is_own = port != nullptr;
  internal::thread_port = {port, port == nullptr ? 0 : generation_.load()};
}

ThreadPort* IpcManager::CurrentPort() { return internal::thread_port.port; }

ThreadPort& IpcManager::AcquirePort() {
  PortLease& lease = ThisThread();
  const u64 generation = generation_.load();
  if (!lease.is_own) {
    lease.source = port_source.load();
    CHI_CHECK(lease.source != nullptr, "no client and no runtime was started");
    internal::thread_port.port = lease.source->AcquirePort();
  }
  internal::thread_port.generation = generation;
  return *internal::thread_port.port;
}

hipc::FullPtr<char> IpcManager::AllocateOutside(u64 size) {
  HeapTaskSource source;
  Result<ShmRange> range = source.AllocateSlab(size);
  CHI_CHECK(range.ok(), "out of memory");
  return {range->base, range->ptr};
}

hipc::FullPtr<char> IpcManager::AllocateTaskSlowly(u64 size) {
  const hipc::FullPtr<char> memory = Port().Allocate(size);
  return memory.IsNull() ? AllocateOutside(size) : memory;
}

void ThreadPort::FreeOutside(hipc::FullPtr<char> memory) {
  if (memory.shm_.IsPrivate()) std::free(memory.ptr_);
}

}  // namespace chi
