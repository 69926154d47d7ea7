// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Requests are counted; one of zero bytes ends the turn.

#include "hand_off.h"

#include <cstring>

namespace chi::bench {

HandOff::HandOff(i32 partner_cpu)
    : partner_(partner_cpu, [this] { Serve(); }) {}

void HandOff::Serve() {
  u64 seen = exchange_->reply.load(std::memory_order_relaxed);
  for (;;) {
    const u64 request = exchange_->request.load(std::memory_order_acquire);
    if (request == seen) {
      Relax();
      continue;
    }
    const u64 bytes = exchange_->bytes;
    const u64 before = Ticks();
    std::memcpy(target_->data, exchange_->data, bytes);
    // The copy is used, so that it cannot be left out.
    asm volatile("" : : "r"(target_->data) : "memory");
    // Else the clock is read while most of 4 KiB are still on their way.
    exchange_->copy_ticks = TicksAfterLoads() - before;
    exchange_->reply.store(request, std::memory_order_release);
    seen = request;
    if (bytes == 0) return;
  }
}

void HandOff::Fill(u64 bytes) {
  std::memset(exchange_->data, static_cast<int>(count_), bytes);
}

void HandOff::HandOver(u64 bytes) {
  exchange_->bytes = bytes;
  exchange_->request.store(++count_, std::memory_order_release);
  while (exchange_->reply.load(std::memory_order_acquire) != count_) Relax();
}

void HandOff::EndTurn() {
  HandOver(0);
  partner_.EndTurn();
}

Samples HandOff::FillAndCopy(u64 bytes, u64 slice_ns) {
  partner_.BeginTurn();
  Samples samples = TimeEach(slice_ns, [&] {
    Fill(bytes);
    HandOver(bytes);
  });
  EndTurn();
  return samples;
}

Samples HandOff::CopyOnly(u64 bytes, u64 slice_ns) {
  partner_.BeginTurn();
  Samples samples;
  static_cast<void>(TimeEach(slice_ns, [&] {
    Fill(bytes);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    HandOver(bytes);
    samples.push_back(static_cast<f64>(exchange_->copy_ticks) * NsPerTick());
  }));
  EndTurn();
  return samples;
}

}  // namespace chi::bench
