// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Stamps of strangers, buffers that are full, and who may trace. What workers
// make of it is tested from Python (tests/python/test_trace.py).

#include "chimaera/sched/tracer.h"

#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "chimaera/base/clock.h"
#include "support/catch.h"

namespace chi::test {
namespace {

TraceOptions Options(u64 max_ns = 60 * kNsPerSec) {
  TraceOptions options;
  options.one_in = 1;
  options.max_records = 3;
  options.max_ns = max_ns;
  return options;
}

TraceRecord RunRecord(u64 begin_ns) {
  TraceRecord record;
  record.kind = static_cast<u32>(TraceKind::kRun);
  record.begin_ns = begin_ns;
  return record;
}

TraceRecord RecordAt(const std::string& bytes, u32 place) {
  TraceRecord record;
  std::memcpy(&record, bytes.data() + place * sizeof(record), sizeof(record));
  return record;
}

TEST_CASE("TraceStamp: what a stranger wrote fits, and times come in order") {
  Task task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
  std::memset(task.text_, 0xff, sizeof(task.text_));

  const TraceStamp stamp = ReadTraceStamp(task, 1000);

  CHECK(stamp.sent_ns == 1000u);
  CHECK(stamp.submitting_ns == 1000u);
  CHECK(stamp.site_text().size() == TraceStamp::kSiteCapacity);
}

TEST_CASE("TraceStamp: one that is sent late keeps its begin") {
  Task task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
  TraceStamp stamp;
  stamp.sent_ns = 500;
  stamp.submitting_ns = 20;
  stamp.origin = 7;
  WriteTraceStamp(stamp, &task);
  RenewTraceStamp(900, &task);
  const TraceStamp read = ReadTraceStamp(task, 1000);
  CHECK(read.sent_ns == 900u);
  CHECK(read.submitting_ns == 420u);
  CHECK(read.origin == 7u);
  CHECK(read.site_text().empty());
}

TEST_CASE("TraceSampler: it stamps one in so many, at uneven distances") {
  constexpr u32 kTasks = 100'000;
  const u32 one_in = GENERATE(1u, 2u, 3u, 10u, 64u);
  ControlPage page;
  page.trace_until_ns = kNoDeadlineNs;
  TraceSampler sut(page);
  CHECK_FALSE(sut.IsDue());
  page.trace_one_in = one_in;
  u32 stamped = 0;
  u32 gap = 0;
  std::set<u32> gaps;
  for (u32 i = 0; i < kTasks; ++i) {
    Task task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
    sut.Pass(sut.one_in(), &task);
    ++gap;
    if (!task.IsTraced()) continue;
    ++stamped;
    if (stamped > 1) gaps.insert(gap);
    gap = 0;
  }
  CHECK(stamped == Approx(kTasks / one_in).epsilon(0.03));
  CHECK(*gaps.rbegin() == one_in + one_in / 2);
  CHECK(gaps.size() <= 2 * (one_in / 2) + 1);
}

TEST_CASE("TraceSampler: a new rate counts at once") {
  ControlPage page;
  page.trace_until_ns = kNoDeadlineNs;
  TraceSampler sut(page);
  Task task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
  sut.Pass(1'000'000, &task);
  REQUIRE(task.IsTraced());
  task.task_flags_.Clear();
  u32 passes = 0;
  for (; passes < 100 && !task.IsTraced(); ++passes) sut.Pass(10, &task);
  CHECK(passes == 10u);
}

TEST_CASE("TraceSampler: nothing is stamped when the time is over") {
  ControlPage page;
  page.trace_one_in = 1;
  page.trace_until_ns = SystemClock::Get().NowNs();
  TraceSampler sut(page);
  Task task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
  sut.Pass(1, &task);
  CHECK_FALSE(task.IsTraced());
}

TEST_CASE("CallSite: of a long one the end counts") {
  ControlPage page;
  page.trace_one_in = 1;
  page.trace_until_ns = kNoDeadlineNs;
  TraceSampler sut(page);
  Task task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
  {
    const CallSite site(std::string(500, 'x') + "/a.py:7 main");
    sut.Pass(1, &task);
  }
  const TraceStamp stamp = ReadTraceStamp(task, kNoDeadlineNs);
  const std::string text(stamp.site_text());
  CHECK(text.size() == TraceStamp::kSiteCapacity);
  CHECK(text.substr(text.size() - 13) == "x/a.py:7 main");
  CHECK(stamp.thread != 0u);
  sut.Pass(1, &task);
  CHECK(ReadTraceStamp(task, kNoDeadlineNs).site_text().empty());
}

// The stamp of a task that `sut` has passed while at `site`.
TraceStamp StampAt(TraceSampler& sut, std::string_view site) {
  Task task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
  const CallSite here(site);
  sut.Pass(1, &task);
  return ReadTraceStamp(task, kNoDeadlineNs);
}

u32 NumberOf(const TraceStamp& stamp) {
  return stamp.origin & ~TraceStamp::kHasRest;
}

TEST_CASE("TraceSampler: a site is told once, and again now and then") {
  ControlPage page;
  page.trace_one_in = 1;
  page.trace_until_ns = kNoDeadlineNs;
  TraceSampler sut(page);
  const TraceStamp first = StampAt(sut, "a.py:1 main");
  CHECK(first.HasRest());
  const TraceStamp other = StampAt(sut, "a.py:2 main");
  CHECK(other.HasRest());
  CHECK(NumberOf(other) != NumberOf(first));
  u32 told = 0;
  for (u32 i = 0; i < 320; ++i) {
    const TraceStamp stamp = StampAt(sut, "a.py:1 main");
    CHECK(NumberOf(stamp) == NumberOf(first));
    told += stamp.HasRest() ? 1 : 0;
  }
  CHECK(told == 10u);
  // Another trace knows nothing yet.
  page.trace_until_ns = kNoDeadlineNs - 1;
  CHECK(StampAt(sut, "a.py:1 main").HasRest());
}

TEST_CASE("TraceSampler: more sites than it remembers are told each time") {
  ControlPage page;
  page.trace_one_in = 1;
  page.trace_until_ns = kNoDeadlineNs;
  TraceSampler sut(page);
  for (u32 i = 0; i < 20; ++i) {
    const std::string site = "a.py:" + std::to_string(i % 10);
    const TraceStamp stamp = StampAt(sut, site);
    CHECK(stamp.HasRest());
    CHECK(stamp.site_text() == site);
  }
}

TEST_CASE("TraceBuffer: it keeps the first and counts the rest") {
  TraceBuffer sut(7, 3);
  CHECK(sut.AddText("name") == 1u);
  CHECK(sut.AddText("name") == 1u);
  CHECK(sut.AddText("") == 0u);
  CHECK(sut.Add(RunRecord(10)) == 2u);
  CHECK(sut.Add(RunRecord(20)) == 3u);
  CHECK(sut.Add(RunRecord(30)) == 0u);
  CHECK(sut.dropped() == 1u);
  sut.End(2, 15, 4);
  sut.End(0, 99, 4);

  const std::string records = sut.Read(1, 100);
  REQUIRE(records.size() == 2 * sizeof(TraceRecord));
  CHECK(RecordAt(records, 0).begin_ns == 10u);
  CHECK(RecordAt(records, 0).end_ns == 15u);
  CHECK(RecordAt(records, 0).code == 4u);
  CHECK(RecordAt(records, 1).end_ns == 0u);
  CHECK(sut.Read(0, 1).size() == sizeof(TraceRecord));
  CHECK(sut.Read(3, 1).empty());
}

TEST_CASE("TraceBuffer: a text has one number, however many there are") {
  TraceBuffer sut(0, 100);
  for (u32 i = 0; i < 30; ++i) {
    CHECK(sut.AddText("text " + std::to_string(i % 10)) == i % 10 + 1);
  }
  CHECK(sut.size() == 10u);
}

TEST_CASE("Tracer: one trace at a time, and who is gone has none") {
  ControlPage page;
  Tracer sut(&page);
  CHECK(sut.BufferOf(0) == nullptr);
  const auto first = sut.Start(5, Options());
  REQUIRE(first.ok());
  CHECK(page.trace_one_in == 1u);
  CHECK(sut.Start(6, Options()).status().code() == StatusCode::kAlreadyExists);
  CHECK(sut.Stop(first->id).ok());
  CHECK(page.trace_one_in == 0u);
  // It may still be read.
  CHECK_FALSE(sut.Start(6, Options()).ok());
  sut.ForgetOf(6);
  CHECK(sut.Buffers(first->id).ok());
  sut.ForgetOf(5);
  CHECK(sut.Buffers(first->id).status().code() == StatusCode::kNotFound);
  CHECK(sut.Stop(first->id).status().code() == StatusCode::kNotFound);
  CHECK(sut.Start(6, Options()).ok());
}

TEST_CASE("Tracer: a buffer goes with the last run that has a record") {
  Tracer sut(nullptr);
  const auto trace = sut.Start(5, Options());
  REQUIRE(trace.ok());
  std::shared_ptr<TraceBuffer> run = sut.BufferOf(2);
  CHECK(run == sut.BufferOf(2));
  CHECK(sut.Buffers(trace->id)->size() == 1u);
  const std::weak_ptr<TraceBuffer> seen = run;
  sut.Forget(trace->id);
  CHECK(sut.BufferOf(2) == nullptr);
  CHECK_FALSE(seen.expired());
  run->End(run->Add(RunRecord(1)), 2, 0);
  run.reset();
  CHECK(seen.expired());
}

TEST_CASE("Tracer: options that make no sense are refused") {
  Tracer sut(nullptr);
  for (u32 field = 0; field < 5; ++field) {
    TraceOptions options = Options();
    if (field == 0) options.one_in = 0;
    if (field == 1) options.max_records = 0;
    if (field == 2) options.max_records = Tracer::kMaxRecords + 1;
    if (field == 3) options.max_ns = 0;
    if (field == 4) options.max_ns = Tracer::kMaxNs + 1;
    CHECK(sut.Start(1, options).status().code() == StatusCode::kBadRequest);
  }
}

}  // namespace
}  // namespace chi::test
