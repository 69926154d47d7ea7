// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A store in memory: one sealed segment, which clients may map for reading.

#ifndef CHIMAERA_BDEV_RAM_STORE_H_
#define CHIMAERA_BDEV_RAM_STORE_H_

#include <memory>
#include <string_view>

#include "block_store.h"
#include "chimaera/ipc/runtime_segments.h"
#include "chimaera/shm/segment.h"

namespace chimaera::bdev {

class RamStore final : public BlockStore {
 public:
  /// Takes `size` bytes of memory, all of them at once, and makes them known
  /// as a runtime-wide segment. `segments` outlives the store. kBadRequest for
  /// 0 bytes; kNoMemory, naming the size.
  static chi::Result<std::unique_ptr<RamStore>> Create(
      std::string_view debug_name, chi::u64 size,
      chi::RuntimeSegments& segments);
  /// REQUIRES: Retire and a quiescent point, or no worker runs any more.
  ~RamStore() override;

  chi::u64 size() const override { return memory_.size(); }
  StoreStats Stats() const override { return {}; }
  chi::Status Read(chi::u64 offset, void* to, chi::u64 length) override;
  chi::Status Write(chi::u64 offset, const void* from,
                    chi::u64 length) override;
  chi::Status Sync() override { return chi::Status(); }
  chi::Status Commit(const ObjectChange& /*change*/) override {
    return chi::Status();
  }
  Objects Load(chi::u32 /*container_id*/) const override { return {}; }
  Verified Verify(chi::u64 /*page*/, chi::u64 /*count*/) override { return {}; }
  chi::Result<chi::ShmPtr> Locate(chi::u64 offset, chi::u64 length) override;
  void Retire() override;

 private:
  RamStore(chi::Segment memory, chi::u16 id, chi::RuntimeSegments& segments)
      : memory_(std::move(memory)), id_(id), segments_(segments) {}
  bool Has(chi::u64 offset, chi::u64 length) const;
  chi::Status OutOfRange(chi::u64 offset, chi::u64 length) const;

  const chi::Segment memory_;
  const chi::u16 id_;
  chi::RuntimeSegments& segments_;
  bool retired_ = false;  // touched by Retire and the destructor only
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_RAM_STORE_H_
