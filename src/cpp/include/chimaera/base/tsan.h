// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Tells ThreadSanitizer of an order that it cannot see, because it passes
// through another process: one worker is done with a client's memory, the
// client sees that, uses the memory again and hands it to another worker. The
// atomics that make this order are in the client. Nothing in other builds.

#ifndef CHIMAERA_BASE_TSAN_H_
#define CHIMAERA_BASE_TSAN_H_

#if defined(__SANITIZE_THREAD__)
#define CHI_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CHI_TSAN 1
#endif
#endif

#if defined(CHI_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace chi {

/// What this thread did comes before what another does after TsanAcquire of
/// the same address.
inline void TsanRelease(void* address) {
#if defined(CHI_TSAN)
  __tsan_release(address);
#else
  static_cast<void>(address);
#endif
}

inline void TsanAcquire(void* address) {
#if defined(CHI_TSAN)
  __tsan_acquire(address);
#else
  static_cast<void>(address);
#endif
}

}  // namespace chi

#endif  // CHIMAERA_BASE_TSAN_H_
