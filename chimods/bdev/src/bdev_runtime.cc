// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The methods: ask the table, copy, count.

#include "chimaera/bdev/bdev_runtime.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "block_store.h"
#include "block_table.h"
#include "caller.h"
#include "chimaera/admin/route_here.h"
#include "chimaera/base/format.h"
#include "chimaera/ipc/session.h"
#include "file_store.h"
#include "loan_table.h"
#include "object_table.h"
#include "ram_store.h"
#include "scrubber.h"
#include "stall_watch.h"

namespace chimaera::bdev {
namespace {

using chi::Format;
using chi::Status;
using chi::u64;

// Keeps a block while bytes are copied.
class ScopedPin {
 public:
  ScopedPin(BlockTable& table, const Block& block, Access access)
      : table_(table), block_(block), access_(access) {}
  ~ScopedPin() { table_.Unpin(block_, access_); }
  ScopedPin(const ScopedPin&) = delete;
  ScopedPin& operator=(const ScopedPin&) = delete;

 private:
  BlockTable& table_;
  const Block& block_;
  const Access access_;
};

// The task ends with the pool.
template <class TaskT>
void Repeat(const chi::PoolId& pool, chi::u32 container, chi::f64 period_ns) {
  auto* ipc = CHI_IPC;
  auto task = ipc->NewTask<TaskT>(chi::CreateTaskId(), pool,
                                  chi::PoolQuery::DirectId(container));
  task->SetPeriodic(period_ns);
  task->task_flags_.SetBits(chi::TASK_FIRE_AND_FORGET);
  ipc->Enqueue(task);
}

// What only the container itself may send.
Status Refused(const chi::PoolId& pool) {
  return Status::PermissionDenied(
      Format("pool {}: only the pool itself does this", pool));
}

}  // namespace

Runtime::Runtime() = default;
Runtime::~Runtime() = default;

void Runtime::Create(hipc::FullPtr<CreateTask> task,
                     chi::RunContext& /*rctx*/) {
  // A client that sends method 0 to the pool itself must not change it.
  if (task->pool_id_ == pool_id_) {
    return Answer(Status::PermissionDenied(
                      Format("pool {}: only the admin pool creates", pool_id_)),
                  *task);
  }
  params_ = task->GetParams();
  if (const Status status = params_.Check(); !status.ok()) {
    return Answer(status, *task);
  }
  const Status opened = OpenStore();
  if (opened.ok()) {
    StartScrubbing();
    StartWatching();
  }
  Answer(opened, *task);
}

Status Runtime::OpenStore() {
  BlockTableOptions options;
  options.container_id = container_id_;
  options.max_extents = kMaxBlocks;
  if (params_.bdev_type_ == BdevType::kRam) {
    CHI_ASSIGN_OR_RETURN(
        store_,
        RamStore::Create(Format("bdev-{}", pool_id_), params_.total_size_,
                         chi::Chimaera::Get().segments()));
  } else {
    // Blocks of objects share no page.
    params_.alignment_ = std::max<chi::u32>(params_.alignment_, kPageSize);
    FileStoreOptions file;
    file.size = params_.total_size_;
    file.io_depth = params_.io_depth_;
    file.direct = params_.direct_;
    file.checksums = params_.checksums_;
    // Each further container has a file of its own.
    const std::string path = container_id_ == 0
                                 ? pool_name_
                                 : Format("{}.{}", pool_name_, container_id_);
    CHI_ASSIGN_OR_RETURN(auto store, FileStore::Open(path, file));
    options.first_generation = store->first_generation();
    options.generation_limit = store->generation_limit();
    store_ = std::move(store);
  }
  options.size = store_->size();
  options.alignment = params_.alignment_;
  table_ = std::make_unique<BlockTable>(options);
  loans_ = std::make_unique<LoanTable>();
  CHI_ASSIGN_OR_RETURN(objects_, ObjectTable::Open(*table_, *store_));
  return Status();
}

void Runtime::StartScrubbing() {
  scrubber_ = std::make_unique<Scrubber>(*table_, *store_);
  const bool wanted = params_.bdev_type_ == BdevType::kFile &&
                      params_.checksums_ && params_.scrub_mib_per_s_ != 0;
  if (!wanted) return;
  static_assert(Scrubber::kPagesPerStep * kPageSize == chi::kMiB);
  Repeat<ScrubTask>(pool_id_, container_id_, 1e9 / params_.scrub_mib_per_s_);
}

void Runtime::StartWatching() {
  if (params_.bdev_type_ != BdevType::kFile || params_.stall_ms_ == 0) return;
  watch_ =
      std::make_unique<StallWatch>(Format("pool {} ({})", pool_id_, pool_name_),
                                   params_.stall_ms_ * chi::kNsPerMs);
  constexpr u64 kMostMs = 1000;
  const u64 period_ms = std::clamp<u64>(params_.stall_ms_ / 4, 1, kMostMs);
  Repeat<WatchTask>(pool_id_, container_id_,
                    static_cast<chi::f64>(period_ms * chi::kNsPerMs));
}

// After it has returned no worker knows where the bytes were.
void Runtime::Destroy(hipc::FullPtr<DestroyTask> task,
                      chi::RunContext& /*rctx*/) {
  if (task->pool_id_ == pool_id_) {
    return Answer(Status::PermissionDenied(Format(
                      "pool {}: only the admin pool destroys", pool_id_)),
                  *task);
  }
  if (store_ == nullptr) return;
  store_->Retire();
  CHI_WORK_ORCHESTRATOR->Quiesce();
}

void Runtime::AllocateBlocks(hipc::FullPtr<AllocateBlocksTask> task,
                             chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const auto one = table_->AllocateWhole(OwnerOf(rctx), task->size_);
  if (one.ok()) {
    task->blocks_ = *one;
    return;
  }
  const auto blocks = table_->Allocate(OwnerOf(rctx), task->size_);
  if (!blocks.ok()) {
    return Answer(blocks.status().WithContext(Format("pool {}", pool_id_)),
                  *task);
  }
  try {
    task->blocks_ = *blocks;
  } catch (const chi::StatusError& error) {
    // No room for the answer: nobody would know of the blocks.
    const Status freed =
        table_->Free(OwnerOf(rctx), blocks->data(), blocks->size());
    CHI_CHECK(freed.ok(), "{}", freed);
    Answer(error.status(), *task);
  }
}

void Runtime::FreeBlocks(hipc::FullPtr<FreeBlocksTask> task,
                         chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const auto& blocks = std::as_const(task->blocks_);
  Answer(table_->Free(OwnerOf(rctx), blocks.data(), blocks.size()), *task);
}

Status Runtime::Copy(WriteTask& task, const chi::RunContext& rctx) {
  CHI_ASSIGN_OR_RETURN(const chi::Extent range,
                       table_->Pin(OwnerOf(rctx), task.block_, task.offset_,
                                   task.length_, Access::kWrite));
  const ScopedPin pin(*table_, task.block_, Access::kWrite);
  const char* const from = rctx.Resolve(task.data_, task.length_);
  if (from == nullptr) {
    return Status::BadRequest(Format("{} bytes at {} are not the caller's",
                                     task.length_, task.data_));
  }
  return writes_.Run(range.size, [&] {
    return store_->Write(range.offset, from, range.size);
  });
}

Status Runtime::Copy(ReadTask& task, const chi::RunContext& rctx) {
  CHI_ASSIGN_OR_RETURN(const chi::Extent range,
                       table_->Pin(OwnerOf(rctx), task.block_, task.offset_,
                                   task.length_, Access::kRead));
  const ScopedPin pin(*table_, task.block_, Access::kRead);
  char* const to = rctx.ResolveWritable(task.data_, task.length_);
  if (to == nullptr) {
    return Status::BadRequest(Format("{} bytes at {} are not the caller's",
                                     task.length_, task.data_));
  }
  return reads_.Run(range.size,
                    [&] { return store_->Read(range.offset, to, range.size); });
}

void Runtime::Write(hipc::FullPtr<WriteTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const Status status = Copy(*task, rctx);
  task->bytes_written_ = status.ok() ? task->length_ : 0;
  Answer(status, *task);
}

void Runtime::Read(hipc::FullPtr<ReadTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const Status status = Copy(*task, rctx);
  task->bytes_read_ = status.ok() ? task->length_ : 0;
  Answer(status, *task);
}

void Runtime::GetStats(hipc::FullPtr<GetStatsTask> task,
                       chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  PerfMetrics& metrics = task->metrics_;
  metrics.num_reads_ = reads_.calls();
  metrics.num_writes_ = writes_.calls();
  metrics.bytes_read_ = reads_.bytes();
  metrics.bytes_written_ = writes_.bytes();
  metrics.read_ns_ = reads_.ns();
  metrics.write_ns_ = writes_.ns();
  const BlockTableStats stats = table_->Stats();
  task->read_latencies_ = reads_.latencies().Counts();
  task->write_latencies_ = writes_.latencies().Counts();
  const StoreStats store = store_->Stats();
  task->engine_ = static_cast<chi::u32>(store.engine);
  task->direct_ = store.direct ? 1 : 0;
  task->queue_depth_ = store.queue_depth;
  task->max_queue_depth_ = store.max_queue_depth;
  task->oldest_ns_ = store.oldest_ns;
  task->total_size_ = store_->size();
  task->remaining_size_ = stats.free_bytes;
  task->largest_free_ = stats.largest_free;
  if (stats.free_bytes != 0) {
    task->fragmentation_ = 1 - static_cast<chi::f64>(stats.largest_free) /
                                   static_cast<chi::f64>(stats.free_bytes);
  }
  task->num_blocks_ = stats.num_blocks;
  task->num_pins_ = stats.num_pins;
  task->alignment_ = params_.alignment_;
  task->io_depth_ = params_.io_depth_;
  task->scrubbed_pages_ = scrubber_->num_pages();
  task->bad_pages_ = scrubber_->num_bad();
}

void Runtime::GetMap(hipc::FullPtr<GetMapTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const u64 asked = task->num_cells_;
  if (asked == 0 || asked > kMaxMapCells) {
    return Answer(Status::BadRequest(Format("a map of {} parts: 1 to {}", asked,
                                            kMaxMapCells)),
                  *task);
  }
  // Whole units of allocation, so that no part is a little in use everywhere.
  task->total_size_ = store_->size();
  const u64 unit = params_.alignment_;
  const u64 wanted = (task->total_size_ + asked - 1) / asked;
  task->cell_bytes_ = (wanted + unit - 1) / unit * unit;
  std::vector<MapCell> cells;
  for (const UsageCell& cell : table_->Map(task->cell_bytes_)) {
    cells.push_back({cell.used, cell.sealed});
  }
  task->cells_ = cells;
}

// Who asks from inside the runtime may say for whom; a client may not.
void Runtime::Locate(hipc::FullPtr<LocateTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const u64 holder = OwnerOf(rctx);
  const u64 caller = holder == kRuntimeClient ? task->on_behalf_of_ : holder;
  const bool writes = holder == kRuntimeClient && task->for_writing_ != 0;
  const auto range = table_->Hold(caller, holder, task->block_,
                                  writes ? Access::kWrite : Access::kRead);
  if (!range.ok()) return Answer(range.status(), *task);
  const auto place = store_->Locate(range->offset, range->size);
  if (!place.ok()) {
    const Status released = table_->Release(holder, task->block_);
    CHI_CHECK(released.ok(), "{}", released);
    return Answer(place.status(), *task);
  }
  task->data_ = *place;
  if (rctx.session != nullptr) {
    rctx.session->CountPinned(static_cast<chi::i64>(range->size));
  }
}

void Runtime::Unpin(hipc::FullPtr<UnpinTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  u64 size = 0;
  const Status released = table_->Release(OwnerOf(rctx), task->block_, &size);
  if (released.ok() && rctx.session != nullptr) {
    rctx.session->CountPinned(-static_cast<chi::i64>(size));
  }
  Answer(released, *task);
}

void Runtime::Sync(hipc::FullPtr<SyncTask> task, chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  if (task->begins_ != 0) return store_->BeginSync();
  Answer(store_->Sync().WithContext(Format("pool {}", pool_id_)), *task);
}

void Runtime::PutObject(hipc::FullPtr<PutObjectTask> task,
                        chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const auto& blocks = std::as_const(task->blocks_);
  Object object{task->attributes_.str(), {blocks.begin(), blocks.end()}};
  Answer(objects_->Put(OwnerOf(rctx), task->name_.str(), std::move(object),
                       task->replace_ != 0),
         *task);
}

void Runtime::GetObject(hipc::FullPtr<GetObjectTask> task,
                        chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const auto object = objects_->Get(task->name_.str());
  if (!object.ok()) return Answer(object.status(), *task);
  task->attributes_ = object->attributes;
  task->blocks_ = object->blocks;
}

void Runtime::DeleteObject(hipc::FullPtr<DeleteObjectTask> task,
                           chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  Answer(objects_->Delete(task->name_.str()), *task);
}

void Runtime::ListObjects(hipc::FullPtr<ListObjectsTask> task,
                          chi::RunContext& rctx) {
  if (RouteHere(*task, rctx)) return;
  const u64 asked = task->limit_;
  const u64 limit = asked == 0 ? kMaxListed : std::min(asked, kMaxListed);
  std::vector<ObjectRow> rows;
  std::string names;
  for (const ObjectInfo& info :
       objects_->List(task->prefix_.str(), task->after_.str(), limit)) {
    rows.push_back({info.size, static_cast<chi::u32>(info.name.size()), 0});
    names += info.name;
  }
  task->objects_ = rows;
  task->names_ = names;
}

void Runtime::Scrub(hipc::FullPtr<ScrubTask> task, chi::RunContext& rctx) {
  if (rctx.session == nullptr) return scrubber_->Step();
  Answer(Refused(pool_id_), *task);
}

void Runtime::Watch(hipc::FullPtr<WatchTask> task, chi::RunContext& rctx) {
  if (rctx.session != nullptr) return Answer(Refused(pool_id_), *task);
  if (watch_ != nullptr) watch_->Look(store_->Stats());
}

void Runtime::OnClientGone(u64 client_id) {
  if (client_id == kRuntimeClient) return;
  loans_->ForgetClient(client_id);  // first: see LoanTable::Give
  table_->ForgetClient(client_id);
}

}  // namespace chimaera::bdev

CHI_TASK_CC(chimaera::bdev::Runtime);
