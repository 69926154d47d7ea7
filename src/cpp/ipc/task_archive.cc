// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The parts of the archives that do not depend on the task's type.

#include "chimaera/ipc/task_archive.h"

#include <algorithm>

namespace chi {

namespace internal {

void TwinArchive::CheckBulk(ShmPtr pointer, u64 size) {
  if (size == 0 || session_.Resolve(pointer, size) != nullptr) return;
  status_ = Status::BadRequest(Format(
      "{} bytes at {} are not all in this client's memory", size, pointer));
}

const char* TwinArchive::FindBytes(const RawFields& raw, u64 bytes) {
  static const char kNothing = 0;
  if (bytes == 0) return &kNothing;
  const char* found = session_.Resolve(raw.data, bytes);
  if (found == nullptr) CheckBulk(raw.data, bytes);
  return found;
}

char* TwinArchive::PlaceResult(const RawFields& old, u64 capacity_bytes,
                               u64 bytes, ShmPtr* where) {
  if (bytes <= capacity_bytes) {
    if (char* home = session_.ResolveWritable(old.home, bytes)) {
      *where = old.home;
      return home;
    }
  }
  ReleaseAnswer(old);
  Result<ShmPtr> room = session_.AllocateResult(bytes);
  if (!room.ok()) {
    status_ = room.status();
    return nullptr;
  }
  *where = *room;
  return session_.Resolve(*room, bytes);
}

void TwinArchive::ReleaseAnswer(const RawFields& old) {
  const u16 segment = old.data.segment();
  if (old.data == old.home || segment < kFirstRuntimeSegment ||
      segment > kLastRuntimeSegment) {
    return;
  }
  // An answer to an earlier run of the same task. A client that made the
  // pointer up gets an error from the ledger, which changes nothing here.
  const Status freed = session_.FreeResult(old.data);
  static_cast<void>(freed);
}

}  // namespace internal

void CopyInArchive::VisitField(string& field, const string& twin) {
  const RawFields raw = TaskFieldAccess::Read(twin);
  if (raw.data.IsNull()) {
    const u64 size = std::min<u64>(raw.size, string::kInlineCapacity);
    field.assign({TaskFieldAccess::inline_bytes(twin), size});
    return;
  }
  const char* bytes = FindBytes(raw, raw.size);
  if (bytes != nullptr) field.assign({bytes, raw.size});
}

void CopyOutArchive::VisitField(const string& field, string& twin) {
  const RawFields old = TaskFieldAccess::Read(twin);
  const u64 size = field.size();
  const u64 bytes = size + 1;  // with the zero byte
  const u64 home_bytes = HomeCapacity(old) + (HomeCapacity(old) > 0 ? 1 : 0);
  if (size <= string::kInlineCapacity && bytes > home_bytes) {
    ReleaseAnswer(old);
    TaskFieldAccess::AnswerInline(twin, field.data(), size);
    return;
  }
  ShmPtr where;
  char* place = PlaceResult(old, home_bytes, bytes, &where);
  if (place == nullptr) return;
  std::memcpy(place, field.c_str(), bytes);
  TaskFieldAccess::AnswerAt(twin, where, size,
                            where == old.home ? HomeCapacity(old) : size);
}

}  // namespace chi
