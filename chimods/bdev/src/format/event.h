// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Interface: how a caller of the store waits for another one that does the I/O.
// Fibers park, threads of tests sleep on a condition variable.

#ifndef CHIMAERA_BDEV_FORMAT_EVENT_H_
#define CHIMAERA_BDEV_FORMAT_EVENT_H_

#include <memory>

namespace chimaera::bdev {

/// Set once by one caller, waited for once by another, in either order.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  virtual ~Event() = default;

  /// Returns after Set, and sees what the setter did before. The wait is as
  /// long as the setter's I/O, which BlockIo bounds.
  virtual void Wait() = 0;
  virtual void Set() = 0;
};

/// Safe from any thread.
class EventFactory {
 public:
  EventFactory() = default;
  EventFactory(const EventFactory&) = delete;
  EventFactory& operator=(const EventFactory&) = delete;
  virtual ~EventFactory() = default;

  /// Shared, since the setter may still be inside Set when the waiter returns.
  [[nodiscard]] virtual std::shared_ptr<Event> MakeEvent() = 0;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_EVENT_H_
