// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Named places where a test, or an operator who wants to see what happens, can
// make things go wrong. They are compiled into every build; while nothing is
// armed, one costs a relaxed load.
//
//   if (CHI_FAULT("ipc.handshake.before_reply")) {
//     return Status::Io("fault point");
//   }
//
// What happens at the place is up to it: fail, drop, stall, abort. Names read
// <layer>.<thing>.<moment>, and each must be hit by some test.
//
// Arm with FaultPoints::Arm, or for a whole process with
// CHI_FAULTS="bdev.write.before_sync=1,net.send=3". Safe from any thread; the
// registry takes a lock, but only once something has been armed.

#ifndef CHIMAERA_BASE_FAULT_POINT_H_
#define CHIMAERA_BASE_FAULT_POINT_H_

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chi {

/// What is known about one name.
struct FaultPointInfo {
  std::string name;
  u64 num_passed = 0;  ///< Times the place was reached while watching.
  u64 num_fired = 0;   ///< Times it was told to fail.
  u64 remaining = 0;   ///< Times it will still be told to fail.
};

/// The registry of this process.
class FaultPoints {
 public:
  /// Fires for ever, as a count.
  static constexpr u64 kAlways = ~u64{0};

  /// Lets `name` pass `skip` times, then fire `count` times. Replaces what was
  /// armed under that name; a count of 0 disarms it.
  static void Arm(std::string_view name, u64 count = 1, u64 skip = 0);

  /// Arms from text: "name=count,name=count", where the count may be "always"
  /// and "=count" may be missing for 1. Returns kBadRequest, naming the piece,
  /// if one makes no sense; then nothing has been armed.
  static Status ArmFromText(std::string_view text);

  /// Counts passes (and lists names) although nothing is armed, for coverage.
  static void Watch(bool on);

  /// Disarms everything, stops watching and forgets all counters.
  static void Reset();

  /// Times `name` has fired since the last Reset.
  [[nodiscard]] static u64 NumFired(std::string_view name);

  /// Every name armed, or passed while something was armed or watched, sorted.
  [[nodiscard]] static std::vector<FaultPointInfo> List();
};

namespace internal {

/// False while every fault point may return at once. True at the start, until
/// the first one has read CHI_FAULTS. Relaxed everywhere: whoever sees true
/// takes the registry's lock, and that orders the rest.
extern std::atomic<bool> g_faults_active;

bool FaultFires(const char* name);

}  // namespace internal

}  // namespace chi

/// Whether the place called `name`, a string literal, has to fail now.
#define CHI_FAULT(name)                                                    \
  (__builtin_expect(                                                       \
       ::chi::internal::g_faults_active.load(::std::memory_order_relaxed), \
       0) != 0 &&                                                          \
   ::chi::internal::FaultFires("" name))

#endif  // CHIMAERA_BASE_FAULT_POINT_H_
