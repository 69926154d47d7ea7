// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// chi::vector<T>: an array that may lie inside a task in shared memory. Its
// elements go where the thread's Storage puts them. It holds no address; what
// `data_` and `home_` mean stands in string.h.
//
// Members that allocate or touch elements may throw StatusError. Not
// thread-safe, like std::vector.

#ifndef CHIMAERA_SHM_VECTOR_H_
#define CHIMAERA_SHM_VECTOR_H_

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "chimaera/base/check.h"
#include "chimaera/base/types.h"
#include "chimaera/shm/allocator.h"
#include "chimaera/shm/offset_ptr.h"
#include "chimaera/shm/storage.h"

namespace chi {

struct TaskFieldAccess;

/// An array with the interface of std::vector as far as tasks need it. T is
/// copied byte by byte and must mean the same in every process: no addresses.
template <typename T>
class vector {
  static_assert(std::is_trivially_copyable_v<T>,
                "elements are copied byte by byte between processes");
  static_assert(!std::is_pointer_v<T>, "an address means nothing elsewhere");
  static_assert(alignof(T) <= 16, "storages align to 16 bytes");

  template <typename It>
  using IfIterator = typename std::iterator_traits<It>::iterator_category;

 public:
  using value_type = T;
  using size_type = u64;
  using reference = T&;
  using const_reference = const T&;
  using iterator = T*;
  using const_iterator = const T*;

  vector() noexcept = default;
  explicit vector(const hipc::AllocContext& /*alloc*/) noexcept {}
  vector(const hipc::AllocContext& /*alloc*/, u64 count) { resize(count); }
  vector(const hipc::AllocContext& /*alloc*/, u64 count, const T& value) {
    resize(count, value);
  }
  template <typename It, typename = IfIterator<It>>
  vector(const hipc::AllocContext& /*alloc*/, It first, It last) {
    assign(first, last);
  }
  vector(const hipc::AllocContext& /*alloc*/, const std::vector<T>& other) {
    assign(other.begin(), other.end());
  }
  vector(const hipc::AllocContext& /*alloc*/, std::initializer_list<T> list) {
    assign(list.begin(), list.end());
  }
  vector(const vector& other) { assign(other.begin(), other.end()); }
  vector(vector&& other) { MoveFrom(other); }
  ~vector() {
    if (!data_.IsNull() || !home_.IsNull()) {
      internal::FreeBoth(data_, home_, this);
    }
  }

  vector& operator=(const vector& other) {
    if (this != &other) {
      assign(other.begin(), other.end());
    }
    return *this;
  }
  vector& operator=(vector&& other) {
    if (this != &other) {
      MoveFrom(other);
    }
    return *this;
  }
  vector& operator=(const std::vector<T>& other) {
    assign(other.begin(), other.end());
    return *this;
  }
  vector& operator=(std::initializer_list<T> list) {
    assign(list.begin(), list.end());
    return *this;
  }

  [[nodiscard]] u64 size() const noexcept { return data_.IsNull() ? 0 : size_; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Elements that fit without another allocation; 0 for an answer.
  [[nodiscard]] u64 capacity() const noexcept {
    return !data_.IsNull() && data_ == home_ ? capacity_ : 0;
  }

  /// nullptr if empty.
  [[nodiscard]] const T* data() const { return View().first; }
  /// Makes an answer of the runtime our own first, by copying it: pointers from
  /// the const members end here. So do the other non-const accessors.
  [[nodiscard]] T* data() {
    const u64 count = size();
    T* room = RoomFor(count);
    return room != nullptr || count == 0 ? room : Relocate(count);
  }
  [[nodiscard]] const T& operator[](u64 index) const { return data()[index]; }
  [[nodiscard]] T& operator[](u64 index) { return data()[index]; }
  [[nodiscard]] const T& front() const { return data()[0]; }
  [[nodiscard]] T& front() { return data()[0]; }
  [[nodiscard]] const T& back() const { return data()[size() - 1]; }
  [[nodiscard]] T& back() { return data()[size() - 1]; }

  [[nodiscard]] const T* begin() const { return data(); }
  [[nodiscard]] const T* end() const {
    const auto [data, count] = View();
    return data + count;
  }
  [[nodiscard]] const T* cbegin() const { return begin(); }
  [[nodiscard]] const T* cend() const { return end(); }
  [[nodiscard]] T* begin() { return data(); }
  [[nodiscard]] T* end() { return data() + size(); }

  void push_back(const T& value) {
    const T copy = value;  // may lie in the block that GrowTo frees
    const u64 count = size();
    T* elements = GrowTo(count + 1);
    CopyBytes(elements + count, &copy, 1);
    size_ = count + 1;
  }
  template <typename... Args>
  T& emplace_back(Args&&... args) {
    push_back(T{std::forward<Args>(args)...});
    return back();
  }
  /// REQUIRES: !empty().
  void pop_back() { resize(size() - 1); }

  /// Inserts [first, last) before `position`. The range may not be part of this
  /// vector. Returns the place of the first inserted element.
  template <typename It, typename = IfIterator<It>>
  T* insert(const T* position, It first, It last) {
    const u64 added = static_cast<u64>(std::distance(first, last));
    T* gap = OpenGap(position, added);
    std::copy(first, last, gap);
    return gap;
  }
  T* insert(const T* position, const T& value) {
    const T copy = value;
    T* gap = OpenGap(position, 1);
    CopyBytes(gap, &copy, 1);
    return gap;
  }
  T* erase(const T* position) { return erase(position, position + 1); }
  /// Returns the place of the element after the last erased one.
  T* erase(const T* first, const T* last) {
    const u64 at = IndexOf(first);
    const u64 count = static_cast<u64>(last - first);
    CHI_CHECK(count <= size() - at, "{} elements from {} of {}", count, at,
              size());
    T* elements = data();
    MoveBytes(elements + at, elements + at + count, size() - at - count);
    size_ = size() - count;
    return elements + at;
  }

  /// The range may not be part of this vector.
  template <typename It, typename = IfIterator<It>>
  void assign(It first, It last) {
    clear();
    insert(nullptr, first, last);
  }
  void assign(u64 count, const T& value) {
    const T copy = value;
    clear();
    resize(count, copy);
  }
  /// New elements are value-initialised.
  void resize(u64 count) { ResizeTo(count, T()); }
  void resize(u64 count, const T& value) { ResizeTo(count, value); }
  void reserve(u64 count) {
    if (count > capacity()) {
      Relocate(std::max(count, size()));
    }
  }
  void clear() {
    if (data_ == home_) {
      size_ = 0;
    } else {
      Release();
    }
  }

  friend bool operator==(const vector& a, const vector& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }
  friend bool operator!=(const vector& a, const vector& b) { return !(a == b); }

 private:
  friend struct TaskFieldAccess;

  static void CopyBytes(T* to, const T* from, u64 count) {
    if (count != 0) {
      std::memcpy(static_cast<void*>(to), from, count * sizeof(T));
    }
  }
  static void MoveBytes(T* to, const T* from, u64 count) {
    if (count != 0) {
      std::memmove(static_cast<void*>(to), from, count * sizeof(T));
    }
  }

  static u64 BytesFor(u64 count) {
    if (count > (std::numeric_limits<u64>::max() >> 1) / sizeof(T)) {
      internal::ThrowTooLong("vector", count, sizeof(T));
    }
    return count * sizeof(T);
  }

  T* Resolve(ShmPtr data, u64 count) const {
    char* bytes = internal::ResolveBytes(data, BytesFor(count), this);
    if (reinterpret_cast<std::uintptr_t>(bytes) % alignof(T) != 0) {
      internal::ThrowViolation("vector: misaligned data", data.bits_, count);
    }
    return reinterpret_cast<T*>(bytes);
  }

  // Place and size, each read once: see string::view.
  std::pair<const T*, u64> View() const {
    const ShmPtr data =
        ShmPtr::FromBits(__atomic_load_n(&data_.bits_, __ATOMIC_RELAXED));
    const u64 count = __atomic_load_n(&size_, __ATOMIC_RELAXED);
    if (data.IsNull() || count == 0) {
      return {nullptr, 0};
    }
    return {Resolve(data, count), count};
  }

  // Where `count` elements can be written without an allocation, or nullptr.
  // Never into an answer. The whole capacity is resolved, so a capacity that
  // somebody else wrote is checked before it is used.
  T* RoomFor(u64 count) {
    if (data_.IsNull() || data_ != home_) {
      return nullptr;
    }
    if (size_ > capacity_) {
      internal::ThrowViolation("vector: size over capacity", data_.bits_,
                               size_);
    }
    if (count > capacity_) {
      return nullptr;
    }
    return Resolve(data_, capacity_);
  }

  // Moves the elements to a new place with room for `capacity` of them.
  T* Relocate(u64 capacity) {
    const auto [old, count] = View();
    const internal::Bytes place =
        internal::AllocateBytes(BytesFor(std::max(capacity, u64{1})), this);
    T* elements = reinterpret_cast<T*>(place.address);
    CopyBytes(elements, old, count);
    Release();
    data_ = place.ptr;
    home_ = place.ptr;
    size_ = count;
    capacity_ = std::max(capacity, u64{1});
    return elements;
  }

  T* GrowTo(u64 count) {
    T* room = RoomFor(count);
    if (room != nullptr) {
      return room;
    }
    constexpr u64 kSmallest = sizeof(T) < 64 ? 64 / sizeof(T) : 1;
    return Relocate(std::max({count, size() + size() / 2, kSmallest}));
  }

  // nullptr means the end: of an empty vector every position is null.
  u64 IndexOf(const T* position) {
    if (position == nullptr) {
      return size();
    }
    const u64 index = static_cast<u64>(position - data());
    CHI_CHECK(index <= size(), "position {} of {}", index, size());
    return index;
  }

  T* OpenGap(const T* position, u64 added) {
    const u64 count = size();
    const u64 at = IndexOf(position);
    if (added == 0) {
      return count == 0 ? nullptr : data() + at;
    }
    T* elements = GrowTo(count + added);
    MoveBytes(elements + at + added, elements + at, count - at);
    size_ = count + added;
    return elements + at;
  }

  void ResizeTo(u64 count, const T& value) {
    const T copy = value;
    const u64 old = size();
    if (count == 0) {
      clear();
      return;
    }
    T* elements = GrowTo(count);
    if (count > old) {
      std::uninitialized_fill(elements + old, elements + count, copy);
    }
    size_ = count;
  }

  void Release() {
    internal::FreeBoth(data_, home_, this);
    data_ = ShmPtr::Null();
    home_ = ShmPtr::Null();
    size_ = 0;
    capacity_ = 0;
  }

  void MoveFrom(vector& other) {
    const bool steal = other.data_ == other.home_ && other.data_.IsPrivate() &&
                       internal::MayExchange(&other, this);
    if (!steal) {
      const auto [elements, count] = std::as_const(other).View();
      assign(elements, elements + count);
      return;
    }
    Release();
    data_ = std::exchange(other.data_, ShmPtr::Null());
    home_ = std::exchange(other.home_, ShmPtr::Null());
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
  }

  u64 size_ = 0;
  u64 capacity_ = 0;  // of data_, in elements
  ShmPtr data_;       // null: no elements
  ShmPtr home_;       // what the owning process has allocated
};

static_assert(sizeof(vector<u8>) == 32 && alignof(vector<u8>) == 8,
              "stored in shared memory");
static_assert(std::is_standard_layout_v<vector<u8>>, "stored in shared memory");

/// The names that modules use.
namespace ipc {
using chi::vector;
}  // namespace ipc

}  // namespace chi

#endif  // CHIMAERA_SHM_VECTOR_H_
