// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a device in a file does beyond what every store does: it notices bytes
// that are not those written, outlives its users, and fails as a file fails.

#include "file_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "chimods/block_io_fakes.h"
#include "format/layout.h"
#include "format/recovery.h"
#include "support/catch.h"
#include "support/process.h"

namespace chi::test {
namespace {

using chimaera::bdev::BlockIo;
using chimaera::bdev::FileStore;
using chimaera::bdev::FileStoreOptions;
using chimaera::bdev::FormatDevice;
using chimaera::bdev::Geometry;
using chimaera::bdev::kPageSize;
using chimaera::bdev::Piece;

constexpr u64 kSize = 64 * kPageSize;

FileStoreOptions Sized(u64 size = kSize) {
  FileStoreOptions options;
  options.size = size;
  return options;
}

std::string Bytes(u64 size, char first) {
  std::string bytes(size, '\0');
  for (u64 i = 0; i < size; ++i) bytes[i] = static_cast<char>(first + i % 97);
  return bytes;
}

// A store over a file in memory, whose next operations can be made to fail.
class Faulty {
 public:
  Faulty() : memory_(Geometry::For(kSize).FileSize()) {
    CHI_CHECK_OK(FormatDevice(memory_, Geometry::For(kSize), 42));
    auto io = std::make_unique<FaultyIo>(memory_);
    io_ = io.get();
    auto opened = FileStore::OpenOn(std::move(io), Sized());
    CHI_CHECK(opened.ok(), "{}", opened.status());
    store_ = *std::move(opened);
  }
  FaultyIo& io() { return *io_; }
  FileStore& store() { return *store_; }
  char& ByteOnDevice(u64 offset) {
    return memory_.bytes()[Geometry::For(kSize).DataAt() + offset];
  }

 private:
  MemoryIo memory_;
  FaultyIo* io_ = nullptr;
  std::unique_ptr<FileStore> store_;
};

TEST_CASE("FileStore: a page that is not what was written is refused") {
  Faulty faulty;
  const std::string bytes = Bytes(3 * kPageSize, 'a');
  REQUIRE(faulty.store().Write(kPageSize, bytes.data(), bytes.size()).ok());
  faulty.ByteOnDevice(2 * kPageSize + 17) ^= 4;
  std::string back(bytes.size(), '?');
  const Status whole = faulty.store().Read(kPageSize, back.data(), back.size());
  CHECK(whole.code() == StatusCode::kChecksum);
  CHECK(whole.message() ==
        "the page at 8192 of the device is not what was written");
  // Neither is a part of it given out, nor changed into a page that is right.
  CHECK(faulty.store().Read(2 * kPageSize + 100, back.data(), 1).code() ==
        StatusCode::kChecksum);
  CHECK(faulty.store().Write(2 * kPageSize + 100, "x", 1).code() ==
        StatusCode::kChecksum);
  // Its neighbours are, and so is it once it was written anew.
  CHECK(faulty.store().Read(kPageSize, back.data(), kPageSize).ok());
  REQUIRE(faulty.store().Write(2 * kPageSize, back.data(), kPageSize).ok());
  CHECK(faulty.store().Read(kPageSize, back.data(), back.size()).ok());
}

TEST_CASE("FileStore: any I/O may fail, and nothing wrong is read after it") {
  for (const auto how :
       {FaultyIo::How::kRefused, FaultyIo::How::kShort, FaultyIo::How::kDone}) {
    for (u64 n = 0;; ++n) {
      Faulty faulty;
      const std::string before = Bytes(4 * kPageSize, 'a');
      const std::string after = Bytes(3 * kPageSize, 'k');
      REQUIRE(faulty.store().Write(0, before.data(), before.size()).ok());
      faulty.io().FailAt(n, how);
      const Status written =
          faulty.store().Write(1000, after.data(), after.size());
      if (!faulty.io().fired()) {
        CHECK(written.ok());
        CHECK(n == 5);  // two parts of a page, each read first; whole pages
        break;
      }
      CHECK(written.code() == StatusCode::kIo);
      // Old bytes, new ones or both, as after a cut-off write; nothing else.
      std::string back(before.size(), '?');
      REQUIRE(faulty.store().Read(0, back.data(), back.size()).ok());
      for (u64 i = 0; i < back.size(); ++i) {
        const bool inside = i >= 1000 && i < 1000 + after.size();
        if (back[i] == before[i] || (inside && back[i] == after[i - 1000])) {
          continue;
        }
        FAIL("byte " << i << " after operation " << n);
      }
      // And the device goes on.
      REQUIRE(faulty.store().Write(1000, after.data(), after.size()).ok());
      REQUIRE(faulty.store().Read(1000, back.data(), after.size()).ok());
      CHECK(back.substr(0, after.size()) == after);
    }
  }
}

// Three pieces of the four pages; the second begins in the page where the first
// ends.
std::vector<Piece> PiecesOf(std::string& bytes) {
  char* const data = bytes.data();
  return {{1000, data + 1000, 5000},
          {6100, data + 6100, 50},
          {8192, data + 8192, 8192}};
}

TEST_CASE("FileStore: any I/O of many pieces may fail, one error says where") {
  for (const auto how :
       {FaultyIo::How::kRefused, FaultyIo::How::kShort, FaultyIo::How::kDone}) {
    for (u64 n = 0;; ++n) {
      Faulty faulty;
      std::string before = Bytes(4 * kPageSize, 'a');
      std::string after = Bytes(4 * kPageSize, 'k');
      REQUIRE(faulty.store().Write(0, before.data(), before.size()).ok());
      faulty.io().FailAt(n, how);
      const auto written = faulty.store().WritePieces(PiecesOf(after));
      if (!faulty.io().fired()) {
        CHECK(written.status.ok());
        CHECK(n == 5);  // two pages read first, three transfers
        break;
      }
      CHECK(written.status.code() == StatusCode::kIo);
      constexpr u64 kWhere[] = {0, 4096, 0, 4096, 8192};
      CHECK(written.offset == kWhere[n]);
      std::string back(before.size(), '?');
      REQUIRE(faulty.store().Read(0, back.data(), back.size()).ok());
      for (u64 i = 0; i < back.size(); ++i) {
        const bool inside =
            (i >= 1000 && i < 6000) || (i >= 6100 && i < 6150) || i >= 8192;
        if (back[i] == before[i] || (inside && back[i] == after[i])) continue;
        FAIL("byte " << i << " after operation " << n);
      }
      REQUIRE(faulty.store().WritePieces(PiecesOf(after)).status.ok());
      back.assign(back.size(), '?');
      faulty.io().FailAt(n % 3, how);
      const auto read = faulty.store().ReadPieces(PiecesOf(back));
      CHECK(read.status.code() == StatusCode::kIo);
      CHECK(read.offset == kWhere[2 + n % 3]);
      REQUIRE(faulty.store().ReadPieces(PiecesOf(back)).status.ok());
      CHECK(back.substr(8192) == after.substr(8192));
      CHECK(back.substr(1000, 5000) == after.substr(1000, 5000));
      CHECK(back.substr(6000, 100) == std::string(100, '?'));
    }
  }
}

TEST_CASE("FileStore: a bad page among many pieces is found, and named") {
  Faulty faulty;
  std::string bytes = Bytes(4 * kPageSize, 'a');
  REQUIRE(faulty.store().Write(0, bytes.data(), bytes.size()).ok());
  faulty.ByteOnDevice(2 * kPageSize + 17) ^= 4;
  std::string back(bytes.size(), '?');
  const auto read = faulty.store().ReadPieces(PiecesOf(back));
  CHECK(read.status.code() == StatusCode::kChecksum);
  CHECK(read.offset == 2 * kPageSize);
  // Parts of it are neither given out nor kept.
  const auto written =
      faulty.store().WritePieces({{2 * kPageSize + 1, bytes.data(), 1}});
  CHECK(written.status.code() == StatusCode::kChecksum);
  CHECK(written.offset == 2 * kPageSize);
  REQUIRE(faulty.store().WritePieces(PiecesOf(bytes)).status.ok());
  CHECK(faulty.store().ReadPieces(PiecesOf(back)).status.ok());
}

TEST_CASE("FileStore: after a sync that failed nothing is written") {
  Faulty faulty;
  const std::string bytes = Bytes(kPageSize, 'a');
  REQUIRE(faulty.store().Write(0, bytes.data(), bytes.size()).ok());
  REQUIRE(faulty.store().Sync().ok());
  faulty.io().FailAt(0, FaultyIo::How::kRefused);
  CHECK(faulty.store().Sync().code() == StatusCode::kIo);
  CHECK(faulty.store().Sync().code() == StatusCode::kIo);
  CHECK(faulty.store().Write(0, bytes.data(), 1).code() == StatusCode::kIo);
  std::string back(kPageSize, '?');
  CHECK(faulty.store().Read(0, back.data(), back.size()).ok());
  CHECK(back == bytes);
}

TEST_CASE("FileStore: writers that meet leave whole pages of one of them") {
  const TempDir dir;
  const auto store = *FileStore::Open(dir / "device", Sized());
  constexpr u64 kLength = 3 * kPageSize + 100;
  std::atomic<u64> failures{0};
  std::vector<std::thread> threads;
  for (u64 t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::string back(kSize, '?');
      for (u64 i = 0; i < 200; ++i) {
        const std::string bytes = Bytes(kLength, static_cast<char>('a' + t));
        const u64 offset = (i % 7) * 1000;
        if (!store->Write(offset, bytes.data(), kLength).ok()) ++failures;
        if (!store->Read(0, back.data(), kSize).ok()) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
}

TEST_CASE("FileStore: a file has one user, one size and an absolute name") {
  const TempDir dir;
  const std::string path = dir / "device";
  CHECK(FileStore::Open("device", Sized()).status().code() ==
        StatusCode::kBadRequest);
  CHECK(FileStore::Open(path, Sized(0)).status().code() ==
        StatusCode::kNotFound);
  chi::u32 first = 0;
  {
    const auto store = *FileStore::Open(path, Sized(kSize - 100));
    CHECK(store->size() == kSize - 100);
    CHECK(store->first_generation() > 0);
    first = store->generation_limit();
    CHECK(FileStore::Open(path, Sized()).status().code() ==
          StatusCode::kAlreadyExists);
  }
  const Status other = FileStore::Open(path, Sized(2 * kSize)).status();
  CHECK(other.code() == StatusCode::kBadRequest);
  CHECK(other.message() ==
        "524288 bytes asked, 262144 there: a device keeps its size");
  const auto again = FileStore::Open(path, Sized(0));
  REQUIRE(again.ok());
  CHECK((*again)->size() == kSize);
  // What the first user gave out is no block of the second.
  CHECK((*again)->first_generation() >= first);
}

TEST_CASE("FileStore: a file that is none of ours is left alone") {
  const TempDir dir;
  const std::string path = dir / "notes.txt";
  const UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT, 0600));
  REQUIRE(write(fd.get(), "mine", 4) == 4);
  CHECK_FALSE(FileStore::Open(path, Sized()).ok());
  char back[8] = {};
  CHECK(pread(fd.get(), back, 8, 0) == 4);
  CHECK(std::string(back) == "mine");
}

TEST_CASE("FileStore: past the page cache and through it are one file") {
  const TempDir dir;
  FileStoreOptions options = Sized();
  options.direct = true;
  const auto store = *FileStore::Open(dir / "device", options);
  std::vector<char> memory(4 * kPageSize + kPageSize);
  char* const aligned = reinterpret_cast<char*>(
      chimaera::bdev::RoundUpToPage(reinterpret_cast<u64>(memory.data())));
  const std::string bytes = Bytes(4 * kPageSize, 'a');
  bytes.copy(aligned, bytes.size());
  REQUIRE(store->Write(0, aligned, bytes.size()).ok());
  std::string back(bytes.size(), '?');
  REQUIRE(store->Read(0, back.data(), back.size()).ok());
  CHECK(back == bytes);
  REQUIRE(store->Write(5, "middle", 6).ok());
  REQUIRE(store->Read(0, aligned, bytes.size()).ok());
  CHECK(std::string(aligned + 5, 6) == "middle");
  CHECK(std::string(aligned + 11, 100) == bytes.substr(11, 100));
}

}  // namespace
}  // namespace chi::test
