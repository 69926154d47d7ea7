// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What an archive of tasks consists of besides their fields.

#include "chimaera/ipc/task_batch.h"

#include <algorithm>

#include "chimaera/base/format.h"

namespace chi {
namespace {

// Where the preamble's counts stand; see docs/design/task_batch.md.
constexpr u64 kTaskCountAt = 8;
constexpr u64 kBulkCountAt = 12;
constexpr u64 kTotalBytesAt = 16;

template <class T>
void StoreAt(std::string* bytes, u64 at, T value) {
  std::memcpy(bytes->data() + at, &value, sizeof(value));
}

template <class T>
T LoadAt(const std::string& bytes, u64 at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

template <class Archive>
void VisitHeader(Archive& ar, TaskHeader& header) {
  u32 flags = header.task_flags_.bits();
  ar(header.task_id_, header.pool_id_, header.pool_query_, header.method_,
     flags, header.timeout_ms_, header.period_ns_);
  header.task_flags_.Clear();
  header.task_flags_.SetBits(flags);
}

}  // namespace

// ---- writing ----------------------------------------------------------------

void TaskOutputArchive::StartAnew() {
  bytes_.clear();
  Put(internal::kBatchMagic);
  Put(internal::kBatchVersion);
  Put(static_cast<u8>(kind_));
  bytes_.resize(internal::kBatchPreambleBytes);
}

TaskOutputArchive::Mark TaskOutputArchive::Begin(const Task& task) {
  const Mark mark{bytes_.size(), bulk_transfers_.size()};
  Put(u32{0});  // length and number of pieces: known at the end
  Put(u32{0});
  TaskHeader header = task;
  VisitHeader(*this, header);
  if (kind_ == ArchiveKind::kOutputs) {
    const u32 size = std::min(task.text_size_, Task::kTextCapacity);
    Put(task.return_code_);
    PutText({task.text_, task.return_code_ == 0 ? 0 : size});
  }
  return mark;
}

Status TaskOutputArchive::End(const Mark& mark) {
  const u64 bulks = bulk_transfers_.size() - mark.bulks;
  const u64 length = bytes_.size() - mark.bytes;
  u64 bulk_bytes = bulk_bytes_;
  bool fits = num_tasks_ < limits_.max_tasks;
  for (u64 i = mark.bulks; i < bulk_transfers_.size(); ++i) {
    const u64 size = bulk_transfers_[i].size_;
    fits &= size <= limits_.max_bulk_bytes - bulk_bytes;
    if (!fits) break;
    bulk_bytes += size;
  }
  const u64 total =
      bytes_.size() + bulk_transfers_.size() * internal::kBulkRowBytes;
  fits &= total <= limits_.max_bytes &&
          bulk_transfers_.size() <= limits_.max_bulks && length <= ~u32{0};
  if (!fits) {
    bytes_.resize(mark.bytes);
    bulk_transfers_.resize(mark.bulks);
    return Status::Overloaded(
        Format("a task of {} bytes and {} pieces of bulk data does not fit "
               "into an archive that has {} tasks and {} bytes",
               length, bulks, num_tasks_, mark.bytes));
  }
  StoreAt(&bytes_, mark.bytes, static_cast<u32>(length));
  StoreAt(&bytes_, mark.bytes + sizeof(u32), static_cast<u32>(bulks));
  bulk_bytes_ = bulk_bytes;
  ++num_tasks_;
  return Status();
}

void TaskOutputArchive::PutText(std::string_view text) {
  // One that is too long makes the record too long, which End refuses.
  Put(static_cast<u32>(std::min<u64>(text.size(), ~u32{0})));
  PutBytes(text.data(), text.size());
}

std::string TaskOutputArchive::Finish() {
  for (const BulkTransfer& bulk : bulk_transfers_) {
    Put(bulk.size_);
    Put(bulk.flags_);
    Put(bulk.task_);
  }
  StoreAt(&bytes_, kTaskCountAt, num_tasks_);
  StoreAt(&bytes_, kBulkCountAt, static_cast<u32>(bulk_transfers_.size()));
  StoreAt(&bytes_, kTotalBytesAt, static_cast<u64>(bytes_.size()));
  return std::move(bytes_);
}

// ---- reading ----------------------------------------------------------------

Result<TaskInputArchive> TaskInputArchive::Parse(std::string bytes,
                                                 const ArchiveLimits& limits) {
  if (bytes.size() < internal::kBatchPreambleBytes ||
      LoadAt<u32>(bytes, 0) != internal::kBatchMagic) {
    return Status::ProtocolViolation(
        Format("{} bytes that are no archive of tasks", bytes.size()));
  }
  const u16 version = LoadAt<u16>(bytes, 4);
  if (version != internal::kBatchVersion) {
    return Status::VersionMismatch(Format("an archive of version {}, not {}",
                                          version, internal::kBatchVersion));
  }
  const u8 kind = LoadAt<u8>(bytes, 6);
  if (kind != static_cast<u8>(ArchiveKind::kInputs) &&
      kind != static_cast<u8>(ArchiveKind::kOutputs)) {
    return Status::ProtocolViolation(Format("an archive of kind {}", kind));
  }
  const u64 total = LoadAt<u64>(bytes, kTotalBytesAt);
  if (total != bytes.size() || total > limits.max_bytes) {
    return Status::ProtocolViolation(
        Format("an archive of {} bytes in {}, at most {} are possible", total,
               bytes.size(), limits.max_bytes));
  }
  const u32 num_tasks = LoadAt<u32>(bytes, kTaskCountAt);
  const u32 num_bulks = LoadAt<u32>(bytes, kBulkCountAt);
  TaskInputArchive archive(std::move(bytes), static_cast<ArchiveKind>(kind));
  CHI_RETURN_IF_ERROR(archive.ReadRecords(num_tasks, num_bulks, limits));
  CHI_RETURN_IF_ERROR(archive.ReadBulks(num_bulks, limits));
  return archive;
}

Status TaskInputArchive::ReadRecords(u32 num_tasks, u32 num_bulks,
                                     const ArchiveLimits& limits) {
  if (num_tasks > limits.max_tasks || num_bulks > limits.max_bulks) {
    return Status::ProtocolViolation(
        Format("an archive of {} tasks and {} pieces of bulk data; {} and {} "
               "are possible",
               num_tasks, num_bulks, limits.max_tasks, limits.max_bulks));
  }
  left_ = std::string_view(*bytes_).substr(internal::kBatchPreambleBytes);
  u64 bulks = 0;
  for (u32 i = 0; i < num_tasks; ++i) {
    const std::string_view whole = left_;
    const u32 length = Value<u32>();
    if (!status_.ok() || length > whole.size()) {
      return Status::ProtocolViolation(Format(
          "task {} has {} bytes of {} that are left", i, length, whole.size()));
    }
    left_ = whole.substr(sizeof(u32), std::max<u64>(length, sizeof(u32)) - 4);
    Record record;
    ReadRecord(&record);
    CHI_RETURN_IF_ERROR(status_.WithContext(Format("task {}", i)));
    record.first_bulk = static_cast<u32>(bulks);
    bulks += record.num_bulks;
    if (bulks > num_bulks) {
      return Status::ProtocolViolation(
          Format("task {} has piece {} of {}", i, bulks, num_bulks));
    }
    records_.push_back(record);
    left_ = whole.substr(std::max<u64>(length, sizeof(u32)));
  }
  if (bulks != num_bulks) {
    return Status::ProtocolViolation(Format(
        "{} pieces of bulk data, {} of them of tasks", num_bulks, bulks));
  }
  return Status();
}

void TaskInputArchive::ReadRecord(Record* record) {
  record->num_bulks = Value<u32>();
  VisitHeader(*this, record->header);
  if (kind_ == ArchiveKind::kOutputs) {
    record->return_code = Value<u32>();
    record->text = TakeText().substr(0, Task::kTextCapacity);
  }
  record->fields = left_;
}

Status TaskInputArchive::ReadBulks(u32 num_bulks, const ArchiveLimits& limits) {
  if (left_.size() != num_bulks * internal::kBulkRowBytes) {
    return Status::ProtocolViolation(Format(
        "{} bytes behind the tasks, for {} rows", left_.size(), num_bulks));
  }
  u64 sum = 0;
  for (u32 i = 0; i < num_bulks; ++i) {
    BulkTransfer row;
    row.size_ = Value<u64>();
    row.flags_ = Value<u32>();
    row.task_ = Value<u32>();
    const bool owned =
        row.task_ < records_.size() &&
        i - records_[row.task_].first_bulk < records_[row.task_].num_bulks;
    if (!owned || row.size_ > limits.max_bulk_bytes - sum ||
        (row.flags_ & ~(BULK_EXPOSE | BULK_XFER)) != 0) {
      return Status::ProtocolViolation(
          Format("piece {}: {} bytes of task {}, flags {}", i, row.size_,
                 row.task_, row.flags_));
    }
    sum += row.size_;
    bulk_transfers_.push_back(row);
  }
  return Status();
}

void TaskInputArchive::Begin(u32 number, Task& task) {
  const Record& record = records_[number];
  status_ = Status();
  left_ = record.fields;
  next_bulk_ = record.first_bulk;
  end_bulk_ = record.first_bulk + record.num_bulks;
  if (kind_ == ArchiveKind::kInputs) {
    static_cast<TaskHeader&>(task) = record.header;
  } else {
    task.SetError(record.return_code, record.text);
  }
}

Status TaskInputArchive::End(u32 number) {
  if (status_.ok() && (!left_.empty() || next_bulk_ != end_bulk_)) {
    status_ = Status::ProtocolViolation(
        Format("{} bytes and {} pieces of bulk data too many", left_.size(),
               end_bulk_ - next_bulk_));
  }
  left_ = {};
  return status_.WithContext(Format("task {}", number));
}

const BulkTransfer* TaskInputArchive::NextBulk(hipc::Pointer old, u64 size,
                                               u32 flags) {
  if (!status_.ok()) return nullptr;
  if (next_bulk_ == end_bulk_) {
    status_ = Status::ProtocolViolation("a piece of bulk data is missing");
    return nullptr;
  }
  BulkTransfer& row = bulk_transfers_[next_bulk_++];
  if (row.size_ != size || row.flags_ != flags) {
    status_ = Status::ProtocolViolation(
        Format("bulk data of {} bytes, flags {}, sent as {} bytes, flags {}",
               size, flags, row.size_, row.flags_));
    return nullptr;
  }
  const bool answer = kind_ == ArchiveKind::kOutputs;
  if (answer && row.data_.IsNull()) row.data_ = old;
  return &row;
}

const char* TaskInputArchive::Take(u64 size) {
  if (!status_.ok()) return nullptr;
  if (size > left_.size()) {
    status_ = Status::ProtocolViolation(
        Format("a field of {} bytes where {} are left", size, left_.size()));
    left_ = {};
    return nullptr;
  }
  const char* bytes = left_.data();
  left_.remove_prefix(size);
  return bytes;
}

std::string_view TaskInputArchive::TakeText() {
  const u64 size = Value<u32>();
  const char* bytes = Take(size);
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

std::string TaskInputArchive::TooMany(u64 count) const {
  return Format("a list of {} elements in {} bytes", count, left_.size());
}

}  // namespace chi
