// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Each wait watches a duplicate of the descriptor, which is its own: an epoll
// set has a descriptor once only, and the caller may close his. All of a wait
// happens on its worker's thread, so nothing races: the set is asked when the
// worker sleeps, and now and then while it is busy.

#include "chimaera/sched/cowait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/shm/storage.h"
#include "sched/worker_impl.h"

namespace chi {
namespace {

static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT);

// The longest wait: a deadline is what makes a busy worker look at the set.
constexpr u64 kMaxWaitNs = 365 * 24 * 3600 * kNsPerSec;
// And the longest call of poll.
constexpr u64 kMaxPollNs = kNsPerSec;

Status TooLate(int fd, u64 timeout_ns) {
  return Status::DeadlineExceeded(
      Format("descriptor {} not ready after {} ms", fd, timeout_ns / kNsPerMs));
}

// True if it is ready; false after the time, or before.
Result<bool> Poll(int fd, short events, u64 timeout_ns) {
  pollfd one = {fd, events, 0};
  const u64 ms = (std::min(timeout_ns, kMaxPollNs) + kNsPerMs - 1) / kNsPerMs;
  const int ready = poll(&one, 1, static_cast<int>(ms));
  if (ready < 0 && errno != EINTR) return Status::FromErrno(errno, "poll");
  if (ready > 0 && (one.revents & POLLNVAL) != 0) {
    return Status::FromErrno(EBADF, "poll");
  }
  return ready > 0;
}

Status Wait(int fd, short events, u64 timeout_ns) {
  if (fd < 0) return Status::FromErrno(EBADF, "poll");  // which ignores it
  CHI_ASSIGN_OR_RETURN(bool ready, Poll(fd, events, 0));
  if (ready) return Status();
  if (CurrentRun() != nullptr) {
    return Worker::Current()->AwaitFd(fd, static_cast<u32>(events), timeout_ns);
  }
  const Clock& clock = SystemClock::Get();
  const u64 deadline_ns = DeadlineNs(clock.NowNs(), timeout_ns);
  for (u64 now_ns = 0; !ready;) {
    now_ns = clock.NowNs();
    if (now_ns >= deadline_ns) return TooLate(fd, timeout_ns);
    CHI_ASSIGN_OR_RETURN(ready, Poll(fd, events, deadline_ns - now_ns));
  }
  return Status();
}

}  // namespace

Status CoWaitReadable(int fd, u64 timeout_ns) {
  return Wait(fd, POLLIN, timeout_ns);
}
Status CoWaitWritable(int fd, u64 timeout_ns) {
  return Wait(fd, POLLOUT, timeout_ns);
}

Status Worker::AwaitFd(int fd, u32 events, u64 timeout_ns) {
  const HeapScope heap;
  return impl_->AwaitFd(fd, events, timeout_ns);
}

Status Worker::Impl::AwaitFd(int fd, u32 events, u64 timeout_ns) {
  const UniqueFd own(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (own.get() < 0) return Status::FromErrno(errno, "fcntl");
  ParkedRun run(WaitKind::kIo);
  run.since_ns = options_.clock->NowNs();
  CHI_RETURN_IF_ERROR(sleeper_.Watch(own.get(), events, &run));
  const Status parked =
      Park(run, DeadlineNs(run.since_ns, std::min(timeout_ns, kMaxWaitNs)));
  sleeper_.Unwatch(own.get());
  if (parked.ok()) return parked;
  if (run.interrupted() || parked.code() != StatusCode::kDeadlineExceeded) {
    throw StatusError(parked);
  }
  return TooLate(fd, timeout_ns);
}

void Worker::Impl::AwaitWakeUps(u64 timeout_ns) {
  sleeper_.Sleep(timeout_ns, [this](void* run) {
    UnparkHere(*static_cast<ParkedRun*>(run));
  });
}

}  // namespace chi
