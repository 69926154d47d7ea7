// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One client: how its heaps, ports, storage and waiter come together.

#include "chimaera/ipc/client_core.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/log.h"
#include "ipc/client_heap.h"
#include "ipc/client_port.h"
#include "ipc/spin_waiter.h"

namespace chi {

namespace {

u32 FirstTimeoutMs(const SessionLimits& limits) {
  const char* text = std::getenv("CHI_TIMEOUT_MS");  // NOLINT: see base/log.cc
  if (text == nullptr || *text == '\0') return limits.task_timeout_ms;
  u32 timeout_ms = 0;
  const char* const end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, timeout_ms);
  if (error == std::errc() && stop == end) return timeout_ms;
  CHI_LOG(kWarning, "CHI_TIMEOUT_MS='{}' is no number of milliseconds", text);
  return limits.task_timeout_ms;
}

}  // namespace

ClientCore::ClientCore(std::unique_ptr<ControlClient> control,
                       const ClientOptions& options)
    : options_(options),
      control_(std::move(control)),
      main_(std::make_unique<ClientHeap>(*control_, SegmentKind::kMain,
                                         control_->main_segment(),
                                         kMainHeapOffset)),
      data_(std::make_unique<ClientHeap>(*control_, SegmentKind::kClientData,
                                         control_->client_data_segment(), 0)),
      returns_(RingLayout<>(control_->return_ring(), kReturnRingSlots)),
      waiter_(std::make_unique<SpinWaiter>(this, &control_->page(),
                                           options.busy_wait_ns)),
      slabs_(*this),
      default_timeout_ms_(FirstTimeoutMs(control_->limits())) {
  SetProcessStorage(this);
  SetProcessWaiter(waiter_.get());
}

ClientCore::~ClientCore() {
  SetProcessStorage(nullptr);
  SetProcessWaiter(nullptr);
  MutexLock lock(mu_);
  if (control_->forked()) {
    // All of it is the parent's; its bookkeeping must not be acted upon.
    for (auto& port : ports_) port->Abandon();
    slabs_.Abandon();
    return;
  }
  for (auto& port : ports_) port->AbandonOrphans();
  ports_.clear();
}

Result<ShmRange> ClientCore::AllocateBuffer(u64 bytes) {
  if (bytes == 0) return Status::BadRequest("a buffer of 0 bytes");
  CHI_RETURN_IF_ERROR(Check());
  return data_->Allocate(bytes);
}

void ClientCore::FreeBuffer(ShmPtr pointer) {
  if (pointer.IsNull() || control_->forked()) return;
  const u16 segment = pointer.segment();
  if (segment >= kFirstRuntimeSegment && segment <= kLastRuntimeSegment) {
    returns_.Return(pointer);
    return;
  }
  const Status freed = data_->Free(pointer);
  if (!freed.ok()) {
    CHI_LOG(kError, "FreeBuffer: {}", freed.ToString());
  }
}

Status ClientCore::Check() const { return control_->CheckSession(); }

ThreadPort* ClientCore::AcquirePort() {
  MutexLock lock(mu_);
  SweepIdlePorts();
  if (!idle_ports_.empty()) {
    ClientPort* port = idle_ports_.back();
    idle_ports_.pop_back();
    return port;
  }
  ports_.push_back(std::make_unique<ClientPort>(*this, slabs_));
  return ports_.back().get();
}

void ClientCore::ReleasePort(ThreadPort* port) {
  MutexLock lock(mu_);
  idle_ports_.push_back(static_cast<ClientPort*>(port));
  SweepIdlePorts();
}

// What threads that are gone have dropped comes back with the next one that
// begins or ends; no thread uses these ports.
void ClientCore::SweepIdlePorts() {
  if (control_->forked()) return;
  for (ClientPort* port : idle_ports_) port->SweepOrphans();
}

u64 ClientCore::buffer_bytes() const { return data_->used_bytes(); }
u64 ClientCore::task_bytes() const { return main_->used_bytes(); }

Result<ShmRange> ClientCore::AllocateSlab(u64 bytes) {
  return main_->Allocate(bytes);
}

void ClientCore::FreeSlab(ShmPtr slab) {
  const Status freed = main_->Free(slab);
  CHI_CHECK(freed.ok(), "{}", freed.ToString());
}

Result<ShmPtr> ClientCore::Allocate(u64 bytes, const void* holder) {
  if (HoldsPrivate(holder)) return PrivateStorage().Allocate(bytes, holder);
  Result<ShmRange> range = AllocateBuffer(bytes);
  if (!range.ok()) return range.status();
  return range->ptr;
}

void ClientCore::Free(ShmPtr pointer, const void* holder) {
  if (pointer.IsPrivate()) {
    PrivateStorage().Free(pointer, holder);
  } else {
    FreeBuffer(pointer);
  }
}

char* ClientCore::Resolve(ShmPtr pointer, u64 bytes, const void* holder) {
  if (pointer.IsPrivate()) {
    return PrivateStorage().Resolve(pointer, bytes, holder);
  }
  return control_->Resolve(pointer, bytes);
}

bool ClientCore::HoldsPrivate(const void* holder) const {
  // Whatever a forked child makes; and a lock below may never be free there.
  if (control_->forked()) return true;
  return !main_->Owns(holder) && !data_->Owns(holder);
}

Result<RingProducer<>> ClientCore::MakeRing(Priority priority, u32* worker) {
  const u32 capacity = options_.ring_capacity != 0
                           ? options_.ring_capacity
                           : control_->limits().max_ring_capacity;
  Result<ShmRange> memory = main_->Allocate(RingLayout<>::BytesFor(capacity));
  if (!memory.ok()) return memory.status();
  const RingLayout<> layout = RingLayout<>::Create(memory->base, capacity);
  const pid_t tid = static_cast<pid_t>(syscall(SYS_gettid));
  Result<u32> attached = control_->AttachRing(static_cast<u32>(priority),
                                              memory->ptr, capacity, tid);
  if (!attached.ok()) {
    CHI_RETURN_IF_ERROR(main_->Free(memory->ptr));
    return attached.status();
  }
  *worker = *attached;
  return RingProducer<>(layout);
}

}  // namespace chi
