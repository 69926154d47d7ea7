// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Files as released versions wrote them. They are never changed: each must be
// read for ever, and the newest is what this build writes, byte for byte.
//
// CHI_WRITE_GOLDEN=<folder> makes the test write its file there, for a new
// version of the format.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "chimods/block_io_fakes.h"
#include "chimods/metadata_workload.h"
#include "format/crc32c.h"
#include "format/fsck.h"
#include "format/metadata_store.h"
#include "format/recovery.h"
#include "support/catch.h"

using chi::u32;
using chi::u64;
using chi::test::MemoryIo;
using chi::test::ThreadEvents;
using chi::test::TinyGeometry;
using namespace chimaera::bdev;  // NOLINT: what is tested

namespace {

constexpr u64 kKeptDataPages = 4;

Geometry GoldenGeometry() {
  Geometry geometry = TinyGeometry();
  geometry.checkpoint_size = kPageSize;
  geometry.data_size = kKeptDataPages * kPageSize;
  return geometry;
}

// Every operation once, half in the checkpoint, half in the journal, one of
// them in several records.
MemoryIo WriteGolden() {
  const Geometry geometry = GoldenGeometry();
  MemoryIo io(geometry.FileSize());
  REQUIRE(FormatDevice(io, geometry, 0x1122334455667788).ok());
  ThreadEvents threads;
  std::vector<std::string> damage;
  auto store = MetadataStore::Open(io, threads, &damage);
  REQUIRE(store.ok());
  const std::string data(5000, 'd');
  REQUIRE(io.Write(geometry.DataAt(), data.data(), data.size()).ok());
  const u32 checksums[] = {StoredChecksum(Crc32c(data.data(), kPageSize)),
                           StoredChecksum(Crc32c(data.data(), 904))};
  Transaction first;
  first.SetGenerationLimit(1024);
  first.PutBlock(0, 1, BlockKind::kDurable, 0, 5000);
  first.PutBlock(1, 2, BlockKind::kLease, 2 * kPageSize, 1);
  first.PutBlock(2, 3, BlockKind::kDurable, 3 * kPageSize, kPageSize);
  first.CreateObject("temperature", "{\"dtype\": \"<f8\"}", {0});
  first.CreateObject("old", "", {2});
  REQUIRE((*store)->Commit(first, Durability::kWritten).ok());
  REQUIRE((*store)->Checkpoint().ok());
  Transaction second;
  second.SetChecksums(0, 0, checksums, 2);
  second.ReplaceObject("temperature", std::string(600, ' '), {0});
  REQUIRE((*store)->Commit(second, Durability::kWritten).ok());
  Transaction third;
  third.DeleteObject("old");
  third.DropBlock(2, 3);
  REQUIRE((*store)->Commit(third, Durability::kSynced).ok());
  return io;
}

std::string ReadGolden(u32 version) {
  const std::string path = std::string(CHI_GOLDEN_DIR) + "/block_file_v" +
                           std::to_string(version) + ".bin";
  INFO(path);
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

TEST_CASE("Golden file: this build writes the newest format byte for byte") {
  MemoryIo io = WriteGolden();
  const char* const folder = std::getenv("CHI_WRITE_GOLDEN");
  if (folder != nullptr) {
    const std::string path = std::string(folder) + "/block_file_v" +
                             std::to_string(kFormatVersion) + ".bin";
    std::ofstream(path, std::ios::binary) << io.bytes();
  }
  CHECK(io.bytes() == ReadGolden(kFormatVersion));
}

TEST_CASE("Golden file: every version since the first can be opened") {
  for (u32 version = kOldestVersion; version <= kFormatVersion; ++version) {
    const std::string bytes = ReadGolden(version);
    MemoryIo io(bytes, bytes.size());
    const auto report = Fsck(io, FsckOptions());
    REQUIRE(report.ok());
    CHECK(report->clean());
    CHECK(report->num_pages == 2);
    CHECK(report->num_replayed == 2);
    ThreadEvents threads;
    std::vector<std::string> damage;
    auto store = MetadataStore::Open(io, threads, &damage);
    REQUIRE(store.ok());
    (*store)->Read([](const Metadata& now) {
      CHECK(now.generation_limit() == 1024);
      REQUIRE(now.blocks().size() == 1);
      CHECK(now.blocks().at(0).size == 5000);
      REQUIRE(now.objects().size() == 1);
      CHECK(now.objects().at("temperature").attributes ==
            std::string(600, ' '));
    });
  }
}
