// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The registry of fault points: one map under one lock, reached only while
// something is armed or watched.

#include "chimaera/base/fault_point.h"

#include <charconv>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/log.h"
#include "chimaera/base/mutex.h"

namespace chi {

namespace internal {

std::atomic<bool> g_faults_active{true};

}  // namespace internal

namespace {

using Plan = std::vector<std::pair<std::string, u64>>;

struct Point {
  u64 num_passed = 0;
  u64 num_fired = 0;
  u64 skip = 0;
  u64 remaining = 0;
};

Result<std::pair<std::string, u64>> ParsePiece(std::string_view piece) {
  const std::size_t equals = piece.find('=');
  const std::string_view name = piece.substr(0, equals);
  if (name.empty()) {
    return Status::BadRequest(Format("fault '{}' has no name", piece));
  }
  if (equals == std::string_view::npos) {
    return std::pair(std::string(name), u64{1});
  }
  const std::string_view count = piece.substr(equals + 1);
  if (count == "always") {
    return std::pair(std::string(name), FaultPoints::kAlways);
  }
  u64 number = 0;
  const char* end = count.data() + count.size();
  const auto [stop, error] = std::from_chars(count.data(), end, number);
  if (error != std::errc() || stop != end) {
    return Status::BadRequest(
        Format("fault '{}': '{}' is not a count", piece, count));
  }
  return std::pair(std::string(name), number);
}

Result<Plan> ParsePlan(std::string_view text) {
  Plan plan;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view piece = text.substr(0, comma);
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    if (!piece.empty()) {
      CHI_ASSIGN_OR_RETURN(auto entry, ParsePiece(piece));
      plan.push_back(std::move(entry));
    }
  }
  return plan;
}

class Registry {
 public:
  // Never destroyed: threads may pass fault points while the process ends.
  static Registry& Get() {
    static Registry& registry = *std::make_unique<Registry>().release();
    return registry;
  }

  // Reads the environment, before anything else can arm a point.
  Registry() {
    // Safe as long as nobody calls setenv at the same time.
    const char* text =
        std::getenv("CHI_FAULTS");  // NOLINT(concurrency-mt-unsafe): see above
    if (text != nullptr) {
      Result<Plan> plan = ParsePlan(text);
      if (plan.ok()) {
        Arm(*plan, 0);
      } else {
        CHI_LOG(kError, "CHI_FAULTS ignored: {}", plan.status());
      }
    }
    MutexLock lock(mutex_);
    Publish();
  }

  void Arm(const Plan& plan, u64 skip) CHI_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    for (const auto& [name, count] : plan) {
      Point& point = points_[name];
      point.skip = skip;
      point.remaining = count;
    }
    Publish();
  }

  void Watch(bool on) CHI_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    watching_ = on;
    Publish();
  }

  void Reset() CHI_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    points_.clear();
    watching_ = false;
    Publish();
  }

  bool Fires(const char* name) CHI_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!IsActive()) {
      return false;
    }
    Point& point = points_[name];
    ++point.num_passed;
    if (point.remaining == 0) {
      return false;
    }
    if (point.skip > 0) {
      --point.skip;
      return false;
    }
    if (point.remaining != FaultPoints::kAlways) {
      --point.remaining;
    }
    ++point.num_fired;
    Publish();
    return true;
  }

  std::vector<FaultPointInfo> List() CHI_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    std::vector<FaultPointInfo> list;
    for (const auto& [name, point] : points_) {
      list.push_back(
          {name, point.num_passed, point.num_fired, point.remaining});
    }
    return list;
  }

  u64 NumFired(std::string_view name) CHI_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = points_.find(name);
    return found == points_.end() ? 0 : found->second.num_fired;
  }

 private:
  bool IsActive() const CHI_REQUIRES(mutex_) {
    bool armed = watching_;
    for (const auto& [name, point] : points_) {
      armed = armed || point.remaining > 0;
    }
    return armed;
  }

  void Publish() CHI_REQUIRES(mutex_) {
    internal::g_faults_active.store(IsActive(), std::memory_order_relaxed);
  }

  Mutex mutex_;
  std::map<std::string, Point, std::less<>> points_ CHI_GUARDED_BY(mutex_);
  bool watching_ CHI_GUARDED_BY(mutex_) = false;
};

}  // namespace

namespace internal {

bool FaultFires(const char* name) { return Registry::Get().Fires(name); }

}  // namespace internal

void FaultPoints::Arm(std::string_view name, u64 count, u64 skip) {
  Registry::Get().Arm({{std::string(name), count}}, skip);
}

Status FaultPoints::ArmFromText(std::string_view text) {
  CHI_ASSIGN_OR_RETURN(const Plan plan, ParsePlan(text));
  Registry::Get().Arm(plan, 0);
  return Status();
}

void FaultPoints::Watch(bool on) { Registry::Get().Watch(on); }

void FaultPoints::Reset() { Registry::Get().Reset(); }

u64 FaultPoints::NumFired(std::string_view name) {
  return Registry::Get().NumFired(name);
}

std::vector<FaultPointInfo> FaultPoints::List() {
  return Registry::Get().List();
}

}  // namespace chi
