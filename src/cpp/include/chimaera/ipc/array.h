// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A typed method's parameter `array<dtype, ndim>`: numbers that stay where they
// lie, in shared memory, and travel as a place and a shape.

#ifndef CHIMAERA_IPC_ARRAY_H_
#define CHIMAERA_IPC_ARRAY_H_

#include <algorithm>
#include <array>
#include <type_traits>

#include "chimaera/base/types.h"
#include "chimaera/ipc/task_archive.h"
#include "chimaera/shm/hipc.h"

namespace chi {

/// C-contiguous numbers of type T in kNdim dimensions; `const T` for an array
/// that the method only reads. It owns nothing: the client keeps the buffer
/// (IpcManager::AllocateBuffer) until the task is done.
///
/// In a typed method the place has been checked: all numbers lie in memory of
/// the client. The client may still change them meanwhile; nothing may depend
/// on reading the same number twice.
template <class T, u32 kNdim>
class Array {
  static_assert(std::is_arithmetic_v<T>);
  static_assert(kNdim >= 1);

 public:
  using value_type = std::remove_const_t<T>;
  using Shape = std::array<u64, kNdim>;

  Array() = default;
  /// The numbers at the start of `buffer`, which has room for all of them.
  Array(const hipc::FullPtr<char>& buffer, const Shape& shape)
      : place_(buffer.shm_), data_(reinterpret_cast<T*>(buffer.ptr_)) {
    std::copy(shape.begin(), shape.end(), shape_);
  }
  // Its own, so that archives visit the members and do not copy the bytes.
  Array(const Array& other) { *this = other; }
  Array& operator=(const Array& other) {
    std::copy(other.shape_, other.shape_ + kNdim, shape_);
    place_ = other.place_;
    data_ = other.data_;
    return *this;
  }

  static constexpr u32 ndim() { return kNdim; }
  u64 shape(u32 axis) const { return shape_[axis]; }
  /// Of all axes; 2^64 - 1 if it is not a number that fits.
  u64 size() const { return Count(1); }
  u64 size_bytes() const { return Count(sizeof(T)); }
  bool empty() const { return size() == 0; }

  T* data() const { return data_; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size(); }
  T& operator[](u64 index) const { return data_[index]; }
  /// One index per axis.
  template <class... Index>
  T& operator()(Index... index) const {
    static_assert(sizeof...(Index) == kNdim);
    u64 at = 0;
    u32 axis = 0;
    ((at = at * shape_[axis++] + static_cast<u64>(index)), ...);
    return data_[at];
  }

  hipc::Pointer place() const { return place_; }
  /// For whoever fills a task or has checked `place`.
  void SetPlace(hipc::Pointer place, const u64* shape) {
    place_ = place;
    std::copy(shape, shape + kNdim, shape_);
  }
  void SetData(T* data) { data_ = data; }

  template <class Archive>
  void serialize(Archive& ar) {
    ar(shape_);
    ar.bulk(place_, size_bytes(), BULK_XFER);
  }

 private:
  u64 Count(u64 factor) const {
    u64 product = factor;
    bool overflow = false;
    for (const u64 length : shape_) {
      overflow |= __builtin_mul_overflow(product, length, &product);
    }
    return overflow ? ~u64{0} : product;
  }

  u64 shape_[kNdim] = {};
  hipc::Pointer place_;
  T* data_ = nullptr;  // of this process; never read from shared memory
};

}  // namespace chi

#endif  // CHIMAERA_IPC_ARRAY_H_
