// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The names under which modules know shared memory: hipc::Pointer,
// hipc::FullPtr, hipc::string, hipc::CtxAllocator, HSHM_MCTX.

#ifndef CHIMAERA_SHM_HIPC_H_
#define CHIMAERA_SHM_HIPC_H_

#include "chimaera/shm/allocator.h"
#include "chimaera/shm/offset_ptr.h"
#include "chimaera/shm/string.h"
#include "chimaera/shm/vector.h"

namespace hipc {

using Pointer = chi::ShmPtr;
using chi::FullPtr;
using chi::string;
using chi::vector;

}  // namespace hipc

#endif  // CHIMAERA_SHM_HIPC_H_
