// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a string does when its text changes.

#include "chimaera/shm/string.h"

#include <algorithm>
#include <cstring>

namespace chi {

namespace {

// memmove that accepts nullptr for no bytes, as an empty string_view has.
void Move(char* to, std::string_view from) {
  if (!from.empty()) {
    std::memmove(to, from.data(), from.size());
  }
}

void CheckLength(u64 size) {
  if (size > string::kMaxSize) {
    internal::ThrowTooLong("string", size, 1);
  }
}

}  // namespace

const char* string::c_str() const {
  const ShmPtr data = data_;
  const u64 length = size();
  const char* text =
      data.IsNull() ? inline_ : internal::ResolveBytes(data, length + 1, this);
  if (text[length] != '\0') {
    internal::ThrowViolation("string without its zero byte", data.bits_,
                             length);
  }
  return text;
}

char* string::RoomFor(u64 size) {
  if (data_.IsNull()) {
    return size <= kInlineCapacity ? inline_ : nullptr;
  }
  if (data_ != home_) {
    return nullptr;
  }
  if (size_ > capacity_) {
    internal::ThrowViolation("string: size over capacity", data_.bits_, size_);
  }
  if (size > capacity_) {
    return nullptr;
  }
  // The whole capacity: one that somebody else wrote is checked before use.
  return internal::ResolveBytes(data_, u64{capacity_} + 1, this);
}

char* string::MutableData() {
  if (char* room = RoomFor(size())) {
    return room;
  }
  Replace(view(), {}, size());
  return RoomFor(size());
}

string& string::assign(std::string_view text) {
  CheckLength(text.size());
  if (char* room = RoomFor(text.size())) {
    Move(room, text);
    room[text.size()] = '\0';
    size_ = static_cast<u32>(text.size());
  } else {
    Replace(text, {}, text.size());
  }
  return *this;
}

string& string::append(std::string_view text) {
  const u64 old_size = size();
  const u64 new_size = old_size + text.size();
  CheckLength(new_size);
  if (char* room = RoomFor(new_size)) {
    Move(room + old_size, text);
    room[new_size] = '\0';
    size_ = static_cast<u32>(new_size);
  } else {
    // Growth by half keeps repeated appends linear.
    Replace(view(), text, std::min<u64>(old_size + old_size / 2, kMaxSize));
  }
  return *this;
}

void string::resize(u64 count, char fill) {
  CheckLength(count);
  const u64 old_size = size();
  if (count > old_size) {
    reserve(count);
  }
  char* text = MutableData();
  if (count > old_size) {
    std::memset(text + old_size, fill, count - old_size);
  }
  text[count] = '\0';
  size_ = static_cast<u32>(count);
}

void string::reserve(u64 count) {
  CheckLength(count);
  if (RoomFor(std::max(count, size())) == nullptr) {
    Replace(view(), {}, count);
  }
}

void string::Replace(std::string_view head, std::string_view tail,
                     u64 capacity) {
  const u64 new_size = head.size() + tail.size();
  capacity = std::max(capacity, new_size);
  if (capacity <= kInlineCapacity) {
    // By way of a copy, since head and tail may lie in what is freed.
    char text[kInlineCapacity + 1] = {};
    Move(text, head);
    Move(text + head.size(), tail);
    internal::FreeBoth(data_, home_, this);
    data_ = ShmPtr::Null();
    home_ = ShmPtr::Null();
    capacity_ = kInlineCapacity;
    std::memcpy(inline_, text, sizeof(text));
  } else {
    const internal::Bytes place = internal::AllocateBytes(capacity + 1, this);
    Move(place.address, head);
    Move(place.address + head.size(), tail);
    place.address[new_size] = '\0';
    internal::FreeBoth(data_, home_, this);
    data_ = place.ptr;
    home_ = place.ptr;
    capacity_ = static_cast<u32>(capacity);
  }
  size_ = static_cast<u32>(new_size);
}

void string::MoveFrom(string& other) {
  const bool steal = !other.data_.IsNull() && other.data_ == other.home_ &&
                     other.data_.IsPrivate() &&
                     internal::MayExchange(&other, this);
  if (!steal) {
    assign(std::as_const(other).view());
    return;
  }
  internal::FreeBoth(data_, home_, this);
  data_ = std::exchange(other.data_, ShmPtr::Null());
  home_ = std::exchange(other.home_, ShmPtr::Null());
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, kInlineCapacity);
  other.inline_[0] = '\0';
}

}  // namespace chi
