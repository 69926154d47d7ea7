// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Owner of one file descriptor.

#ifndef CHIMAERA_BASE_UNIQUE_FD_H_
#define CHIMAERA_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace chi {

/// Closes its descriptor when destroyed. Move-only. Not for descriptors whose
/// close can lose data: their owner syncs first, since an error of close(2) has
/// nowhere to go from here.
class UniqueFd {
 public:
  UniqueFd() = default;
  /// Takes ownership of `fd`; a negative number means none.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset(other.Release());
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  /// -1 if there is none.
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

  /// The caller owns it from now on.
  [[nodiscard]] int Release() { return std::exchange(fd_, -1); }

  /// Closes what is held and takes `fd` instead.
  void Reset(int fd = -1) {
    const int old = std::exchange(fd_, fd < 0 ? -1 : fd);
    if (old >= 0 && old != fd_) {
      // Not repeated on EINTR: Linux has freed the number by then, and another
      // thread may own it already.
      ::close(old);
    }
  }

 private:
  int fd_ = -1;
};

}  // namespace chi

#endif  // CHIMAERA_BASE_UNIQUE_FD_H_
