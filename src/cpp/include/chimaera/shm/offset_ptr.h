// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Pointers that mean the same in every process.
//
// A segment is mapped at another address in each process, so an address cannot
// be stored in it:
//
//     client     |  0x7f10'0000'0000  [ task ........ ]
//     runtime    |  0x7fa3'4000'0000  [ task ........ ]
//                         same segment, same offset ^
//
// What is stored instead is a ShmPtr, (segment id, offset). Turning it into an
// address is a lookup with a bounds check, done by whoever knows the table of
// segments (a session in the runtime, the connection in a client).

#ifndef CHIMAERA_SHM_OFFSET_PTR_H_
#define CHIMAERA_SHM_OFFSET_PTR_H_

#include <cstddef>
#include <functional>
#include <ostream>
#include <type_traits>

#include "chimaera/base/check.h"
#include "chimaera/base/types.h"

namespace chi {

/// Segment ids. FROZEN: they reach shared memory.
///   0                 null
///   1 .. 0x7FFF       segments of one session; the same id means another
///                     segment in another session
///   0x8000 .. 0xFFFE  segments of the runtime, the same for all sessions and
///                     read-only for clients
///   0xFFFF            not in a segment at all, see ShmPtr::Private
inline constexpr u16 kNullSegment = 0;
inline constexpr u16 kMainSegment = 1;
inline constexpr u16 kClientDataSegment = 2;
inline constexpr u16 kFirstGrownSegment = 3;
inline constexpr u16 kFirstRuntimeSegment = 0x8000;
inline constexpr u16 kLastRuntimeSegment = 0xFFFE;
inline constexpr u16 kPrivateSegment = 0xFFFF;

/// A place in a segment: 16 bits of segment id, 48 bits of offset. A plain
/// value of eight bytes; null by default. Says nothing about how many bytes lie
/// there or whether they exist: that is checked when it is resolved.
struct ShmPtr {
  static constexpr u32 kOffsetBits = 48;
  static constexpr u64 kOffsetMask = (u64{1} << kOffsetBits) - 1;

  /// FROZEN: segment id in the high 16 bits, offset in the low 48.
  u64 bits_ = 0;

  /// REQUIRES: offset < 2^48. Bits above are cut off, never carried into the
  /// segment id.
  static constexpr ShmPtr At(u16 segment, u64 offset) {
    return ShmPtr{(u64{segment} << kOffsetBits) | (offset & kOffsetMask)};
  }
  static constexpr ShmPtr Null() { return ShmPtr{}; }
  /// From a word that came out of shared memory.
  static constexpr ShmPtr FromBits(u64 bits) { return ShmPtr{bits}; }

  /// An address of this process in the shape of a ShmPtr. Valid only in the
  /// process that made it: one that arrives from another process is refused by
  /// whoever resolves it. Null for nullptr.
  static ShmPtr Private(const void* address) {
    const u64 bits = reinterpret_cast<std::uintptr_t>(address);
    CHI_CHECK((bits & ~kOffsetMask) == 0, "address {} has over 48 bits",
              address);
    return bits == 0 ? Null() : At(kPrivateSegment, bits);
  }

  /// The same for an object on the stack, which is never that far up.
  static ShmPtr OnStack(const void* address) {
    return ShmPtr{reinterpret_cast<std::uintptr_t>(address) |
                  u64{kPrivateSegment} << kOffsetBits};
  }

  [[nodiscard]] constexpr u16 segment() const {
    return static_cast<u16>(bits_ >> kOffsetBits);
  }
  [[nodiscard]] constexpr u64 offset() const { return bits_ & kOffsetMask; }
  /// True for the word 0 only. An offset in segment 0 is not null, and nobody
  /// resolves it.
  [[nodiscard]] constexpr bool IsNull() const { return bits_ == 0; }
  [[nodiscard]] constexpr bool IsPrivate() const {
    return segment() == kPrivateSegment;
  }
  /// True for all but a client's own segments: private, or the runtime's.
  [[nodiscard]] constexpr bool IsOutsideSession() const {
    static_assert(kFirstRuntimeSegment == 0x8000);
    return bits_ >> 63 != 0;
  }
  /// REQUIRES: IsPrivate(), and this process made it.
  [[nodiscard]] char* private_address() const {
    return reinterpret_cast<char*>(static_cast<std::uintptr_t>(offset()));
  }

  /// The place `bytes` further on in the same segment. The offset wraps at
  /// 2^48; the segment id never changes.
  [[nodiscard]] constexpr ShmPtr operator+(u64 bytes) const {
    return At(segment(), offset() + bytes);
  }

  friend constexpr bool operator==(ShmPtr a, ShmPtr b) {
    return a.bits_ == b.bits_;
  }
  friend constexpr bool operator!=(ShmPtr a, ShmPtr b) {
    return a.bits_ != b.bits_;
  }
};

static_assert(sizeof(ShmPtr) == 8 && alignof(ShmPtr) == 8,
              "stored in shared memory");
static_assert(std::is_trivially_copyable_v<ShmPtr>, "sent as eight bytes");
static_assert(sizeof(void*) == 8, "a private address needs 48 bits");

/// "2:0x1f40", "null" or "private:0x7f..."; for messages.
std::ostream& operator<<(std::ostream& out, ShmPtr p);

/// An address of this process together with the same place as others see it.
/// Owns nothing. Usable like T*.
template <typename T>
struct FullPtr {
  T* ptr_ = nullptr;
  ShmPtr shm_;

  FullPtr() = default;
  FullPtr(std::nullptr_t) {}  // NOLINT(google-explicit-constructor): as for T*
  /// For an object outside all segments.
  explicit FullPtr(T* ptr) : ptr_(ptr), shm_(ShmPtr::Private(ptr)) {}
  FullPtr(T* ptr, ShmPtr shm) : ptr_(ptr), shm_(shm) {}

  /// From a derived class, as for plain pointers.
  template <typename U,
            typename = std::enable_if_t<std::is_convertible_v<U*, T*> &&
                                        !std::is_same_v<U, T>>>
  FullPtr(const FullPtr<U>& other)  // NOLINT(google-explicit-constructor)
      : ptr_(other.ptr_), shm_(other.shm_ + Distance(other.ptr_, ptr_)) {}

  template <typename R = T>
  std::add_lvalue_reference_t<R> operator*() const {
    return *ptr_;
  }
  T* operator->() const { return ptr_; }
  T* get() const { return ptr_; }

  [[nodiscard]] bool IsNull() const { return ptr_ == nullptr; }
  explicit operator bool() const { return ptr_ != nullptr; }
  void SetNull() { *this = FullPtr(); }

  /// The same place seen as another type: to a derived class, to bytes, from
  /// bytes. REQUIRES: an object of type U is there.
  template <typename U>
  [[nodiscard]] FullPtr<U> Cast() const {
    U* cast;
    if constexpr (std::is_convertible_v<T*, U*> || IsBaseOf<U>()) {
      cast = static_cast<U*>(ptr_);
    } else {
      cast = reinterpret_cast<U*>(ptr_);
    }
    return FullPtr<U>(cast, shm_ + Distance(ptr_, cast));
  }

  friend bool operator==(const FullPtr& a, const FullPtr& b) {
    return a.ptr_ == b.ptr_ && a.shm_ == b.shm_;
  }
  friend bool operator!=(const FullPtr& a, const FullPtr& b) {
    return !(a == b);
  }

 private:
  template <typename U>
  static constexpr bool IsBaseOf() {
    if constexpr (std::is_class_v<T> && std::is_class_v<U>) {
      return std::is_base_of_v<T, U>;
    } else {
      return false;
    }
  }

  /// Bytes from one view of an object to another: not 0 only for a second base
  /// class. The compiler folds it.
  static u64 Distance(const volatile void* from, const volatile void* to) {
    return reinterpret_cast<std::uintptr_t>(to) -
           reinterpret_cast<std::uintptr_t>(from);
  }
};

}  // namespace chi

template <>
struct std::hash<chi::ShmPtr> {
  std::size_t operator()(chi::ShmPtr p) const noexcept {
    return std::hash<chi::u64>()(p.bits_);
  }
};

#endif  // CHIMAERA_SHM_OFFSET_PTR_H_
