// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Timeouts are rounded up to milliseconds by epoll_wait; epoll_pwait2 (Linux
// 5.11) takes nanoseconds and is used where it exists.

#include "sched/sleeper.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "chimaera/base/check.h"
#include "chimaera/base/clock.h"

namespace chi {
namespace {

// The longest sleep. Nothing relies on it; it bounds the wait.
constexpr u64 kMaxSleepNs = kNsPerSec;

Status AddToEpoll(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;  // nobody is to be told
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    return Status::FromErrno(errno, "epoll_ctl");
  }
  return Status();
}

}  // namespace

Status Sleeper::Open() {
  epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  if (epoll_.get() < 0) return Status::FromErrno(errno, "epoll_create1");
  event_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (event_.get() < 0) return Status::FromErrno(errno, "eventfd");
  return AddToEpoll(epoll_.get(), event_.get());
}

void Sleeper::Signal() {
  const u64 one = 1;
  // EAGAIN says that the counter is full: the worker is awake anyway.
  const ssize_t written = write(event_.get(), &one, sizeof(one));
  static_cast<void>(written);
}

int Sleeper::Sleep(u64 timeout_ns, epoll_event* events) {
  timeout_ns = std::min(timeout_ns, kMaxSleepNs);
  timespec timeout{static_cast<time_t>(timeout_ns / kNsPerSec),
                   static_cast<long>(timeout_ns % kNsPerSec)};
  const long woken = syscall(SYS_epoll_pwait2, epoll_.get(), events, kMaxEvents,
                             &timeout, nullptr, 0);
  if (woken < 0 && errno == ENOSYS) {
    const int timeout_ms =
        static_cast<int>((timeout_ns + kNsPerMs - 1) / kNsPerMs);
    return epoll_wait(epoll_.get(), events, kMaxEvents, timeout_ms);
  }
  return static_cast<int>(woken);
}

Status Sleeper::Watch(int fd, u32 events, void* tag) {
  epoll_event event{};
  event.events = events | EPOLLONESHOT;
  event.data.ptr = tag;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return Status::FromErrno(errno, "epoll_ctl");
  }
  ++num_watched_;
  return Status();
}

void Sleeper::Unwatch(int fd) {
  --num_watched_;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Sleeper::Add(int fd) {
  if (fd < 0 || watched_[fd]++ > 0) return;
  CHI_CHECK_OK(AddToEpoll(epoll_.get(), fd));
}

void Sleeper::Remove(int fd) {
  auto it = watched_.find(fd);
  if (it == watched_.end() || --it->second > 0) return;
  watched_.erase(it);
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

}  // namespace chi
