// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Text that a signal handler may write: into an array, without a lock and
// without memory of its own.

#ifndef CHIMAERA_RUNTIME_SIGNAL_TEXT_H_
#define CHIMAERA_RUNTIME_SIGNAL_TEXT_H_

#include <unistd.h>

#include <string_view>

#include "chimaera/base/types.h"
#include "chimaera/sched/run_context.h"

namespace chi {

/// One line, cut where the room ends. All methods are async-signal-safe.
class SignalText {
 public:
  SignalText& operator<<(const char* text) {
    while (*text != '\0' && size_ < kRoom) bytes_[size_++] = *text++;
    return *this;
  }
  SignalText& operator<<(u64 number) {
    char digits[21];
    char* at = digits + sizeof(digits) - 1;
    *at = '\0';
    do {
      *--at = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return *this << at;
  }
  void Hex(u64 number) {
    *this << "0x";
    for (int shift = 60; shift >= 0; shift -= 4) {
      const char digit[2] = {"0123456789abcdef"[number >> shift & 15], '\0'};
      *this << digit;
    }
  }

  std::string_view view() const { return {bytes_, size_}; }

  /// With an end of line.
  void WriteTo(int fd) {
    if (fd < 0) return;
    bytes_[size_] = '\n';
    // Nobody is left to be told that it could not be written.
    const ssize_t written = write(fd, bytes_, size_ + 1);
    static_cast<void>(written);
  }

 private:
  static constexpr u64 kRoom = 1023;
  char bytes_[kRoom + 1];
  u64 size_ = 0;
};

/// Appends " in pool 512.0 (scratch), module chimaera_bdev, method Write (12),
/// task 7.9, client 3", or " outside any method" without a run. On the thread
/// of the run.
void DescribeRun(const RunContext* run, SignalText& text);

}  // namespace chi

#endif  // CHIMAERA_RUNTIME_SIGNAL_TEXT_H_
