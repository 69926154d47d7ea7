// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// glibc has no wrapper.

#include "sched/membarrier.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chimaera/base/check.h"

namespace chi {
namespace {

long Call(int command) { return syscall(SYS_membarrier, command, 0, 0); }

}  // namespace

bool RegisterMembarrier() {
  static const bool registered =
      Call(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
  return registered;
}

void Membarrier() {
  const long done = Call(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  CHI_CHECK(done == 0, "membarrier");
}

}  // namespace chi
