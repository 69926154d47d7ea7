// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The metadata of one open block file: transactions in, durable when told so.
//
// Who commits while nobody does I/O leads: it writes what is queued, its own
// and that of everybody who came before it took the queue, with one write per
// journal and at most one sync. The others wait for it. Then one of those who
// came meanwhile leads; nobody leads twice for one call.
//
// A transaction is visible to readers when it is queued. That is right since
// transactions become durable in the order in which they were queued.

#ifndef CHIMAERA_BDEV_FORMAT_METADATA_STORE_H_
#define CHIMAERA_BDEV_FORMAT_METADATA_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "format/block_io.h"
#include "format/event.h"
#include "format/journal.h"
#include "format/metadata.h"
#include "format/recovery.h"
#include "format/transaction.h"

namespace chimaera::bdev {

/// What a call that returned success promises.
enum class Durability {
  kWritten,  ///< Survives the end of the process.
  kSynced,   ///< Survives a power cut, and so does everything before it.
};

struct MetadataStoreStats {
  chi::u64 epoch = 0;
  chi::u64 last_seq = 0;  ///< Transactions ever committed to this file.
  chi::u64 num_batches = 0;
  chi::u64 num_syncs = 0;  ///< Those of checkpoints not counted.
  chi::u64 num_checkpoints = 0;
  chi::u64 encoded_bytes = 0;  ///< Of the metadata; checkpoint_size at most.
};

/// Safe from any thread. Calls that do I/O may park the caller; no lock is held
/// meanwhile.
class MetadataStore {
 public:
  /// Recovers, forgets leases and starts a new epoch. `io` and `events` outlive
  /// the store; nobody else writes the metadata. Errors as Recover, and kIo.
  /// `damage` gets what was found bad and has been mended.
  static chi::Result<std::unique_ptr<MetadataStore>> Open(
      BlockIo& io, EventFactory& events, std::vector<std::string>* damage);
  MetadataStore(const MetadataStore&) = delete;
  MetadataStore& operator=(const MetadataStore&) = delete;
  /// REQUIRES: no call is under way. Does no I/O.
  ~MetadataStore() = default;

  /// Does all of `transaction` or nothing. Errors as Metadata::Apply; then
  /// nothing has happened. kIo if I/O failed: then the transaction may or may
  /// not have happened, and so do later ones fail, until the file is opened
  /// again; reading goes on.
  ///
  /// Space of a dropped block may be reused once kSynced is promised for the
  /// transaction: an earlier owner could come back after a power cut.
  chi::Status Commit(const Transaction& transaction, Durability durability);

  /// Everything written to the file before the call, data too, survives a power
  /// cut when it returns success. Errors as Commit.
  chi::Status Sync();

  /// Empties the journal, which makes the next recovery short. Implies Sync.
  chi::Status Checkpoint();

  /// Why commits fail; success while they do not.
  chi::Status failure() const;

  /// Calls `look` with the metadata as they are now. It must be short: it runs
  /// under the lock.
  template <class Look>
  auto Read(Look look) const {
    const chi::MutexLock lock(mu_);
    const Metadata& metadata = metadata_;
    return look(metadata);
  }

  MetadataStoreStats Stats() const;

 private:
  // A call that waits for I/O. It lies on the caller's stack.
  struct Waiter {
    std::shared_ptr<Event> event;  // null for who came as leader
    bool sync = false;
    bool checkpoint = false;
    bool leads = false;  // has been told to
    chi::Status outcome;
  };
  struct Queued {
    chi::u64 seq = 0;
    std::string operations;
  };
  // What a leader takes over at once.
  struct Batch {
    std::vector<Waiter*> waiters;
    std::vector<Queued> queued;
    bool sync = false;
    bool checkpoint = false;
    std::string metadata;   // if checkpoint
    chi::u64 last_seq = 0;  // if checkpoint
  };

  MetadataStore(BlockIo& io, EventFactory& events, Recovered recovered);

  chi::Status Submit(const Transaction* transaction, bool sync,
                     bool checkpoint);
  chi::Status Lead();
  void TakeBatch(Batch* taken) CHI_REQUIRES(mu_);
  chi::Status DoBatch(const Batch& batch);
  chi::Status AppendToJournal(const std::vector<Queued>& queued);
  void Finish(const Batch& batch, const chi::Status& status);

  BlockIo& io_;
  EventFactory& events_;

  mutable chi::Mutex mu_;
  Metadata metadata_ CHI_GUARDED_BY(mu_);
  chi::u64 last_seq_ CHI_GUARDED_BY(mu_);
  std::vector<Queued> queue_ CHI_GUARDED_BY(mu_);
  std::vector<Waiter*> waiters_ CHI_GUARDED_BY(mu_);
  bool has_leader_ CHI_GUARDED_BY(mu_) = false;
  chi::Status failure_ CHI_GUARDED_BY(mu_);
  MetadataStoreStats stats_ CHI_GUARDED_BY(mu_);

  // Owned by the leader; the next one sees them through mu_.
  Superblock superblock_;
  chi::u64 num_records_ = 0;  // in the journal
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_METADATA_STORE_H_
