// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Every x86-64 has stores of 16 bytes that go past the caches; four of them
// fill a line, which then leaves in one piece.

#include "chimaera/base/copy_large.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)
#include <emmintrin.h>
#define CHI_HAS_STREAMING_STORES 1
#endif

namespace chi {

#ifdef CHI_HAS_STREAMING_STORES

namespace {

constexpr u64 kLine = 64;

void StreamLine(char* to, const char* from) {
  auto* const target = reinterpret_cast<__m128i*>(to);
  const auto* const source = reinterpret_cast<const __m128i*>(from);
  const __m128i first = _mm_loadu_si128(source);
  const __m128i second = _mm_loadu_si128(source + 1);
  const __m128i third = _mm_loadu_si128(source + 2);
  const __m128i fourth = _mm_loadu_si128(source + 3);
  _mm_stream_si128(target, first);
  _mm_stream_si128(target + 1, second);
  _mm_stream_si128(target + 2, third);
  _mm_stream_si128(target + 3, fourth);
}

}  // namespace

void CopyLarge(void* to, const void* from, u64 size) {
  char* target = static_cast<char*>(to);
  const char* source = static_cast<const char*>(from);
  const u64 unaligned = -reinterpret_cast<std::uintptr_t>(target) % kLine;
  const u64 head = std::min(size, unaligned);
  if (head != 0) std::memcpy(target, source, head);
  u64 at = head;
  for (; size - at >= kLine; at += kLine) StreamLine(target + at, source + at);
  // These stores are ordered by nothing else, not even a release.
  _mm_sfence();
  if (at != size) std::memcpy(target + at, source + at, size - at);
}

#else

// What a sanitizer has to see, too.
void CopyLarge(void* to, const void* from, u64 size) {
  if (size != 0) std::memcpy(to, from, size);
}

#endif

}  // namespace chi
