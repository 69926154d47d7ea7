// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module bdev on files, in a runtime.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/base/fault_point.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/bdev/bdev_client.h"
#include "chimaera/bdev/page_checksums.h"
#include "chimaera/runtime/dump.h"
#include "embedded.h"
#include "support/process.h"
#include "support/wait_until.h"

using chi::PoolId;
using chi::PoolQuery;
using chi::StatusCode;
using chi::u32;
using chi::u64;
using chi::u8;
using chi::test::Embedded;
using chi::test::TempDir;
using chimaera::bdev::BdevType;
using chimaera::bdev::Block;
using chimaera::bdev::BlockRange;
using chimaera::bdev::Client;
using chimaera::bdev::MatchChecksums;

namespace {

constexpr u64 kSize = 16 * chi::kMiB;

chimaera::Outcome Open(Client& device, const std::string& path,
                       u64 size = kSize, chi::u32 major = 200) {
  return device.Create(HSHM_MCTX, PoolQuery::Local(), path, PoolId(major, 0),
                       BdevType::kFile, size, 8);
}

std::vector<u8> Pattern(u64 size, u64 seed) {
  std::vector<u8> bytes(size);
  for (u64 i = 0; i < size; ++i) bytes[i] = static_cast<u8>(seed + i * 31);
  return bytes;
}

// It comes back after FaultPoints::Reset.
void StallNextTransfer() {
  chi::FaultPoints::Arm("sched.file_io.not_at_once", chi::FaultPoints::kAlways);
  chi::FaultPoints::Arm("sched.file_io.stalled", chi::FaultPoints::kAlways);
  chi::FaultPoints::Arm("sched.file_io.stall");
}

bool OneStalls() {
  return chi::test::WaitUntil(
      [] { return chi::FaultPoints::NumFired("sched.file_io.stall") == 1; });
}

}  // namespace

TEST_CASE("bdev on a file: blocks come and go as in memory") {
  const TempDir dir;
  Embedded runtime;
  Client device;
  const chimaera::Outcome created = Open(device, dir / "device");
  INFO(created);
  REQUIRE(created.ok());
  for (const u64 size : {u64{1}, u64{4096}, 5 * chi::kMiB + 3}) {
    const auto block = device.Allocate(HSHM_MCTX, size);
    REQUIRE(block.ok());
    const auto data = Pattern(size, size);
    REQUIRE(device.Write(HSHM_MCTX, *block, data));
    REQUIRE(device.Sync(HSHM_MCTX));
    REQUIRE(*device.Read(HSHM_MCTX, *block) == data);
    CHECK(device.Locate(HSHM_MCTX, *block).status().code() ==
          StatusCode::kUnimplemented);
    REQUIRE(device.Free(HSHM_MCTX, *block));
    CHECK(device.Read(HSHM_MCTX, *block).status().code() == StatusCode::kStale);
  }
  u64 remaining = 0;
  const auto metrics = device.GetStats(HSHM_MCTX, remaining);
  CHECK(remaining == kSize);
  CHECK(metrics.bytes_written_ == metrics.bytes_read_);
}

TEST_CASE("bdev on a file: many more requests than io_depth at once") {
  constexpr u64 kBlocks = 200;
  constexpr u64 kBytes = 12345;
  const TempDir dir;
  Embedded runtime;
  Client device;
  REQUIRE(Open(device, dir / "device").ok());
  std::vector<Block> blocks;
  std::vector<hipc::FullPtr<char>> buffers;
  std::vector<chi::Future<chimaera::bdev::WriteTask>> writes;
  for (u64 i = 0; i < kBlocks; ++i) {
    blocks.push_back(*device.Allocate(HSHM_MCTX, kBytes));
    buffers.push_back(CHI_IPC->AllocateBuffer(kBytes));
    const auto data = Pattern(kBytes, i);
    std::copy(data.begin(), data.end(), buffers.back().ptr_);
    writes.push_back(device.AsyncWrite(HSHM_MCTX, blocks.back(),
                                       buffers.back().shm_, kBytes));
  }
  for (auto& write : writes) REQUIRE(write.Get().ok());
  std::vector<chi::Future<chimaera::bdev::ReadTask>> reads;
  for (u64 i = 0; i < kBlocks; ++i) {
    std::fill_n(buffers[i].ptr_, kBytes, '?');
    reads.push_back(
        device.AsyncRead(HSHM_MCTX, blocks[i], buffers[i].shm_, kBytes));
  }
  for (u64 i = 0; i < kBlocks; ++i) {
    REQUIRE(reads[i].Get().ok());
    const auto data = Pattern(kBytes, i);
    CHECK(std::equal(data.begin(), data.end(),
                     reinterpret_cast<const u8*>(buffers[i].ptr_)));
    CHI_IPC->FreeBuffer(buffers[i]);
  }
}

TEST_CASE("bdev on a file: who waits for a dead process holds no worker") {
  const TempDir dir;
  Embedded runtime;
  Client device;
  REQUIRE(Open(device, dir / "device").ok());
  REQUIRE(
      CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), PoolId(200, 0)));
  chi::UniqueFd file(open((dir / "device").c_str(), O_RDWR | O_CLOEXEC));
  // The lock is that of a process which has ended, and stays with the file.
  const pid_t child = fork();
  if (child == 0) _exit(flock(file.get(), LOCK_EX | LOCK_NB));
  int how = -1;
  REQUIRE(waitpid(child, &how, 0) == child);
  REQUIRE(how == 0);
  auto opened =
      device.AsyncCreate(HSHM_MCTX, PoolQuery::Local(), dir / "device",
                         PoolId(200, 0), BdevType::kFile, kSize);
  REQUIRE(chi::test::WaitUntil([] {
    u64 parked = 0;
    for (const chi::Worker* worker : CHI_WORK_ORCHESTRATOR->AllWorkers()) {
      parked += worker->stats().parked.load();
    }
    return parked == 1;
  }));
  file.Reset();
  REQUIRE(opened.Get().ok());
}

// Its own deadline tells who waits, who could wait for longer. Again with more
// time, should it be over before the transfer has begun.
template <class TaskT, class... Args>
chi::Future<TaskT> LateAsItStalls(const Args&... args) {
  for (u32 timeout_ms = 20;; timeout_ms *= 2) {
    REQUIRE(timeout_ms < 60'000);
    const auto task = CHI_IPC->NewTask<TaskT>(
        chi::CreateTaskId(), PoolId(200, 0), PoolQuery::Local(), args...);
    task->SetTimeout(timeout_ms);
    chi::Future<TaskT> late = CHI_IPC->Submit(task);
    CHECK(late.Get(chi::kNsPerSec * 60).code() ==
          StatusCode::kDeadlineExceeded);
    const auto stalls = [] {
      return chi::FaultPoints::NumFired("sched.file_io.stall") == 1;
    };
    REQUIRE(chi::test::WaitUntil([&] { return stalls() || late.IsDone(); }));
    if (stalls()) return late;
  }
}

TEST_CASE("bdev on a file: who syncs a new one holds no worker") {
  const TempDir dir;
  const std::string path = dir / "device";
  Embedded runtime;
  Client other;
  REQUIRE(Open(other, dir / "other", kSize, 201).ok());
  StallNextTransfer();
  Client device;
  auto made = device.AsyncCreate(HSHM_MCTX, PoolQuery::Local(), path,
                                 PoolId(200, 0), BdevType::kFile, kSize);
  REQUIRE(OneStalls());
  CHECK(access(path.c_str(), F_OK) != 0);
  CHECK(access((path + ".new").c_str(), F_OK) == 0);
  REQUIRE(other.Allocate(HSHM_MCTX, 4096).ok());
  CHECK(!made.IsDone());
  chi::FaultPoints::Reset();
  REQUIRE(made.Get().ok());
  CHECK(access(path.c_str(), F_OK) == 0);
}

TEST_CASE("bdev on a file: a late write meets nobody else's block") {
  const TempDir dir;
  Embedded runtime;
  Client device;
  REQUIRE(Open(device, dir / "device", chi::kMiB).ok());
  const auto block = *device.Allocate(HSHM_MCTX, 4096);
  const auto rest = *device.Allocate(HSHM_MCTX, chi::kMiB - 4096);
  const auto buffer = CHI_IPC->AllocateBuffer(4096);
  std::fill_n(buffer.ptr_, 4096, 'x');
  StallNextTransfer();
  auto stuck =
      LateAsItStalls<chimaera::bdev::WriteTask>(block, buffer.shm_, 4096);
  // Its owner believes that it is over. The place stays taken all the same.
  REQUIRE(device.Free(HSHM_MCTX, block));
  CHECK(device.Allocate(HSHM_MCTX, 4096).status().code() ==
        StatusCode::kNoSpace);
  CHECK(!stuck.IsDone());
  chi::FaultPoints::Reset();
  REQUIRE(chi::test::WaitUntil([&] { return stuck.IsDone(); }));
  const auto next = device.Allocate(HSHM_MCTX, 4096);
  REQUIRE(next.ok());
  CHECK(next->offset_ == block.offset_);
  const auto data = Pattern(4096, 3);
  REQUIRE(device.Write(HSHM_MCTX, *next, data));
  CHECK(*device.Read(HSHM_MCTX, *next) == data);
  REQUIRE(device.Free(HSHM_MCTX, rest));
  CHI_IPC->FreeBuffer(buffer);
}

TEST_CASE("bdev on a file: a disk that does not answer is seen") {
  const TempDir dir;
  const std::string path = dir / "device";
  Embedded runtime;
  Client device;
  REQUIRE(Open(device, path).ok());
  const auto block = *device.Allocate(HSHM_MCTX, 4096);
  REQUIRE(device.Write(HSHM_MCTX, block, Pattern(4096, 3)));
  const auto buffer = CHI_IPC->AllocateBuffer(4096);
  StallNextTransfer();
  auto stuck =
      LateAsItStalls<chimaera::bdev::ReadTask>(block, buffer.shm_, 4096);
  CHECK(!stuck.IsDone());
  u64 oldest_ns = 0;
  REQUIRE(chi::test::WaitUntil([&] {
    auto asked = device.AsyncGetStats(HSHM_MCTX);
    REQUIRE(asked.Get().ok());
    CHECK(asked->queue_depth_ == 1);
    oldest_ns = asked->oldest_ns_;
    return oldest_ns >= 100 * chi::kNsPerMs;
  }));
  REQUIRE(chi::test::WaitUntil([&] {
    const chi::RuntimeDump dump =
        chi::TakeDump(*CHI_WORK_ORCHESTRATOR, chi::Chimaera::Get().watchdog(),
                      10, 10 * chi::kNsPerSec);
    const auto task = std::find_if(
        dump.tasks.begin(), dump.tasks.end(),
        [](const chi::LiveTask& each) { return each.method == "Read"; });
    REQUIRE(task != dump.tasks.end());
    CHECK(task->pool_name == path);
    CHECK(task->kind == chi::WaitKind::kIo);
    return task->waited_ns >= 90 * chi::kNsPerMs;
  }));
  chi::FaultPoints::Reset();
  REQUIRE(chi::test::WaitUntil([&] {
    auto asked = device.AsyncGetStats(HSHM_MCTX);
    return asked.Get().ok() && asked->oldest_ns_ == 0;
  }));
  CHI_IPC->FreeBuffer(buffer);
}

TEST_CASE("bdev on a file: a pool whose disk does not answer stays") {
  const TempDir dir;
  const std::string path = dir / "device";
  Embedded runtime;
  Client device;
  REQUIRE(Open(device, path).ok());
  const auto block = *device.Allocate(HSHM_MCTX, 4096);
  const auto data = Pattern(4096, 3);
  REQUIRE(device.Write(HSHM_MCTX, block, data));
  const auto buffer = CHI_IPC->AllocateBuffer(4096);
  StallNextTransfer();
  auto stuck = device.AsyncRead(HSHM_MCTX, block, buffer.shm_, 4096);
  const auto destroy = [] {
    return CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(),
                                  PoolId(200, 0));
  };
  REQUIRE(OneStalls());
  const chimaera::Outcome late = destroy();
  INFO(late);
  CHECK(late.code() == StatusCode::kDeadlineExceeded);
  const std::string why(late.message());
  CHECK(why.find("pool 200.0: 1 runs are not over") != std::string::npos);
  CHECK(why.find("Read has waited for io for ") != std::string::npos);
  CHECK(why.find(" again to wait on: " + path.substr(0, 8)) !=
        std::string::npos);
  CHECK(!stuck.IsDone());
  CHECK(device.Allocate(HSHM_MCTX, 4096).status().code() ==
        StatusCode::kNotFound);
  chi::FaultPoints::Reset();
  // It was not taken down under the kernel's feet.
  REQUIRE(stuck.Get().ok());
  CHECK(std::equal(data.begin(), data.end(),
                   reinterpret_cast<const u8*>(buffer.ptr_)));
  CHI_IPC->FreeBuffer(buffer);
  REQUIRE(destroy());
  Client again;
  REQUIRE(Open(again, path, 0, 201).ok());
}

TEST_CASE("bdev on a file: objects that come too late take no room") {
  const TempDir dir;
  Embedded runtime;
  Client device;
  REQUIRE(device
              .Create(HSHM_MCTX, PoolQuery::Local(), dir / "device",
                      PoolId(200, 0), BdevType::kFile, chi::kMiB, 1)
              .ok());
  const auto block = *device.Allocate(HSHM_MCTX, 4096);
  REQUIRE(device.Write(HSHM_MCTX, block, Pattern(4096, 3)));
  const auto buffer = CHI_IPC->AllocateBuffer(4096);
  StallNextTransfer();
  // The only request that there may be at a time.
  auto stuck = device.AsyncRead(HSHM_MCTX, block, buffer.shm_, 4096);
  REQUIRE(OneStalls());
  // All of them together would not have room.
  const std::string attributes(60'000, 'a');
  auto* ipc = CHI_IPC;
  for (int i = 0; i < 40; ++i) {
    const auto put = ipc->NewTask<chimaera::bdev::PutObjectTask>(
        chi::CreateTaskId(), PoolId(200, 0), PoolQuery::Local(), "late",
        std::vector<Block>{block}, attributes, false);
    put->SetTimeout(20);
    CHECK(ipc->Submit(put).Get(chi::kNsPerSec * 60).code() ==
          StatusCode::kDeadlineExceeded);
  }
  chi::FaultPoints::Reset();
  REQUIRE(stuck.Get().ok());
  REQUIRE(device.PutObject(HSHM_MCTX, "late", {block}, attributes));
  CHI_IPC->FreeBuffer(buffer);
}

TEST_CASE("bdev on a file: of many blocks the bad one is named") {
  const TempDir dir;
  Embedded runtime;
  Client device;
  REQUIRE(Open(device, dir / "device").ok());
  std::vector<BlockRange> ranges;
  for (int i = 0; i < 20; ++i) {
    ranges.push_back(BlockRange::Whole(*device.Allocate(HSHM_MCTX, 5000)));
  }
  const auto buffer = CHI_IPC->AllocateBuffer(100'000);
  std::fill_n(buffer.ptr_, 100'000, 'x');
  REQUIRE(device.WriteBlocks(HSHM_MCTX, ranges, buffer.shm_, 100'000));
  {
    // The data are the last part of the file.
    const chi::UniqueFd file(
        open((dir / "device").c_str(), O_RDWR | O_CLOEXEC));
    const off_t data = lseek(file.get(), 0, SEEK_END) - off_t{kSize};
    const off_t at = data + static_cast<off_t>(ranges[7].block_.offset_) + 4096;
    REQUIRE(pwrite(file.get(), "?", 1, at) == 1);
  }
  const auto read = device.ReadBlocks(HSHM_MCTX, ranges, buffer.shm_, 100'000);
  INFO(read);
  CHECK(read.code() == StatusCode::kChecksum);
  CHECK(read.message().find("range 7 of 20, block 7.") != std::string::npos);
  ranges.erase(ranges.begin() + 7);
  CHECK(device.ReadBlocks(HSHM_MCTX, ranges, buffer.shm_, 95'000));
  CHI_IPC->FreeBuffer(buffer);
}

TEST_CASE("bdev on a file: a reader may compare with the checksums itself") {
  constexpr u64 kPages = 6;
  constexpr u64 kBytes = kPages * 4096;
  const TempDir dir;
  Embedded runtime;
  Client device;
  REQUIRE(Open(device, dir / "device").ok());
  std::vector<BlockRange> ranges;
  for (u64 i = 0; i < 3; ++i) {
    ranges.push_back(
        BlockRange::Whole(*device.Allocate(HSHM_MCTX, kBytes / 3)));
  }
  std::reverse(ranges.begin(), ranges.end());
  const auto data = CHI_IPC->AllocateBuffer(kBytes);
  const auto sums = CHI_IPC->AllocateBuffer(kPages * sizeof(u32));
  const auto* const checksums = reinterpret_cast<const u32*>(sums.ptr_);
  const std::vector<u8> bytes = Pattern(kBytes, 3);
  std::copy(bytes.begin(), bytes.end(), data.ptr_);
  REQUIRE(device.WriteBlocks(HSHM_MCTX, ranges, data.shm_, kBytes));
  const auto read = [&](const std::vector<BlockRange>& from, u64 size) {
    std::fill_n(data.ptr_, kBytes, '?');
    std::fill_n(sums.ptr_, kPages * sizeof(u32), '?');
    return device.AsyncReadBlocks(HSHM_MCTX, from, data.shm_, size, sums.shm_)
        .Get();
  };
  SECTION("they belong to the pages, in the order of the ranges") {
    REQUIRE(read(ranges, kBytes).ok());
    CHECK(std::equal(bytes.begin(), bytes.end(),
                     reinterpret_cast<const u8*>(data.ptr_)));
    CHECK(std::find(checksums, checksums + kPages, 0) == checksums + kPages);
    CHECK(MatchChecksums(data.ptr_, checksums, kPages));
    for (u64 page = 0; page < kPages; ++page) {
      data.ptr_[page * 4096 + 7] ^= 1;
      CHECK_FALSE(MatchChecksums(data.ptr_, checksums, kPages));
      data.ptr_[page * 4096 + 7] ^= 1;
    }
  }
  SECTION("a page that is not what was written does not match") {
    const chi::UniqueFd file(
        open((dir / "device").c_str(), O_RDWR | O_CLOEXEC));
    const off_t at = lseek(file.get(), 0, SEEK_END) - off_t{kSize} +
                     static_cast<off_t>(ranges[1].block_.offset_) + 5000;
    REQUIRE(pwrite(file.get(), "?", 1, at) == 1);
    REQUIRE(read(ranges, kBytes).ok());
    CHECK_FALSE(MatchChecksums(data.ptr_, checksums, kPages));
    CHECK(MatchChecksums(data.ptr_, checksums, 3));
  }
  SECTION("parts of pages are compared by the device") {
    ranges[1].size_ = 100;
    ranges.pop_back();
    REQUIRE(read(ranges, kBytes / 3 + 100).ok());
    CHECK(checksums[0] == 0);
    CHECK(checksums[1] == 0);
  }
  SECTION("they go to the caller's own memory only") {
    const auto refused =
        device
            .AsyncReadBlocks(HSHM_MCTX, ranges, data.shm_, kBytes,
                             chi::ShmPtr::At(chi::kFirstRuntimeSegment, 64))
            .Get();
    CHECK(refused.code() == StatusCode::kBadRequest);
  }
  CHI_IPC->FreeBuffer(data);
  CHI_IPC->FreeBuffer(sums);
}

TEST_CASE("bdev on a file: a sync may be begun before it is asked for") {
  const TempDir dir;
  Embedded runtime;
  Client device;
  REQUIRE(Open(device, dir / "device").ok());
  const auto block = *device.Allocate(HSHM_MCTX, 4096);
  const std::vector<u8> bytes = Pattern(4096, 5);
  REQUIRE(device.Write(HSHM_MCTX, block, bytes.data(), bytes.size()));
  CHECK(device.AsyncBeginSync(HSHM_MCTX).Get().ok());
  CHECK(device.Sync(HSHM_MCTX));
  CHECK(*device.Read(HSHM_MCTX, block) == bytes);
}

TEST_CASE("bdev on a file: two pools never share one, the next one may") {
  const TempDir dir;
  const std::string path = dir / "device";
  Embedded runtime;
  Client device;
  REQUIRE(Open(device, path).ok());
  const auto old = *device.Allocate(HSHM_MCTX, 4096);
  const std::string detour = dir / "./device";
  Client second;
  CHECK(Open(second, detour, kSize, 201).code() == StatusCode::kAlreadyExists);
  REQUIRE(
      CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), PoolId(200, 0)));
  // Its size is in the file.
  const chimaera::Outcome opened = Open(second, detour, 0, 202);
  INFO(opened);
  REQUIRE(opened.ok());
  u64 remaining = 0;
  second.GetStats(HSHM_MCTX, remaining);
  CHECK(remaining == kSize);
  // A block of the pool that is gone is none of this one's.
  const auto fresh = *second.Allocate(HSHM_MCTX, 4096);
  CHECK(fresh.block_id_ != old.block_id_);
  CHECK(second.Read(HSHM_MCTX, old).status().code() == StatusCode::kStale);
}
