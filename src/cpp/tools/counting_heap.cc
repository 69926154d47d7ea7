// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The operator new and delete of a program that counts the heap by pools
// (base/heap_accounts.h). Linked into the program itself, so that libchimaera,
// the modules and the C++ library find these before all others.
//
//   base            pointer
//   | … | Header    | bytes …
//
// The gap is as long as the alignment, at least the header.

#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>

#include "chimaera/base/heap_accounts.h"

namespace {

struct Header {
  chi::u64 bytes;
  chi::HeapAccount account;
  chi::u32 mark;
};
static_assert(sizeof(Header) == 16 && alignof(std::max_align_t) <= 16);

// "CHIM", "CHIR". The C library keeps sizes there, and none is that large.
constexpr chi::u32 kMark = 0x4348494d;
constexpr chi::u32 kReserveMark = 0x43484952;
constexpr std::size_t kUsual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
static_assert(kUsual >= sizeof(Header));

const bool counts = (chi::HeapAccounts::StartCounting(), true);

// For what the runtime needs to end what is under way when there is no memory:
// jobs, wake-ups, messages. Small blocks only; of what clients and modules ask
// for nothing comes from here.
class Reserve {
 public:
  static constexpr std::size_t kSmall = 256;
  static constexpr std::size_t kMedium = 4096;
  static constexpr std::size_t kLarge = 65536;

  void* Take(std::size_t bytes, std::size_t alignment) {
    if (alignment > kUsual) return nullptr;
    void* block = nullptr;
    if (bytes <= kSmall) block = small_.Take();
    if (block == nullptr && bytes <= kMedium) block = medium_.Take();
    if (block == nullptr && bytes <= kLarge) block = large_.Take();
    return block;
  }
  void Give(void* block) {
    if (!small_.Give(block) && !medium_.Give(block)) large_.Give(block);
  }

 private:
  template <std::size_t kBytes, std::size_t kCount>
  struct Class {
    struct Block {
      alignas(kUsual) char bytes[kBytes];
    };
    void* Take() {
      for (std::atomic<bool>& in_use : taken) {
        if (in_use.load(std::memory_order_relaxed)) continue;
        if (!in_use.exchange(true, std::memory_order_acquire)) {
          return &blocks[&in_use - taken];
        }
      }
      return nullptr;
    }
    bool Give(void* block) {
      auto* const mine = static_cast<Block*>(block);
      if (mine < blocks || mine >= blocks + kCount) return false;
      taken[mine - blocks].store(false, std::memory_order_release);
      return true;
    }
    std::atomic<bool> taken[kCount];
    Block blocks[kCount];
  };
  Class<kSmall, 2048> small_;
  Class<kMedium, 128> medium_;
  Class<kLarge, 8> large_;
};

Reserve reserve;

void* TakeBlock(std::size_t bytes, std::size_t alignment) {
  if (chi::HeapAccounts::FaultFires()) return nullptr;
  if (alignment == kUsual) return std::malloc(bytes);
  void* block = nullptr;
  return posix_memalign(&block, alignment, bytes) == 0 ? block : nullptr;
}

void* TryAllocate(std::size_t bytes, std::size_t gap) {
  if (bytes > std::numeric_limits<std::size_t>::max() / 2 - gap) return nullptr;
  const chi::HeapOwner owner = chi::HeapAccounts::Current();
  chi::u32 mark = kMark;
  void* base = TakeBlock(gap + bytes, gap);
  if (base == nullptr) {
    if (owner.may_fail) return nullptr;
    mark = kReserveMark;
    base = reserve.Take(gap + bytes, gap);
    if (base == nullptr) return nullptr;
  }
  char* const pointer = static_cast<char*>(base) + gap;
  reinterpret_cast<Header*>(pointer)[-1] = {bytes, owner.account, mark};
  chi::HeapAccounts::Add(owner.account, static_cast<chi::i64>(bytes));
  return pointer;
}

std::size_t GapOf(std::align_val_t alignment) {
  return alignment < std::align_val_t{kUsual}
             ? kUsual
             : static_cast<std::size_t>(alignment);
}

void* Allocate(std::size_t bytes, std::size_t gap) {
  for (;;) {
    void* const pointer = TryAllocate(bytes, gap);
    if (pointer != nullptr) return pointer;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void* AllocateOrNull(std::size_t bytes, std::size_t gap) noexcept {
  try {
    return Allocate(bytes, gap);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void Free(void* pointer, std::size_t gap) noexcept {
  if (pointer == nullptr) return;
  Header& header = static_cast<Header*>(pointer)[-1];
  const chi::u32 mark = header.mark;
  if (mark != kMark && mark != kReserveMark) {
    // From a library that brings its own operator new: what lies before it is
    // somebody else's, whom another thread may be using.
    std::free(pointer);
    return;
  }
  header.mark = 0;
  chi::HeapAccounts::Add(header.account, -static_cast<chi::i64>(header.bytes));
  void* const base = static_cast<char*>(pointer) - gap;
  if (mark == kMark) {
    std::free(base);
  } else {
    reserve.Give(base);
  }
}

}  // namespace

using std::align_val_t;
using std::nothrow_t;
using std::size_t;

void* operator new(size_t bytes) { return Allocate(bytes, kUsual); }
void* operator new[](size_t bytes) { return Allocate(bytes, kUsual); }
void* operator new(size_t bytes, const nothrow_t&) noexcept {
  return AllocateOrNull(bytes, kUsual);
}
void* operator new[](size_t bytes, const nothrow_t&) noexcept {
  return AllocateOrNull(bytes, kUsual);
}
void* operator new(size_t bytes, align_val_t alignment) {
  return Allocate(bytes, GapOf(alignment));
}
void* operator new[](size_t bytes, align_val_t alignment) {
  return Allocate(bytes, GapOf(alignment));
}
void* operator new(size_t bytes, align_val_t alignment,
                   const nothrow_t&) noexcept {
  return AllocateOrNull(bytes, GapOf(alignment));
}
void* operator new[](size_t bytes, align_val_t alignment,
                     const nothrow_t&) noexcept {
  return AllocateOrNull(bytes, GapOf(alignment));
}

void operator delete(void* pointer) noexcept { Free(pointer, kUsual); }
void operator delete[](void* pointer) noexcept { Free(pointer, kUsual); }
void operator delete(void* pointer, size_t) noexcept { Free(pointer, kUsual); }
void operator delete[](void* pointer, size_t) noexcept {
  Free(pointer, kUsual);
}
void operator delete(void* pointer, const nothrow_t&) noexcept {
  Free(pointer, kUsual);
}
void operator delete[](void* pointer, const nothrow_t&) noexcept {
  Free(pointer, kUsual);
}
void operator delete(void* pointer, align_val_t alignment) noexcept {
  Free(pointer, GapOf(alignment));
}
void operator delete[](void* pointer, align_val_t alignment) noexcept {
  Free(pointer, GapOf(alignment));
}
void operator delete(void* pointer, size_t, align_val_t alignment) noexcept {
  Free(pointer, GapOf(alignment));
}
void operator delete[](void* pointer, size_t, align_val_t alignment) noexcept {
  Free(pointer, GapOf(alignment));
}
void operator delete(void* pointer, align_val_t alignment,
                     const nothrow_t&) noexcept {
  Free(pointer, GapOf(alignment));
}
void operator delete[](void* pointer, align_val_t alignment,
                       const nothrow_t&) noexcept {
  Free(pointer, GapOf(alignment));
}
