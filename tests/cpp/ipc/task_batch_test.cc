// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Many tasks in one archive: what is written comes back, whatever fields they
// have, and bytes that were cut or changed are refused and do no harm.

#include "chimaera/ipc/task_batch.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chimaera/base/random.h"
#include "support/catch.h"

namespace chi::test {
namespace {

using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

enum class Colour : u16 { kRed = 1, kBlue = 7 };

struct Point {
  u32 x = 0;
  u32 y = 0;
};

struct Named {
  string name;
  bool flag = false;
  template <class Archive>
  void serialize(Archive& ar) {
    ar(name, flag);
  }
};

struct ManyFields : public Task {
  IN u8 byte = 0;
  IN f64 real = 0;
  IN Colour colour = Colour::kRed;
  IN bool flag = false;
  IN Point point;
  IN PoolId pool;
  IN Named named;
  INOUT string text;
  INOUT vector<u64> numbers;
  IN std::vector<std::string> words;  // of a task that stays in the runtime
  OUT u32 answer = 0;
  u32 untouched = 0;

  explicit ManyFields(const AllocT& alloc = {}) : Task(alloc) {}
  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(byte, real, colour, flag, point, pool, named, text, numbers, words);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(text, numbers, answer);
  }
};

struct Transfer : public Task {
  IN hipc::Pointer data;
  INOUT u64 length = 0;

  explicit Transfer(const AllocT& alloc = {}) : Task(alloc) {}
  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(data, length);
    ar.bulk(data, length, BULK_XFER);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(length);
    ar.bulk(data, length, BULK_EXPOSE);
  }
};

std::unique_ptr<ManyFields> MakeFull(u64 size) {
  auto task = std::make_unique<ManyFields>();
  task->task_id_ = {7, size};
  task->pool_id_ = {512, 1};
  task->pool_query_ = PoolQuery::Range(3, 4);
  task->method_ = 12;
  task->task_flags_.SetBits(TASK_FIRE_AND_FORGET);
  task->timeout_ms_ = 250;
  task->byte = 200;
  task->real = -0.5;
  task->colour = Colour::kBlue;
  task->flag = true;
  task->point = {1, 2};
  task->pool = {9, 8};
  task->named.name = std::string(size, 'n');
  task->named.flag = true;
  task->text = std::string(size, 't');
  for (u64 i = 0; i < size; ++i) {
    task->numbers.push_back(i);
    task->words.push_back(std::to_string(i));
  }
  return task;
}

std::string RequestOf(u64 size) {
  TaskOutputArchive out(ArchiveKind::kInputs);
  const auto task = MakeFull(size);
  REQUIRE(out.Add(*task).ok());
  return out.Finish();
}

TEST_CASE("Archive: the inputs of tasks of any size come back") {
  TaskOutputArchive out(ArchiveKind::kInputs);
  const u64 sizes[] = {0, 1, 39, 40, 5000};
  for (const u64 size : sizes) REQUIRE(out.Add(*MakeFull(size)).ok());
  REQUIRE(out.num_tasks() == 5);

  auto in = TaskInputArchive::Parse(out.Finish());
  INFO(in.status());
  REQUIRE(in.ok());
  REQUIRE(in->kind() == ArchiveKind::kInputs);
  REQUIRE(in->num_tasks() == 5);
  for (u32 i = 5; i-- > 0;) {  // in any order
    const u64 size = sizes[i];
    const auto sent = MakeFull(size);
    CHECK(in->header(i).method_ == 12);
    ManyFields got;
    got.untouched = 77;
    REQUIRE(in->Load(i, got).ok());
    CHECK(got.task_id_ == sent->task_id_);
    CHECK(got.pool_id_ == sent->pool_id_);
    CHECK(got.pool_query_ == sent->pool_query_);
    CHECK(got.task_flags_.bits() == TASK_FIRE_AND_FORGET);
    CHECK(got.timeout_ms_ == 250);
    CHECK(got.byte == 200);
    CHECK(got.real == -0.5);
    CHECK(got.colour == Colour::kBlue);
    CHECK(got.flag);
    CHECK(got.point.y == 2);
    CHECK(got.pool == PoolId(9, 8));
    CHECK(got.named.name == sent->named.name);
    CHECK(got.named.flag);
    CHECK(got.text == sent->text);
    CHECK(got.numbers == sent->numbers);
    CHECK(got.words == sent->words);
    CHECK(got.untouched == 77);
  }
}

TEST_CASE("Archive: outputs bring the outcome, and leave the request alone") {
  TaskOutputArchive out(ArchiveKind::kOutputs);
  const auto good = MakeFull(3);
  good->return_code_ = 0;
  good->answer = 42;
  const auto bad = MakeFull(0);
  bad->SetError(17, "no such colour");
  REQUIRE(out.Add(*good).ok());
  REQUIRE(out.Add(*bad).ok());

  auto in = TaskInputArchive::Parse(out.Finish());
  REQUIRE(in.ok());
  ManyFields first;
  first.method_ = 5;
  REQUIRE(in->Load(0, first).ok());
  CHECK(first.return_code_ == 0);
  CHECK(first.answer == 42);
  CHECK(first.text == "ttt");
  CHECK(first.byte == 0);
  CHECK(first.method_ == 5);
  ManyFields second;
  REQUIRE(in->Load(1, second).ok());
  CHECK(second.return_code_ == 17);
  CHECK(std::string(second.text_, second.text_size_) == "no such colour");
}

TEST_CASE("Archive: bulk data is described, not sent, and found again") {
  TaskOutputArchive out(ArchiveKind::kInputs);
  Transfer tasks[3];
  for (u32 i = 0; i < 3; ++i) {
    tasks[i].data = ShmPtr::At(kClientDataSegment, 4096 * (i + 1));
    tasks[i].length = 1000 + i;
    REQUIRE(out.Add(tasks[i]).ok());
  }
  REQUIRE(out.bulk_transfers().size() == 3);
  CHECK(out.bulk_transfers()[2].data_ == tasks[2].data);
  const std::string bytes = out.Finish();
  const u64 address = tasks[2].data.bits_;
  const std::string needle(reinterpret_cast<const char*>(&address), 8);
  CHECK(bytes.find(needle) == std::string::npos);

  auto in = TaskInputArchive::Parse(bytes);
  REQUIRE(in.ok());
  REQUIRE(in->bulk_transfers().size() == 3);
  CHECK(in->bulk_transfers()[1].size_ == 1001);
  CHECK(in->bulk_transfers()[1].flags_ == BULK_XFER);
  CHECK(in->bulk_transfers()[1].task_ == 1);
  char room[1002];
  for (u32 i = 0; i < 3; ++i) in->SetBulk(i, ShmPtr::Private(room));
  Transfer got;
  REQUIRE(in->Load(1, got).ok());
  CHECK(got.data == ShmPtr::Private(room));
  CHECK(got.length == 1001);
}

TEST_CASE("Archive: bulk data of an answer goes where the task says") {
  TaskOutputArchive out(ArchiveKind::kOutputs);
  Transfer far;
  far.return_code_ = 0;
  far.length = 10;
  REQUIRE(out.Add(far).ok());
  auto in = TaskInputArchive::Parse(out.Finish());
  REQUIRE(in.ok());
  Transfer here;
  here.data = ShmPtr::At(kClientDataSegment, 64);
  REQUIRE(in->Load(0, here).ok());
  CHECK(here.data == ShmPtr::At(kClientDataSegment, 64));
  CHECK(in->bulk_transfers()[0].data_ == here.data);
}

TEST_CASE("Archive: one task too many is refused, the others stay") {
  ArchiveLimits limits;
  limits.max_bytes = 2000;
  limits.max_bulk_bytes = 100;
  TaskOutputArchive out(ArchiveKind::kInputs, limits);
  REQUIRE(out.Add(*MakeFull(5)).ok());
  CHECK(out.Add(*MakeFull(5000)).code() == StatusCode::kOverloaded);
  Transfer large;
  large.length = ~u64{0};
  CHECK(out.Add(large).code() == StatusCode::kOverloaded);
  large.length = 100;
  REQUIRE(out.Add(large).ok());
  CHECK(out.Add(large).code() == StatusCode::kOverloaded);
  auto in = TaskInputArchive::Parse(out.Finish(), limits);
  INFO(in.status());
  REQUIRE(in.ok());
  CHECK(in->num_tasks() == 2);
  ManyFields got;
  CHECK(in->Load(0, got).ok());
}

TEST_CASE("Archive: an empty one is one") {
  auto in = TaskInputArchive::Parse(
      TaskOutputArchive(ArchiveKind::kOutputs).Finish());
  REQUIRE(in.ok());
  CHECK(in->num_tasks() == 0);
}

TEST_CASE("Archive: a task is not taken for one of another type") {
  auto in = TaskInputArchive::Parse(RequestOf(3));
  REQUIRE(in.ok());
  Transfer other;
  const Status loaded = in->Load(0, other);
  CHECK(loaded.code() == StatusCode::kProtocolViolation);
  CHECK(loaded.message() == "task 0: a piece of bulk data is missing");
  ManyFields right;
  CHECK(in->Load(0, right).ok());  // and the error is not kept
}

TEST_CASE("Archive: what is no archive is refused in words") {
  const std::string good = RequestOf(2);
  const auto refusal = [](const std::string& bytes) {
    return TaskInputArchive::Parse(bytes).status();
  };
  CHECK(refusal("").code() == StatusCode::kProtocolViolation);
  CHECK(refusal(std::string(100, 'x')).code() ==
        StatusCode::kProtocolViolation);
  std::string newer = good;
  newer[4] = 2;
  CHECK(refusal(newer).code() == StatusCode::kVersionMismatch);
  CHECK(refusal(newer).message() == "an archive of version 2, not 1");
  std::string crowded = good;
  crowded[10] = 127;  // eight million tasks
  CHECK(refusal(crowded).code() == StatusCode::kProtocolViolation);
  ArchiveLimits small;
  small.max_bytes = 100;
  CHECK_FALSE(TaskInputArchive::Parse(good, small).ok());
}

TEST_CASE("Archive: a list that claims more than there is takes no memory") {
  std::string bytes = RequestOf(0);
  // The words' count is the last eight bytes of the only record.
  bytes[bytes.size() - 2] = 127;
  auto in = TaskInputArchive::Parse(bytes);
  REQUIRE(in.ok());
  ManyFields got;
  CHECK(in->Load(0, got).code() == StatusCode::kProtocolViolation);
}

TEST_CASE("Archive: no cut and no change of a byte does harm") {
  // Sanitizers watch. A change inside a field may well be accepted.
  const u64 seed = SystemRandom::Get().Next();
  CAPTURE(seed);
  SeededRandom random(seed);
  TaskOutputArchive out(ArchiveKind::kInputs);
  for (const u64 size : {0, 3, 50}) REQUIRE(out.Add(*MakeFull(size)).ok());
  Transfer transfer;
  transfer.length = 64;
  REQUIRE(out.Add(transfer).ok());
  const std::string good = out.Finish();
  const auto try_all = [](const std::string& bytes) {
    auto in = TaskInputArchive::Parse(bytes);
    if (!in.ok()) return;
    for (u32 i = 0; i < in->num_tasks(); ++i) {
      ManyFields fields;
      Transfer bulk;
      static_cast<void>(in->Load(i, fields));
      static_cast<void>(in->Load(i, bulk));
    }
  };
  for (size_t size = 0; size < good.size(); ++size) {
    REQUIRE_FALSE(TaskInputArchive::Parse(good.substr(0, size)).ok());
  }
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    for (u64 n = 1 + random.Below(3); n > 0; --n) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Next());
    }
    try_all(bytes);
  }
}

}  // namespace
}  // namespace chi::test
