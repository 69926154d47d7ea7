// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Client libraries that a program is linked with say, when they are loaded,
// against what they were built; chi::Init refuses those of another build.

#ifndef CHIMAERA_IPC_CLIENT_LIBRARY_H_
#define CHIMAERA_IPC_CLIENT_LIBRARY_H_

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"

namespace chi {

/// Against what a client library was built. FROZEN, so that any two versions
/// can refuse each other in words.
struct ClientStamp {
  static constexpr u64 kMagic = 0x49434d494843;  // "CHIMCI"

  u64 magic = kMagic;
  u64 abi_hash = 0;  ///< ClientAbiHash() of the library's build.
};

/// A static object of generated code, one per client library. Frozen, so that
/// a library of any build can be loaded and then refused.
class ClientLibrary {
 public:
  /// `name` lives as long as the program.
  ClientLibrary(const char* name, const ClientStamp& stamp);
};

/// kVersionMismatch, naming a library that was built for another ABI than
/// libchimaera.
Status CheckClientLibraries();

}  // namespace chi

#endif  // CHIMAERA_IPC_CLIENT_LIBRARY_H_
