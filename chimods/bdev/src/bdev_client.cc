// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Requests to a block device, and the ways of ordinary memory into it.

#include "chimaera/bdev/bdev_client.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "chimaera/base/format.h"

namespace chimaera::bdev {
namespace {

chi::PoolQuery HomeOf(const Block& block) {
  return chi::PoolQuery::DirectId(block.container_id_);
}

chi::PoolQuery HomeOf(const std::vector<BlockRange>& ranges) {
  return ranges.empty() ? chi::PoolQuery::Local() : HomeOf(ranges[0].block_);
}

}  // namespace

template <class TaskT, class... Args>
chi::Future<TaskT> Client::Send(const chi::PoolQuery& pool_query,
                                const Args&... args) {
  auto* ipc = CHI_IPC;
  return ipc->Submit(
      ipc->NewTask<TaskT>(chi::CreateTaskId(), pool_id_, pool_query, args...));
}

// ---- life of the pool -------------------------------------------------------

Outcome Client::Create(const hipc::MemContext& mctx,
                       const chi::PoolQuery& pool_query,
                       const std::string& pool_name,
                       const chi::PoolId& custom_pool_id, BdevType bdev_type,
                       chi::u64 total_size, chi::u32 io_depth,
                       chi::u32 alignment) {
  return Create(mctx, pool_query, pool_name, custom_pool_id,
                CreateParams(bdev_type, total_size, io_depth, alignment));
}

Outcome Client::Create(const hipc::MemContext& mctx,
                       const chi::PoolQuery& pool_query,
                       const std::string& pool_name,
                       const chi::PoolId& custom_pool_id,
                       const CreateParams& params) {
  return FinishCreate(
      AsyncCreate(mctx, pool_query, pool_name, custom_pool_id, params), this);
}

chi::Future<CreateTask> Client::AsyncCreate(
    const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
    const std::string& pool_name, const chi::PoolId& custom_pool_id,
    BdevType bdev_type, chi::u64 total_size, chi::u32 io_depth,
    chi::u32 alignment) {
  return AsyncCreate(mctx, pool_query, pool_name, custom_pool_id,
                     CreateParams(bdev_type, total_size, io_depth, alignment));
}

chi::Future<CreateTask> Client::AsyncCreate(const hipc::MemContext& /*mctx*/,
                                            const chi::PoolQuery& pool_query,
                                            const std::string& pool_name,
                                            const chi::PoolId& custom_pool_id,
                                            const CreateParams& params) {
  auto* ipc = CHI_IPC;
  return ipc->Submit(ipc->NewTask<CreateTask>(
      chi::CreateTaskId(), chi::kAdminPoolId, pool_query,
      CreateParams::chimod_lib_name, pool_name, custom_pool_id, params));
}

// ---- blocks -----------------------------------------------------------------

chi::Result<std::vector<Block>> Client::AllocateBlocks(
    const hipc::MemContext& mctx, const chi::PoolQuery& pool_query,
    chi::u64 size) {
  auto future = AsyncAllocateBlocks(mctx, pool_query, size);
  CHI_RETURN_IF_ERROR(future.Get());
  const auto& blocks = std::as_const(future->blocks_);
  return std::vector<Block>(blocks.begin(), blocks.end());
}

chi::Future<AllocateBlocksTask> Client::AsyncAllocateBlocks(
    const hipc::MemContext& /*mctx*/, const chi::PoolQuery& pool_query,
    chi::u64 size) {
  return Send<AllocateBlocksTask>(pool_query, size);
}

chi::Result<Block> Client::Allocate(const hipc::MemContext& mctx,
                                    chi::u64 size) {
  auto future = AsyncAllocateBlocks(mctx, chi::PoolQuery::Local(), size);
  CHI_RETURN_IF_ERROR(future.Get());
  const FewBlocks& blocks = future->blocks_;
  if (blocks.size() == 1) return blocks[0];
  FreeBlocks(mctx, {blocks.begin(), blocks.end()});
  return chi::Status::NoSpace(
      chi::Format("pool {}: {} bytes are free in {} pieces only", pool_id_,
                  size, blocks.size()));
}

Outcome Client::FreeBlocks(const hipc::MemContext& mctx,
                           const std::vector<Block>& blocks) {
  return AsyncFreeBlocks(mctx, blocks).Get();
}

chi::Future<FreeBlocksTask> Client::AsyncFreeBlocks(
    const hipc::MemContext& /*mctx*/, const std::vector<Block>& blocks) {
  return Send<FreeBlocksTask>(
      blocks.empty() ? chi::PoolQuery::Local() : HomeOf(blocks[0]), blocks);
}

Outcome Client::Free(const hipc::MemContext& /*mctx*/, const Block& block) {
  return Send<FreeBlocksTask>(HomeOf(block), block).Get();
}

// ---- bytes ------------------------------------------------------------------

chi::Result<chi::u64> Client::Write(const hipc::MemContext& mctx,
                                    const Block& block, hipc::Pointer data,
                                    size_t length, chi::u64 offset) {
  auto future = AsyncWrite(mctx, block, data, length, offset);
  CHI_RETURN_IF_ERROR(future.Get());
  return future->bytes_written_;
}

chi::Future<WriteTask> Client::AsyncWrite(const hipc::MemContext& /*mctx*/,
                                          const Block& block,
                                          hipc::Pointer data, size_t length,
                                          chi::u64 offset) {
  return Send<WriteTask>(HomeOf(block), block, data, length, offset);
}

chi::Result<chi::u64> Client::Read(const hipc::MemContext& mctx,
                                   const Block& block, hipc::Pointer data,
                                   size_t length, chi::u64 offset) {
  auto future = AsyncRead(mctx, block, data, length, offset);
  CHI_RETURN_IF_ERROR(future.Get());
  return future->bytes_read_;
}

chi::Future<ReadTask> Client::AsyncRead(const hipc::MemContext& /*mctx*/,
                                        const Block& block, hipc::Pointer data,
                                        size_t length, chi::u64 offset) {
  return Send<ReadTask>(HomeOf(block), block, data, length, offset);
}

// Calls piece(buffer, done, size) with a buffer of at least `size` bytes for
// one part of `length` after the other; it says whether its task is over.
template <class Piece>
Outcome Client::InPieces(chi::u64 length, Piece piece) {
  auto* ipc = CHI_IPC;
  const chi::u64 size = std::clamp<chi::u64>(length, 1, kPieceBytes);
  const hipc::FullPtr<char> buffer = ipc->AllocateBuffer(size);
  if (buffer.IsNull()) {
    return chi::Status::NoMemory(
        chi::Format("no buffer of {} bytes for pool {}", size, pool_id_));
  }
  chi::Status status;
  bool over = true;
  chi::u64 done = 0;
  do {
    const chi::u64 next = std::min(size, length - done);
    std::tie(status, over) = piece(buffer, done, next);
    done += next;
  } while (status.ok() && done < length);
  // After a timeout the runtime may still be copying: then the buffer is lost
  // rather than given to somebody else.
  if (over) ipc->FreeBuffer(buffer);
  return status;
}

Outcome Client::Write(const hipc::MemContext& mctx, const Block& block,
                      const void* data, size_t length, chi::u64 offset) {
  const char* const from = static_cast<const char*>(data);
  return InPieces(length, [&](const hipc::FullPtr<char>& buffer, chi::u64 done,
                              chi::u64 size) {
    if (size != 0) std::memcpy(buffer.ptr_, from + done, size);
    auto future = AsyncWrite(mctx, block, buffer.shm_, size, offset + done);
    chi::Status status = future.Get();
    return std::make_pair(std::move(status), future.IsDone());
  });
}

Outcome Client::Read(const hipc::MemContext& mctx, const Block& block,
                     void* data, size_t length, chi::u64 offset) {
  char* const to = static_cast<char*>(data);
  return InPieces(length, [&](const hipc::FullPtr<char>& buffer, chi::u64 done,
                              chi::u64 size) {
    auto future = AsyncRead(mctx, block, buffer.shm_, size, offset + done);
    chi::Status status = future.Get();
    if (status.ok() && size != 0) std::memcpy(to + done, buffer.ptr_, size);
    return std::make_pair(std::move(status), future.IsDone());
  });
}

chi::Result<std::vector<chi::u8>> Client::Read(const hipc::MemContext& mctx,
                                               const Block& block) {
  std::vector<chi::u8> data(block.size_);
  CHI_RETURN_IF_ERROR(Read(mctx, block, data.data(), data.size()));
  return data;
}

Outcome Client::WriteBlocks(const hipc::MemContext& mctx,
                            const std::vector<BlockRange>& ranges,
                            hipc::Pointer data, size_t length) {
  return AsyncWriteBlocks(mctx, ranges, data, length).Get();
}

chi::Future<WriteBlocksTask> Client::AsyncWriteBlocks(
    const hipc::MemContext& /*mctx*/, const std::vector<BlockRange>& ranges,
    hipc::Pointer data, size_t length) {
  return Send<WriteBlocksTask>(HomeOf(ranges), ranges, data, length);
}

Outcome Client::ReadBlocks(const hipc::MemContext& mctx,
                           const std::vector<BlockRange>& ranges,
                           hipc::Pointer data, size_t length) {
  return AsyncReadBlocks(mctx, ranges, data, length).Get();
}

chi::Future<ReadBlocksTask> Client::AsyncReadBlocks(
    const hipc::MemContext& /*mctx*/, const std::vector<BlockRange>& ranges,
    hipc::Pointer data, size_t length, hipc::Pointer checksums) {
  return Send<ReadBlocksTask>(HomeOf(ranges), ranges, data, length, checksums);
}

// ---- looking ----------------------------------------------------------------

PerfMetrics Client::GetStats(const hipc::MemContext& mctx,
                             chi::u64& remaining_size) {
  auto future = AsyncGetStats(mctx);
  const bool ok = future.Get().ok();
  remaining_size = ok ? future->remaining_size_ : 0;
  return ok ? future->metrics_ : PerfMetrics();
}

chi::Future<GetStatsTask> Client::AsyncGetStats(
    const hipc::MemContext& /*mctx*/, const chi::PoolQuery& pool_query) {
  return Send<GetStatsTask>(pool_query);
}

chi::Result<hipc::Pointer> Client::Locate(const hipc::MemContext& mctx,
                                          const Block& block,
                                          chi::u64 on_behalf_of,
                                          bool for_writing) {
  auto future = AsyncLocate(mctx, block, on_behalf_of, for_writing);
  CHI_RETURN_IF_ERROR(future.Get());
  return future->data_;
}

chi::Future<LocateTask> Client::AsyncLocate(const hipc::MemContext& /*mctx*/,
                                            const Block& block,
                                            chi::u64 on_behalf_of,
                                            bool for_writing) {
  return Send<LocateTask>(HomeOf(block), block, on_behalf_of, for_writing);
}

Outcome Client::Unpin(const hipc::MemContext& mctx, const Block& block) {
  return AsyncUnpin(mctx, block).Get();
}

chi::Future<UnpinTask> Client::AsyncUnpin(const hipc::MemContext& /*mctx*/,
                                          const Block& block) {
  return Send<UnpinTask>(HomeOf(block), block);
}

Outcome Client::Sync(const hipc::MemContext& mctx,
                     const chi::PoolQuery& pool_query) {
  return AsyncSync(mctx, pool_query).Get();
}

chi::Future<SyncTask> Client::AsyncSync(const hipc::MemContext& /*mctx*/,
                                        const chi::PoolQuery& pool_query) {
  return Send<SyncTask>(pool_query);
}

chi::Future<SyncTask> Client::AsyncBeginSync(const hipc::MemContext& /*mctx*/,
                                             const chi::PoolQuery& pool_query) {
  return Send<SyncTask>(pool_query, true);
}

// ---- objects ----------------------------------------------------------------

Outcome Client::PutObject(const hipc::MemContext& mctx, const std::string& name,
                          const std::vector<Block>& blocks,
                          const std::string& attributes, bool replace) {
  return AsyncPutObject(mctx, name, blocks, attributes, replace).Get();
}

chi::Future<PutObjectTask> Client::AsyncPutObject(
    const hipc::MemContext& /*mctx*/, const std::string& name,
    const std::vector<Block>& blocks, const std::string& attributes,
    bool replace) {
  return Send<PutObjectTask>(
      blocks.empty() ? chi::PoolQuery::Local() : HomeOf(blocks[0]), name,
      blocks, attributes, replace);
}

chi::Result<Client::StoredObject> Client::GetObject(
    const hipc::MemContext& mctx, const std::string& name,
    const chi::PoolQuery& pool_query) {
  auto future = AsyncGetObject(mctx, name, pool_query);
  CHI_RETURN_IF_ERROR(future.Get());
  const GetObjectTask& task = *future;
  return StoredObject{task.attributes_.str(),
                      {task.blocks_.begin(), task.blocks_.end()}};
}

chi::Future<GetObjectTask> Client::AsyncGetObject(
    const hipc::MemContext& /*mctx*/, const std::string& name,
    const chi::PoolQuery& pool_query) {
  return Send<GetObjectTask>(pool_query, name);
}

Outcome Client::DeleteObject(const hipc::MemContext& mctx,
                             const std::string& name,
                             const chi::PoolQuery& pool_query) {
  return AsyncDeleteObject(mctx, name, pool_query).Get();
}

chi::Future<DeleteObjectTask> Client::AsyncDeleteObject(
    const hipc::MemContext& /*mctx*/, const std::string& name,
    const chi::PoolQuery& pool_query) {
  return Send<DeleteObjectTask>(pool_query, name);
}

chi::Result<std::vector<Client::ListedObject>> Client::ListObjects(
    const hipc::MemContext& mctx, const std::string& prefix,
    const std::string& after, chi::u64 limit,
    const chi::PoolQuery& pool_query) {
  auto future = AsyncListObjects(mctx, prefix, after, limit, pool_query);
  CHI_RETURN_IF_ERROR(future.Get());
  return Listed(*future);
}

chi::Future<ListObjectsTask> Client::AsyncListObjects(
    const hipc::MemContext& /*mctx*/, const std::string& prefix,
    const std::string& after, chi::u64 limit,
    const chi::PoolQuery& pool_query) {
  return Send<ListObjectsTask>(pool_query, prefix, after, limit);
}

std::vector<Client::ListedObject> Client::Listed(const ListObjectsTask& task) {
  std::vector<ListedObject> found;
  const std::string names = task.names_.str();
  chi::u64 at = 0;
  for (const ObjectRow& row : task.objects_) {
    found.push_back({names.substr(at, row.name_size_), row.size_});
    at += row.name_size_;
  }
  return found;
}

// ---- loans ------------------------------------------------------------------

chi::Result<chi::u64> Client::Borrow(const hipc::MemContext& mctx,
                                     const std::string& name, chi::u64 wait_ns,
                                     const chi::PoolQuery& pool_query) {
  auto future = AsyncBorrow(mctx, name, wait_ns, pool_query);
  CHI_RETURN_IF_ERROR(future.Get());
  return future->loan_;
}

chi::Future<BorrowTask> Client::AsyncBorrow(const hipc::MemContext& /*mctx*/,
                                            const std::string& name,
                                            chi::u64 wait_ns,
                                            const chi::PoolQuery& pool_query) {
  return Send<BorrowTask>(pool_query, name, wait_ns);
}

Outcome Client::Give(const hipc::MemContext& mctx, const std::string& name,
                     chi::u64 loan, const std::vector<chi::u64>& numbers,
                     const std::vector<Block>& blocks,
                     const chi::PoolQuery& pool_query) {
  return AsyncGive(mctx, name, loan, numbers, blocks, pool_query).Get();
}

chi::Future<GiveTask> Client::AsyncGive(const hipc::MemContext& /*mctx*/,
                                        const std::string& name, chi::u64 loan,
                                        const std::vector<chi::u64>& numbers,
                                        const std::vector<Block>& blocks,
                                        const chi::PoolQuery& pool_query) {
  return Send<GiveTask>(pool_query, name, loan, numbers, blocks);
}

chi::Result<Client::GivenBlocks> Client::Collect(
    const hipc::MemContext& mctx, const std::string& name, chi::u64 loan,
    const chi::PoolQuery& pool_query) {
  auto future = AsyncCollect(mctx, name, loan, pool_query);
  CHI_RETURN_IF_ERROR(future.Get());
  return Given(*future);
}

chi::Future<CollectTask> Client::AsyncCollect(
    const hipc::MemContext& /*mctx*/, const std::string& name, chi::u64 loan,
    const chi::PoolQuery& pool_query) {
  return Send<CollectTask>(pool_query, name, loan);
}

Client::GivenBlocks Client::Given(const CollectTask& task) {
  GivenBlocks given;
  for (chi::u64 i = 0; i < task.numbers_.size(); ++i) {
    given.emplace(task.numbers_[i], task.blocks_[i]);
  }
  return given;
}

Outcome Client::ReturnLoan(const hipc::MemContext& mctx,
                           const std::string& name, chi::u64 loan,
                           const chi::PoolQuery& pool_query) {
  return AsyncReturnLoan(mctx, name, loan, pool_query).Get();
}

chi::Future<ReturnLoanTask> Client::AsyncReturnLoan(
    const hipc::MemContext& /*mctx*/, const std::string& name, chi::u64 loan,
    const chi::PoolQuery& pool_query) {
  return Send<ReturnLoanTask>(pool_query, name, loan);
}

}  // namespace chimaera::bdev
