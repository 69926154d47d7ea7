// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The one way in which core calls the code of a module: whatever it throws
// becomes a Status here and goes no further.

#ifndef CHIMAERA_CORE_MODULE_CALL_H_
#define CHIMAERA_CORE_MODULE_CALL_H_

#include <exception>
#include <new>
#include <string>
#include <type_traits>

#include "chimaera/base/format.h"
#include "chimaera/base/status.h"
#include "chimaera/shm/storage.h"

namespace chi {

namespace internal {

template <class What>
std::string Describe(What& what) {
  if constexpr (std::is_invocable_v<What&>) {
    return what();
  } else {
    return std::string(what);
  }
}

}  // namespace internal

/// Runs `call`, which enters a module, and returns its Status if it returns
/// one. `what` names the object in messages: "pool 512.0 (chimaera_bdev):
/// Create"; a text, or a function that makes it, called only when it is needed.
/// A StatusError keeps its code, std::bad_alloc is kNoMemory, every other
/// exception gives kModuleException with its text. Inlined: every task passes
/// here.
template <class What, class Call>
__attribute__((always_inline)) inline Status CallModule(What&& what,
                                                        Call&& call) {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Call&>>) {
      call();
      return Status();
    } else {
      return call();
    }
  } catch (const StatusError& error) {
    return error.status().WithContext(internal::Describe(what));
  } catch (const std::bad_alloc&) {
    return Status::NoMemory(internal::Describe(what) + ": out of memory");
  } catch (const std::exception& error) {
    return Status::ModuleException(
        Format("{}: {}", internal::Describe(what), error.what()));
  } catch (...) {
    return Status::ModuleException(
        Format("{}: threw something that is no std::exception",
               internal::Describe(what)));
  }
}

}  // namespace chi

#endif  // CHIMAERA_CORE_MODULE_CALL_H_
