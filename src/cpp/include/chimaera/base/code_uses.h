// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Functions of shared libraries that somebody will call later: so long the
// library must stay. Whoever keeps a pointer to such a function counts it here;
// whoever wants to close the library asks.
//
// Libraries that are watched are counted one by one. Any other library, once
// one of its functions is counted, is never closed again: it may be one that a
// watched library links, and would go with it.

#ifndef CHIMAERA_BASE_CODE_USES_H_
#define CHIMAERA_BASE_CODE_USES_H_

#include "chimaera/base/types.h"

namespace chi {

/// All of the process. Safe from any thread.
class CodeUses {
 public:
  /// Counts the uses of the library that has `inside` from now on.
  static void Watch(const void* inside);
  /// Ends that. REQUIRES: watched as often as forgotten.
  static void Forget(const void* inside);
  /// The uses of the watched library that has `inside`. Acquire, with End:
  /// what the last user did comes before.
  static u64 Num(const void* inside);

  /// `function` is going to be called.
  static void Begin(const void* function);
  /// It has returned. REQUIRES: Begin(function) came before.
  static void End(const void* function);
};

}  // namespace chi

#endif  // CHIMAERA_BASE_CODE_USES_H_
