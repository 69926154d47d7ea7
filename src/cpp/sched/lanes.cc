// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Lanes in order of priority; those that leave stay until nothing of theirs is
// parked.

#include "sched/lanes.h"

#include <algorithm>

#include "chimaera/base/check.h"

namespace chi {

void Lanes::Add(RingSource source, std::shared_ptr<LaneHold> hold) {
  auto lane = std::make_unique<Lane>(std::move(source), std::move(hold));
  auto place = std::upper_bound(
      polled_.begin(), polled_.end(), lane,
      [](const auto& a, const auto& b) { return a->priority < b->priority; });
  polled_.insert(place, std::move(lane));
  CountLow();
}

void Lanes::CountLow() {
  num_low_ = static_cast<size_t>(
      std::count_if(polled_.begin(), polled_.end(), [](const auto& lane) {
        return lane->priority == Priority::kLowLatency;
      }));
}

void Lanes::Leave(std::unique_ptr<Lane> lane) {
  if (lane->parked_runs == 0) return;
  lane->leaving = true;
  leaving_.push_back(std::move(lane));
}

u32 Lanes::Detach(u64 session_id, std::function<void()> done) {
  auto detachment = std::make_shared<Detachment>(std::move(done));
  for (auto& lane : leaving_) {  // their rings are another worker's now
    if (lane->session->id() == session_id) lane->detachment = detachment;
  }
  auto gone = std::stable_partition(polled_.begin(), polled_.end(),
                                    [session_id](const auto& lane) {
                                      return lane->session->id() != session_id;
                                    });
  const u32 count = static_cast<u32>(polled_.end() - gone);
  for (auto it = gone; it != polled_.end(); ++it) {
    Lane& lane = **it;
    lane.detachment = detachment;
    lane.hold->successor = detachment;
    Leave(std::move(*it));
  }
  polled_.erase(gone, polled_.end());
  CountLow();
  return count;
}

Lanes::Moved Lanes::Take(Lane& lane) {
  auto it = std::find_if(
      polled_.begin(), polled_.end(),
      [&lane](const auto& polled) { return polled.get() == &lane; });
  CHI_CHECK(it != polled_.end());
  Moved moved;
  moved.source = lane.source;
  moved.source.position = lane.consumer.position();
  moved.hold = std::make_shared<LaneHold>(lane.session);
  lane.hold->successor = moved.hold;
  Leave(std::move(*it));
  polled_.erase(it);
  CountLow();
  return moved;
}

void Lanes::RunFinished(Lane& lane) {
  CHI_CHECK(lane.parked_runs > 0);
  if (--lane.parked_runs > 0 || !lane.leaving) return;
  auto it = std::find_if(
      leaving_.begin(), leaving_.end(),
      [&lane](const auto& leaving) { return leaving.get() == &lane; });
  CHI_CHECK(it != leaving_.end());
  leaving_.erase(it);
}

void Lanes::Clear() {
  CHI_CHECK(leaving_.empty());
  polled_.clear();
  num_low_ = 0;
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
