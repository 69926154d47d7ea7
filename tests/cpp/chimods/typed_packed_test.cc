// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Typed methods with values that have no fixed size, by the generated client;
// and client libraries of other builds.

#include <sys/wait.h>
#include <testing/sample/sample_client.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "chimaera/ipc/client_library.h"
#include "chimaera/ipc/packed.h"
#include "embedded.h"

using chi::PoolId;
using chi::PoolQuery;
using chi::StatusCode;
using chi::test::Embedded;
namespace sample = testing::sample;

namespace {

struct Fixture {
  Fixture() {
    const auto created =
        client.Create(HSHM_MCTX, PoolQuery::Dynamic(), "sample", PoolId(300, 0),
                      sample::CreateParams(), 4);
    INFO(created);
    REQUIRE(created);
  }
  Embedded runtime;
  sample::Client client;
};

bool Says(const chi::Status& status, StatusCode code, const char* text) {
  return status.code() == code &&
         std::string(status.message()).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("Typed: values without a fixed size go there and back") {
  Fixture f;
  sample::Note note;
  note.text = "one";
  note.data = std::string("\0\xff", 2);
  note.mode = sample::Mode::kExact;
  note.at.y = 2.5;
  note.marks = {-1, 300};
  note.modes = {sample::Mode::kFast};
  note.flags = {true, false};
  note.points.resize(2);
  note.lines = {{"a", "b"}, {}, {""}};
  note.tags = {{"key", 7}};
  const auto result =
      f.client.Annotate(HSHM_MCTX, PoolQuery::DirectId(3), note, {"x", "yy"},
                        {false, true}, {{1, 2}, {}, {3}}, {note});
  INFO(result.status());
  REQUIRE(result.ok());
  CHECK(result->names.get() == std::vector<std::string>{"x", "yy"});
  REQUIRE(result->flags.size() == 2);
  CHECK(result->flags[1]);
  CHECK(result->grid.get()[2] == std::vector<double>{3});
  REQUIRE(result->notes.get().size() == 2);
  const sample::Note found = result->notes.get()[1];
  CHECK(found.text == note.text);
  CHECK(found.data == note.data);
  CHECK(found.mode == note.mode);
  CHECK(found.at.y == note.at.y);
  CHECK(found.marks == note.marks);
  CHECK(found.modes == note.modes);
  CHECK(found.flags == note.flags);
  CHECK(found.points.size() == 2);
  CHECK(found.lines == note.lines);
  REQUIRE(found.tags.size() == 1);
  CHECK(found.tags[0].value == 7);
  CHECK(result->unset.get().text.empty());
  const auto all =
      f.client.Annotate(HSHM_MCTX, PoolQuery::Broadcast(), sample::Note());
  REQUIRE(all.ok());
  CHECK(all->ids.get().size() == 4);
}

TEST_CASE("Typed: packed bytes that are no value are refused") {
  Fixture f;
  auto* ipc = CHI_IPC;
  const auto request = [&](const std::string& bytes) {
    const auto task = ipc->NewTask<sample::AnnotateTask>(
        chi::CreateTaskId(), f.client.pool_id_, PoolQuery::Local(),
        sample::Note());
    task->out_.names.bytes() = bytes;
    return ipc->Submit(task).Get();
  };
  const std::string two("\2\0\0\0\0\0\0\0", 8);
  const std::string text("\1\0\0\0\0\0\0\0x", 9);
  CHECK(request("").ok());
  CHECK(request(two + text + text).ok());
  for (const std::string& bytes :
       {two, two + text, two + text + text + "more", two.substr(1), text,
        std::string(8, '\xff'), std::string(16, '\x7f')}) {
    CHECK(Says(request(bytes), StatusCode::kBadRequest, "'names'"));
  }
  // An enum that does not exist, deep inside.
  const auto task =
      ipc->NewTask<sample::AnnotateTask>(chi::CreateTaskId(), f.client.pool_id_,
                                         PoolQuery::Local(), sample::Note());
  std::string note = task->in_.note.bytes().str();
  note[16] = 3;  // behind two empty texts
  task->in_.note.bytes() = note;
  CHECK(Says(ipc->Submit(task).Get(), StatusCode::kBadRequest, "'note'"));
}

TEST_CASE("Typed: a packed parameter has at most 64 MiB") {
  Fixture f;
  auto* ipc = CHI_IPC;
  constexpr chi::u64 kLengths = 16;  // of the list, and of its one text
  std::vector<std::string> names{
      std::string(chi::kMaxPackedBytes - kLengths, 'x')};
  const auto most =
      f.client.Annotate(HSHM_MCTX, PoolQuery::Local(), sample::Note(), names);
  INFO(most.status());
  REQUIRE(most.ok());
  CHECK(most->names.get() == names);
  names[0] += 'x';
  CHECK_THROWS_AS(
      f.client.Annotate(HSHM_MCTX, PoolQuery::Local(), sample::Note(), names),
      chi::StatusError);
  // Of a client that says nothing: 8 Mi empty texts.
  const auto task =
      ipc->NewTask<sample::AnnotateTask>(chi::CreateTaskId(), f.client.pool_id_,
                                         PoolQuery::Local(), sample::Note());
  std::string bytes(chi::kMaxPackedBytes + 8, '\0');
  bytes[2] = '\x80';  // 0x800000, as the length of the list
  task->out_.names.bytes() = bytes;
  CHECK(Says(ipc->Submit(task).Get(), StatusCode::kBadRequest,
             "67108872 packed bytes; at most 67108864"));
}

TEST_CASE(
    "Typed: a client library of another ABI keeps a program from running") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const chi::ClientStamp stamp{chi::ClientStamp::kMagic, 1};
    const chi::ClientLibrary library("some::module", stamp);
    const chi::Status status = chi::Init(chi::ChimaeraMode::kClient, true);
    _exit(Says(status, StatusCode::kVersionMismatch,
               "some::module was built for client ABI 1")
              ? 0
              : 1);
  }
  int how = -1;
  REQUIRE(waitpid(child, &how, 0) == child);
  CHECK(how == 0);
}
