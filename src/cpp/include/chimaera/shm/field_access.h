// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The raw fields of strings and vectors, for the archives that carry tasks
// between processes. On the runtime's side such an object lies in memory that
// its client can change at any moment: the archive reads the fields once, into
// private memory, checks them, and works with the copy.

#ifndef CHIMAERA_SHM_FIELD_ACCESS_H_
#define CHIMAERA_SHM_FIELD_ACCESS_H_

#include <cstring>

#include "chimaera/base/types.h"
#include "chimaera/shm/offset_ptr.h"
#include "chimaera/shm/string.h"
#include "chimaera/shm/vector.h"

namespace chi {

/// The fields of a string or a vector, unchecked. Sizes are elements; a string
/// in shared memory has size + 1 bytes at `data`, the last one zero.
struct RawFields {
  u64 size;
  u64 capacity;
  ShmPtr data;  ///< Null: inside the string; no elements in a vector.
  ShmPtr home;  ///< Equal to `data` unless `data` is an answer.
};

struct TaskFieldAccess {
  /// Each field exactly once, in no order: they need not fit together.
  static RawFields Read(const string& s) {
    return {Load(s.size_), Load(s.capacity_), LoadPtr(s.data_),
            LoadPtr(s.home_)};
  }
  template <typename T>
  static RawFields Read(const vector<T>& v) {
    return {Load(v.size_), Load(v.capacity_), LoadPtr(v.data_),
            LoadPtr(v.home_)};
  }

  /// The text of a string whose `data` is null. Bytes may change under the
  /// reader; min(size, string::kInlineCapacity) of them count.
  static const char* inline_bytes(const string& s) { return s.inline_; }
  static char* inline_bytes(string& s) { return s.inline_; }

  /// Answers with text that fits into the object. `home` stays: its owner frees
  /// it. REQUIRES: size <= string::kInlineCapacity.
  static void AnswerInline(string& s, const char* text, u64 size) {
    CHI_CHECK(size <= string::kInlineCapacity, "{} bytes", size);
    if (size != 0) {
      std::memcpy(s.inline_, text, size);
    }
    s.inline_[size] = '\0';
    s.capacity_ = string::kInlineCapacity;
    s.data_ = ShmPtr::Null();
    s.size_ = static_cast<u32>(size);
  }
  /// Answers with `size` bytes at `data` and a zero byte behind them. The owner
  /// reads them there and gives them back through its storage. Also used, with
  /// data == home, after writing into the owner's own allocation.
  /// REQUIRES: size <= string::kMaxSize.
  static void AnswerAt(string& s, ShmPtr data, u64 size, u64 capacity) {
    CHI_CHECK(size <= string::kMaxSize, "{} bytes", size);
    s.size_ = static_cast<u32>(size);
    s.capacity_ = static_cast<u32>(capacity);
    s.data_ = data;
  }
  /// The same for elements; a null `data` answers with none.
  template <typename T>
  static void AnswerAt(vector<T>& v, ShmPtr data, u64 size, u64 capacity) {
    v.size_ = size;
    v.capacity_ = capacity;
    v.data_ = data;
  }

  /// The fields themselves. For private memory and for tests.
  static const ShmPtr& data(const string& s) { return s.data_; }
  static ShmPtr& data(string& s) { return s.data_; }
  static const ShmPtr& home(const string& s) { return s.home_; }
  static ShmPtr& home(string& s) { return s.home_; }
  static u32& size(string& s) { return s.size_; }
  static u32& capacity(string& s) { return s.capacity_; }
  template <typename T>
  static const ShmPtr& data(const vector<T>& v) {
    return v.data_;
  }
  template <typename T>
  static ShmPtr& data(vector<T>& v) {
    return v.data_;
  }
  template <typename T>
  static const ShmPtr& home(const vector<T>& v) {
    return v.home_;
  }
  template <typename T>
  static ShmPtr& home(vector<T>& v) {
    return v.home_;
  }
  template <typename T>
  static u64& size(vector<T>& v) {
    return v.size_;
  }
  template <typename T>
  static u64& capacity(vector<T>& v) {
    return v.capacity_;
  }

  /// Offsets in a string, for the check that two builds agree on the layout.
  static constexpr u64 StringLayout() {
    return offsetof(string, size_) | offsetof(string, capacity_) << 8 |
           offsetof(string, data_) << 16 | offsetof(string, home_) << 24 |
           offsetof(string, inline_) << 32;
  }
  /// The same for vectors.
  static constexpr u64 VectorLayout() {
    return offsetof(vector<u8>, size_) | offsetof(vector<u8>, capacity_) << 8 |
           offsetof(vector<u8>, data_) << 16 |
           offsetof(vector<u8>, home_) << 24;
  }

 private:
  template <typename U>
  static u64 Load(const U& field) {
    return __atomic_load_n(&field, __ATOMIC_RELAXED);
  }
  static ShmPtr LoadPtr(const ShmPtr& field) {
    return ShmPtr::FromBits(Load(field.bits_));
  }
};

static_assert(TaskFieldAccess::StringLayout() == 0x18'10'08'04'00,
              "stored in shared memory");
static_assert(TaskFieldAccess::VectorLayout() == 0x18'10'08'00,
              "stored in shared memory");

}  // namespace chi

#endif  // CHIMAERA_SHM_FIELD_ACCESS_H_
