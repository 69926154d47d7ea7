// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a client's task becomes a worker's private copy, and back. A task lists
// its inputs in SerializeIn and its outputs in SerializeOut; the archives here
// visit the copy's fields and find each field's twin in shared memory at the
// same distance from the start of the task. For plain fields that compiles to
// a move.
//
// Shared memory is never trusted: every field is read once, strings and
// vectors are checked on the copy of their few words, and bulk data, which
// stays where it is, must lie wholly inside the client's memory.

#ifndef CHIMAERA_IPC_TASK_ARCHIVE_H_
#define CHIMAERA_IPC_TASK_ARCHIVE_H_

#include <atomic>
#include <cstring>
#include <type_traits>
#include <utility>

#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/session.h"
#include "chimaera/ipc/task.h"
#include "chimaera/shm/field_access.h"
#include "chimaera/shm/hipc.h"

/// What ar.bulk does with the bytes when the task goes to another node; in
/// shared memory both mean "they must be there".
inline constexpr chi::u32 BULK_EXPOSE = 1u << 0;  ///< The receiver makes room.
inline constexpr chi::u32 BULK_XFER = 1u << 1;    ///< The bytes travel.

namespace chi {

namespace internal {

/// After a copy out of shared memory: keeps the compiler from taking a part of
/// it from there once more, which it may hold to be the same.
inline void ReadNoMore() {
  std::atomic_signal_fence(std::memory_order_acq_rel);
}

template <class T>
inline constexpr bool kIsShmVector = false;
template <class T>
inline constexpr bool kIsShmVector<vector<T>> = true;

/// Archive for asking whether a type has serialisers; never called.
struct ProbeArchive {
  template <class... Fields>
  void operator()(Fields&&...);
  template <class Pointer>
  void bulk(Pointer&&, u64, u32);
};

template <class TaskT, class = void>
inline constexpr bool kHasIn = false;
template <class TaskT>
inline constexpr bool
    kHasIn<TaskT, std::void_t<decltype(std::declval<TaskT&>().SerializeIn(
                      std::declval<ProbeArchive&>()))>> = true;
template <class TaskT, class = void>
inline constexpr bool kHasOut = false;
template <class TaskT>
inline constexpr bool
    kHasOut<TaskT, std::void_t<decltype(std::declval<TaskT&>().SerializeOut(
                       std::declval<ProbeArchive&>()))>> = true;

/// What both directions share: the twin of a field, and the first error.
class TwinArchive {
 public:
  TwinArchive(Task* shared, const void* copy, u64 size, Session& session)
      : session_(session),
        shared_(reinterpret_cast<char*>(shared)),
        copy_(static_cast<const char*>(copy)),
        size_(size) {}

  const Status& status() const { return status_; }

 protected:
  // Whether the field lies in the copy at all.
  template <class Field>
  bool IsMember(const Field& field) const {
    return static_cast<u64>(reinterpret_cast<const char*>(&field) - copy_) <=
           size_ - sizeof(Field);
  }

  // Where the field of the copy lies in the shared task.
  template <class Field>
  Field* Twin(Field& field) {
    const u64 offset =
        static_cast<u64>(reinterpret_cast<const char*>(&field) - copy_);
    if (offset > size_ - sizeof(Field)) {
      status_ = Status::Internal("a serialised field lies outside its task");
      return nullptr;
    }
    // From the shared task's own address: one computed from the copy's would
    // be taken to point into the copy, and stores through it thrown away.
    return reinterpret_cast<Field*>(shared_ + offset);
  }

  void CheckBulk(ShmPtr pointer, u64 size);

  // Bytes of a string or vector in the client's memory, or null with an error.
  const char* FindBytes(const RawFields& raw, u64 bytes);
  // Where `bytes` bytes of a result may be written: the client's own
  // allocation if they fit, else room of the runtime.
  char* PlaceResult(const RawFields& old, u64 capacity_bytes, u64 bytes,
                    ShmPtr* where);
  void ReleaseAnswer(const RawFields& old);

  Session& session_;
  Status status_;

 private:
  char* const shared_;
  const char* const copy_;
  const u64 size_;
};

}  // namespace internal

/// Takes the worker's one copy of what the client asks for.
inline TaskHeader ReadHeader(const Task& shared) {
  TaskHeader header = shared;
  internal::ReadNoMore();
  return header;
}

/// True if tasks of this type are run on a private copy.
template <class TaskT>
inline constexpr bool kHasSerializers =
    internal::kHasIn<TaskT>&& internal::kHasOut<TaskT>;

namespace internal {

/// Takes a task's fields apart: Archive says what is done with a plain value, a
/// string and a vector and their twins.
template <class Archive>
class FieldVisitor : public TwinArchive {
 public:
  using TwinArchive::TwinArchive;

  template <class... Fields>
  void operator()(Fields&... fields) {
    (Visit(fields), ...);
  }

 private:
  template <class Field>
  void Visit(Field& field) {
    Archive& archive = static_cast<Archive&>(*this);
    constexpr bool kIsContainer =
        std::is_same_v<Field, string> || kIsShmVector<Field>;
    if constexpr (kIsContainer || std::is_trivially_copyable_v<Field>) {
      if (Field* twin = Twin(field)) archive.VisitField(field, *twin);
    } else {
      field.serialize(archive);
    }
  }
};

}  // namespace internal

/// Fills the inputs of `copy` from the shared task. Visited fields must be
/// members of the task: plain values, strings, vectors, or structs with a
/// serialize function of such.
class CopyInArchive : public internal::FieldVisitor<CopyInArchive> {
 public:
  using FieldVisitor::FieldVisitor;

  /// The `size` bytes at `pointer` are the task's payload. They are not
  /// copied; what is checked is that the client may name them. The pointer need
  /// not be listed as a field as well.
  template <class T>
  void bulk(hipc::FullPtr<T>& pointer, u64 size, u32 flags) {
    bulk(pointer.shm_, size, flags);
  }
  void bulk(hipc::Pointer& pointer, u64 size, u32 /*flags*/) {
    if (IsMember(pointer)) pointer = *Twin(pointer);
    CheckBulk(pointer, size);
  }

 private:
  friend class internal::FieldVisitor<CopyInArchive>;

  template <class Field>
  void VisitField(Field& field, const Field& twin) {
    std::memcpy(&field, &twin, sizeof(Field));
    if constexpr (sizeof(Field) > sizeof(u64)) internal::ReadNoMore();
  }

  void VisitField(string& field, const string& twin);

  template <class T>
  void VisitField(vector<T>& field, const vector<T>& twin) {
    const RawFields raw = TaskFieldAccess::Read(twin);
    if (raw.size > ~u64{0} / sizeof(T)) {
      status_ = Status::BadRequest("a vector claims too many elements");
      return;
    }
    const char* bytes = FindBytes(raw, raw.size * sizeof(T));
    if (bytes == nullptr) return;
    field.resize(raw.size);
    if (raw.size == 0) return;  // data() is null then
    std::memcpy(field.data(), bytes, raw.size * sizeof(T));
  }
};

/// Writes the outputs of `copy` into the shared task.
class CopyOutArchive : public internal::FieldVisitor<CopyOutArchive> {
 public:
  using FieldVisitor::FieldVisitor;

  /// The method has written the payload in place.
  template <class Pointer>
  void bulk(const Pointer& /*pointer*/, u64 /*size*/, u32 /*flags*/) {}

 private:
  friend class internal::FieldVisitor<CopyOutArchive>;

  template <class Field>
  void VisitField(const Field& field, Field& twin) {
    std::memcpy(&twin, &field, sizeof(Field));
  }

  void VisitField(const string& field, string& twin);

  template <class T>
  void VisitField(const vector<T>& field, vector<T>& twin) {
    const RawFields old = TaskFieldAccess::Read(twin);
    const u64 bytes = field.size() * sizeof(T);
    if (bytes == 0) {
      ReleaseAnswer(old);
      TaskFieldAccess::AnswerAt(twin, old.home, 0, HomeCapacity(old));
      return;
    }
    ShmPtr where;
    char* place =
        PlaceResult(old, HomeCapacity(old) * sizeof(T), bytes, &where);
    if (place == nullptr) return;
    std::memcpy(place, field.data(), bytes);
    const u64 capacity = where == old.home ? HomeCapacity(old) : field.size();
    TaskFieldAccess::AnswerAt(twin, where, field.size(), capacity);
  }

  // Elements that fit into the owner's allocation, as far as we can tell: the
  // capacity is that of `data`. Kept small enough not to overflow.
  static u64 HomeCapacity(const RawFields& raw) {
    constexpr u64 kMax = u64{1} << 40;
    if (raw.home.IsNull() || raw.data != raw.home) return 0;
    return raw.capacity < kMax ? raw.capacity : 0;
  }
};

}  // namespace chi

#endif  // CHIMAERA_IPC_TASK_ARCHIVE_H_
