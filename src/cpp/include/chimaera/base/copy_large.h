// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Copies of more bytes than a cache keeps. memcpy first reads the lines that it
// is about to overwrite, unless it is asked for hundreds of MiB at once; who
// copies them piece by piece has to say that they are many.

#ifndef CHIMAERA_BASE_COPY_LARGE_H_
#define CHIMAERA_BASE_COPY_LARGE_H_

#include "chimaera/base/types.h"

namespace chi {

/// Copies that belong together and are at least so large pass the caches by.
inline constexpr u64 kLargeCopy = 4 * kMiB;

/// memcpy of part of a large copy: past the caches where the CPU can do that.
/// The bytes are there for whoever is told so afterwards, as after memcpy.
/// REQUIRES: the ranges do not overlap.
void CopyLarge(void* to, const void* from, u64 size);

}  // namespace chi

#endif  // CHIMAERA_BASE_COPY_LARGE_H_
