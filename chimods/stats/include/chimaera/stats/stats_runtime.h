// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A container of a stats pool. It has no state.

#ifndef CHIMAERA_STATS_STATS_RUNTIME_H_
#define CHIMAERA_STATS_STATS_RUNTIME_H_

#include <chimaera/chimaera.h>
#include <chimaera/stats/stats_client.h>
#include <chimaera/stats/stats_tasks.h>

namespace chimaera::stats {

class Runtime : public chi::Container {
 public:
  using CreateParams = chimaera::stats::CreateParams;

  void Create(hipc::FullPtr<CreateTask> task, chi::RunContext& rctx);
  void Reduce(hipc::FullPtr<ReduceTask> task, chi::RunContext& rctx);
  void HillShade(hipc::FullPtr<HillShadeTask> task, chi::RunContext& rctx);
};

}  // namespace chimaera::stats

#endif  // CHIMAERA_STATS_STATS_RUNTIME_H_
