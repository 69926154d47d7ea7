// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The one way in which core calls the code of a module: whatever it throws
// becomes a Status here and goes no further.

#ifndef CHIMAERA_CORE_MODULE_CALL_H_
#define CHIMAERA_CORE_MODULE_CALL_H_

#include <exception>
#include <string>
#include <string_view>

#include "chimaera/base/format.h"
#include "chimaera/base/status.h"
#include "chimaera/shm/storage.h"

namespace chi {

/// Runs `call`, which enters a module. `what` names the object in messages:
/// "pool 512.0 (chimaera_bdev): Create". A StatusError keeps its code, every
/// other exception gives kModuleException with its text.
template <class Call>
Status CallModule(std::string_view what, Call&& call) {
  try {
    call();
    return Status();
  } catch (const StatusError& error) {
    return error.status().WithContext(what);
  } catch (const std::exception& error) {
    return Status::ModuleException(Format("{}: {}", what, error.what()));
  } catch (...) {
    return Status::ModuleException(
        Format("{}: threw something that is no std::exception", what));
  }
}

}  // namespace chi

#endif  // CHIMAERA_CORE_MODULE_CALL_H_
