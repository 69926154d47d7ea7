// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A container of a bdev pool: one device.

#ifndef CHIMAERA_BDEV_BDEV_RUNTIME_H_
#define CHIMAERA_BDEV_BDEV_RUNTIME_H_

#include <chimaera/bdev/bdev_tasks.h>
#include <chimaera/bdev/copy_meter.h>
#include <chimaera/bdev/loan_tasks.h>
#include <chimaera/chimaera.h>

#include <memory>

namespace chimaera::bdev {

class BlockStore;
class BlockTable;
class LoanTable;
class ObjectTable;
class Scrubber;
class StallWatch;

/// Its methods may run on several workers at once.
class Runtime : public chi::Container {
 public:
  using CreateParams = chimaera::bdev::CreateParams;

  Runtime();
  ~Runtime() override;

  void Create(hipc::FullPtr<CreateTask> task, chi::RunContext& rctx);
  void Destroy(hipc::FullPtr<DestroyTask> task, chi::RunContext& rctx);
  void AllocateBlocks(hipc::FullPtr<AllocateBlocksTask> task,
                      chi::RunContext& rctx);
  void FreeBlocks(hipc::FullPtr<FreeBlocksTask> task, chi::RunContext& rctx);
  void Write(hipc::FullPtr<WriteTask> task, chi::RunContext& rctx);
  void Read(hipc::FullPtr<ReadTask> task, chi::RunContext& rctx);
  void WriteBlocks(hipc::FullPtr<WriteBlocksTask> task, chi::RunContext& rctx);
  void ReadBlocks(hipc::FullPtr<ReadBlocksTask> task, chi::RunContext& rctx);
  void GetStats(hipc::FullPtr<GetStatsTask> task, chi::RunContext& rctx);
  void GetMap(hipc::FullPtr<GetMapTask> task, chi::RunContext& rctx);
  void Locate(hipc::FullPtr<LocateTask> task, chi::RunContext& rctx);
  void Unpin(hipc::FullPtr<UnpinTask> task, chi::RunContext& rctx);
  void Sync(hipc::FullPtr<SyncTask> task, chi::RunContext& rctx);
  void PutObject(hipc::FullPtr<PutObjectTask> task, chi::RunContext& rctx);
  void GetObject(hipc::FullPtr<GetObjectTask> task, chi::RunContext& rctx);
  void DeleteObject(hipc::FullPtr<DeleteObjectTask> task,
                    chi::RunContext& rctx);
  void ListObjects(hipc::FullPtr<ListObjectsTask> task, chi::RunContext& rctx);
  void Scrub(hipc::FullPtr<ScrubTask> task, chi::RunContext& rctx);
  void Watch(hipc::FullPtr<WatchTask> task, chi::RunContext& rctx);

  void Borrow(hipc::FullPtr<BorrowTask> task, chi::RunContext& rctx);
  void Give(hipc::FullPtr<GiveTask> task, chi::RunContext& rctx);
  void Collect(hipc::FullPtr<CollectTask> task, chi::RunContext& rctx);
  void ReturnLoan(hipc::FullPtr<ReturnLoanTask> task, chi::RunContext& rctx);

  void OnClientGone(chi::u64 client_id) override;

 private:
  chi::Status OpenStore();
  void StartScrubbing();
  void StartWatching();
  chi::Status Copy(WriteTask& task, const chi::RunContext& rctx);
  chi::Status Copy(ReadTask& task, const chi::RunContext& rctx);
  chi::Status Copy(WriteBlocksTask& task, const chi::RunContext& rctx);
  chi::Status Copy(ReadBlocksTask& task, const chi::RunContext& rctx);

  // Constant after Create; the tables are destroyed first.
  CreateParams params_;
  std::unique_ptr<BlockStore> store_;
  std::unique_ptr<BlockTable> table_;
  std::unique_ptr<LoanTable> loans_;
  std::unique_ptr<ObjectTable> objects_;
  std::unique_ptr<Scrubber> scrubber_;
  std::unique_ptr<StallWatch> watch_;  // null for kRam, or if not wanted
  // Counted by whoever copies.
  CopyMeter reads_;
  CopyMeter writes_;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_BDEV_RUNTIME_H_
