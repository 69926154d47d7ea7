// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Random: the kernel's generator and xoshiro256**.

#include "chimaera/base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>

#include "chimaera/base/check.h"

namespace chi {

namespace {

u64 RotateLeft(u64 value, int bits) {
  return (value << bits) | (value >> (64 - bits));
}

}  // namespace

u64 Random::Below(u64 bound) {
  CHI_CHECK(bound > 0);
  // The first 2^64 mod bound numbers are drawn again: they would make the low
  // results likelier. At worst every second draw is refused.
  const u64 refused = (0 - bound) % bound;
  u64 drawn = Next();
  while (drawn < refused) {
    drawn = Next();
  }
  return drawn % bound;
}

u64 SystemRandom::Next() {
  u64 value = 0;
  ssize_t got = 0;
  do {
    // Up to 256 bytes come whole or not at all.
    got = ::getrandom(&value, sizeof(value), 0);
  } while (got < 0 && errno == EINTR);
  CHI_CHECK(got == static_cast<ssize_t>(sizeof(value)), "getrandom: errno {}",
            errno);
  return value;
}

SystemRandom& SystemRandom::Get() {
  static SystemRandom random;
  return random;
}

SeededRandom::SeededRandom(u64 seed) {
  for (u64& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    u64 mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

u64 SeededRandom::Next() {
  const u64 result = RotateLeft(state_[1] * 5, 7) * 9;
  const u64 shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = RotateLeft(state_[3], 45);
  return result;
}

Incarnation Incarnation::Make(Random& random) {
  Incarnation value;
  do {
    value.high = random.Next();
    value.low = random.Next();
  } while (value.IsZero());
  return value;
}

std::string Incarnation::ToString() const {
  char text[33];
  std::snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, high, low);
  return text;
}

}  // namespace chi
