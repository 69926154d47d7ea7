// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Libraries that look like modules and are not, one for each value of BROKEN.

#include "chimaera/core/module_entry.h"

namespace {

[[maybe_unused]] constexpr chi::ModuleStamp Stamp(const char* name,
                                                  chi::u64 abi_change) {
  chi::ModuleStamp stamp = chi::MakeModuleStamp(name);
  stamp.abi_hash += abi_change;
  return stamp;
}

}  // namespace

extern "C" {

#define NO_STAMP 1
#define WRONG_ABI 2
#define WRONG_NAME 3
#define NO_ALLOC 4
#define SHORT_STAMP 5
#define WRONG_MAGIC 6
#define MISSING_FUNCTION 7

#if BROKEN == WRONG_ABI
CHI_INTERNAL_EXPORT extern const chi::ModuleStamp chi_module_stamp;
constexpr chi::ModuleStamp chi_module_stamp = Stamp(BROKEN_NAME, 1);
#elif BROKEN == WRONG_NAME
CHI_INTERNAL_EXPORT extern const chi::ModuleStamp chi_module_stamp;
constexpr chi::ModuleStamp chi_module_stamp = Stamp("somebody_else", 0);
#elif BROKEN == SHORT_STAMP
CHI_INTERNAL_EXPORT extern const chi::u64 chi_module_stamp;
const chi::u64 chi_module_stamp = chi::ModuleStamp::kMagic;
#elif BROKEN == WRONG_MAGIC
CHI_INTERNAL_EXPORT extern const char chi_module_stamp[144];
const char chi_module_stamp[144] = "somebody else's variable";
#elif BROKEN != NO_STAMP
CHI_INTERNAL_EXPORT extern const chi::ModuleStamp chi_module_stamp;
constexpr chi::ModuleStamp chi_module_stamp = Stamp(BROKEN_NAME, 0);
#endif

#if BROKEN != NO_ALLOC
// Reaching it would be the failure: the process would end.
CHI_INTERNAL_EXPORT chi::Container* alloc_chimod() { __builtin_trap(); }
#endif
CHI_INTERNAL_EXPORT void destroy_chimod(chi::Container*) { __builtin_trap(); }

#if BROKEN == MISSING_FUNCTION
void a_function_that_nobody_has();
CHI_INTERNAL_EXPORT void CallIt() { a_function_that_nobody_has(); }
#endif
}
