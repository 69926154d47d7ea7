// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Everything depends on whose memory the holder of the bytes lies in.

#include "sched/worker_storage.h"

#include "chimaera/ipc/session.h"

namespace chi {

Session* WorkerStorage::SessionOf(const void* holder) const {
  const RunContext* run = worker_.current_run();
  if (run == nullptr || run->session == nullptr) return nullptr;
  return run->session->Owns(holder) ? run->session : nullptr;
}

Result<ShmPtr> WorkerStorage::Allocate(u64 bytes, const void* holder) {
  Session* session = SessionOf(holder);
  if (session == nullptr) return PrivateStorage().Allocate(bytes, holder);
  return session->AllocateResult(bytes);
}

void WorkerStorage::Free(ShmPtr pointer, const void* holder) {
  Session* session = SessionOf(holder);
  if (session == nullptr) {
    if (pointer.IsPrivate()) PrivateStorage().Free(pointer, holder);
    return;
  }
  // The ledger refuses what it did not hand out: the client's own bytes are
  // the client's to free.
  const Status freed = session->FreeResult(pointer);
  static_cast<void>(freed);
}

char* WorkerStorage::Resolve(ShmPtr pointer, u64 bytes, const void* holder) {
  Session* session = SessionOf(holder);
  if (session != nullptr) return session->Resolve(pointer, bytes);
  return PrivateStorage().Resolve(pointer, bytes, holder);
}

}  // namespace chi
