// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See method_metrics.h.

#include "chimaera/core/method_metrics.h"

#include <algorithm>

#include "core/method_rows.h"

namespace chi {
namespace {

u32 NumIds(const MethodTable* methods) {
  u32 ids = 0;
  if (methods == nullptr) return ids;
  for (const MethodRow& row : *methods) ids = std::max(ids, row.id + 1);
  return ids;
}

}  // namespace

MethodMetrics::MethodMetrics(const std::vector<ContainerPtr>& containers)
    : methods_(MethodsOf(containers)),
      tasks_(NumIds(methods_)),
      failed_(std::make_unique<std::atomic<u64>[]>(NumRows(methods_))),
      runs_(std::make_unique<LazyLatencyHistogram[]>(NumRows(methods_))) {
  if (methods_ == nullptr) return;
  for (const ContainerPtr& container : containers) {
    container->SetMetrics(this, tasks_.first());
  }
}

std::vector<MethodMetrics::Row> MethodMetrics::List() const {
  std::vector<Row> rows;
  if (methods_ == nullptr) return rows;
  for (const MethodRow& method : *methods_) {
    Row row;
    row.id = method.id;
    row.name = method.name;
    // First, so that no more have failed than there were.
    row.failed = failed_[IndexOf(method)].load(std::memory_order_relaxed);
    row.tasks = tasks_.Sum(method.id);
    row.runs = runs_[IndexOf(method)].Read();
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace chi
