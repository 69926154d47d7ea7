// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Lanes in order of priority; those that leave stay until nothing of theirs is
// parked.

#include "sched/lanes.h"

#include <algorithm>

#include "chimaera/base/check.h"

namespace chi {

void Lanes::Add(RingSource source) {
  auto lane = std::make_unique<Lane>(std::move(source));
  auto place = std::upper_bound(
      polled_.begin(), polled_.end(), lane,
      [](const auto& a, const auto& b) { return a->priority < b->priority; });
  polled_.insert(place, std::move(lane));
}

u32 Lanes::Detach(u64 session_id, std::function<void()> done) {
  auto detachment = std::make_shared<Detachment>(std::move(done));
  auto gone = std::stable_partition(polled_.begin(), polled_.end(),
                                    [session_id](const auto& lane) {
                                      return lane->session->id() != session_id;
                                    });
  const u32 count = static_cast<u32>(polled_.end() - gone);
  for (auto it = gone; it != polled_.end(); ++it) {
    if ((*it)->parked_runs == 0) continue;
    (*it)->detachment = detachment;
    leaving_.push_back(std::move(*it));
  }
  polled_.erase(gone, polled_.end());
  return count;
}

void Lanes::RunFinished(Lane& lane) {
  CHI_CHECK(lane.parked_runs > 0);
  if (--lane.parked_runs > 0 || lane.detachment == nullptr) return;
  auto it = std::find_if(
      leaving_.begin(), leaving_.end(),
      [&lane](const auto& leaving) { return leaving.get() == &lane; });
  CHI_CHECK(it != leaving_.end());
  leaving_.erase(it);
}

void Lanes::Clear() {
  CHI_CHECK(leaving_.empty());
  polled_.clear();
}

void Lanes::AnnounceParked() {
  for (auto& lane : polled_) lane->consumer.AnnounceParked();
}

void Lanes::CancelParked() {
  for (auto& lane : polled_) lane->consumer.CancelParked();
}

bool Lanes::LookEmpty() const {
  return std::all_of(polled_.begin(), polled_.end(), [](const auto& lane) {
    return lane->consumer.LooksEmpty();
  });
}

bool Lanes::AnyWaitsOn(u32 cpu) const {
  return std::any_of(polled_.begin(), polled_.end(), [cpu](const auto& lane) {
    return lane->consumer.ProducerWaitsOn(cpu);
  });
}

}  // namespace chi
