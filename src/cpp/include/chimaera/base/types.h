// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Names that every other file uses: fixed-width numbers, the markers that tell
// which way a task field travels, and a few sizes. No code lives here.

#ifndef CHIMAERA_BASE_TYPES_H_
#define CHIMAERA_BASE_TYPES_H_

#include <cstddef>
#include <cstdint>

/// Markers for the fields of a task. They expand to nothing: they tell the
/// reader what `SerializeIn` and `SerializeOut` have to list.
///   IN     written by the caller, read by the runtime
///   OUT    written by the runtime, read by the caller
///   INOUT  both
///   TEMP   private to the execution, never sent
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef INOUT
#define INOUT
#endif
#ifndef TEMP
#define TEMP
#endif

/// A constant in a header: one object in the whole program, known at compile
/// time, so that it can label a `case`.
#define GLOBAL_CONST inline constexpr

namespace chi {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using f32 = float;
using f64 = double;

static_assert(sizeof(f32) == 4 && sizeof(f64) == 8,
              "f32 and f64 are stored in shared memory and sent to peers");

/// Two variables written by different threads lie this many bytes apart.
inline constexpr std::size_t kCacheLineSize = 64;

inline constexpr u64 kKiB = u64{1} << 10;
inline constexpr u64 kMiB = u64{1} << 20;
inline constexpr u64 kGiB = u64{1} << 30;

}  // namespace chi

/// The same numbers under the name that modules ported from HermesShm use.
namespace hshm {

using chi::f32;
using chi::f64;
using chi::i16;
using chi::i32;
using chi::i64;
using chi::i8;
using chi::u16;
using chi::u32;
using chi::u64;
using chi::u8;

}  // namespace hshm

#endif  // CHIMAERA_BASE_TYPES_H_
