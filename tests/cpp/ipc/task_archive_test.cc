// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A task's way into a worker's private copy and back. The client's half is
// played by the test, which writes the raw words of strings and vectors into
// the session's segments: correct ones, and whatever a hostile client might.

#include "chimaera/ipc/task_archive.h"

#include <cstring>
#include <memory>
#include <string>

#include "chimaera/ipc/session.h"
#include "support/catch.h"

namespace chi::test {
namespace {

using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

struct Point {
  u32 x = 0;
  u64 y = 0;
  bool operator==(const Point& o) const { return x == o.x && y == o.y; }
};

// Not trivially copyable: visited by its own serialize.
struct Nested {
  u16 small = 0;
  string name;
  vector<u32> list;
  template <class Archive>
  void serialize(Archive& ar) {
    ar(small, name, list);
  }
};

struct EveryField : public Task {
  u8 byte = 0;
  double real = 0;
  Point point;
  string text;
  vector<u64> numbers;
  Nested nested;
  u32 untouched = 0;

  explicit EveryField(const AllocT& alloc) : Task(alloc) {}
  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(byte, real, point, text, numbers, nested);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(byte, real, point, text, numbers, nested);
  }
};

constexpr u64 kSegmentBytes = 256 * kKiB;
constexpr u64 kTextAt = 64;            // in client data
constexpr u64 kNumbersAt = 64 * kKiB;  // in client data

struct Fixture {
  Fixture() {
    RuntimeDataOptions options;
    options.segment_bytes = 256 * kKiB;
    options.max_bytes = 256 * kKiB;
    commons->data =
        std::move(RuntimeData::Create(commons->segments, options)).value();
    SessionLimits limits;
    limits.max_result_bytes = 128 * kKiB;
    session = std::move(Session::Create({5, 4711, 0}, limits, kSegmentBytes,
                                        kSegmentBytes, 1, commons, [](u64) {}))
                  .value();
    char* memory = session->Resolve(ShmPtr::At(kMainSegment, kMainHeapOffset),
                                    sizeof(EveryField));
    shared = new (memory) EveryField(AllocT());
  }

  char* ClientData(u64 offset, u64 size) const {
    return session->Resolve(ShmPtr::At(kClientDataSegment, offset), size);
  }
  // What the client's own string does: its bytes in client data.
  void SetText(string& field, const std::string& text, u64 capacity) const {
    std::memcpy(ClientData(kTextAt, capacity + 1), text.c_str(),
                text.size() + 1);
    TaskFieldAccess::data(field) = ShmPtr::At(kClientDataSegment, kTextAt);
    TaskFieldAccess::home(field) = ShmPtr::At(kClientDataSegment, kTextAt);
    TaskFieldAccess::size(field) = static_cast<u32>(text.size());
    TaskFieldAccess::capacity(field) = static_cast<u32>(capacity);
  }
  // The text as the client reads it.
  std::string GetText(const string& field) const {
    const RawFields raw = TaskFieldAccess::Read(field);
    if (raw.data.IsNull()) {
      return {TaskFieldAccess::inline_bytes(field), raw.size};
    }
    return {session->Resolve(raw.data, raw.size), raw.size};
  }

  Status In() {
    CopyInArchive in(shared, &copy, sizeof(copy), *session);
    copy.SerializeIn(in);
    return in.status();
  }
  Status Out() {
    CopyOutArchive out(shared, &copy, sizeof(copy), *session);
    copy.SerializeOut(out);
    return out.status();
  }

  std::shared_ptr<SessionCommons> commons = std::make_shared<SessionCommons>();
  std::shared_ptr<Session> session;
  EveryField* shared = nullptr;  // never destroyed: its bytes are the test's
  EveryField copy{AllocT()};
};

TEST_CASE("Archive: every kind of field is copied in") {
  Fixture f;
  f.shared->byte = 7;
  f.shared->real = 2.5;
  f.shared->point = {3, 4};
  f.shared->nested.small = 9;
  f.SetText(f.shared->text, std::string(100, 'x'), 100);
  TaskFieldAccess::AnswerInline(f.shared->nested.name, "inside", 6);
  const u64 numbers[] = {10, 11, 12};
  std::memcpy(f.ClientData(kNumbersAt, 24), numbers, 24);
  TaskFieldAccess::AnswerAt(f.shared->numbers,
                            ShmPtr::At(kClientDataSegment, kNumbersAt), 3, 3);
  f.copy.untouched = 5;
  f.shared->untouched = 6;

  REQUIRE(f.In().ok());
  CHECK(f.copy.byte == 7);
  CHECK(f.copy.real == 2.5);
  CHECK(f.copy.point == Point{3, 4});
  CHECK(f.copy.text == std::string(100, 'x'));
  CHECK(f.copy.numbers.size() == 3);
  CHECK(f.copy.numbers[2] == 12);
  CHECK(f.copy.nested.small == 9);
  CHECK(f.copy.nested.name == "inside");
  CHECK(f.copy.nested.list.empty());
  CHECK(f.copy.untouched == 5);
}

TEST_CASE("Archive: every kind of field is copied out") {
  // Named for the bug: a twin computed from the copy's address was taken by
  // the optimiser to lie in the copy, and the stores to it were thrown away.
  Fixture f;
  f.copy.byte = 7;
  f.copy.real = 2.5;
  f.copy.point = {3, 4};
  f.copy.nested.small = 9;
  f.copy.nested.name = "inside";
  f.copy.nested.list.push_back(77);
  REQUIRE(f.Out().ok());
  CHECK(f.shared->byte == 7);
  CHECK(f.shared->real == 2.5);
  CHECK(f.shared->point == Point{3, 4});
  CHECK(f.shared->nested.small == 9);
  CHECK(f.GetText(f.shared->nested.name) == "inside");
  CHECK(f.shared->untouched == 0);
}

TEST_CASE("Archive: a text that fits goes where the client's text lay") {
  Fixture f;
  f.SetText(f.shared->text, std::string(50, 'a'), 100);
  f.copy.text = std::string(100, 'b');
  REQUIRE(f.Out().ok());
  CHECK(f.GetText(f.shared->text) == std::string(100, 'b'));
  CHECK(TaskFieldAccess::data(f.shared->text) ==
        TaskFieldAccess::home(f.shared->text));
  CHECK(f.session->result_bytes() == 0);
}

TEST_CASE("Archive: a grown text lies in runtime data, and its home is kept") {
  Fixture f;
  f.SetText(f.shared->text, std::string(50, 'a'), 50);
  f.copy.text = std::string(51, 'b');
  REQUIRE(f.Out().ok());
  CHECK(f.GetText(f.shared->text) == std::string(51, 'b'));
  CHECK(TaskFieldAccess::data(f.shared->text).segment() >=
        kFirstRuntimeSegment);
  CHECK(TaskFieldAccess::home(f.shared->text) ==
        ShmPtr::At(kClientDataSegment, kTextAt));
  CHECK(f.session->result_bytes() >= 52);
}

TEST_CASE("Archive: the answer to an earlier run is given back by the next") {
  Fixture f;
  for (u64 size : {1'000u, 2'000u, 3'000u}) {
    f.copy.text = std::string(size, 'b');
    REQUIRE(f.Out().ok());
    CHECK(f.session->result_bytes() >= size);
    CHECK(f.session->result_bytes() <= size + 64);
  }
  f.copy.text = "short";
  REQUIRE(f.Out().ok());
  CHECK(f.GetText(f.shared->text) == "short");
  CHECK(f.session->result_bytes() == 0);
}

TEST_CASE("Archive: a vector that became empty answers with none") {
  Fixture f;
  f.copy.numbers.resize(1'000);
  REQUIRE(f.Out().ok());
  CHECK(f.session->result_bytes() >= 8'000);
  f.copy.numbers.clear();
  REQUIRE(f.Out().ok());
  CHECK(TaskFieldAccess::Read(f.shared->numbers).size == 0);
  CHECK(f.session->result_bytes() == 0);
}

TEST_CASE("Archive: results beyond the client's quota are refused") {
  Fixture f;
  f.copy.text = std::string(200 * kKiB, 'b');
  const Status status = f.Out();
  INFO(status);
  CHECK(status.code() == StatusCode::kOverloaded);
}

TEST_CASE("Archive: a text that is not all in the client's memory is refused") {
  Fixture f;
  static const char kPrivate[] = "the runtime's own";
  const u64 end = kSegmentBytes;
  const auto [where, size] = GENERATE(table<ShmPtr, u32>({
      {ShmPtr::At(kClientDataSegment, 256 * kKiB), 1},
      {ShmPtr::At(kClientDataSegment, 256 * kKiB - 40), 41},
      {ShmPtr::At(kClientDataSegment, 0), 256 * kKiB + 1},
      {ShmPtr::At(kClientDataSegment, 64), ~u32{0}},
      {ShmPtr::At(3, 0), 10},
      {ShmPtr::At(kFirstRuntimeSegment + 9, 0), 10},
      {ShmPtr::Private(kPrivate), 10},
      {ShmPtr::FromBits(~u64{0}), 10},
      {ShmPtr::At(kClientDataSegment, (u64{1} << 48) - 1), 10},
  }));
  REQUIRE(end == 256 * kKiB);
  TaskFieldAccess::data(f.shared->text) = where;
  TaskFieldAccess::home(f.shared->text) = where;
  TaskFieldAccess::size(f.shared->text) = size;
  const Status status = f.In();
  INFO(where << ", " << size << " bytes: " << status);
  CHECK(status.code() == StatusCode::kBadRequest);
  CHECK(f.copy.text.empty());
}

TEST_CASE("Archive: a vector whose size overflows is refused") {
  Fixture f;
  const u64 size = GENERATE(~u64{0}, u64{1} << 61, (u64{1} << 61) + 1,
                            u64{1} << 32, kSegmentBytes / 8 + 1);
  TaskFieldAccess::AnswerAt(f.shared->numbers,
                            ShmPtr::At(kClientDataSegment, 0), size, size);
  CHECK(f.In().code() == StatusCode::kBadRequest);
  CHECK(f.copy.numbers.empty());
}

TEST_CASE("Archive: an inline text cannot claim more than there is room for") {
  Fixture f;
  TaskFieldAccess::AnswerInline(f.shared->text, "abc", 3);
  TaskFieldAccess::size(f.shared->text) = ~u32{0};
  REQUIRE(f.In().ok());
  CHECK(f.copy.text.size() == string::kInlineCapacity);
}

TEST_CASE("Archive: homes that a client made up are not written to") {
  Fixture f;
  static const char kPrivate[] = "the runtime's own";
  const ShmPtr home = GENERATE(ShmPtr::At(kClientDataSegment, 256 * kKiB - 8),
                               ShmPtr::At(kFirstRuntimeSegment, 0),
                               ShmPtr::At(9, 0), ShmPtr::Private(kPrivate));
  TaskFieldAccess::data(f.shared->text) = home;
  TaskFieldAccess::home(f.shared->text) = home;
  TaskFieldAccess::size(f.shared->text) = 0;
  TaskFieldAccess::capacity(f.shared->text) = ~u32{0};
  f.copy.text = std::string(100, 'b');
  REQUIRE(f.Out().ok());
  const ShmPtr where = TaskFieldAccess::data(f.shared->text);
  CHECK(where.segment() >= kFirstRuntimeSegment);
  CHECK_FALSE(where.IsPrivate());
  CHECK(f.GetText(f.shared->text) == std::string(100, 'b'));
  CHECK(std::string(kPrivate) == "the runtime's own");
}

TEST_CASE("Archive: bulk data must be the client's, but may be nothing") {
  Fixture f;
  const auto check = [&](ShmPtr where, u64 size) {
    CopyInArchive in(f.shared, &f.copy, sizeof(f.copy), *f.session);
    in.bulk(where, size, BULK_XFER);
    return in.status().code();
  };
  CHECK(check(ShmPtr::At(kClientDataSegment, 0), kSegmentBytes) ==
        StatusCode::kOk);
  CHECK(check(ShmPtr::At(kClientDataSegment, 1), kSegmentBytes) ==
        StatusCode::kBadRequest);
  CHECK(check(ShmPtr::Null(), 0) == StatusCode::kOk);
  CHECK(check(ShmPtr::Null(), 1) == StatusCode::kBadRequest);
  CHECK(check(ShmPtr::At(kClientDataSegment, 8), ~u64{0} - 4) ==
        StatusCode::kBadRequest);
}

TEST_CASE("Archive: a field outside of its task is our bug, and is caught") {
  Fixture f;
  u64 elsewhere = 0;
  CopyInArchive in(f.shared, &f.copy, sizeof(f.copy), *f.session);
  in(elsewhere);
  CHECK(in.status().code() == StatusCode::kInternal);
}

}  // namespace
}  // namespace chi::test
