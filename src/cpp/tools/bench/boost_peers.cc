// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A message is its number; kEnd ends a turn and is not answered.

#include "boost_peers.h"

#include <unistd.h>

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/pooled_fixedsize_stack.hpp>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <string>

#include "chimaera/base/format.h"
#include "partner.h"

namespace chi::bench {
namespace {

namespace bip = boost::interprocess;

constexpr u64 kEnd = ~u64{0};

std::string QueueName(const char* what) {
  return Format("chimaera-bench-{}-{}", getpid(), what);
}

void Send(bip::message_queue& queue, u64 message) {
  while (!queue.try_send(&message, sizeof(message), 0)) Relax();
}

u64 Receive(bip::message_queue& queue) {
  u64 message = 0;
  bip::message_queue::size_type size = 0;
  unsigned priority = 0;
  while (!queue.try_receive(&message, sizeof(message), size, priority)) {
    Relax();
  }
  return message;
}

}  // namespace

struct BoostQueuePeer::Queues {
  Queues(i32 peer_cpu, u32 depth)
      : requests(bip::create_only, QueueName("requests").c_str(), depth,
                 sizeof(u64)),
        replies(bip::create_only, QueueName("replies").c_str(), depth,
                sizeof(u64)),
        partner(peer_cpu, [this] {
          for (;;) {
            const u64 request = Receive(requests);
            if (request == kEnd) return;
            Send(replies, request);
          }
        }) {
    // Both sides have them mapped; nobody else needs the names.
    bip::message_queue::remove(QueueName("requests").c_str());
    bip::message_queue::remove(QueueName("replies").c_str());
  }

  bip::message_queue requests;
  bip::message_queue replies;
  Partner partner;
};

BoostQueuePeer::BoostQueuePeer(i32 peer_cpu, u32 depth)
    : depth_(depth), queues_(std::make_unique<Queues>(peer_cpu, depth)) {}

BoostQueuePeer::~BoostQueuePeer() = default;

Samples BoostQueuePeer::ManyInFlight(u64 slice_ns) {
  queues_->partner.BeginTurn();
  for (u32 i = 0; i < depth_; ++i) Send(queues_->requests, i);
  Samples samples = TimeEach(slice_ns, [this] {
    for (u32 i = 0; i < depth_; ++i) {
      static_cast<void>(Receive(queues_->replies));
      Send(queues_->requests, i);
    }
  });
  for (u32 i = 0; i < depth_; ++i) {
    static_cast<void>(Receive(queues_->replies));
  }
  Send(queues_->requests, kEnd);
  queues_->partner.EndTurn();
  for (f64& sample : samples) sample /= depth_;
  return samples;
}

Samples LaunchFibers(u64 slice_ns) {
  static boost::fibers::pooled_fixedsize_stack stacks;
  return TimeEach(slice_ns, [] {
    boost::fibers::fiber(boost::fibers::launch::dispatch, std::allocator_arg,
                         stacks, [] {})
        .join();
  });
}

Samples YieldFibers(u64 slice_ns) {
  bool over = false;
  boost::fibers::fiber partner([&over] {
    while (!over) boost::this_fiber::yield();
  });
  Samples samples = TimeHundreds(slice_ns, [] { boost::this_fiber::yield(); });
  over = true;
  partner.join();
  return samples;
}

Samples LockFiberMutex(u64 slice_ns) {
  boost::fibers::mutex mutex;
  return TimeHundreds(slice_ns, [&mutex] {
    mutex.lock();
    mutex.unlock();
  });
}

}  // namespace chi::bench
