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
#include <chimaera/chimaera.h>

#include <string>
#include <vector>

namespace chimaera::bdev {

/// A value, used by one caller at a time. Async calls return at once; the
/// others wait, at most the client's default timeout. Requests for a block go
/// to the container that gave it out.
///
/// Errors of all calls that name blocks: kStale (freed before), kBadRequest
/// (never given out, another client's, a range that leaves the block).
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
  /// it is the client whose block it must be, and only Unpin ends the hold.
  /// kUnimplemented by devices that are not in memory.
  chi::Result<hipc::Pointer> Locate(const hipc::MemContext& mctx,
                                    const Block& block,
                                    chi::u64 on_behalf_of = 0);
  chi::Future<LocateTask> AsyncLocate(const hipc::MemContext& mctx,
                                      const Block& block,
                                      chi::u64 on_behalf_of = 0);
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
