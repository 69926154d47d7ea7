// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Objects in a file: what is on disk after a crash at any point, after an I/O
// that failed at any point, and after a bit has turned over.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chimaera/base/random.h"
#include "chimods/block_io_fakes.h"
#include "file_store.h"
#include "format/fsck.h"
#include "format/recovery.h"
#include "support/catch.h"

namespace chi::test {
namespace {

using chimaera::bdev::Block;
using chimaera::bdev::BlockIo;
using chimaera::bdev::FileStore;
using chimaera::bdev::FileStoreOptions;
using chimaera::bdev::FormatDevice;
using chimaera::bdev::Fsck;
using chimaera::bdev::Geometry;
using chimaera::bdev::kPageSize;
using chimaera::bdev::Object;
using chimaera::bdev::ObjectChange;
using chimaera::bdev::Objects;

constexpr u64 kSize = 16 * kPageSize;
const std::string kName = "it";

FileStoreOptions Sized() {
  FileStoreOptions options;
  options.size = kSize;
  return options;
}

u64 At(u64 offset) { return Geometry::For(kSize).DataAt() + offset; }

std::string Bytes(const Block& block) {
  std::string bytes(block.size_, '\0');
  for (u64 i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(block.slot() + i % 97);
  }
  return bytes;
}

// A block of this opening; slots say what is in it.
Block BlockAt(const FileStore& store, chi::u32 slot, u64 page, u64 size) {
  const u64 id = Block::MakeId(slot, store.first_generation());
  return {page * kPageSize, size, id, 0, 0};
}

Status WriteTo(FileStore& store, const Block& block) {
  const std::string bytes = Bytes(block);
  return store.Write(block.offset_, bytes.data(), bytes.size());
}

// Whether all bytes of an object are those of its blocks.
Status ReadAll(FileStore& store, const Object& object) {
  for (const Block& block : object.blocks) {
    std::string bytes(block.size_, '?');
    CHI_RETURN_IF_ERROR(store.Read(block.offset_, bytes.data(), bytes.size()));
    if (bytes != Bytes(block)) return Status::Internal("other bytes");
  }
  return Status();
}

std::unique_ptr<FileStore> OpenOn(BlockIo& io) {
  // FileStore wants one of its own.
  auto opened = FileStore::OpenOn(std::make_unique<FaultyIo>(io), Sized());
  INFO(opened.status());
  REQUIRE(opened.ok());
  return *std::move(opened);
}

// put(a, b), replace by (b, c), delete: what each step has promised, `done`
// says how many of them.
constexpr u64 kNumSteps = 3;
Status RunSteps(FileStore& store, u64* done) {
  const Block a = BlockAt(store, 0, 0, 2 * kPageSize + 7);
  const Block b = BlockAt(store, 1, 4, kPageSize);
  const Block c = BlockAt(store, 2, 6, 100);
  const Object first{"1", {a, b}};
  const Object second{"2", {b, c}};
  CHI_RETURN_IF_ERROR(WriteTo(store, a));
  CHI_RETURN_IF_ERROR(WriteTo(store, b));
  CHI_RETURN_IF_ERROR(
      store.Commit(ObjectChange{kName, false, &first, {a, b}, {}}));
  *done = 1;
  CHI_RETURN_IF_ERROR(WriteTo(store, c));
  CHI_RETURN_IF_ERROR(
      store.Commit(ObjectChange{kName, true, &second, {c}, {a}}));
  *done = 2;
  CHI_RETURN_IF_ERROR(
      store.Commit(ObjectChange{kName, true, nullptr, {}, {b, c}}));
  *done = 3;
  return Status();
}

// Opens what a crash or an error left. The steps that have happened; they are
// `done`, or one more.
u64 StateOf(MemoryIo& memory, u64 done) {
  const auto store = OpenOn(memory);
  const Objects objects = store->Load(0);
  if (objects.empty()) {
    REQUIRE((done == 0 || done >= kNumSteps - 1));
    return done == 0 ? 0 : kNumSteps;
  }
  REQUIRE(objects.size() == 1);
  const Object& object = objects.at(kName);
  REQUIRE(object.blocks.size() == 2);
  const Status read = ReadAll(*store, object);
  INFO(read);
  REQUIRE(read.ok());
  const u64 state = object.attributes == "1" ? 1 : 2;
  REQUIRE((state == done || state == done + 1));
  return state;
}

MemoryIo Formatted() {
  MemoryIo memory(Geometry::For(kSize).FileSize());
  CHI_CHECK_OK(FormatDevice(memory, Geometry::For(kSize), 42));
  // Old bytes must not pass for new ones.
  for (u64 i = At(0); i < memory.bytes().size(); ++i) memory.bytes()[i] = 'o';
  return memory;
}

}  // namespace

TEST_CASE("file objects: a power cut at any point leaves a whole one") {
  MemoryIo memory = Formatted();
  const std::string start = memory.bytes();
  // Owned by the store, looked at after it.
  std::vector<IoEvent> events;
  {
    auto io = std::make_unique<RecordingIo>(memory);
    RecordingIo& recorder = *io;
    const auto store = *FileStore::OpenOn(std::move(io), Sized());
    u64 done = 0;
    REQUIRE(RunSteps(*store, &done).ok());
    events = recorder.events();
  }
  // How many steps had returned at each event is not in the list; a step that
  // is seen once never disappears again.
  std::string surely = start;
  std::vector<const IoEvent*> pending;
  SeededRandom random(7);
  u64 num_images = 0;
  u64 least = 0;
  for (const IoEvent& event : events) {
    if (event.kind == IoEvent::Kind::kWrite) pending.push_back(&event);
    // Nothing, everything, and some of what was not synced.
    u64 synced = kNumSteps;
    for (u64 round = 0; round < 12; ++round) {
      MemoryIo image(surely, surely.size());
      for (const IoEvent* each : pending) {
        if (round == 0 || (round > 1 && random.Next() % 2 == 0)) continue;
        CHI_CHECK_OK(
            image.Write(each->offset, each->bytes.data(), each->bytes.size()));
      }
      ++num_images;
      const auto store = OpenOn(image);
      const Objects objects = store->Load(0);
      u64 state = least < 2 ? 0 : kNumSteps;
      if (!objects.empty()) {
        const Object& object = objects.at(kName);
        state = object.attributes == "1" ? 1 : 2;
        const Status read = ReadAll(*store, object);
        INFO("event of image " << num_images << ": " << read);
        REQUIRE(read.ok());
      }
      INFO("image " << num_images);
      REQUIRE(state >= least);
      if (round == 0) synced = state;
    }
    if (event.kind != IoEvent::Kind::kSync) continue;
    for (const IoEvent* each : pending) {
      surely.replace(each->offset, each->bytes.size(), each->bytes);
    }
    pending.clear();
    MemoryIo image(surely, surely.size());
    const Objects objects = OpenOn(image)->Load(0);
    if (!objects.empty()) {
      least = objects.at(kName).attributes == "1" ? 1 : 2;
    } else if (least == 2) {
      least = kNumSteps;
    }
    REQUIRE(synced <= least);
  }
  CHECK(least == kNumSteps);
  CHECK(num_images > 200);
}

TEST_CASE("file objects: any I/O may fail, and what was promised is there") {
  for (const auto how :
       {FaultyIo::How::kRefused, FaultyIo::How::kShort, FaultyIo::How::kDone}) {
    for (u64 n = 0;; ++n) {
      MemoryIo memory = Formatted();
      u64 done = 0;
      bool fired = false;
      {
        auto io = std::make_unique<FaultyIo>(memory);
        FaultyIo& faulty = *io;
        faulty.FailAt(n, how);
        const auto opened = FileStore::OpenOn(std::move(io), Sized());
        if (opened.ok()) {
          FileStore& store = **opened;
          const Status status = RunSteps(store, &done);
          fired = faulty.fired();
          // The journal's second copy stands in for a read that fails.
          if (fired && !status.ok()) CHECK(status.code() == StatusCode::kIo);
          if (!fired) REQUIRE(status.ok());
        } else {
          fired = true;
        }
      }
      INFO("operation " << n);
      StateOf(memory, done);
      if (!fired) {
        CHECK(n > 30);
        break;
      }
    }
  }
}

TEST_CASE("file objects: after a commit that failed nothing is changed") {
  MemoryIo memory = Formatted();
  auto io = std::make_unique<FaultyIo>(memory);
  FaultyIo& faulty = *io;
  const auto store = *FileStore::OpenOn(std::move(io), Sized());
  const Block a = BlockAt(*store, 0, 0, kPageSize);
  const Object object{"1", {a}};
  REQUIRE(WriteTo(*store, a).ok());
  faulty.FailAt(0, FaultyIo::How::kDone);  // the data's sync
  const ObjectChange change{kName, false, &object, {a}, {}};
  CHECK(store->Commit(change).code() == StatusCode::kIo);
  CHECK(store->Commit(change).code() == StatusCode::kIo);
  CHECK(WriteTo(*store, a).code() == StatusCode::kIo);
  CHECK(ReadAll(*store, object).ok());
}

TEST_CASE("file objects: a bit that turns over while nobody looks is noticed") {
  for (const u64 size : {u64{100}, kPageSize, 3 * kPageSize + 5}) {
    MemoryIo memory = Formatted();
    Object object{"", {}};
    {
      const auto store = OpenOn(memory);
      const Block block = BlockAt(*store, 0, 1, size);
      object.blocks = {block};
      REQUIRE(WriteTo(*store, block).ok());
      const ObjectChange change{kName, false, &object, {block}, {}};
      REQUIRE(store->Commit(change).ok());
    }
    {
      const auto report = Fsck(memory, {});
      REQUIRE(report.ok());
      CHECK(report->clean());
      CHECK(report->num_objects == 1);
      CHECK(report->num_unchecked == 0);
    }
    CHECK(ReadAll(*OpenOn(memory), object).ok());
    for (const u64 at : {u64{0}, size / 2, size - 1}) {
      memory.bytes()[At(kPageSize + at)] ^= 1;
      CHECK(ReadAll(*OpenOn(memory), object).code() == StatusCode::kChecksum);
      const auto report = Fsck(memory, {});
      REQUIRE(report.ok());
      CHECK(report->num_bad_pages == 1);
      CHECK(report->bad_pages.front().object == kName);
      memory.bytes()[At(kPageSize + at)] ^= 1;
    }
    CHECK(ReadAll(*OpenOn(memory), object).ok());
  }
}

TEST_CASE("file objects: pages nobody wrote have checksums too") {
  MemoryIo memory = Formatted();
  const auto store = OpenOn(memory);
  const Block block = BlockAt(*store, 0, 0, kSize - 1);
  const Object object{"", {block}};
  const std::string bytes = Bytes(block);
  REQUIRE(store->Write(5 * kPageSize, bytes.data(), kPageSize).ok());
  const ObjectChange change{kName, false, &object, {block}, {}};
  REQUIRE(store->Commit(change).ok());
  const auto report = Fsck(memory, {});
  REQUIRE(report.ok());
  CHECK(report->clean());
  CHECK(report->num_pages == kSize / kPageSize);
}

}  // namespace chi::test
