// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What crash reports and the watchdog's reports have in common.

#include "runtime/signal_text.h"

#include "chimaera/core/container.h"
#include "chimaera/core/method_table.h"

namespace chi {
void DescribeRun(const RunContext* run, SignalText& text) {
  if (run == nullptr) {
    text << " outside any method";
    return;
  }
  if (const Container* container = run->container; container != nullptr) {
    text << " in pool " << container->pool_id_.major_ << "."
         << container->pool_id_.minor_ << " (" << container->pool_name_.c_str()
         << "), module " << container->module_name();
  }
  if (run->method != nullptr) {
    text << ", method " << run->method->name << " (" << run->method->id << ")";
  }
  text << ", task " << run->task_id.major_ << "." << run->task_id.minor_
       << ", client " << run->client_id;
}

}  // namespace chi
