// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The front door: everything that an application or a module needs, but the
// headers of the modules themselves.

#ifndef CHIMAERA_CHIMAERA_H_
#define CHIMAERA_CHIMAERA_H_

#include "chimaera/base/check.h"
#include "chimaera/base/hash_map.h"
#include "chimaera/base/log.h"
#include "chimaera/base/parse_size.h"
#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unordered_map_ll.h"
#include "chimaera/core/config.h"
#include "chimaera/core/container.h"
#include "chimaera/core/method_table.h"
#include "chimaera/core/module_entry.h"
#include "chimaera/ipc/container_client.h"
#include "chimaera/ipc/future.h"
#include "chimaera/ipc/ids.h"
#include "chimaera/ipc/ipc_manager.h"
#include "chimaera/ipc/pool_query.h"
#include "chimaera/ipc/task.h"
#include "chimaera/ipc/task_archive.h"
#include "chimaera/ipc/wait.h"
#include "chimaera/runtime/runtime.h"
#include "chimaera/runtime/singletons.h"
#include "chimaera/sched/coevent.h"
#include "chimaera/sched/comutex.h"
#include "chimaera/sched/corwlock.h"
#include "chimaera/sched/cowait.h"
#include "chimaera/sched/run_context.h"
#include "chimaera/sched/worker.h"
#include "chimaera/shm/hipc.h"

#endif  // CHIMAERA_CHIMAERA_H_
