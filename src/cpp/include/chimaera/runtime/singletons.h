// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Short names for parts of the installed Chimaera, for modules, examples and
// tests. Everything below layer `runtime` is handed what it needs instead.

#ifndef CHIMAERA_RUNTIME_SINGLETONS_H_
#define CHIMAERA_RUNTIME_SINGLETONS_H_

#include "chimaera/core/module_manager.h"
#include "chimaera/core/pool_manager.h"
#include "chimaera/runtime/runtime.h"
#include "chimaera/sched/work_orchestrator.h"

#define CHI_IPC (&::chi::Chimaera::Get().ipc())
#define CHI_IPC_MANAGER CHI_IPC
#define CHI_POOL_MANAGER (&::chi::Chimaera::Get().pools())
#define CHI_MODULE_MANAGER (&::chi::Chimaera::Get().modules())
#define CHI_CONFIG_MANAGER (&::chi::Chimaera::Get().config())
#define CHI_WORK_ORCHESTRATOR (&::chi::Chimaera::Get().workers())

#endif  // CHIMAERA_RUNTIME_SINGLETONS_H_
