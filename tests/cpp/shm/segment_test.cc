// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the seals of a segment promise, tried by breaking them.

#include "chimaera/shm/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "support/catch.h"

namespace chi {
namespace {

constexpr u64 kBytes = 256 * kKiB;

Segment Make(SegmentSeal seal) {
  Result<Segment> segment = Segment::Create("test", kBytes, seal);
  REQUIRE(segment.ok());
  return std::move(segment).value();
}

UniqueFd Duplicate(const Segment& segment) {
  return UniqueFd(::fcntl(segment.fd(), F_DUPFD_CLOEXEC, 0));
}

TEST_CASE("Segment: a new one is zero, writable and seen by who maps it") {
  Segment segment = Make(SegmentSeal::kShared);
  CHECK(segment.size() == kBytes);
  CHECK(std::all_of(segment.data(), segment.data() + kBytes,
                    [](char c) { return c == 0; }));
  Result<Segment> peer =
      Segment::Map(Duplicate(segment), kBytes, Access::kReadWrite);
  REQUIRE(peer.ok());
  segment.data()[kBytes - 1] = 'x';
  CHECK(peer->data()[kBytes - 1] == 'x');
  peer->data()[0] = 'y';
  CHECK(segment.data()[0] == 'y');
}

TEST_CASE("Segment: a size that is no multiple of a page is kept") {
  Result<Segment> segment = Segment::Create("odd", 4097, SegmentSeal::kShared);
  REQUIRE(segment.ok());
  CHECK(segment->size() == 4097);
  CHECK(Segment::Map(Duplicate(*segment), 4097, Access::kReadOnly).ok());
}

TEST_CASE("Segment: nobody can shrink, grow or unseal it") {
  const SegmentSeal seal =
      GENERATE(SegmentSeal::kShared, SegmentSeal::kReadOnlyForOthers);
  Segment segment = Make(seal);
  CHECK(::ftruncate(segment.fd(), 0) == -1);
  CHECK(errno == EPERM);
  CHECK(::ftruncate(segment.fd(), 2 * kBytes) == -1);
  CHECK(errno == EPERM);
  CHECK(::fcntl(segment.fd(), F_ADD_SEALS, F_SEAL_WRITE) == -1);
  CHECK(errno == EPERM);
}

TEST_CASE("Segment: others can only read one that is sealed for writing") {
  Segment segment = Make(SegmentSeal::kReadOnlyForOthers);
  CHECK(Segment::Map(Duplicate(segment), kBytes, Access::kReadWrite)
            .status()
            .code() == StatusCode::kPermissionDenied);
  char byte = 'x';
  CHECK(::pwrite(segment.fd(), &byte, 1, 0) == -1);

  // Nor by way of a read-only mapping, or of /proc.
  Result<Segment> peer =
      Segment::Map(Duplicate(segment), kBytes, Access::kReadOnly);
  REQUIRE(peer.ok());
  CHECK(::mprotect(peer->data(), kBytes, PROT_READ | PROT_WRITE) == -1);
  const std::string path = "/proc/self/fd/" + std::to_string(segment.fd());
  UniqueFd reopened(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  CHECK_FALSE(
      Segment::Map(std::move(reopened), kBytes, Access::kReadWrite).ok());

  segment.data()[3] = 'z';
  CHECK(peer->data()[3] == 'z');
}

TEST_CASE("Segment: an unsealed descriptor is refused") {
  UniqueFd fd(::memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(fd.get(), kBytes) == 0);
  SECTION("no seal") {}
  SECTION("only shrinking sealed") {
    REQUIRE(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK) == 0);
  }
  CHECK(
      Segment::Map(std::move(fd), kBytes, Access::kReadWrite).status().code() ==
      StatusCode::kProtocolViolation);
}

TEST_CASE("Segment: a regular file and no file at all are refused") {
  char path[] = "/tmp/chimaera-segment-test-XXXXXX";
  UniqueFd file(::mkstemp(path));
  REQUIRE(file.valid());
  ::unlink(path);
  REQUIRE(::ftruncate(file.get(), kBytes) == 0);
  CHECK(Segment::Map(std::move(file), kBytes, Access::kReadWrite)
            .status()
            .code() == StatusCode::kProtocolViolation);
  CHECK(Segment::Map(UniqueFd(), kBytes, Access::kReadOnly).status().code() ==
        StatusCode::kProtocolViolation);
}

TEST_CASE("Segment: another size than announced is refused") {
  Segment segment = Make(SegmentSeal::kShared);
  const u64 announced = GENERATE(u64{0}, kBytes - 1, kBytes + 1, ~u64{0});
  const Status status =
      Segment::Map(Duplicate(segment), announced, Access::kReadOnly).status();
  CHECK(status.code() == StatusCode::kProtocolViolation);
  CHECK(status.message().find("262144") != std::string_view::npos);
}

TEST_CASE("Segment: more than the machine has is kNoMemory, naming the size") {
  const u64 size = GENERATE(u64{1} << 50, u64{1} << 62, ~u64{0});
  const Status status =
      Segment::Create("huge", size, SegmentSeal::kShared).status();
  CHECK(status.code() == StatusCode::kNoMemory);
  CHECK(status.message().find(std::to_string(size)) != std::string_view::npos);
}

TEST_CASE("Segment: no bytes are refused") {
  CHECK(Segment::Create("none", 0, SegmentSeal::kShared).status().code() ==
        StatusCode::kBadRequest);
}

// Sanitizers need their addresses themselves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("Segment: no addresses left is kNoMemory") {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit = {64 * kMiB, 64 * kMiB};
    ::setrlimit(RLIMIT_AS, &limit);
    const Result<Segment> segment =
        Segment::Create("tight", 64 * kMiB, SegmentSeal::kShared);
    ::_exit(segment.status().code() == StatusCode::kNoMemory ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
#endif

TEST_CASE("Segment: a hole reads as zeros; outside there is none") {
  Segment segment = Make(SegmentSeal::kShared);
  std::memset(segment.data(), 'x', kBytes);
  CHECK(segment.PunchHole(4096, 8192));
  CHECK(segment.data()[4095] == 'x');
  CHECK(segment.data()[4096] == 0);
  CHECK(segment.data()[4096 + 8192] == 'x');
  CHECK_FALSE(segment.PunchHole(kBytes, 4096));
  CHECK_FALSE(segment.PunchHole(4096, ~u64{0}));
  CHECK_FALSE(segment.PunchHole(0, 0));
}

TEST_CASE("Segment: a move leaves nothing behind") {
  Segment first = Make(SegmentSeal::kShared);
  char* const data = first.data();
  Segment second = std::move(first);
  CHECK(second.data() == data);
  CHECK(first.data() == nullptr);  // NOLINT(bugprone-use-after-move)
  Segment third = Make(SegmentSeal::kShared);
  third = std::move(second);
  CHECK(third.data() == data);
  data[0] = 'x';
}

}  // namespace
}  // namespace chi
