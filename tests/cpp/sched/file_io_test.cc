// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Real files, from methods and from threads.

#include "chimaera/sched/file_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <vector>

#include "chimaera/base/unique_fd.h"
#include "sched/file_operation.h"
#include "sched/lock_harness.h"
#include "support/catch.h"
#include "support/process.h"

namespace chi::test {
namespace {

constexpr u64 kPage = 4096;

class File {
 public:
  explicit File(int flags = O_RDWR)
      : fd_(open((dir_.path() + "/file").c_str(), flags | O_CREAT, 0600)) {
    CHI_CHECK(fd_.get() >= 0);
  }
  FileTransfer Write(u64 offset, std::string& bytes) const {
    return Transfer(FileOp::kWrite, offset, bytes);
  }
  FileTransfer Read(u64 offset, std::string& bytes) const {
    return Transfer(FileOp::kRead, offset, bytes);
  }
  FileTransfer Sync() const {
    std::string nothing;
    return Transfer(FileOp::kSync, 0, nothing);
  }

 private:
  FileTransfer Transfer(FileOp op, u64 offset, std::string& bytes) const {
    FileTransfer transfer;
    transfer.op = op;
    transfer.fd = fd_.get();
    transfer.offset = offset;
    transfer.data = bytes.data();
    transfer.length = bytes.size();
    return transfer;
  }

  TempDir dir_;
  UniqueFd fd_;
};

// Writes `count` pages in one call, syncs, and reads them back in another.
void WriteAndRead(const File& file, u64 count) {
  std::vector<std::string> written;
  std::vector<std::string> read(count, std::string(kPage, '?'));
  for (u64 i = 0; i < count; ++i) {
    written.emplace_back(kPage, static_cast<char>('a' + i % 26));
  }
  std::vector<FileTransfer> writes, reads;
  for (u64 i = 0; i < count; ++i) {
    writes.push_back(file.Write(i * kPage, written[i]));
    reads.push_back(file.Read(i * kPage, read[i]));
    reads.back().cached = i % 2 == 0;
    writes.back().cached = i % 3 == 0;
  }
  CHECK(TransferFiles(writes.data(), count).ok());
  FileTransfer sync = file.Sync();
  CHECK(TransferFiles(&sync, 1).ok());
  CHECK(TransferFiles(reads.data(), count).ok());
  CHECK(read == written);
}

TEST_CASE("FileIo: a thread blocks") { WriteAndRead(File(), 100); }

TEST_CASE("FileIo: a method parks") {
  const File file;
  Fleet fleet(1, [&](u64) { WriteAndRead(file, 1000); });
  fleet.Push(100);
  REQUIRE(fleet.Ended(1));
  CHECK(fleet.thrown().empty());
}

TEST_CASE("FileIo: many methods at once, on two workers") {
  constexpr u64 kTasks = 200;
  std::vector<File> files(4);
  std::atomic<u64> wrong{0};
  Fleet fleet(2, [&](u64 value) {
    const File& file = files[value % files.size()];
    std::string bytes(3 * kPage, static_cast<char>(value));
    std::string again(bytes.size(), '?');
    FileTransfer write = file.Write(value * bytes.size(), bytes);
    FileTransfer read = file.Read(value * bytes.size(), again);
    if (!TransferFiles(&write, 1).ok() || !TransferFiles(&read, 1).ok() ||
        bytes != again) {
      ++wrong;
    }
  });
  for (u64 i = 1; i <= kTasks; ++i) fleet.Push(i, i % 2);
  REQUIRE(fleet.Ended(kTasks));
  CHECK(wrong == 0);
}

TEST_CASE("FileIo: transfers are told in order, and not those that failed") {
  constexpr u64 kCount = 20;
  const File file;
  std::string bytes(kCount * kPage, 'o');
  std::vector<u64> told;
  Fleet fleet(1, [&](u64) {
    FileTransfer write = file.Write(0, bytes);
    CHI_CHECK_OK(TransferFiles(&write, 1));
    std::vector<FileTransfer> reads;
    std::vector<std::string> pages(kCount, std::string(kPage, '?'));
    for (u64 i = 0; i < kCount; ++i) {
      reads.push_back(file.Read(i * kPage, pages[i]));
    }
    reads[5].fd = -1;
    const Status status =
        TransferFiles(reads.data(), kCount, [&](const FileTransfer& read) {
          CHI_CHECK(read.done == kPage && *read.data == 'o');
          told.push_back(read.offset / kPage);
        });
    CHI_CHECK(status.code() == StatusCode::kIo);
  });
  fleet.Push(100);
  REQUIRE(fleet.Ended(1));
  std::vector<u64> wanted;
  for (u64 i = 0; i < kCount; ++i) {
    if (i != 5) wanted.push_back(i);
  }
  CHECK(told == wanted);
}

TEST_CASE("FileIo: long writes into the page cache let others run") {
  const File file;
  std::string bytes(5 * kMiB, '?');
  for (u64 i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i >> 9);
  std::vector<u64> order;
  std::atomic<bool> pushed{false};
  Fleet fleet(1, [&](u64 value) {
    order.push_back(value);
    if (value == 1) {
      CHI_CHECK(WaitUntil([&] { return pushed.load(); }));
      FileTransfer write = file.Write(100, bytes);
      write.cached = true;
      CHI_CHECK_OK(TransferFiles(&write, 1));
    }
    order.push_back(value);
  });
  fleet.Push(1);
  fleet.Push(2);
  pushed = true;
  REQUIRE(fleet.Ended(2));
  CHECK(order == std::vector<u64>{1, 2, 2, 1});
  std::string again(bytes.size(), '!');
  FileTransfer read = file.Read(100, again);
  REQUIRE(TransferFiles(&read, 1).ok());
  CHECK(again == bytes);
}

TEST_CASE("FileIo: the end of the file is an error that names the place") {
  const File file;
  std::string bytes(kPage, 'x');
  FileTransfer write = file.Write(0, bytes);
  REQUIRE(TransferFiles(&write, 1).ok());
  Status status;
  u64 done = 0;
  Fleet fleet(1, [&](u64) {
    std::string more(2 * kPage, '?');
    FileTransfer read = file.Read(100, more);
    status = TransferFiles(&read, 1);
    done = read.done;
  });
  fleet.Push(100);
  REQUIRE(fleet.Ended(1));
  CHECK(status.code() == StatusCode::kIo);
  CHECK(status.message() ==
        "reading at 100: 3996 of 8192 bytes, then nothing more");
  CHECK(done == kPage - 100);
}

TEST_CASE("FileIo: one bad transfer does not keep others from being done") {
  const File file;
  std::string good(kPage, 'g'), again(kPage, '?');
  std::vector<FileTransfer> transfers;
  Status status;
  Fleet fleet(1, [&](u64) {
    transfers = {file.Write(0, good), file.Write(kPage, good)};
    transfers[0].fd = -1;
    status = TransferFiles(transfers.data(), 2);
  });
  fleet.Push(100);
  REQUIRE(fleet.Ended(1));
  CHECK(status.code() == StatusCode::kIo);
  CHECK_FALSE(transfers[0].status.ok());
  CHECK(transfers[1].status.ok());
  FileTransfer read = file.Read(kPage, again);
  REQUIRE(TransferFiles(&read, 1).ok());
  CHECK(again == good);
}

TEST_CASE("FileIo: a cancelled method waits for the kernel") {
  constexpr u64 kTasks = 50;
  const File file;
  std::vector<std::string> bytes;
  for (u64 i = 0; i < kTasks; ++i) bytes.emplace_back(64 * kPage, 'c');
  std::atomic<u64> complete{0};
  Fleet fleet(1, [&](u64 value) {
    FileTransfer write = file.Write(value * bytes[0].size(), bytes[value]);
    if (TransferFiles(&write, 1).ok() && write.done == write.length) {
      ++complete;
    }
  });
  for (u64 i = 0; i < kTasks; ++i) fleet.Push(i);
  REQUIRE(fleet.Begun(kTasks));
  fleet.DropClient();
  REQUIRE(fleet.Ended(kTasks));
  CHECK(fleet.thrown().empty());
  CHECK(complete == kTasks);
}

TEST_CASE("FileOperation: short and interrupted transfers go on") {
  std::string bytes(100, '?');
  FileTransfer transfer;
  transfer.offset = 1000;
  transfer.data = bytes.data();
  transfer.length = bytes.size();
  FileOperation operation;
  operation.transfer = &transfer;
  CHECK_FALSE(operation.Take(-EINTR));
  CHECK_FALSE(operation.Take(30));
  CHECK(operation.offset() == 1030);
  CHECK(operation.data() == bytes.data() + 30);
  CHECK(operation.length() == 70);
  CHECK_FALSE(operation.Take(-EAGAIN));
  CHECK(operation.Take(70));
  CHECK(transfer.status.ok());
}

TEST_CASE("FileOperation: a full file system is no I/O error") {
  FileTransfer transfer;
  transfer.op = FileOp::kWrite;
  transfer.length = 10;
  FileOperation operation;
  operation.transfer = &transfer;
  CHECK(operation.Take(-ENOSPC));
  CHECK(transfer.status.code() == StatusCode::kNoSpace);
  CHECK(transfer.status.message() ==
        "writing 10 bytes at 0: the file system is full");
}

TEST_CASE("FileOperation: nothing is asked for more than the kernel takes") {
  FileTransfer transfer;
  transfer.length = u64{3} << 30;
  FileOperation operation;
  operation.transfer = &transfer;
  CHECK(operation.length() == u32{1} << 30);
}

}  // namespace
}  // namespace chi::test
