// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Many tasks in one piece of bytes, for another process or another node: the
// fields that SerializeIn lists, or those of SerializeOut, of any number of
// tasks of any types, one after the other, and a list of their bulk data.
//
//   TaskOutputArchive out(ArchiveKind::kInputs);
//   out.Add(*write);  out.Add(*read);
//   Send(out.Finish(), out.bulk_transfers());
//
//   TaskInputArchive in = *TaskInputArchive::Parse(bytes);
//   in.Load(0, *write_again);
//
// Bytes that come in are a stranger's: whatever they are, the reader does an
// amount of work that their number bounds, and says what is wrong with them.

#ifndef CHIMAERA_IPC_TASK_BATCH_H_
#define CHIMAERA_IPC_TASK_BATCH_H_

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/batch_format.h"
#include "chimaera/ipc/task.h"
#include "chimaera/ipc/task_archive.h"

namespace chi {

/// Writes. Used by one thread at a time.
class TaskOutputArchive {
 public:
  explicit TaskOutputArchive(ArchiveKind kind, const ArchiveLimits& limits = {})
      : limits_(limits), kind_(kind) {
    StartAnew();
  }

  /// Appends `task`. kOverloaded when it does not fit any more: the archive is
  /// what it was before.
  template <class TaskT>
  [[nodiscard]] Status Add(TaskT& task) {
    static_assert(kHasSerializers<TaskT>, "lists no fields");
    const Mark mark = Begin(task);
    if (kind_ == ArchiveKind::kInputs) {
      task.SerializeIn(*this);
    } else {
      task.SerializeOut(*this);
    }
    return End(mark);
  }

  ArchiveKind kind() const { return kind_; }
  u32 num_tasks() const { return num_tasks_; }
  /// The bulk data of all tasks, in their order.
  const std::vector<BulkTransfer>& bulk_transfers() const {
    return bulk_transfers_;
  }

  /// The bytes. Nothing may be added any more.
  std::string Finish();

  // ---- what SerializeIn and SerializeOut call ----

  template <class... Fields>
  void operator()(Fields&&... fields) {
    (Put(fields), ...);
  }

  template <class T>
  void bulk(const hipc::FullPtr<T>& pointer, u64 size, u32 flags) {
    bulk(pointer.shm_, size, flags);
  }
  void bulk(hipc::Pointer pointer, u64 size, u32 flags) {
    bulk_transfers_.push_back({pointer, size, flags, num_tasks_});
  }

 private:
  // Where a task begins, to go back to.
  struct Mark {
    u64 bytes;
    u64 bulks;
  };

  void StartAnew();
  Mark Begin(const Task& task);
  Status End(const Mark& mark);
  void PutBytes(const void* bytes, u64 size) {
    bytes_.append(static_cast<const char*>(bytes), size);
  }
  void PutText(std::string_view text);

  template <class T>
  void Put(T& field) {
    using Field = std::remove_const_t<T>;
    if constexpr (internal::kIsText<Field>) {
      PutText(std::string_view(field));
    } else if constexpr (internal::kIsList<Field>) {
      PutList(field);
    } else if constexpr (internal::kIsPlace<Field>) {
      Put(u64{0});
    } else if constexpr (std::is_same_v<Field, bool>) {
      Put(static_cast<u8>(field));
    } else if constexpr (internal::kIsPlain<Field>) {
      PutBytes(&field, sizeof(Field));
    } else {
      const_cast<Field&>(field).serialize(*this);
    }
  }
  template <class T>
  void Put(const T&& value) {
    Put(value);
  }

  template <class List>
  void PutList(const List& list) {
    using Element = typename List::value_type;
    Put(static_cast<u64>(list.size()));
    if constexpr (internal::kIsPlain<Element>) {
      PutBytes(list.data(), list.size() * sizeof(Element));
    } else {
      for (const Element& element : list) Put(element);
    }
  }

  // Constant after construction.
  const ArchiveLimits limits_;
  const ArchiveKind kind_;

  std::string bytes_;
  u32 num_tasks_ = 0;
  u64 bulk_bytes_ = 0;
  std::vector<BulkTransfer> bulk_transfers_;
};

/// Reads. Used by one thread at a time.
class TaskInputArchive {
 public:
  /// Takes the bytes of a TaskOutputArchive apart into tasks; looks at no field
  /// yet. kVersionMismatch, kProtocolViolation with what is wrong where.
  static Result<TaskInputArchive> Parse(std::string bytes,
                                        const ArchiveLimits& limits = {});

  ArchiveKind kind() const { return kind_; }
  u32 num_tasks() const { return static_cast<u32>(records_.size()); }
  /// What the sender wrote about the task: where it is meant for, which method.
  /// Nothing of it has been checked but its length. REQUIRES: task < num_tasks.
  const TaskHeader& header(u32 task) const { return records_[task].header; }

  /// The sizes are what the sender says; their sum is within the limits.
  const std::vector<BulkTransfer>& bulk_transfers() const {
    return bulk_transfers_;
  }
  /// Where that piece lies here, or room for it. To be said before the task is
  /// loaded. REQUIRES: bulk < bulk_transfers().size().
  void SetBulk(u32 bulk, hipc::Pointer data) {
    bulk_transfers_[bulk].data_ = data;
  }

  /// Fills header and inputs of `task`, or in an archive of outputs its outcome
  /// and outputs. Its bulk pointers are those of SetBulk; in an archive of
  /// outputs one that was not set stays as it is in the task, and
  /// bulk_transfers() tells it afterwards: the caller must not write there more
  /// than what it has offered. kProtocolViolation: these are not the fields of
  /// a TaskT; some of them may have been written.
  /// REQUIRES: task < num_tasks().
  template <class TaskT>
  [[nodiscard]] Status Load(u32 number, TaskT& task) {
    static_assert(kHasSerializers<TaskT>, "lists no fields");
    Begin(number, task);
    if (kind_ == ArchiveKind::kInputs) {
      task.SerializeIn(*this);
    } else {
      task.SerializeOut(*this);
    }
    return End(number);
  }

  // ---- what SerializeIn and SerializeOut call ----

  template <class... Fields>
  void operator()(Fields&&... fields) {
    (Get(fields), ...);
  }

  template <class T>
  void bulk(hipc::FullPtr<T>& pointer, u64 size, u32 flags) {
    if (const BulkTransfer* row = NextBulk(pointer.shm_, size, flags)) {
      pointer = hipc::FullPtr<T>(
          row->data_.IsPrivate()
              ? reinterpret_cast<T*>(row->data_.private_address())
              : nullptr,
          row->data_);
    }
  }
  void bulk(hipc::Pointer& pointer, u64 size, u32 flags) {
    if (const BulkTransfer* row = NextBulk(pointer, size, flags)) {
      pointer = row->data_;
    }
  }

 private:
  struct Record {
    TaskHeader header;
    u32 return_code = 0;
    std::string_view text;
    std::string_view fields;
    u32 first_bulk = 0;
    u32 num_bulks = 0;
  };

  TaskInputArchive(std::string bytes, ArchiveKind kind)
      : bytes_(std::make_unique<const std::string>(std::move(bytes))),
        kind_(kind) {}

  Status ReadRecords(u32 num_tasks, u32 num_bulks, const ArchiveLimits& limits);
  Status ReadBulks(u32 num_bulks, const ArchiveLimits& limits);
  void ReadRecord(Record* record);
  void Begin(u32 number, Task& task);
  Status End(u32 number);
  // The row of a piece, or null with an error.
  const BulkTransfer* NextBulk(hipc::Pointer old, u64 size, u32 flags);

  // The next `size` bytes; null, and an error from then on, if there are fewer.
  const char* Take(u64 size);
  std::string_view TakeText();

  template <class T>
  T Value() {
    T value{};
    Get(value);
    return value;
  }

  template <class T>
  void Get(T& field) {
    if constexpr (internal::kIsText<T>) {
      field = TakeText();
    } else if constexpr (internal::kIsList<T>) {
      GetList(field);
    } else if constexpr (internal::kIsPlace<T>) {
      static_cast<void>(Take(sizeof(u64)));
    } else if constexpr (std::is_same_v<T, bool>) {
      field = Value<u8>() != 0;
    } else if constexpr (internal::kIsPlain<T>) {
      const char* bytes = Take(sizeof(T));
      if (bytes != nullptr) std::memcpy(&field, bytes, sizeof(T));
    } else {
      field.serialize(*this);
    }
  }

  template <class List>
  void GetList(List& list) {
    using Element = typename List::value_type;
    const u64 count = Value<u64>();
    list.clear();
    if constexpr (internal::kIsPlain<Element>) {
      if (count > left_.size() / sizeof(Element)) {
        status_ = Status::ProtocolViolation(TooMany(count));
        return;
      }
      const char* bytes = Take(count * sizeof(Element));
      if (count == 0 || bytes == nullptr) return;
      list.resize(count);
      std::memcpy(static_cast<void*>(list.data()), bytes,
                  count * sizeof(Element));
    } else {
      // One by one: memory is taken for what is there, not for what is claimed.
      for (u64 i = 0; i < count && status_.ok(); ++i) {
        const u64 before = left_.size();
        Element element{};
        Get(element);
        if (left_.size() == before && status_.ok()) {  // or it had no end
          status_ = Status::ProtocolViolation(TooMany(count));
        }
        list.push_back(std::move(element));
      }
    }
  }
  std::string TooMany(u64 count) const;

  // Constant after Parse. On the heap: views of it stay good when this moves.
  std::unique_ptr<const std::string> bytes_;
  ArchiveKind kind_;
  std::vector<Record> records_;
  std::vector<BulkTransfer> bulk_transfers_;

  // While something is read.
  std::string_view left_;
  Status status_;
  u32 next_bulk_ = 0;
  u32 end_bulk_ = 0;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_TASK_BATCH_H_
