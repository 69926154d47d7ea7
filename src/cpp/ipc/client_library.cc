// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See client_library.h. What is kept is that there is a library to refuse.

#include "chimaera/ipc/client_library.h"

#include <memory>
#include <string>

#include "chimaera/base/format.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/thread_annotations.h"
#include "chimaera/ipc/method_description.h"

namespace chi {
namespace {

// The first one that does not fit: to refuse, one is enough.
struct Misfit {
  Mutex mutex;
  std::string name CHI_GUARDED_BY(mutex);
  u64 abi_hash CHI_GUARDED_BY(mutex) = 0;
};

Misfit& TheMisfit() {
  // Made by the first library that is loaded; outlives static objects.
  static Misfit* const misfit = std::make_unique<Misfit>().release();
  return *misfit;
}

}  // namespace

ClientLibrary::ClientLibrary(const char* name, const ClientStamp& stamp) {
  if (stamp.abi_hash == ClientAbiHash()) return;
  Misfit& misfit = TheMisfit();
  const MutexLock lock(misfit.mutex);
  if (!misfit.name.empty()) return;
  misfit.name = name;
  misfit.abi_hash = stamp.abi_hash;
}

Status CheckClientLibraries() {
  Misfit& misfit = TheMisfit();
  const MutexLock lock(misfit.mutex);
  if (misfit.name.empty()) return Status();
  return Status::VersionMismatch(
      Format("the client library of {} was built for client ABI {}, this "
             "chimaera has {}; build the module again",
             misfit.name, misfit.abi_hash, ClientAbiHash()));
}

}  // namespace chi
