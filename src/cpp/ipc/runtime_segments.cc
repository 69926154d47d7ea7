// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Registry of runtime-wide segments. See runtime_segments.h.

#include "chimaera/ipc/runtime_segments.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "chimaera/base/format.h"

namespace chi {

namespace {

Result<UniqueFd> Duplicate(int fd) {
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return Status::FromErrno(errno, "duplicate of a segment");
  return copy;
}

}  // namespace

Result<u16> RuntimeSegments::Register(int fd, char* base, u64 size,
                                      bool welcome) {
  const int seals = fcntl(fd, F_GET_SEALS);
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;
  if (seals < 0 || (seals & kNeeded) != kNeeded) {
    return Status::BadRequest(
        Format("a segment for all clients has the seals {}, needs {}", seals,
               kNeeded));
  }
  CHI_ASSIGN_OR_RETURN(UniqueFd copy, Duplicate(fd));
  const MutexLock lock(mu_);
  if (next_id_ > kLastRuntimeSegment) {
    return Status::Overloaded(
        Format("all {} ids of runtime-wide segments were used; restart the "
               "runtime",
               kLastRuntimeSegment - kFirstRuntimeSegment + 1));
  }
  const u16 id = static_cast<u16>(next_id_++);
  records_.emplace(id, Record{std::move(copy), size, welcome});
  table_.Row(id).Publish(base, size);
  return id;
}

Status RuntimeSegments::Unregister(u16 id) {
  const MutexLock lock(mu_);
  if (records_.erase(id) == 0) {
    return Status::NotFound(Format("runtime-wide segment {}", id));
  }
  table_.Row(id).Withdraw();
  return Status::Ok();
}

Result<RuntimeSegments::Shared> RuntimeSegments::ShareRecord(
    u16 id, const Record& record) {
  CHI_ASSIGN_OR_RETURN(UniqueFd copy, Duplicate(record.fd.get()));
  return Shared{id, record.size, std::move(copy)};
}

Result<RuntimeSegments::Shared> RuntimeSegments::Share(u16 id) const {
  const MutexLock lock(mu_);
  const auto found = records_.find(id);
  if (found == records_.end()) {
    return Status::NotFound(Format("runtime-wide segment {}", id));
  }
  return ShareRecord(id, found->second);
}

std::vector<RuntimeSegments::Shared> RuntimeSegments::ShareWelcome(
    u32 max) const {
  std::vector<Shared> shared;
  const MutexLock lock(mu_);
  for (const auto& [id, record] : records_) {
    if (shared.size() == max) break;
    if (!record.welcome) continue;
    // One that cannot be duplicated now is asked for later.
    Result<Shared> one = ShareRecord(id, record);
    if (one.ok()) shared.push_back(std::move(one).value());
  }
  return shared;
}

}  // namespace chi
