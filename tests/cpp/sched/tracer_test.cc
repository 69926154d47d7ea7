// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Stamps of strangers, buffers that are full, and who may trace. What workers
// make of it is tested from Python (tests/python/test_trace.py).

#include "chimaera/sched/tracer.h"

#include <cstring>
#include <memory>
#include <string>

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
  CHECK(stamp.submit_ns == 1000u);
  CHECK(stamp.site_text().size() == TraceStamp::kSiteCapacity);
}

TEST_CASE("TraceSampler: it stamps every task, or one in so many") {
  ControlPage page;
  page.trace_until_ns = kNoDeadlineNs;
  TraceSampler sut(page);
  CHECK_FALSE(sut.IsDue());
  u32 stamped[2] = {0, 0};
  for (const u32 one_in : {50u, 1u}) {
    page.trace_one_in = one_in;
    for (u32 i = 0; i < 1000; ++i) {
      Task task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
      sut.Pass(sut.one_in(), &task);
      stamped[one_in == 1 ? 1 : 0] += task.IsTraced() ? 1 : 0;
    }
  }
  CHECK(stamped[0] >= 1000u / 76);
  CHECK(stamped[0] <= 1000u / 25 + 1);
  CHECK(stamped[1] == 1000u);
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
  const std::string text(ReadTraceStamp(task, kNoDeadlineNs).site_text());
  CHECK(text.size() == TraceStamp::kSiteCapacity);
  CHECK(text.substr(text.size() - 13) == "x/a.py:7 main");
  sut.Pass(1, &task);
  CHECK(ReadTraceStamp(task, kNoDeadlineNs).site_size == 0u);
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
