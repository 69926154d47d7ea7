// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// On one line a request is an odd number and its reply the next even one; on
// two lines the reply repeats the request.

#include "ping_pong.h"

namespace chi::bench {
namespace {

constexpr u64 kEnd = ~u64{0};

}  // namespace

PingPong::PingPong(i32 partner_cpu)
    : partner_(partner_cpu, [this] {
        if (lines_->use_one_line.load(std::memory_order_acquire)) {
          ServeOneLine();
        } else {
          ServeTwoLines();
        }
      }) {}

void PingPong::ServeOneLine() {
  std::atomic<u64>& line = lines_->request;
  for (;;) {
    const u64 value = line.load(std::memory_order_acquire);
    if (value == kEnd) return;
    if (value % 2 == 0) {
      Relax();
    } else {
      line.store(value + 1, std::memory_order_release);
    }
  }
}

void PingPong::ServeTwoLines() {
  for (u64 seen = 0;;) {
    const u64 request = lines_->request.load(std::memory_order_acquire);
    if (request == kEnd) return;
    if (request == seen) {
      Relax();
    } else {
      lines_->reply.store(request, std::memory_order_release);
      seen = request;
    }
  }
}

Samples PingPong::OneLine(u64 slice_ns) { return Measure(slice_ns, true); }

Samples PingPong::TwoLines(u64 slice_ns) { return Measure(slice_ns, false); }

Samples PingPong::Measure(u64 slice_ns, bool use_one_line) {
  std::atomic<u64>& request = lines_->request;
  std::atomic<u64>& reply = use_one_line ? lines_->request : lines_->reply;
  const u64 step = use_one_line ? 2 : 1;
  u64 next = 1;
  const auto round_trip = [&] {
    request.store(next, std::memory_order_release);
    const u64 answer = next + step - 1;
    while (reply.load(std::memory_order_acquire) != answer) Relax();
    next += step;
  };
  request.store(0, std::memory_order_relaxed);
  reply.store(0, std::memory_order_relaxed);
  lines_->use_one_line.store(use_one_line, std::memory_order_release);
  partner_.BeginTurn();
  round_trip();
  Samples samples = TimeEach(slice_ns, round_trip);
  request.store(kEnd, std::memory_order_release);
  partner_.EndTurn();
  return samples;
}

}  // namespace chi::bench
