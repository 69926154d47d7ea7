// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See method_costs.h.

#include "chimaera/core/method_costs.h"

#include "core/method_rows.h"

namespace chi {
namespace {

std::vector<Container*> Plain(const std::vector<ContainerPtr>& containers) {
  std::vector<Container*> plain;
  for (const ContainerPtr& container : containers) {
    plain.push_back(container.get());
  }
  return plain;
}

}  // namespace

MethodCosts::MethodCosts(const std::vector<ContainerPtr>& containers,
                         u64 long_task_ns)
    : containers_(Plain(containers)),
      methods_(MethodsOf(containers)),
      long_task_ns_(static_cast<f64>(long_task_ns)),
      entries_(std::make_unique<Entry[]>(NumRows(methods_))) {
  if (methods_ == nullptr) return;
  for (Container* container : containers_) {
    container->SetCosts(this);
    container->SetCare(~u64{0});
  }
}

bool MethodCosts::IsLong(const MethodRow& method, const RunPlan& plan) const {
  if (plan.priority == Priority::kHighLatency) return true;
  if (plan.expected_ns != 0) {
    return static_cast<f64>(plan.expected_ns) >= long_task_ns_;
  }
  const Entry& entry = EntryOf(method);
  return entry.base_ns.load(std::memory_order_relaxed) +
             entry.ns_per_unit.load(std::memory_order_relaxed) *
                 static_cast<f64>(plan.size) >=
         long_task_ns_;
}

void MethodCosts::Learn(const MethodRow& method, const RunPlan& plan,
                        u64 time_ns) {
  if (!mu_.try_lock()) return;
  Entry& entry = EntryOf(method);
  entry.has_plan |= plan.size != 0 || plan.expected_ns != 0 ||
                    plan.priority == Priority::kHighLatency;
  entry.model.Learn(plan.size, time_ns);
  const bool usable = entry.model.IsUsable();
  const CostEstimate& estimate = entry.model.estimate();
  entry.base_ns.store(usable ? estimate.base_ns : 0, std::memory_order_relaxed);
  entry.ns_per_unit.store(usable ? estimate.ns_per_unit : 0,
                          std::memory_order_relaxed);
  SetCare(method, entry);
  mu_.unlock();
}

void MethodCosts::SetCare(const MethodRow& method, Entry& entry) {
  const bool careful = entry.model.WantsAll() || entry.has_plan ||
                       entry.model.estimate().base_ns >= long_task_ns_;
  if (careful == entry.careful) return;
  entry.careful = careful;
  u64 bits = u64{1} << (method.id & 63);
  // A bit goes when no method that shares it needs it.
  for (const MethodRow& other : *methods_) {
    const bool shares = ((other.id ^ method.id) & 63) == 0;
    if (!careful && shares && EntryOf(other).careful) bits = 0;
  }
  for (Container* container : containers_) {
    careful ? container->SetCare(bits) : container->ClearCare(bits);
  }
}

std::vector<MethodCosts::Row> MethodCosts::List() const {
  std::vector<Row> rows;
  if (methods_ == nullptr) return rows;
  const MutexLock lock(mu_);
  for (const MethodRow& method : *methods_) {
    const CostEstimate& estimate = EntryOf(method).model.estimate();
    if (estimate.samples == 0) continue;
    rows.push_back(
        {method.id, method.name, estimate, estimate.base_ns >= long_task_ns_});
  }
  return rows;
}

}  // namespace chi
