// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the explorer says in words.

#include "chimaera/base/format.h"
#include "explorer.h"

namespace chi::model {
namespace {

const char* OrderName(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return "relaxed";
    case std::memory_order_acquire:
      return "acquire";
    case std::memory_order_release:
      return "release";
    case std::memory_order_acq_rel:
      return "acq_rel";
    default:
      return "seq_cst";
  }
}

}  // namespace

void Explorer::Trace(u32 thread, const Op& op, u64 result, u32 way) {
  const char* name = op.kind == OpKind::kSignal || op.kind == OpKind::kSleep
                         ? ""
                         : names_[op.cell];
  const std::string order = OrderName(op.order);
  std::string what;
  switch (op.kind) {
    case OpKind::kLoad:
      what = Format("{}.load({}) gives {}{}", name, order, result,
                    way == 0 ? "" : ", not the newest");
      break;
    case OpKind::kStore:
      what = Format("{}.store({}, {}){}", name, op.value, order,
                    IsLocal(op) ? ", into its buffer" : "");
      break;
    case OpKind::kExchange:
      what =
          Format("{}.exchange({}, {}) gives {}", name, op.value, order, result);
      break;
    case OpKind::kCompareExchange:
      what = Format("{}.compare_exchange({} -> {}) {}", name, op.expected,
                    op.value, result == op.expected ? "succeeds" : "fails");
      break;
    case OpKind::kPlainLoad:
      what = Format("reads {}: {}", name, result);
      break;
    case OpKind::kPlainStore:
      what = Format("writes {}: {}", name, op.value);
      break;
    case OpKind::kChoose:
      what = Format("chooses {}", result);
      break;
    case OpKind::kSignal:
      what = "writes to the eventfd";
      break;
    case OpKind::kSleep:
    case OpKind::kFutexSleep:
      what = result != 0 ? "is woken" : "has slept long enough";
      break;
    case OpKind::kFutexWait:
      what = Format("FUTEX_WAIT on {}: {}", name,
                    result != 0 ? "sleeps" : "it has changed");
      break;
    case OpKind::kFutexWake:
      what = Format("FUTEX_WAKE on {}", name);
      break;
    case OpKind::kEnd:
      break;
  }
  report_.steps.push_back(Format("{}: {}", world_->ThreadName(thread), what));
}

std::string Report::ToString() const {
  std::string text =
      Format("{} states, {} executions, depth {}", states, executions, depth);
  if (violation.empty()) return text + ": no violation";
  text += ": " + violation;
  for (const std::string& step : steps) text += "\n    " + step;
  return text;
}

}  // namespace chi::model
