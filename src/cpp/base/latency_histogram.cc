// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reading histograms; noting a time is in the header.

#include "chimaera/base/latency_histogram.h"

#include <cmath>
#include <new>

#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/json_writer.h"

namespace chi {
namespace {

void WriteQuantile(const char* key, const LatencyCounts& times, f64 part,
                   JsonWriter& json) {
  json.Key(key);
  if (times.counts.empty()) {
    json.Null();
    return;
  }
  const u64 ns = LatencyHistogram::Quantile(times.counts, part);
  json.Number(static_cast<f64>(std::min(ns, times.max_ns)) / 1e9);
}

}  // namespace

u64 LatencyCounts::total() const {
  u64 sum = 0;
  for (const u64 count : counts) sum += count;
  return sum;
}

void LatencyCounts::Write(JsonWriter& json) const {
  json.BeginObject().Member("count", total()).Seconds("sum_s", sum_ns);
  WriteQuantile("p50_s", *this, 0.5, json);
  WriteQuantile("p90_s", *this, 0.9, json);
  WriteQuantile("p99_s", *this, 0.99, json);
  WriteQuantile("p999_s", *this, 0.999, json);
  json.Key("max_s");
  if (counts.empty()) {
    json.Null();
  } else {
    json.Number(static_cast<f64>(max_ns) / 1e9);
  }
  json.Key("buckets").BeginList();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const u64 bound_ns = LatencyHistogram::FirstOf(i + 1);
    json.BeginList()
        .Number(static_cast<f64>(bound_ns) / 1e9)
        .Number(counts[i])
        .EndList();
  }
  json.EndList().EndObject();
}

std::vector<u64> LatencyHistogram::Counts() const {
  std::vector<u64> counts;
  for (const auto& count : counts_) {
    counts.push_back(count.load(std::memory_order_relaxed));
  }
  while (!counts.empty() && counts.back() == 0) counts.pop_back();
  return counts;
}

LatencyCounts LatencyHistogram::Read() const {
  return {Counts(), sum_ns_.load(std::memory_order_relaxed),
          max_ns_.load(std::memory_order_relaxed)};
}

u64 LatencyHistogram::Quantile(const std::vector<u64>& counts, f64 part) {
  u64 total = 0;
  for (const u64 count : counts) total += count;
  if (total == 0) return 0;
  const auto wanted = std::max<u64>(
      1, static_cast<u64>(std::ceil(part * static_cast<f64>(total))));
  u64 seen = 0;
  std::size_t bucket = 0;
  while (bucket + 1 < counts.size() && seen + counts[bucket] < wanted) {
    seen += counts[bucket++];
  }
  return MiddleOf(bucket);
}

LatencyHistogram* LazyLatencyHistogram::Make() {
  const HeapScope heap;  // not the pool's, whose method runs
  std::unique_ptr<LatencyHistogram> made(new (std::nothrow) LatencyHistogram());
  if (made == nullptr) return nullptr;
  LatencyHistogram* expected = nullptr;
  if (!histogram_.compare_exchange_strong(expected, made.get(),
                                          std::memory_order_acq_rel)) {
    return expected;  // another thread was quicker
  }
  return made.release();
}

LatencyCounts LazyLatencyHistogram::Read() const {
  const LatencyHistogram* const found =
      histogram_.load(std::memory_order_acquire);
  return found == nullptr ? LatencyCounts() : found->Read();
}

}  // namespace chi
