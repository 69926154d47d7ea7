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

// "CHIM". The C library keeps sizes there, and none is that large.
constexpr chi::u32 kMark = 0x4348494d;
constexpr std::size_t kUsual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
static_assert(kUsual >= sizeof(Header));

const bool counts = (chi::HeapAccounts::StartCounting(), true);

void* TryAllocate(std::size_t bytes, std::size_t gap) {
  if (bytes > std::numeric_limits<std::size_t>::max() / 2 - gap) return nullptr;
  void* base = nullptr;
  if (gap == kUsual) {
    base = std::malloc(gap + bytes);
  } else if (posix_memalign(&base, gap, gap + bytes) != 0) {
    return nullptr;
  }
  if (base == nullptr) return nullptr;
  char* const pointer = static_cast<char*>(base) + gap;
  Header& header = reinterpret_cast<Header*>(pointer)[-1];
  header = {bytes, chi::HeapAccounts::Current(), kMark};
  chi::HeapAccounts::Add(header.account, static_cast<chi::i64>(bytes));
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
  if (header.mark != kMark) {
    // From a library that brings its own operator new.
    std::free(pointer);
    return;
  }
  header.mark = 0;
  chi::HeapAccounts::Add(header.account, -static_cast<chi::i64>(header.bytes));
  std::free(static_cast<char*>(pointer) - gap);
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
