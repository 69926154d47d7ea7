// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Create and Destroy of a container, run on the task of somebody else: the
// request to the admin pool, which begins with what the module's task has.

#ifndef CHIMAERA_CORE_LIFECYCLE_H_
#define CHIMAERA_CORE_LIFECYCLE_H_

#include <algorithm>
#include <string>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/status.h"
#include "chimaera/core/container.h"
#include "chimaera/core/module_call.h"
#include "chimaera/ipc/task.h"
#include "chimaera/sched/run_context.h"

namespace chi {

/// Frozen: the first two methods of every module.
inline constexpr MethodId kCreateMethod = 0;
inline constexpr MethodId kDestroyMethod = 1;

/// For as long as it lives the run is one of `container`, whose pool also gets
/// what is allocated.
class RunsInside {
 public:
  RunsInside(RunContext& ctx, Container& container)
      : ctx_(ctx),
        caller_(std::exchange(ctx.container, &container)),
        heap_(container.heap_account()) {}
  ~RunsInside() { ctx_.container = caller_; }
  RunsInside(const RunsInside&) = delete;
  RunsInside& operator=(const RunsInside&) = delete;

 private:
  RunContext& ctx_;
  Container* const caller_;
  const HeapScope heap_;
};

/// Runs `method` in `container` on `task`, whose outcome so far is forgotten.
/// What the method throws or writes into the task becomes the Status; `ctx`
/// names its former container again afterwards.
inline Status RunLifecycle(Container& container, MethodId method,
                           hipc::FullPtr<Task> task, RunContext& ctx) {
  task->return_code_ = 0;
  task->text_size_ = 0;
  Status thrown =
      CallModule(Format("container {}", container.container_id_), [&] {
        const RunsInside inside(ctx, container);
        container.Run(method, task, ctx);
      });
  if (!thrown.ok()) return thrown;
  const u32 code = task->return_code_;
  if (code == 0) return Status();
  std::string text(task->text_,
                   std::min(task->text_size_, Task::kTextCapacity));
  if (text.empty()) text = Format("returned {}", code);
  return Status::FromCode(code, std::move(text));
}

}  // namespace chi

#endif  // CHIMAERA_CORE_LIFECYCLE_H_
