// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Client of module bdev.
//
//   bdev::Client device;
//   device.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "ram://scratch",
//                 chi::PoolId(200, 0), bdev::BdevType::kRam, chi::kGiB);
//   auto block = device.Allocate(HSHM_MCTX, data.size());
//   if (!block.ok()) return block.status();
//   device.Write(HSHM_MCTX, *block, data);
//   auto copy = device.Read(HSHM_MCTX, *block);
//   device.Free(HSHM_MCTX, *block);

#ifndef CHIMAERA_BDEV_BDEV_CLIENT_H_
#define CHIMAERA_BDEV_BDEV_CLIENT_H_

#include <chimaera/admin/outcome.h>
#include <chimaera/bdev/bdev_tasks.h>
#include <chimaera/bdev/loan_tasks.h>
#include <chimaera/chimaera.h>

#include <map>
#include <string>
#include <vector>

namespace chimaera::bdev {

/// A value, used by one caller at a time. Async calls return at once; the
/// others wait, at most the client's default timeout. Requests for a block go
/// to the container that gave it out.
///
/// Errors of all calls that name blocks: kStale (freed before), kBadRequest
/// (never given out, another client's, a range that leaves the block; to be
/// changed although it belongs to an object).
class Client : public chi::ContainerClient {
 public:
  Client() = default;
  explicit Client(const chi::PoolId& pool_id) { Init(pool_id); }

  /// Makes the pool, or finds the one of this name, and talks to it from then
  /// on. kBadRequest for numbers that make no sense, kNoMemory.
  Outcome Create(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
                 const std::string& pool_name,
                 const chi::PoolId& custom_pool_id, BdevType bdev_type,
                 chi::u64 total_size = 0, chi::u32 io_depth = 32,
                 chi::u32 alignment = 4096);
  Outcome Create(const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
                 const std::string& pool_name,
                 const chi::PoolId& custom_pool_id, const CreateParams& params);
  chi::Future<CreateTask> AsyncCreate(
      const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
      const std::string& pool_name, const chi::PoolId& custom_pool_id,
      BdevType bdev_type, chi::u64 total_size = 0, chi::u32 io_depth = 32,
      chi::u32 alignment = 4096);
  chi::Future<CreateTask> AsyncCreate(const hipc::MemContext& mctx,
                                      const chi::PoolQuery& pool_query,
                                      const std::string& pool_name,
                                      const chi::PoolId& custom_pool_id,
                                      const CreateParams& params);

  /// `size` bytes, all or nothing, in at most kMaxBlocks blocks whose sizes
  /// add up to `size`. kNoSpace names what is free.
  chi::Result<std::vector<Block>> AllocateBlocks(
      const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
      chi::u64 size);
  chi::Future<AllocateBlocksTask> AsyncAllocateBlocks(
      const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
      chi::u64 size);
  /// The same in one block: kNoSpace if no free piece is large enough.
  chi::Result<Block> Allocate(const hipc::MemContext& mctx, chi::u64 size);

  /// All of one container, or none.
  Outcome FreeBlocks(const hipc::MemContext& mctx,
                     const std::vector<Block>& blocks);
  chi::Future<FreeBlocksTask> AsyncFreeBlocks(const hipc::MemContext& mctx,
                                              const std::vector<Block>& blocks);
  Outcome Free(const hipc::MemContext& mctx, const Block& block);

  /// From a buffer of AllocateBuffer, which is not copied on the way. The
  /// bytes written: all, or none.
  chi::Result<chi::u64> Write(const hipc::MemContext& mctx, const Block& block,
                              hipc::Pointer data, size_t length,
                              chi::u64 offset = 0);
  chi::Future<WriteTask> AsyncWrite(const hipc::MemContext& mctx,
                                    const Block& block, hipc::Pointer data,
                                    size_t length, chi::u64 offset = 0);
  /// From ordinary memory, through a buffer, in pieces of kPieceBytes: an
  /// error may leave the first ones written.
  Outcome Write(const hipc::MemContext& mctx, const Block& block,
                const void* data, size_t length, chi::u64 offset = 0);
  Outcome Write(const hipc::MemContext& mctx, const Block& block,
                const std::vector<chi::u8>& data, chi::u64 offset = 0) {
    return Write(mctx, block, data.data(), data.size(), offset);
  }

  chi::Result<chi::u64> Read(const hipc::MemContext& mctx, const Block& block,
                             hipc::Pointer data, size_t length,
                             chi::u64 offset = 0);
  chi::Future<ReadTask> AsyncRead(const hipc::MemContext& mctx,
                                  const Block& block, hipc::Pointer data,
                                  size_t length, chi::u64 offset = 0);
  Outcome Read(const hipc::MemContext& mctx, const Block& block, void* data,
               size_t length, chi::u64 offset = 0);
  /// The whole block.
  chi::Result<std::vector<chi::u8>> Read(const hipc::MemContext& mctx,
                                         const Block& block);

  /// Ranges of many blocks of one container in one task, from or to one buffer
  /// of AllocateBuffer, one after the other: what lies next to each other on
  /// the device is one transfer, and io_depth of them are under way at once.
  /// An error is that of the first range that failed, and names its block;
  /// after one any part of any range may be written. kBadRequest also: more
  /// than kMaxRanges; sizes that do not add up to `length`; to write a byte
  /// twice.
  Outcome WriteBlocks(const hipc::MemContext& mctx,
                      const std::vector<BlockRange>& ranges, hipc::Pointer data,
                      size_t length);
  chi::Future<WriteBlocksTask> AsyncWriteBlocks(
      const hipc::MemContext& mctx, const std::vector<BlockRange>& ranges,
      hipc::Pointer data, size_t length);
  Outcome ReadBlocks(const hipc::MemContext& mctx,
                     const std::vector<BlockRange>& ranges, hipc::Pointer data,
                     size_t length);
  /// With `checksums`, of length / 4096 u32 in shared memory, a device with
  /// checksums does not compare them but puts them there, and the caller calls
  /// MatchChecksums (page_checksums.h), while the worker may be reading on. If
  /// they do not match it reads again without: perhaps the pages were being
  /// written, else that says what is wrong.
  chi::Future<ReadBlocksTask> AsyncReadBlocks(
      const hipc::MemContext& mctx, const std::vector<BlockRange>& ranges,
      hipc::Pointer data, size_t length, hipc::Pointer checksums = {});

  /// Counters, and the free bytes in `remaining_size`; zeros if the pool does
  /// not answer (AsyncGetStats says why).
  PerfMetrics GetStats(const hipc::MemContext& mctx, chi::u64& remaining_size);
  chi::Future<GetStatsTask> AsyncGetStats(
      const hipc::MemContext& mctx,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());

  /// Where the block lies in a runtime-wide segment: a client may look at it
  /// there, a method may change it. The block's space stays until as many
  /// calls of Unpin, or until the client is gone; a block freed meanwhile
  /// is kept but nobody else's. `on_behalf_of` counts in methods only: there
  /// it is the client whose block it must be, and only Unpin ends the hold; so
  /// does `for_writing`: who does not say it only looks.
  /// kUnimplemented by devices that are not in memory.
  chi::Result<hipc::Pointer> Locate(const hipc::MemContext& mctx,
                                    const Block& block,
                                    chi::u64 on_behalf_of = 0,
                                    bool for_writing = false);
  chi::Future<LocateTask> AsyncLocate(const hipc::MemContext& mctx,
                                      const Block& block,
                                      chi::u64 on_behalf_of = 0,
                                      bool for_writing = false);
  /// kNotFound if the caller holds no such block.
  Outcome Unpin(const hipc::MemContext& mctx, const Block& block);
  chi::Future<UnpinTask> AsyncUnpin(const hipc::MemContext& mctx,
                                    const Block& block);

  /// Everything that was written to the containers asked before the call
  /// survives a power cut; nothing to do for RAM. kIo: the device takes no
  /// writes any more until its pool is made anew.
  Outcome Sync(const hipc::MemContext& mctx,
               const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  chi::Future<SyncTask> AsyncSync(
      const hipc::MemContext& mctx,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  /// Begins what a Sync would wait for, and promises nothing.
  chi::Future<SyncTask> AsyncBeginSync(
      const hipc::MemContext& mctx,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());

  /// Makes a named object of blocks of one container: the caller's, or, with
  /// `replace`, those of the object that had the name. From then on they belong
  /// to the object: every client may read, locate and pin them, nobody may
  /// write or free them, and they outlive the caller. Writes into them end
  /// first. Blocks of the replaced object that are not in the list are freed,
  /// and kept until the last pin is gone. In a file it survives a power cut
  /// when it returns, and one before leaves the old object whole.
  ///   kBadRequest     also: no name, or too long a one, or attributes
  ///   kAlreadyExists  without `replace`
  ///   kNoSpace        for names, attributes and checksums
  ///   kIo             it may have happened; as after Sync
  Outcome PutObject(const hipc::MemContext& mctx, const std::string& name,
                    const std::vector<Block>& blocks,
                    const std::string& attributes = "", bool replace = false);
  chi::Future<PutObjectTask> AsyncPutObject(const hipc::MemContext& mctx,
                                            const std::string& name,
                                            const std::vector<Block>& blocks,
                                            const std::string& attributes = "",
                                            bool replace = false);

  struct StoredObject {
    std::string attributes;
    std::vector<Block> blocks;
  };
  /// kNotFound.
  chi::Result<StoredObject> GetObject(
      const hipc::MemContext& mctx, const std::string& name,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  chi::Future<GetObjectTask> AsyncGetObject(
      const hipc::MemContext& mctx, const std::string& name,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());

  /// Its blocks are freed, and kept until the last pin is gone. kNotFound; kIo
  /// as for PutObject.
  Outcome DeleteObject(
      const hipc::MemContext& mctx, const std::string& name,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  chi::Future<DeleteObjectTask> AsyncDeleteObject(
      const hipc::MemContext& mctx, const std::string& name,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());

  struct ListedObject {
    std::string name;
    chi::u64 size = 0;  ///< Bytes of its blocks.
  };
  /// The first ones whose names begin with `prefix` and are above `after`,
  /// sorted byte by byte; at most `limit`, and kMaxListed.
  chi::Result<std::vector<ListedObject>> ListObjects(
      const hipc::MemContext& mctx, const std::string& prefix = "",
      const std::string& after = "", chi::u64 limit = kMaxListed,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  chi::Future<ListObjectsTask> AsyncListObjects(
      const hipc::MemContext& mctx, const std::string& prefix = "",
      const std::string& after = "", chi::u64 limit = kMaxListed,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  /// What a ListObjects that succeeded found.
  static std::vector<ListedObject> Listed(const ListObjectsTask& task);

  /// Lends the name of an object to this client, until ReturnLoan or until the
  /// client is gone; what the loan is called from then on. The device keeps the
  /// names of loans apart, and lets others put the object all the same: whoever
  /// makes objects together has to ask. `wait_ns` is how long to wait for who
  /// has it, in turn.
  ///   kAlreadyExists     it is lent, to whom, and `wait_ns` is 0
  ///   kDeadlineExceeded  it was not returned in time
  chi::Result<chi::u64> Borrow(
      const hipc::MemContext& mctx, const std::string& name,
      chi::u64 wait_ns = 0,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  chi::Future<BorrowTask> AsyncBorrow(
      const hipc::MemContext& mctx, const std::string& name,
      chi::u64 wait_ns = 0,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  /// Makes blocks of this client the borrower's, whoever that is, all or none;
  /// each has a number that tells it what the block is. kStale if the loan is
  /// over; kAlreadyExists for a number that is taken.
  Outcome Give(const hipc::MemContext& mctx, const std::string& name,
               chi::u64 loan, const std::vector<chi::u64>& numbers,
               const std::vector<Block>& blocks,
               const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  chi::Future<GiveTask> AsyncGive(
      const hipc::MemContext& mctx, const std::string& name, chi::u64 loan,
      const std::vector<chi::u64>& numbers, const std::vector<Block>& blocks,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  using GivenBlocks = std::map<chi::u64, Block>;
  /// What was given to a loan of this client, by number. kStale.
  chi::Result<GivenBlocks> Collect(
      const hipc::MemContext& mctx, const std::string& name, chi::u64 loan,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  chi::Future<CollectTask> AsyncCollect(
      const hipc::MemContext& mctx, const std::string& name, chi::u64 loan,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  /// What a Collect that succeeded found.
  static GivenBlocks Given(const CollectTask& task);
  /// Blocks that were given stay this client's. kStale.
  Outcome ReturnLoan(
      const hipc::MemContext& mctx, const std::string& name, chi::u64 loan,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());
  chi::Future<ReturnLoanTask> AsyncReturnLoan(
      const hipc::MemContext& mctx, const std::string& name, chi::u64 loan,
      const chi::PoolQuery& pool_query = chi::PoolQuery::Local());

  static constexpr chi::u64 kPieceBytes = 4 * chi::kMiB;

 private:
  template <class TaskT, class... Args>
  chi::Future<TaskT> Send(const chi::PoolQuery& pool_query,
                          const Args&... args);
  template <class Piece>
  Outcome InPieces(chi::u64 length, Piece piece);
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_BDEV_CLIENT_H_
