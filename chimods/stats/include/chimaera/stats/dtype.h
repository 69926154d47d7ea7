// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The kinds of numbers that kernels read.

#ifndef CHIMAERA_STATS_DTYPE_H_
#define CHIMAERA_STATS_DTYPE_H_

#include "chimaera/base/types.h"

namespace chimaera::stats {

/// Frozen: the values lie in shared memory.
enum class DType : chi::u32 {
  kF32 = 0,
  kF64 = 1,
  kI16 = 2,
  kI32 = 3,
  kU8 = 4,
  kU16 = 5,
  kU32 = 6,
  kI64 = 7,
};
inline constexpr chi::u32 kNumDTypes = 8;

/// Bytes of one number; 0 for a type that does not exist.
constexpr chi::u64 SizeOf(DType dtype) {
  switch (dtype) {
    case DType::kU8:
      return 1;
    case DType::kI16:
    case DType::kU16:
      return 2;
    case DType::kF32:
    case DType::kI32:
    case DType::kU32:
      return 4;
    case DType::kF64:
    case DType::kI64:
      return 8;
  }
  return 0;
}

/// Calls `function` with a null pointer of the type that `dtype` names, and
/// returns what it returns. REQUIRES: SizeOf(dtype) != 0.
template <class Function>
auto WithType(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::kF64:
      return function(static_cast<const chi::f64*>(nullptr));
    case DType::kI16:
      return function(static_cast<const chi::i16*>(nullptr));
    case DType::kI32:
      return function(static_cast<const chi::i32*>(nullptr));
    case DType::kU8:
      return function(static_cast<const chi::u8*>(nullptr));
    case DType::kU16:
      return function(static_cast<const chi::u16*>(nullptr));
    case DType::kU32:
      return function(static_cast<const chi::u32*>(nullptr));
    case DType::kI64:
      return function(static_cast<const chi::i64*>(nullptr));
    default:
      return function(static_cast<const chi::f32*>(nullptr));
  }
}

}  // namespace chimaera::stats

#endif  // CHIMAERA_STATS_DTYPE_H_
