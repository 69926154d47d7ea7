// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Where an idle worker sleeps, and how it is woken: an epoll set with one
// eventfd of its own, for the runtime's threads, and one per session. They
// are edge-triggered, so a wake-up costs no read, and a client that empties
// its eventfd itself robs nobody but itself.

#ifndef CHIMAERA_SCHED_SLEEPER_H_
#define CHIMAERA_SCHED_SLEEPER_H_

#include <sys/epoll.h>

#include <unordered_map>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"
#include "sched/sleep_protocol.h"

namespace chi {

class Sleeper {
 public:
  /// Makes the descriptors.
  [[nodiscard]] Status Open();

  // ---- any thread ----

  /// To be called after something was put into the inbox. Wakes the worker if
  /// it sleeps or is about to; a system call only then.
  void Wake() {
    if (flag_.Take()) Signal();
  }

  // ---- the worker ----

  /// See WakeFlag and SleepUnlessWork.
  void Announce() { flag_.Announce(); }
  void Cancel() { flag_.Cancel(); }

  /// Sleeps until a wake-up, or `timeout_ns`. Returns early now and then. Calls
  /// `ready(tag)` for what is watched and has become ready, some of it.
  template <class Ready>
  void Sleep(u64 timeout_ns, Ready ready) {
    epoll_event events[kMaxEvents];
    const int count = Sleep(timeout_ns, events);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr != nullptr) ready(events[i].data.ptr);
    }
  }

  /// Lets a session's eventfd wake this worker too. Counted: removed as often
  /// as added.
  void Add(int fd);
  void Remove(int fd);

  /// Lets Sleep tell, once, when `fd` is ready for `events`, or broken. `fd` is
  /// nobody else's; `tag` is not null. To be undone before it is closed.
  [[nodiscard]] Status Watch(int fd, u32 events, void* tag);
  void Unwatch(int fd);
  bool has_watched() const { return num_watched_ != 0; }

 private:
  static constexpr int kMaxEvents = 16;

  int Sleep(u64 timeout_ns, epoll_event* events);
  void Signal();

  UniqueFd epoll_;
  UniqueFd event_;
  WakeFlag<> flag_;
  std::unordered_map<int, u32> watched_;
  u32 num_watched_ = 0;  // by Watch
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_SLEEPER_H_
