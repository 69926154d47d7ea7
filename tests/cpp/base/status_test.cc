// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Status: codes, text, context, copies.

#include "chimaera/base/status.h"

#include <atomic>
#include <cerrno>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.h"

namespace chi {
namespace {

Status FailAt(int step, int* reached) {
  for (int i = 0; i < 3; ++i) {
    CHI_RETURN_IF_ERROR(i == step ? Status::NoSpace("step") : Status());
    ++*reached;
  }
  return Status();
}

TEST_CASE("Status: the default is success, without text") {
  const Status status;
  CHECK(status.ok());
  CHECK(status.code() == StatusCode::kOk);
  CHECK(status.code_value() == 0);
  CHECK(status.message().empty());
  CHECK(status.ToString() == "OK");
}

TEST_CASE("Status: an error prints its name and message") {
  const Status status = Status::NotFound("pool 512.0: container 3 of 2");
  CHECK_FALSE(status.ok());
  CHECK(status.code() == StatusCode::kNotFound);
  CHECK(status.ToString() == "NotFound: pool 512.0: container 3 of 2");
}

TEST_CASE("Status: an error without a message prints its name alone") {
  CHECK(Status::Stale("").ToString() == "Stale");
}

TEST_CASE("Status: the frozen numbers have not moved") {
  CHECK(static_cast<u32>(StatusCode::kBadRequest) == 10000);
  CHECK(static_cast<u32>(StatusCode::kIo) == 10007);
  CHECK(static_cast<u32>(StatusCode::kOutcomeUnknown) == 10014);
  CHECK(static_cast<u32>(StatusCode::kStale) == 10020);
  CHECK(static_cast<u32>(StatusCode::kInternal) == 10021);
  CHECK(static_cast<u32>(StatusCode::kNotRun) == 10099);
}

TEST_CASE("Status: every system code has a name of its own") {
  std::set<std::string> names;
  for (u32 code = 10000; code <= 10021; ++code) {
    names.insert(StatusCodeName(code));
  }
  names.insert(StatusCodeName(10099));
  names.insert(StatusCodeName(0));
  CHECK(names.size() == 24);
  CHECK(names.count("Unknown") == 0);
  CHECK(StatusCodeName(10022) == std::string("Unknown"));
}

TEST_CASE("Status: each factory gives the code of its name") {
  const std::pair<Status, const char*> cases[] = {
      {Status::BadRequest("m"), "BadRequest"},
      {Status::NotFound("m"), "NotFound"},
      {Status::Unimplemented("m"), "Unimplemented"},
      {Status::AlreadyExists("m"), "AlreadyExists"},
      {Status::Overloaded("m"), "Overloaded"},
      {Status::NoMemory("m"), "NoMemory"},
      {Status::NoSpace("m"), "NoSpace"},
      {Status::Io("m"), "Io"},
      {Status::Checksum("m"), "Checksum"},
      {Status::DeadlineExceeded("m"), "DeadlineExceeded"},
      {Status::Cancelled("m"), "Cancelled"},
      {Status::ModuleException("m"), "ModuleException"},
      {Status::RuntimeDied("m"), "RuntimeDied"},
      {Status::NodeDied("m"), "NodeDied"},
      {Status::OutcomeUnknown("m"), "OutcomeUnknown"},
      {Status::VersionMismatch("m"), "VersionMismatch"},
      {Status::PermissionDenied("m"), "PermissionDenied"},
      {Status::ProtocolViolation("m"), "ProtocolViolation"},
      {Status::Forked("m"), "Forked"},
      {Status::NoRuntime("m"), "NoRuntime"},
      {Status::Stale("m"), "Stale"},
      {Status::Internal("m"), "Internal"},
  };
  for (const auto& [status, name] : cases) {
    CHECK(status.ToString() == std::string(name) + ": m");
  }
}

TEST_CASE("Status: FromCode keeps a module's number and prints it") {
  const Status status = Status::FromCode(42, "tile is empty");
  CHECK(status.code_value() == 42);
  CHECK(status.ToString() == "Module(42): tile is empty");
}

TEST_CASE("Status: FromCode keeps a number that nobody defined") {
  const Status status = Status::FromCode(4000000000u, "");
  CHECK(status.code_value() == 4000000000u);
  CHECK(status.ToString() == "Unknown(4000000000)");
}

TEST_CASE("Status: FromCode of 0 is success and drops the message") {
  CHECK(Status::FromCode(0, "ignored").ok());
  CHECK(Status::FromCode(0, "ignored").message().empty());
}

TEST_CASE("Status: FromErrno tells what is used up from what is broken") {
  CHECK(Status::FromErrno(EMFILE, "x").code() == StatusCode::kOverloaded);
  CHECK(Status::FromErrno(ENFILE, "x").code() == StatusCode::kOverloaded);
  CHECK(Status::FromErrno(ENOMEM, "x").code() == StatusCode::kNoMemory);
  CHECK(Status::FromErrno(EIO, "x").code() == StatusCode::kIo);
}

TEST_CASE("Status: FromErrno names the object and the reason") {
  const Status status = Status::FromErrno(ENOENT, "/no/file");
  CHECK(status.ToString() == "Io: /no/file: No such file or directory");
}

TEST_CASE("Status: WithContext puts the outer layer first") {
  const Status status =
      Status::Io("disk").WithContext("block 7").WithContext("pool 1.0");
  CHECK(status.ToString() == "Io: pool 1.0: block 7: disk");
}

TEST_CASE("Status: WithContext leaves success alone") {
  CHECK(Status().WithContext("pool 1.0").ok());
}

TEST_CASE("Status: a copy outlives its original, and a move empties it") {
  Status copy;
  {
    Status original = Status::Io("text");
    copy = original;
    const Status moved = std::move(original);
    CHECK(moved.message() == "text");
  }
  CHECK(copy.message() == "text");
}

TEST_CASE("Status: copies may be made and dropped by several threads") {
  const Status status = Status::Io("shared");
  std::vector<std::thread> threads(4);
  std::atomic<int> correct{0};
  for (std::thread& thread : threads) {
    thread = std::thread([&correct, &status] {
      for (int i = 0; i < 1000; ++i) {
        std::vector<Status> copies(2, status);
        correct += copies.back().message() == "shared" ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(correct == 4000);
}

TEST_CASE("CHI_RETURN_IF_ERROR: returns at the first failure") {
  int reached = 0;
  CHECK(FailAt(1, &reached).code() == StatusCode::kNoSpace);
  CHECK(reached == 1);
}

TEST_CASE("CHI_RETURN_IF_ERROR: goes on after success") {
  int reached = 0;
  CHECK(FailAt(9, &reached).ok());
  CHECK(reached == 3);
}

}  // namespace
}  // namespace chi
