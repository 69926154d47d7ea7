// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The heap as a storage, the choice between storages, and the ways in which
// strings and vectors call them.

#include "chimaera/shm/storage.h"

#include <atomic>
#include <cstdlib>

#include "chimaera/base/format.h"

namespace chi {

namespace {

class HeapStorage final : public Storage {
 public:
  Result<ShmPtr> Allocate(u64 bytes, const void* /*holder*/) override {
    void* memory = std::malloc(bytes);
    if (memory == nullptr) {
      return Status::NoMemory(Format("heap: {} bytes", bytes));
    }
    return ShmPtr::Private(memory);
  }

  void Free(ShmPtr p, const void* /*holder*/) override {
    if (p.IsPrivate()) {
      std::free(p.private_address());
    }
  }

  char* Resolve(ShmPtr p, u64 /*bytes*/, const void* /*holder*/) override {
    return p.IsPrivate() ? p.private_address() : nullptr;
  }

  [[nodiscard]] bool HoldsPrivate(const void* /*holder*/) const override {
    return true;
  }
};

// nullptr: the heap. release and acquire, so that a thread that sees a storage
// sees it constructed.
std::atomic<Storage*> process_storage{nullptr};

}  // namespace

namespace internal {

__thread Storage* thread_storage = nullptr;

Bytes AllocateBytes(u64 bytes, const void* holder) {
  Storage& storage = CurrentStorage();
  Result<ShmPtr> ptr = storage.Allocate(bytes, holder);
  if (!ptr.ok()) {
    throw StatusError(ptr.status());
  }
  char* address = storage.Resolve(*ptr, bytes, holder);
  if (address == nullptr) {
    storage.Free(*ptr, holder);
    throw StatusError(Status::Internal(
        Format("storage does not know {} bytes at {}", bytes, *ptr)));
  }
  return {*ptr, address};
}

char* ResolveThroughStorage(ShmPtr p, u64 bytes, const void* holder) {
  char* address = CurrentStorage().Resolve(p, bytes, holder);
  if (address == nullptr) {
    ThrowViolation("data out of bounds", p.bits_, bytes);
  }
  return address;
}

void FreeBoth(ShmPtr data, ShmPtr home, const void* holder) {
  Storage& storage = CurrentStorage();
  if (!data.IsNull()) {
    storage.Free(data, holder);
  }
  if (!home.IsNull() && home != data) {
    storage.Free(home, holder);
  }
}

bool MayExchange(const void* from, const void* to) {
  const Storage& storage = CurrentStorage();
  return storage.HoldsPrivate(from) && storage.HoldsPrivate(to);
}

void ThrowViolation(const char* what, u64 pointer_bits, u64 size) {
  throw StatusError(Status::ProtocolViolation(
      Format("{}: {} at {}", what, size, ShmPtr::FromBits(pointer_bits))));
}

void ThrowTooLong(const char* what, u64 count, u64 element_bytes) {
  throw StatusError(Status::NoMemory(
      Format("{}: {} elements of {} bytes", what, count, element_bytes)));
}

}  // namespace internal

Storage& PrivateStorage() {
  // Never destroyed: strings with static lifetime free through it at exit.
  static Storage& storage = *new HeapStorage;
  return storage;
}

Storage& CurrentStorage() {
  if (internal::thread_storage != nullptr) {
    return *internal::thread_storage;
  }
  Storage* storage = process_storage.load(std::memory_order_acquire);
  return storage != nullptr ? *storage : PrivateStorage();
}

void SetProcessStorage(Storage* storage) {
  process_storage.store(storage, std::memory_order_release);
}

Storage* SetThreadStorage(Storage* storage) {
  Storage* previous = internal::thread_storage;
  internal::thread_storage = storage;
  return previous;
}

}  // namespace chi
