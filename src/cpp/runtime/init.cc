// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The entry points of applications.

#include <cstdlib>
#include <utility>

#include "chimaera/base/log.h"
#include "chimaera/core/exit_hook.h"
#include "chimaera/ipc/client_library.h"
#include "chimaera/runtime/runtime.h"

namespace chi {
namespace {

// What Init has made. Never destroyed by static destruction: Finalize runs
// before that, while everything it needs still exists.
std::unique_ptr<Chimaera>& Kept() {
  static auto* const kept =
      std::make_unique<std::unique_ptr<Chimaera>>().release();
  return *kept;
}

Result<std::unique_ptr<Chimaera>> Make(ChimaeraMode mode, bool embedded) {
  if (mode == ChimaeraMode::kClient && !embedded) {
    return Chimaera::Attach(ClientConfig());
  }
  Result<RuntimeConfig> config = RuntimeConfig::Load();
  if (!config.ok()) return config.status();
  CHI_RETURN_IF_ERROR(config->ApplyLogging());
  return mode == ChimaeraMode::kServer ? Chimaera::StartServer(*config)
                                       : Chimaera::StartEmbedded(*config);
}

bool IsAlready(ChimaeraMode mode, bool embedded) {
  const Chimaera& here = Chimaera::Get();
  const bool wants_server = mode == ChimaeraMode::kServer || embedded;
  const bool wants_client = mode == ChimaeraMode::kClient;
  return here.is_server() == wants_server && here.is_client() == wants_client;
}

}  // namespace

Status Init(ChimaeraMode mode, bool embedded_runtime) {
  CHI_RETURN_IF_ERROR(CheckClientLibraries());
  SetExitHook(Finalize);
  Result<std::unique_ptr<Chimaera>> made = Make(mode, embedded_runtime);
  if (!made.ok()) return made.status();
  Kept() = std::move(*made);
  // For programs that end without Finalize, as the quick start does.
  static const int registered = std::atexit(Finalize);
  static_cast<void>(registered);
  return Status();
}

void Finalize() { Kept().reset(); }

bool CHIMAERA_INIT(ChimaeraMode mode, bool embedded_runtime) {
  if (Chimaera::Exists() && IsAlready(mode, embedded_runtime)) return true;
  const Status status = Init(mode, embedded_runtime);
  if (!status.ok()) CHI_LOG(kError, "CHIMAERA_INIT: {}", status.ToString());
  return status.ok();
}

bool CHIMAERA_CLIENT_INIT() {
  return CHIMAERA_INIT(ChimaeraMode::kClient, false);
}

bool CHIMAERA_RUNTIME_INIT() {
  return CHIMAERA_INIT(ChimaeraMode::kClient, true);
}

void CHIMAERA_FINALIZE() { Finalize(); }

}  // namespace chi
