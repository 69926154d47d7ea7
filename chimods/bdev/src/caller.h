// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What every method does with its caller: who it is, and the answer.

#ifndef CHIMAERA_BDEV_CALLER_H_
#define CHIMAERA_BDEV_CALLER_H_

#include <chimaera/chimaera.h>

#include "block_table.h"

namespace chimaera::bdev {

/// Who owns and holds blocks: what a method of this runtime asks for is the
/// runtime's, whatever client it works for.
inline chi::u64 OwnerOf(const chi::RunContext& rctx) {
  return rctx.session == nullptr ? kRuntimeClient : rctx.client_id;
}

inline void Answer(const chi::Status& status, chi::Task& task) {
  if (!status.ok()) task.SetError(status.code_value(), status.message());
}

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_CALLER_H_
