// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Randomness as an interface, so that tests can repeat what they saw.

#ifndef CHIMAERA_BASE_RANDOM_H_
#define CHIMAERA_BASE_RANDOM_H_

#include <ostream>
#include <string>

#include "chimaera/base/types.h"

namespace chi {

class Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;

  /// 64 evenly distributed bits.
  [[nodiscard]] virtual u64 Next() = 0;

  /// An even choice from [0, bound). REQUIRES: bound > 0.
  [[nodiscard]] u64 Below(u64 bound);
};

/// The kernel's generator: fit for identities and secrets. Safe from any
/// thread. A call costs a system call.
class SystemRandom final : public Random {
 public:
  [[nodiscard]] u64 Next() override;

  /// The one instance; lives until the process ends.
  [[nodiscard]] static SystemRandom& Get();
};

/// The same numbers for the same seed, on every machine. For tests and for
/// spreading retries; not for secrets. One thread at a time.
/// Method: xoshiro256** 1.0 (Blackman and Vigna, "Scrambled linear pseudorandom
/// number generators", ACM TOMS 47, 2021), its state filled by splitmix64.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(u64 seed);
  [[nodiscard]] u64 Next() override;

 private:
  u64 state_[4];
};

/// Tells one life of a runtime from every other, also across reboots and nodes.
/// Lies in shared memory and travels: the layout is frozen.
struct Incarnation {
  u64 high = 0;
  u64 low = 0;

  /// Never the zero value, which means "none yet".
  [[nodiscard]] static Incarnation Make(Random& random);

  [[nodiscard]] bool IsZero() const { return high == 0 && low == 0; }
  /// 32 hexadecimal digits.
  [[nodiscard]] std::string ToString() const;

  friend bool operator==(const Incarnation& a, const Incarnation& b) {
    return a.high == b.high && a.low == b.low;
  }
  friend bool operator!=(const Incarnation& a, const Incarnation& b) {
    return !(a == b);
  }
};
static_assert(sizeof(Incarnation) == 16, "sent between processes");

inline std::ostream& operator<<(std::ostream& out, const Incarnation& value) {
  return out << value.ToString();
}

}  // namespace chi

#endif  // CHIMAERA_BASE_RANDOM_H_
