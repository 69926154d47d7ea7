// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A block file that somebody made up. Checksums would keep every mutation out,
// so they are made right, but for raw input: what is behind them must hold too.
// The first byte chooses:
//   0  the rest is the file
//   1  a checkpoint and transactions, put into a file as the store would
//   2  bytes of a good file changed, then all checksums corrected

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/check.h"
#include "chimods/block_io_fakes.h"
#include "chimods/metadata_workload.h"
#include "format/bytes.h"
#include "format/crc32c.h"
#include "format/fsck.h"
#include "format/journal.h"
#include "format/metadata_store.h"
#include "format/recovery.h"

namespace {

using chi::SeededRandom;
using chi::u16;
using chi::u32;
using chi::u64;
using chi::u8;
using chi::test::MemoryIo;
using chi::test::TinyGeometry;
using namespace chimaera::bdev;  // NOLINT: what is tested

// Frozen places; block_file_format.md.
constexpr u64 kSuperblockCrcAt = 12;
constexpr u64 kLengthAt = 64;
constexpr u64 kCheckpointCrcAt = 72;

MemoryIo Empty() {
  const Geometry geometry = TinyGeometry();
  return MemoryIo(std::string(geometry.DataAt(), '\0'), geometry.FileSize());
}

MemoryIo FromContents(std::string_view input) {
  MemoryIo io = Empty();
  ByteReader in(input);
  Superblock superblock;
  superblock.device_id = 42;
  superblock.geometry = TinyGeometry();
  std::string checkpoint(in.GetBytes(in.Get<u16>()));
  checkpoint.resize(
      std::min<u64>(checkpoint.size(), superblock.geometry.checkpoint_size));
  CHI_CHECK_OK(WriteCheckpoint(io, checkpoint, 0, 1, &superblock));
  std::string records;
  for (u64 seq = 1; !in.AtEnd(); ++seq) {
    AppendRecords({superblock.device_id, superblock.epoch}, seq,
                  in.GetBytes(in.Get<u16>()), &records);
  }
  records.resize(
      std::min<u64>(records.size(), superblock.geometry.journal_size));
  CHI_CHECK_OK(io.Write(superblock.geometry.JournalAt(0), records.data(),
                        records.size()));
  return io;
}

// The same every time; a checkpoint and a journal.
const std::string& GoodFile() {
  static const std::string bytes = [] {
    MemoryIo io = Empty();
    CHI_CHECK_OK(FormatDevice(io, TinyGeometry(), 42));
    chi::test::ThreadEvents threads;
    std::vector<std::string> damage;
    const auto store = MetadataStore::Open(io, threads, &damage);
    SeededRandom random(1);
    for (int i = 0; i < 12; ++i) {
      const Transaction t = (*store)->Read([&](const Metadata& now) {
        return chi::test::RandomTransaction(now, random);
      });
      CHI_CHECK_OK((*store)->Commit(t, Durability::kWritten));
    }
    return io.bytes();
  }();
  return bytes;
}

void PutCrc(std::string& bytes, u64 at, u32 crc) {
  std::memcpy(&bytes[at], &crc, sizeof(crc));
}

void CorrectChecksums(std::string& bytes) {
  const Geometry geometry = TinyGeometry();
  for (u32 copy = 0; copy < kNumCopies; ++copy) {
    const u64 at = geometry.SuperblockAt(copy);
    u64 length = 0;
    std::memcpy(&length, &bytes[at + kLengthAt], sizeof(length));
    length = std::min(length, geometry.checkpoint_size);
    PutCrc(bytes, at + kCheckpointCrcAt,
           Crc32c(&bytes[geometry.CheckpointAt(copy)], length));
    PutCrc(bytes, at + kSuperblockCrcAt, 0);
    PutCrc(bytes, at + kSuperblockCrcAt, Crc32c(&bytes[at], kSuperblockSize));
    for (u64 i = 0; i < geometry.RecordsPerJournal(); ++i) {
      const u64 record = geometry.JournalAt(copy) + i * kRecordSize;
      PutCrc(bytes, record, Crc32c(&bytes[record + 4], kRecordSize - 4));
    }
  }
}

MemoryIo FromPatches(std::string_view input) {
  std::string bytes = GoodFile();
  ByteReader in(input);
  while (!in.AtEnd()) {
    const u64 at = in.Get<u16>();
    bytes[at % bytes.size()] = static_cast<char>(in.Get<u8>());
  }
  CorrectChecksums(bytes);
  return MemoryIo(std::move(bytes), TinyGeometry().FileSize());
}

// What can be recovered is consistent, can be opened, and is the same then.
void Examine(MemoryIo& io) {
  auto recovered = Recover(io, RecoveryMode::kFast);
  const auto report = Fsck(io, FsckOptions());
  CHI_CHECK(recovered.ok() == report.ok());
  if (!recovered.ok()) return;
  recovered->metadata.TEST_CheckInvariants();
  chi::test::ThreadEvents threads;
  std::vector<std::string> damage;
  const auto store = MetadataStore::Open(io, threads, &damage);
  CHI_CHECK_OK(store.status());
  CHI_CHECK((*store)->Stats().last_seq == recovered->last_seq);
  const auto again = Recover(io, RecoveryMode::kThorough);
  CHI_CHECK_OK(again.status());
  CHI_CHECK(again->damage.empty());
  recovered->metadata.DropLeases();
  CHI_CHECK(again->metadata.Encode() == recovered->metadata.Encode());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1,
                               size - 1);
  if (data[0] % 3 == 1) {
    MemoryIo io = FromContents(input);
    Examine(io);
  } else if (data[0] % 3 == 2) {
    MemoryIo io = FromPatches(input);
    Examine(io);
  } else {
    MemoryIo io(std::string(input), TinyGeometry().FileSize());
    Examine(io);
  }
  return 0;
}
