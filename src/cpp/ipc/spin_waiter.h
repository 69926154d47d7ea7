// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a thread waits for a task: it polls the task's state word for a while,
// then sleeps on it and on the runtime's life word together.

#ifndef CHIMAERA_IPC_SPIN_WAITER_H_
#define CHIMAERA_IPC_SPIN_WAITER_H_

#include "chimaera/ipc/waiter.h"

namespace chi {

class ClientCore;
struct ControlPage;

/// Shared by all threads of a process; stateless but for per-thread hints.
class SpinWaiter final : public Waiter {
 public:
  /// `core`: whose runtime might die; null in a runtime without a client.
  SpinWaiter(const ClientCore* core, const ControlPage* page, u64 busy_wait_ns)
      : core_(core), page_(page), busy_wait_ns_(busy_wait_ns) {}

  [[nodiscard]] Status Wait(Task& task, u64 timeout_ns) override;
  [[nodiscard]] Status WaitMany(Task* const* tasks, u32 count, u32 wanted,
                                u64 timeout_ns) override;
  void Yield() override;

 private:
  // `done()` says whether there is nothing to wait for any more.
  template <class Done>
  bool Spin(Done done) const;
  bool SharesCpu() const;
  template <class Done>
  bool OfferCpu(Done done) const;
  static u64 LatestNs(const Task& task);
  Status Sleep(Task& task, u64 begin_ns, u64 timeout_ns) const;
  Status WaitAny(Task* const* tasks, u32 count, u64 timeout_ns) const;

  const ClientCore* const core_;
  const ControlPage* const page_;
  const u64 busy_wait_ns_;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_SPIN_WAITER_H_
