// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// chi::string: text that may lie inside a task in shared memory. Up to 39 bytes
// stay in the object; longer text goes where the thread's Storage puts it. It
// holds no address, so the object may be copied byte by byte to another place
// (never used at both).
//
// Two pointers tell whose bytes they are. `data_` is where the text lies, null
// if inside. `home_` is what the process that owns the object has allocated for
// it. They are equal until the runtime answers with bytes of its own: then
// `data_` is the answer, read-only here, and `home_` stays to be freed later.
//
// Every member may throw StatusError, except those marked noexcept.
// Not thread-safe, like std::string.

#ifndef CHIMAERA_SHM_STRING_H_
#define CHIMAERA_SHM_STRING_H_

#include <functional>
#include <ostream>
#include <string>
#include <string_view>

#include "chimaera/base/types.h"
#include "chimaera/shm/allocator.h"
#include "chimaera/shm/offset_ptr.h"
#include "chimaera/shm/storage.h"

namespace chi {

struct TaskFieldAccess;

/// Text with the interface of std::string as far as tasks need it. Always
/// followed by a zero byte.
class string {
 public:
  using value_type = char;
  using iterator = char*;
  using const_iterator = const char*;

  /// Longest text that needs no allocation.
  static constexpr u32 kInlineCapacity = 39;
  /// Longest text at all: sizes are 32 bits.
  static constexpr u32 kMaxSize = 0xFFFFFF00;

  string() noexcept = default;
  explicit string(const hipc::AllocContext& /*alloc*/) noexcept {}
  explicit string(std::string_view text) { assign(text); }
  string(const hipc::AllocContext& /*alloc*/, std::string_view text) {
    assign(text);
  }
  /// `count` times `fill`.
  string(const hipc::AllocContext& /*alloc*/, u64 count, char fill = '\0') {
    resize(count, fill);
  }
  string(const string& other) { assign(other.view()); }
  string(string&& other) { MoveFrom(other); }
  ~string() {
    if (!data_.IsNull() || !home_.IsNull()) {
      internal::FreeBoth(data_, home_, this);
    }
  }

  string& operator=(const string& other) { return assign(other.view()); }
  string& operator=(string&& other) {
    if (this != &other) {
      MoveFrom(other);
    }
    return *this;
  }
  string& operator=(std::string_view text) { return assign(text); }
  /// Without it, a literal would fit two of the above.
  string& operator=(const char* text) { return assign(text); }

  /// All reading goes through here: size and place are read once, so a process
  /// that scribbles over the object cannot come between check and use.
  [[nodiscard]] std::string_view view() const {
    const ShmPtr data =
        ShmPtr::FromBits(__atomic_load_n(&data_.bits_, __ATOMIC_RELAXED));
    const u32 size = __atomic_load_n(&size_, __ATOMIC_RELAXED);
    if (data.IsNull()) {
      return {inline_, size < kInlineCapacity ? size : kInlineCapacity};
    }
    return {internal::ResolveBytes(data, size, this), size};
  }
  [[nodiscard]] std::string str() const { return std::string(view()); }
  // NOLINTNEXTLINE(google-explicit-constructor): modules pass it as such
  operator std::string() const { return str(); }
  // NOLINTNEXTLINE(google-explicit-constructor): modules pass it as such
  operator std::string_view() const { return view(); }

  [[nodiscard]] u64 size() const noexcept {
    return data_.IsNull() && size_ > kInlineCapacity ? kInlineCapacity : size_;
  }
  [[nodiscard]] u64 length() const noexcept { return size(); }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Bytes that fit without another allocation; 0 for an answer.
  [[nodiscard]] u64 capacity() const noexcept {
    return data_.IsNull() ? kInlineCapacity : data_ == home_ ? capacity_ : 0;
  }

  [[nodiscard]] const char* data() const { return view().data(); }
  /// kProtocolViolation if the zero byte is missing: another process wrote it.
  [[nodiscard]] const char* c_str() const;
  /// Makes an answer of the runtime our own first, by copying it: pointers from
  /// the const members end here.
  [[nodiscard]] char* data() { return MutableData(); }

  [[nodiscard]] const char& operator[](u64 index) const {
    return data()[index];
  }
  [[nodiscard]] char& operator[](u64 index) { return MutableData()[index]; }
  [[nodiscard]] const char& front() const { return (*this)[0]; }
  [[nodiscard]] const char& back() const { return (*this)[size() - 1]; }
  [[nodiscard]] const char* begin() const { return data(); }
  [[nodiscard]] const char* end() const { return data() + size(); }
  [[nodiscard]] char* begin() { return MutableData(); }
  [[nodiscard]] char* end() { return MutableData() + size(); }

  /// `text` may be part of this string, here and in append.
  string& assign(std::string_view text);
  string& append(std::string_view text);
  string& operator+=(std::string_view text) { return append(text); }
  string& operator+=(char c) { return append({&c, 1}); }
  void push_back(char c) { append({&c, 1}); }
  void clear() { assign({}); }
  void resize(u64 count, char fill = '\0');
  void reserve(u64 count);

  friend bool operator==(const string& a, const string& b) {
    return a.view() == b.view();
  }
  friend bool operator==(const string& a, std::string_view b) {
    return a.view() == b;
  }
  friend bool operator==(std::string_view a, const string& b) {
    return a == b.view();
  }
  friend bool operator!=(const string& a, const string& b) { return !(a == b); }
  friend bool operator!=(const string& a, std::string_view b) {
    return !(a == b);
  }
  friend bool operator!=(std::string_view a, const string& b) {
    return !(a == b);
  }
  friend bool operator<(const string& a, const string& b) {
    return a.view() < b.view();
  }
  friend std::string operator+(const string& a, std::string_view b) {
    return a.str().append(b);
  }
  friend std::ostream& operator<<(std::ostream& out, const string& text) {
    return out << text.view();
  }

 private:
  friend struct TaskFieldAccess;

  // Where `size` bytes and a zero byte can be written without an allocation, or
  // nullptr. Never into an answer.
  char* RoomFor(u64 size);
  char* MutableData();
  // Sets the text to `head` followed by `tail`, in a new place that has room
  // for `capacity` bytes. Both may be part of this string.
  void Replace(std::string_view head, std::string_view tail, u64 capacity);
  void MoveFrom(string& other);

  u32 size_ = 0;
  u32 capacity_ = kInlineCapacity;  // of data_, without the zero byte
  ShmPtr data_;                     // null: the text is in inline_
  ShmPtr home_;                     // what the owning process has allocated
  char inline_[kInlineCapacity + 1] = {};
};

static_assert(sizeof(string) == 64 && alignof(string) == 8,
              "stored in shared memory");
static_assert(std::is_standard_layout_v<string>, "stored in shared memory");

/// The names that modules use.
namespace ipc {
using chi::string;
}  // namespace ipc

}  // namespace chi

template <>
struct std::hash<chi::string> {
  std::size_t operator()(const chi::string& text) const {
    return std::hash<std::string_view>()(text.view());
  }
};

#endif  // CHIMAERA_SHM_STRING_H_
