// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Records of the journal, written and read.

#include "format/journal.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "format/crc32c.h"

namespace chimaera::bdev {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u16;
using chi::u32;
using chi::u64;

namespace {

// Frozen.
struct RecordHeader {
  u32 crc = 0;  // of everything behind it
  u16 part = 0;
  u16 num_parts = 0;
  u64 device_id = 0;
  u64 epoch = 0;
  u64 seq = 0;
  u32 length = 0;  // of the operations in this record
  u32 reserved = 0;
};
static_assert(sizeof(RecordHeader) == 40, "lies on disk");

constexpr u64 kPayload = kRecordSize - sizeof(RecordHeader);

RecordHeader HeaderOf(const char* record) {
  RecordHeader header;
  std::memcpy(&header, record, sizeof(header));
  return header;
}

u32 CrcOfRecord(const char* record) {
  return Crc32c(record + sizeof(u32), kRecordSize - sizeof(u32));
}

bool IsWhole(const char* record) {
  return HeaderOf(record).crc == CrcOfRecord(record);
}

}  // namespace

u64 NumRecords(u64 bytes) {
  return std::max<u64>(1, (bytes + kPayload - 1) / kPayload);
}

void AppendRecords(const JournalKey& key, u64 seq, std::string_view operations,
                   std::string* out) {
  const u64 num_parts = NumRecords(operations.size());
  CHI_CHECK(num_parts <= kMaxParts, "{} records", num_parts);
  for (u64 part = 0; part < num_parts; ++part) {
    const std::string_view piece = operations.substr(part * kPayload, kPayload);
    RecordHeader header;
    header.part = static_cast<u16>(part);
    header.num_parts = static_cast<u16>(num_parts);
    header.device_id = key.device_id;
    header.epoch = key.epoch;
    header.seq = seq;
    header.length = static_cast<u32>(piece.size());
    const u64 at = out->size();
    out->resize(at + kRecordSize, '\0');
    char* const record = out->data() + at;
    std::memcpy(record, &header, sizeof(header));
    piece.copy(record + sizeof(header), piece.size());
    const u32 crc = CrcOfRecord(record);
    std::memcpy(record, &crc, sizeof(crc));
  }
}

// ---- reading ----------------------------------------------------------------

// Null, with the status in the window, if it cannot be read.
const char* JournalReader::Load(u64 record, u32 copy) {
  Window& window = windows_[copy];
  if (record < window.begin || record >= window.end) {
    window.begin = record;
    window.end =
        std::min(record + kRecordsPerRead, geometry_.RecordsPerJournal());
    window.status =
        io_.Read(geometry_.JournalAt(copy) + record * kRecordSize,
                 window.bytes.data(), (window.end - record) * kRecordSize);
  }
  if (!window.status.ok()) return nullptr;
  return window.bytes.data() + (record - window.begin) * kRecordSize;
}

// Null if neither journal has it.
Result<const char*> JournalReader::Find(u64 record, u64 seq, u32 part) {
  const char* found = nullptr;
  u32 num_good = 0;
  u32 num_read = 0;
  for (u32 copy = 0; copy < kNumCopies; ++copy) {
    if (found != nullptr && !thorough_) break;
    const char* const bytes = Load(record, copy);
    if (bytes == nullptr) continue;
    ++num_read;
    const RecordHeader header = HeaderOf(bytes);
    const bool expected =
        header.epoch == key_.epoch && header.device_id == key_.device_id &&
        header.seq == seq && header.part == part &&
        header.part < header.num_parts && header.length <= kPayload;
    if (!expected) continue;
    if (!IsWhole(bytes)) continue;
    ++num_good;
    if (found == nullptr) found = bytes;
  }
  if (num_read == 0) {
    return windows_[0].status.WithContext("neither journal can be read");
  }
  const bool first_was_bad = found != nullptr && found != Load(record, 0);
  if (first_was_bad || (thorough_ && num_good == 1)) ++num_damaged_;
  return found;
}

Result<std::optional<std::string>> JournalReader::Next() {
  std::string operations;
  const u64 limit = geometry_.RecordsPerJournal();
  for (u32 part = 0; num_records_ + part < limit; ++part) {
    CHI_ASSIGN_OR_RETURN(const char* const record,
                         Find(num_records_ + part, seq_ + 1, part));
    if (record == nullptr) break;
    const RecordHeader header = HeaderOf(record);
    operations.append(record + sizeof(header), header.length);
    if (part + 1 == header.num_parts) {
      num_records_ += header.num_parts;
      ++seq_;
      return std::optional<std::string>(std::move(operations));
    }
  }
  return std::optional<std::string>();
}

Status JournalReader::CheckNotNewer() {
  for (u32 copy = 0; copy < kNumCopies; ++copy) {
    const char* const record = Load(0, copy);
    if (record == nullptr) continue;
    const RecordHeader header = HeaderOf(record);
    if (header.epoch <= key_.epoch || header.device_id != key_.device_id) {
      continue;
    }
    if (!IsWhole(record)) continue;
    return Status::Checksum(Format(
        "the journal is of epoch {}, but no checkpoint after {} is whole",
        header.epoch, key_.epoch));
  }
  return Status();
}

}  // namespace chimaera::bdev
