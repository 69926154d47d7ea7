// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Group commit.

#include "format/metadata_store.h"

#include <algorithm>
#include <new>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/fault_point.h"
#include "chimaera/base/heap_accounts.h"

namespace chimaera::bdev {

using chi::MutexLock;
using chi::Result;
using chi::Status;
using chi::u32;
using chi::u64;

MetadataStore::MetadataStore(BlockIo& io, EventFactory& events,
                             Recovered recovered)
    : io_(io),
      events_(events),
      metadata_(std::move(recovered.metadata)),
      last_seq_(recovered.last_seq),
      superblock_(recovered.superblock) {
  stats_.epoch = superblock_.epoch;
}

Result<std::unique_ptr<MetadataStore>> MetadataStore::Open(
    BlockIo& io, EventFactory& events, std::vector<std::string>* damage) {
  CHI_ASSIGN_OR_RETURN(Recovered recovered,
                       Recover(io, RecoveryMode::kThorough));
  *damage = recovered.damage;
  recovered.metadata.DropLeases();
  // A new epoch, always: what the journal holds behind its last transaction
  // must never look like a continuation of what is committed from now on.
  CHI_RETURN_IF_ERROR(WriteCheckpoint(io, recovered.metadata.Encode(),
                                      recovered.last_seq, recovered.copy,
                                      &recovered.superblock));
  return std::unique_ptr<MetadataStore>(
      new MetadataStore(io, events, std::move(recovered)));
}

// ---- calls ------------------------------------------------------------------

Status MetadataStore::Commit(const Transaction& transaction,
                             Durability durability) {
  return Submit(&transaction, durability == Durability::kSynced, false);
}

Status MetadataStore::Sync() { return Submit(nullptr, true, false); }

Status MetadataStore::Checkpoint() { return Submit(nullptr, true, true); }

Status MetadataStore::Submit(const Transaction* transaction, bool sync,
                             bool checkpoint) {
  // A transaction that is applied has to get into the journal as well.
  const chi::HeapReserveScope heap;
  Waiter waiter;
  waiter.sync = sync;
  waiter.checkpoint = checkpoint;
  bool leads = false;
  std::shared_ptr<Event> event;
  {
    const MutexLock lock(mu_);
    CHI_RETURN_IF_ERROR(failure_);
    leads = !has_leader_;
    if (!leads) event = waiter.event = events_.MakeEvent();
    if (transaction != nullptr) {
      Queued queued{last_seq_ + 1, transaction->bytes()};
      CHI_RETURN_IF_ERROR(metadata_.Apply(queued.operations));
      ++last_seq_;
      queue_.push_back(std::move(queued));
    }
    waiters_.push_back(&waiter);
    has_leader_ = true;
  }
  if (!leads) {
    event->Wait();
    if (!waiter.leads) return waiter.outcome;
  }
  return Lead();
}

// ---- the leader -------------------------------------------------------------

Status MetadataStore::Lead() {
  Batch batch;
  Status status;
  try {
    {
      const MutexLock lock(mu_);
      status = failure_;
      TakeBatch(&batch);
    }
    if (status.ok()) status = DoBatch(batch);
  } catch (const std::bad_alloc&) {
    status = Status::NoMemory("no memory to write the metadata");
  }
  Finish(batch, status);
  return status;
}

void MetadataStore::TakeBatch(Batch* taken) {
  Batch& batch = *taken;
  batch.waiters.swap(waiters_);
  batch.queued.swap(queue_);
  u64 num_records = num_records_;
  for (const Queued& queued : batch.queued) {
    const u64 records = NumRecords(queued.operations.size());
    num_records += records;
    if (records > kMaxParts) batch.checkpoint = true;
  }
  for (const Waiter* waiter : batch.waiters) {
    batch.sync = batch.sync || waiter->sync;
    batch.checkpoint = batch.checkpoint || waiter->checkpoint;
  }
  if (num_records > superblock_.geometry.RecordsPerJournal()) {
    batch.checkpoint = true;
  }
  if (batch.checkpoint) {
    // Has the queued transactions in it already.
    batch.metadata = metadata_.Encode();
    batch.last_seq = last_seq_;
  }
}

Status MetadataStore::DoBatch(const Batch& batch) {
  if (CHI_FAULT("bdev.metadata.before_write")) {
    return Status::Io("fault point");
  }
  if (batch.checkpoint) {
    CHI_RETURN_IF_ERROR(
        WriteCheckpoint(io_, batch.metadata, batch.last_seq, 1, &superblock_));
    num_records_ = 0;
    return Status();
  }
  CHI_RETURN_IF_ERROR(AppendToJournal(batch.queued));
  if (!batch.sync) return Status();
  if (CHI_FAULT("bdev.metadata.before_sync")) {
    return Status::Io("fault point");
  }
  return io_.Sync();
}

Status MetadataStore::AppendToJournal(const std::vector<Queued>& queued) {
  if (queued.empty()) return Status();
  std::string records;
  for (const Queued& transaction : queued) {
    AppendRecords({superblock_.device_id, superblock_.epoch}, transaction.seq,
                  transaction.operations, &records);
  }
  const Geometry& geometry = superblock_.geometry;
  for (u32 copy = 0; copy < kNumCopies; ++copy) {
    const u64 at = geometry.JournalAt(copy) + num_records_ * kRecordSize;
    CHI_RETURN_IF_ERROR(io_.Write(at, records.data(), records.size()));
  }
  num_records_ += records.size() / kRecordSize;
  return Status();
}

// Tells everybody in the batch, and one of the others to lead.
void MetadataStore::Finish(const Batch& batch, const Status& status) {
  std::vector<std::shared_ptr<Event>> events;
  {
    const MutexLock lock(mu_);
    if (!status.ok() && failure_.ok()) {
      failure_ = status.WithContext(
          "the device is read-only until it is opened again");
    }
    for (Waiter* waiter : batch.waiters) {
      waiter->outcome = status;
      if (waiter->event != nullptr) events.push_back(std::move(waiter->event));
    }
    has_leader_ = !waiters_.empty();
    if (has_leader_) {
      waiters_.front()->leads = true;
      events.push_back(std::move(waiters_.front()->event));
    }
    ++stats_.num_batches;
    stats_.num_checkpoints += batch.checkpoint ? 1 : 0;
    stats_.num_syncs += batch.sync && !batch.checkpoint ? 1 : 0;
    stats_.epoch = superblock_.epoch;
  }
  for (const std::shared_ptr<Event>& event : events) event->Set();
}

// ---- reading ----------------------------------------------------------------

Status MetadataStore::failure() const {
  const MutexLock lock(mu_);
  return failure_;
}

MetadataStoreStats MetadataStore::Stats() const {
  const MutexLock lock(mu_);
  MetadataStoreStats stats = stats_;
  stats.last_seq = last_seq_;
  stats.encoded_bytes = metadata_.encoded_size();
  return stats;
}

}  // namespace chimaera::bdev
