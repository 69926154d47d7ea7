// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Values of typed methods that have no fixed size and hold others of that kind:
// lists of texts, lists of lists, structs with a text or a list. In a task they
// are bytes; a method and a client see std:: types.

#ifndef CHIMAERA_IPC_PACKED_H_
#define CHIMAERA_IPC_PACKED_H_

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/typed_task.h"
#include "chimaera/shm/hipc.h"
#include "chimaera/shm/storage.h"

namespace chi {

namespace internal {

template <class T, class = void>
inline constexpr bool kHasIsValid = std::is_same_v<T, bool>;
// Not of numbers, which would be taken for a bool.
template <class T>
inline constexpr bool kHasIsValid<
    T, std::enable_if_t<!std::is_arithmetic_v<T>,
                        decltype(void(IsValid(std::declval<const T&>())))>> =
    true;

/// Writes values behind each other: what has a fixed size as its bytes, texts
/// and lists as their length (u64) and what is in them, structs as their
/// fields. Python does the same (chimaera/typed/packed.py).
class Packer {
 public:
  template <class... Values>
  void operator()(const Values&... values) {
    (Put(values), ...);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void Append(const void* data, u64 size) {
    bytes_.append(static_cast<const char*>(data), size);
  }
  void Put(const std::string& text) {
    Put(u64{text.size()});
    bytes_ += text;
  }
  void Put(const std::vector<bool>& list) {
    Put(u64{list.size()});
    for (const bool each : list) Put(each);
  }
  template <class T>
  void Put(const std::vector<T>& list) {
    Put(u64{list.size()});
    for (const T& each : list) Put(each);
  }
  template <class T>
  void Put(const T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      Append(&value, sizeof(value));
    } else {
      value.Visit(*this);
    }
  }

  std::string bytes_;
};

/// Reads what Packer wrote. Nothing is believed: `ok` becomes false for bytes
/// that are no such values.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  template <class... Values>
  void operator()(Values&... values) {
    (Get(values), ...);
  }
  /// Whether everything was there, and nothing is left.
  bool ok() const { return ok_ && rest_.empty(); }

 private:
  const char* Take(u64 size) {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return nullptr;
    const char* const data = rest_.data();
    rest_.remove_prefix(size);
    return data;
  }
  // Everything has at least one byte.
  u64 TakeLength() {
    u64 length = 0;
    Get(length);
    ok_ = ok_ && length <= rest_.size();
    return ok_ ? length : 0;
  }
  void Get(std::string& text) {
    const u64 size = TakeLength();
    if (const char* const data = Take(size)) text.assign(data, size);
  }
  void Get(std::vector<bool>& list) {
    list.resize(TakeLength());
    for (auto each : list) {
      bool value = false;
      Get(value);
      if (ok_) each = value;  // nothing else may be read as a bool
    }
  }
  template <class T>
  void Get(std::vector<T>& list) {
    // Grows with what is there: a length is but a claim.
    for (u64 count = TakeLength(); ok_ && count > 0; --count) {
      Get(list.emplace_back());
    }
  }
  template <class T>
  void Get(T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      const char* const data = Take(sizeof(value));
      if (data == nullptr) return;
      std::memcpy(static_cast<void*>(&value), data, sizeof(value));
      if constexpr (kHasIsValid<T>) ok_ = IsValid(value);
    } else {
      value.Visit(*this);
    }
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace internal

/// Of one parameter. A value takes up to five times the memory of its bytes, in
/// the heap of whoever reads it: an empty list is a length of 8 bytes.
inline constexpr u64 kMaxPackedBytes = 64 * kMiB;

/// kBadRequest for more than those.
inline Status CheckPackedBytes(u64 size) {
  if (size <= kMaxPackedBytes) return Status();
  return Status::BadRequest(
      Format("a value of {} packed bytes; at most {} are "
             "possible",
             size, kMaxPackedBytes));
}

/// A `T` in a task. Reading it makes a new one each time: keep it.
template <class T>
class Packed {
 public:
  Packed() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): it stands for its value
  Packed(const T& value) { *this = value; }
  /// Throws StatusError(kBadRequest) for more than kMaxPackedBytes.
  Packed& operator=(const T& value) {
    internal::Packer packer;
    packer(value);
    const Status size = CheckPackedBytes(packer.bytes().size());
    if (!size.ok()) throw StatusError(size);
    bytes_ = packer.bytes();
    return *this;
  }

  /// The value. A method's are those that were checked before it began; throws
  /// what Check returns.
  [[nodiscard]] T get() const {
    T value{};
    const Status read = Read(&value);
    if (!read.ok()) throw StatusError(read);
    return value;
  }
  /// kBadRequest for too many bytes, kProtocolViolation for bytes that are no
  /// value.
  [[nodiscard]] Status Check() const {
    T value{};
    return Read(&value);
  }

  string& bytes() { return bytes_; }
  const string& bytes() const { return bytes_; }

  template <class Archive>
  void serialize(Archive& ar) {
    ar(bytes_);
  }

 private:
  // No bytes are the value that nobody has set.
  Status Read(T* value) const {
    if (bytes_.size() == 0) return Status();
    CHI_RETURN_IF_ERROR(CheckPackedBytes(bytes_.size()));
    internal::Unpacker unpacker(std::string_view(bytes_.data(), bytes_.size()));
    unpacker(*value);
    if (unpacker.ok()) return Status();
    return Status::ProtocolViolation("bytes that are no value");
  }

  string bytes_;
};

template <class T>
void AggregateConcat(Packed<std::vector<T>>& to,
                     const Packed<std::vector<T>>& from) {
  std::vector<T> all = to.get();
  const std::vector<T> more = from.get();
  all.insert(all.end(), more.begin(), more.end());
  to = all;
}

}  // namespace chi

#endif  // CHIMAERA_IPC_PACKED_H_
