// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Files on a real file system: creation, locks, and system calls that do not do
// all they are asked.

#include "format/block_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "chimods/block_io_fakes.h"
#include "format/metadata_store.h"
#include "support/catch.h"

using chi::SeededRandom;
using chi::StatusCode;
using chi::u64;
using chimaera::bdev::BlockFile;
using chimaera::bdev::FileCalls;
using chimaera::bdev::FileUse;
using chimaera::bdev::Geometry;
using chimaera::bdev::kDataAlignment;
using chimaera::bdev::PosixIo;

namespace {

constexpr u64 kDataSize = 1 << 20;

// A directory for one test.
struct Folder {
  Folder() {
    char name[] = "/tmp/chimaera-block-file-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string File() const { return path + "/device"; }
  u64 Count() const {
    return static_cast<u64>(
        std::distance(std::filesystem::directory_iterator(path), {}));
  }
  std::string path;
};

chi::Result<BlockFile> Create(const std::string& path,
                              const FileCalls& calls = FileCalls::System()) {
  SeededRandom random(1);
  return BlockFile::Create(path, kDataSize, random, calls);
}

// What the replaced calls have been told and have seen; one test at a time.
struct Script {
  u64 calls = 0;
  u64 file_syncs = 0;
  u64 directory_syncs = 0;
  int fail_fsync_of = 0;  // S_IFDIR or S_IFREG
};
Script g_script;

int CountingFsync(int fd) {
  struct stat about = {};
  REQUIRE(fstat(fd, &about) == 0);
  const bool directory = S_ISDIR(about.st_mode);
  ++(directory ? g_script.directory_syncs : g_script.file_syncs);
  if ((about.st_mode & S_IFMT) == static_cast<mode_t>(g_script.fail_fsync_of)) {
    errno = EIO;
    return -1;
  }
  return fsync(fd);
}

// Transfers a byte or a few, and now and then is interrupted.
template <class Call, class Buffer>
ssize_t Reluctant(Call call, int fd, Buffer* at, size_t length, off_t offset) {
  const u64 n = g_script.calls++;
  if (n % 3 == 1) {
    errno = n % 2 == 0 ? EINTR : EAGAIN;
    return -1;
  }
  return call(fd, at, std::min<size_t>(length, 1 + n % 700), offset);
}

ssize_t ShortRead(int fd, void* to, size_t length, off_t offset) {
  return Reluctant(pread, fd, to, length, offset);
}
ssize_t ShortWrite(int fd, const void* from, size_t length, off_t offset) {
  return Reluctant(pwrite, fd, from, length, offset);
}
ssize_t NoRoom(int, const void*, size_t, off_t) {
  errno = ENOSPC;
  return -1;
}
ssize_t Nothing(int, void*, size_t, off_t) { return 0; }
ssize_t ForEverInterrupted(int, const void*, size_t, off_t) {
  errno = EINTR;
  return -1;
}
int BadDisk(int) {
  errno = EIO;
  return -1;
}

}  // namespace

TEST_CASE("Geometry: data begin where large pages do, whatever their size") {
  for (u64 size = 1; size < u64{1} << 40; size = 3 * size + 1) {
    const Geometry geometry = Geometry::For(size);
    CHECK(geometry.Check().ok());
    CHECK(geometry.DataAt() % kDataAlignment == 0);
    CHECK(geometry.journal_size >= geometry.checkpoint_size / 4);
  }
}

TEST_CASE("BlockFile: a new file is whole, private and fully allocated") {
  const Folder folder;
  {
    const auto file = Create(folder.File());
    INFO(file.status());
    REQUIRE(file.ok());
  }
  struct stat about = {};
  REQUIRE(stat(folder.File().c_str(), &about) == 0);
  const u64 size = Geometry::For(kDataSize).FileSize();
  CHECK(static_cast<u64>(about.st_size) == size);
  CHECK(static_cast<u64>(about.st_blocks) * 512 >= size);
  CHECK((about.st_mode & 0777) == 0600);
  CHECK(folder.Count() == 1);
  auto file = BlockFile::Open(folder.File(), FileUse::kReadWrite);
  REQUIRE(file.ok());
  chi::test::ThreadEvents threads;
  std::vector<std::string> damage;
  const auto store =
      chimaera::bdev::MetadataStore::Open(file->io(), threads, &damage);
  CHECK(store.ok());
  CHECK(damage.empty());
}

TEST_CASE("BlockFile: a name is on disk when Create returns") {
  const Folder folder;
  FileCalls calls = FileCalls::System();
  calls.fsync = CountingFsync;
  g_script = {};
  REQUIRE(Create(folder.File(), calls).ok());
  CHECK(g_script.file_syncs == 1);
  CHECK(g_script.directory_syncs == 1);
  g_script.fail_fsync_of = S_IFDIR;
  CHECK(Create(folder.path + "/other", calls).status().code() ==
        StatusCode::kIo);
}

TEST_CASE("BlockFile: what fails leaves nothing behind") {
  const Folder folder;
  FileCalls calls = FileCalls::System();
  SECTION("fsync") {
    calls.fsync = CountingFsync;
    g_script = {};
    g_script.fail_fsync_of = S_IFREG;
  }
  SECTION("fdatasync") { calls.fdatasync = BadDisk; }
  SECTION("pwrite") { calls.pwrite = NoRoom; }
  CHECK_FALSE(Create(folder.File(), calls).ok());
  CHECK(folder.Count() == 0);
}

TEST_CASE("BlockFile: more than the disk has is NoSpace") {
  const Folder folder;
  SeededRandom random(1);
  const auto file = BlockFile::Create(folder.File(), u64{1} << 54, random);
  INFO(file.status());
  CHECK(file.status().code() == StatusCode::kNoSpace);
  CHECK(folder.Count() == 0);
  CHECK(BlockFile::Create(folder.File(), 0, random).status().code() ==
        StatusCode::kBadRequest);
}

TEST_CASE("BlockFile: an existing file is never replaced") {
  const Folder folder;
  std::ofstream(folder.File()) << "precious";
  CHECK(Create(folder.File()).status().code() == StatusCode::kAlreadyExists);
  CHECK(std::filesystem::file_size(folder.File()) == 8);
}

TEST_CASE("BlockFile: what a crash left unfinished is taken over") {
  const Folder folder;
  std::ofstream(folder.File() + ".new") << "half a superblock";
  CHECK(Create(folder.File()).ok());
  CHECK(folder.Count() == 1);
}

TEST_CASE("BlockFile: a second user is refused, and told who has it") {
  const Folder folder;
  REQUIRE(Create(folder.File()).ok());
  const auto file = BlockFile::Open(folder.File(), FileUse::kReadWrite);
  REQUIRE(file.ok());
  for (const FileUse use : {FileUse::kReadWrite, FileUse::kReadOnly}) {
    const auto second = BlockFile::Open(folder.File(), use);
    CHECK(second.status().code() == StatusCode::kAlreadyExists);
    const std::string message(second.status().message());
    CHECK(message.find(std::to_string(getpid())) != std::string::npos);
  }
}

TEST_CASE("BlockFile: readers share, and keep a writer out") {
  const Folder folder;
  REQUIRE(Create(folder.File()).ok());
  {
    const auto one = BlockFile::Open(folder.File(), FileUse::kReadOnly);
    const auto two = BlockFile::Open(folder.File(), FileUse::kReadOnly);
    CHECK(one.ok());
    CHECK(two.ok());
    CHECK_FALSE(BlockFile::Open(folder.File(), FileUse::kReadWrite).ok());
  }
  CHECK(BlockFile::Open(folder.File(), FileUse::kReadWrite).ok());
}

TEST_CASE("BlockFile: what is no ordinary file is refused") {
  const Folder folder;
  CHECK(BlockFile::Open(folder.File(), FileUse::kReadOnly).status().code() ==
        StatusCode::kNotFound);
  CHECK(BlockFile::Open(folder.path, FileUse::kReadOnly).status().code() ==
        StatusCode::kBadRequest);
  REQUIRE(mkfifo(folder.File().c_str(), 0600) == 0);
  CHECK(BlockFile::Open(folder.File(), FileUse::kReadWrite).status().code() ==
        StatusCode::kBadRequest);
}

TEST_CASE("PosixIo: short transfers and interruptions are carried through") {
  const Folder folder;
  FileCalls calls = FileCalls::System();
  calls.pread = ShortRead;
  calls.pwrite = ShortWrite;
  g_script = {};
  auto file = Create(folder.File(), calls);
  INFO(file.status());
  REQUIRE(file.ok());
  std::string bytes(20000, '\0');
  for (u64 i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
  const u64 at = Geometry::For(kDataSize).DataAt() + 123;
  REQUIRE(file->io().Write(at, bytes.data(), bytes.size()).ok());
  std::string back(bytes.size(), '\0');
  REQUIRE(file->io().Read(at, back.data(), back.size()).ok());
  CHECK(back == bytes);
}

TEST_CASE("PosixIo: what goes wrong has the right code") {
  const Folder folder;
  const auto file = Create(folder.File());
  REQUIRE(file.ok());
  FileCalls calls = FileCalls::System();
  calls.pread = Nothing;
  calls.pwrite = NoRoom;
  calls.fdatasync = BadDisk;
  const auto io = PosixIo::Make(file->fd(), "device", calls);
  REQUIRE(io.ok());
  char byte = 0;
  CHECK((*io)->Read(0, &byte, 1).code() == StatusCode::kIo);
  CHECK((*io)->Write(0, &byte, 1).code() == StatusCode::kNoSpace);
  CHECK((*io)->Sync().code() == StatusCode::kIo);
  calls.pwrite = ForEverInterrupted;
  const auto again = PosixIo::Make(file->fd(), "device", calls);
  CHECK((*again)->Write(0, &byte, 1).code() == StatusCode::kIo);
}
