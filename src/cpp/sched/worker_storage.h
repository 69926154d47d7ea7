// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Where strings and vectors keep their bytes while a worker touches them. In
// private copies, and in everything a module makes itself, that is the heap.
// A task type without serialisers is run where it lies: strings inside the
// client's memory are resolved through the session, with its checks, and what
// a method writes into them comes from runtime data.

#ifndef CHIMAERA_SCHED_WORKER_STORAGE_H_
#define CHIMAERA_SCHED_WORKER_STORAGE_H_

#include "chimaera/sched/worker.h"
#include "chimaera/shm/storage.h"

namespace chi {

/// The storage of one worker's thread.
class WorkerStorage final : public Storage {
 public:
  explicit WorkerStorage(const Worker& worker) : worker_(worker) {}

  Result<ShmPtr> Allocate(u64 bytes, const void* holder) override;
  void Free(ShmPtr pointer, const void* holder) override;
  char* Resolve(ShmPtr pointer, u64 bytes, const void* holder) override;
  [[nodiscard]] bool HoldsPrivate(const void* holder) const override {
    return SessionOf(holder) == nullptr;
  }

 private:
  // The session whose memory `holder` lies in; null for private memory.
  Session* SessionOf(const void* holder) const;

  const Worker& worker_;
};

}  // namespace chi

#endif  // CHIMAERA_SCHED_WORKER_STORAGE_H_
