// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See array_io.h.

#include "array_io.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <string>

#include "chimaera/base/format.h"

namespace chimaera::bdev {
namespace {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u64;

// What one task moves, if a chunk is not larger, and how many are under way.
constexpr u64 kBatchBytes = 4 * chi::kMiB;
constexpr size_t kDepth = 4;
// Tasks that allocate are small.
constexpr size_t kAllocateDepth = 256;
// What to wait for the end of a loan, which comes at the latest with this
// client.
constexpr u64 kReturnNs = 10 * chi::kNsPerSec;

// Chunks of one task: range i is what part i has, or is to get, in its block.
struct Batch {
  bool HasRoom(u64 more) const {
    return ranges.empty() ||
           (bytes + more <= kBatchBytes && ranges.size() < kMaxRanges);
  }
  void Add(ChunkPart part, const BlockRange& range) {
    parts.push_back(std::move(part));
    ranges.push_back(range);
    bytes += range.size_;
  }

  std::vector<ChunkPart> parts;
  std::vector<BlockRange> ranges;
  u64 bytes = 0;
  hipc::Pointer data;   // what the task moves; in the buffer
  SharedBuffer buffer;  // unless it is the caller's
};

// Batches under way, the oldest first.
template <class TaskT>
class Pipeline {
 public:
  // `finished` hears of a batch when its task has succeeded.
  Pipeline(const Deadline& deadline, std::function<void(const Batch&)> finished)
      : deadline_(deadline), finished_(std::move(finished)) {}
  // After an error some are under way.
  ~Pipeline() {
    for (Flight& flight : flights_) flight.future.Cancel();
    const Deadline end(kEndNs);
    for (Flight& flight : flights_) {
      const Status ended = flight.future.WaitFor(end.LeftNs());
      if (!ended.ok()) flight.batch.buffer.Leave();
    }
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // A buffer, if it has no data, for a batch that is to fly next.
  Status Prepare(Batch* batch) {
    while (flights_.size() >= kDepth) CHI_RETURN_IF_ERROR(FinishOldest());
    while (batch->data.IsNull()) {
      batch->buffer = SharedBuffer(batch->bytes);
      batch->data = batch->buffer.place();
      if (!batch->data.IsNull()) break;
      if (flights_.empty()) {
        return Status::NoMemory(
            Format("no shared memory for {} bytes of chunks", batch->bytes));
      }
      CHI_RETURN_IF_ERROR(FinishOldest());
    }
    return Status();
  }
  void Fly(Batch batch, chi::Future<TaskT> future) {
    flights_.push_back({std::move(batch), std::move(future)});
  }
  Status FinishAll() {
    while (!flights_.empty()) CHI_RETURN_IF_ERROR(FinishOldest());
    return Status();
  }

 private:
  struct Flight {
    Batch batch;
    chi::Future<TaskT> future;
  };

  Status FinishOldest() {
    // It stays until it is known to be over.
    Flight& oldest = flights_.front();
    CHI_RETURN_IF_ERROR(oldest.future.Get(deadline_.LeftNs()));
    finished_(oldest.batch);
    flights_.pop_front();
    return Status();
  }

  const Deadline& deadline_;
  const std::function<void(const Batch&)> finished_;
  std::deque<Flight> flights_;
};

// Reads whole chunks into the front of a buffer.
Status ReadOld(Client& device, const std::vector<BlockRange>& ranges,
               const Deadline& deadline, SharedBuffer* buffer) {
  if (ranges.empty()) return Status();
  auto future = device.AsyncReadBlocks(HSHM_MCTX, ranges, buffer->place(),
                                       ranges.size() * ranges.front().size_);
  const Status status = GetOrCancel(future, deadline);
  if (!future.IsDone()) buffer->Leave();
  return status;
}

}  // namespace

Result<Strides> CheckMemory(const ArrayLayout& layout, const Box& box, u64 size,
                            const Strides& strides) {
  CHI_RETURN_IF_ERROR(layout.Check(box));
  const u64 item = layout.type.size;
  if (strides.empty()) {
    const u64 wanted = BytesOf(box.count, item);
    if (wanted == size) return DenseStrides(box.count, item);
    return Status::BadRequest(
        Format("{} bytes of memory for {} elements of {}: they are {}", size,
               TextOf(box.count), layout.type.text, wanted));
  }
  if (strides.size() != box.count.size() ||
      SpanOf(box.count, strides, item) > size) {
    return Status::BadRequest(
        Format("{} elements of {}, {} bytes apart, do not lie in {} bytes",
               TextOf(box.count), layout.type.text, TextOf(strides), size));
  }
  return strides;
}

BorrowedName::~BorrowedName() {
  if (loan_ == 0) return;
  auto future = device_.AsyncReturnLoan(HSHM_MCTX, name_, loan_);
  static_cast<void>(future.Get(kReturnNs));
}

Status BorrowedName::Take(const Deadline& deadline) {
  // At least a moment: 0 would not wait at all.
  auto future = device_.AsyncBorrow(HSHM_MCTX, name_,
                                    std::max<u64>(deadline.LeftNs(), 1));
  CHI_RETURN_IF_ERROR(GetOrCancel(future, deadline));
  loan_ = future->loan_;
  return Status();
}

NewChunks::~NewChunks() {
  // Not waited for. Those that an object has after all, it keeps.
  if (!blocks_.empty()) device_.AsyncFreeBlocks(HSHM_MCTX, blocks_);
}

Status NewChunks::Allocate(u64 count, u64 size, const Deadline& deadline) {
  std::deque<chi::Future<AllocateBlocksTask>> flying;
  Status status;
  for (u64 asked = 0;
       status.ok() ? asked < count || !flying.empty() : !flying.empty();) {
    if (status.ok() && asked < count && flying.size() < kAllocateDepth) {
      flying.push_back(device_.AsyncAllocateBlocks(
          HSHM_MCTX, chi::PoolQuery::Local(), size));
      ++asked;
      continue;
    }
    // After an error too: what was given has to be given back.
    auto& oldest = flying.front();
    const Status answer = GetOrCancel(oldest, deadline);
    if (answer.ok()) {
      const FewBlocks& found = oldest->blocks_;
      blocks_.insert(blocks_.end(), found.begin(), found.end());
      if (found.size() != 1 && status.ok()) {
        status = Status::NoSpace(
            Format("chunks of {} bytes are free in smaller pieces only", size));
      }
    } else if (status.ok()) {
      status = answer.WithContext(
          Format("chunk {} of {} new ones", blocks_.size(), count));
    }
    flying.pop_front();
  }
  return status;
}

Status ReadBox(Client& device, const StoredArray& stored, const Box& box,
               const Elements<char>& to, const Deadline& deadline) {
  const u64 item = stored.layout.type.size;
  const Strides inside = DenseStrides(stored.layout.chunks, item);
  Pipeline<ReadBlocksTask> pipeline(deadline, [&](const Batch& batch) {
    const char* from = batch.buffer.data();
    for (size_t i = 0; i < batch.parts.size(); ++i) {
      const ChunkPart& part = batch.parts[i];
      CopyElements(to.data + OffsetOf(part.at, to.strides), to.strides, from,
                   inside, part.count, item);
      from += batch.ranges[i].size_;
    }
  });
  const auto send = [&](Batch batch) {
    CHI_RETURN_IF_ERROR(pipeline.Prepare(&batch));
    auto future = device.AsyncReadBlocks(HSHM_MCTX, batch.ranges, batch.data,
                                         batch.bytes);
    pipeline.Fly(std::move(batch), std::move(future));
    return Status();
  };

  Batch batch;
  ChunkParts parts(stored.layout, box);
  for (ChunkPart part; parts.Next(&part);) {
    if (!stored.Has(part.chunk)) {
      ZeroElements(to.data + OffsetOf(part.at, to.strides), to.strides,
                   part.count, item);
      continue;
    }
    // From its first element to its last one, with what lies between.
    const BlockRange range{stored.blocks[part.chunk],
                           OffsetOf(part.inside, inside),
                           SpanOf(part.count, inside, item)};
    if (!batch.HasRoom(range.size_)) {
      CHI_RETURN_IF_ERROR(send(std::exchange(batch, {})));
    }
    batch.Add(part, range);
  }
  if (!batch.ranges.empty()) CHI_RETURN_IF_ERROR(send(std::move(batch)));
  return pipeline.FinishAll();
}

namespace {

// Chunks on their way into new blocks.
class BoxWriter {
 public:
  BoxWriter(Client& device, StoredArray* stored,
            const Elements<const char>& from, const Deadline& deadline)
      : device_(device),
        stored_(stored),
        from_(from),
        deadline_(deadline),
        item_(stored->layout.type.size),
        chunk_bytes_(stored->layout.chunk_bytes()),
        inside_(DenseStrides(stored->layout.chunks, item_)),
        pipeline_(deadline, [](const Batch&) {}) {}

  Status Add(const ChunkPart& part, const Block& block) {
    // What lies in shared memory as in a chunk is written from there.
    const hipc::Pointer place =
        !from_.place.IsNull() && Fills(part) &&
                SpanOf(part.count, from_.strides, item_) == chunk_bytes_
            ? from_.place + OffsetOf(part.at, from_.strides)
            : hipc::Pointer();
    const hipc::Pointer next =
        batch_.data.IsNull() ? batch_.data : batch_.data + batch_.bytes;
    if (!batch_.HasRoom(chunk_bytes_) ||
        (!batch_.ranges.empty() && !(place == next))) {
      CHI_RETURN_IF_ERROR(Send());
    }
    if (batch_.ranges.empty()) batch_.data = place;
    batch_.Add(part, BlockRange::Whole(block));
    return Status();
  }

  Status Finish() {
    if (!batch_.ranges.empty()) CHI_RETURN_IF_ERROR(Send());
    return pipeline_.FinishAll();
  }

 private:
  // Whether it is all of a block.
  bool Fills(const ChunkPart& part) const {
    return SpanOf(part.count, inside_, item_) == chunk_bytes_;
  }

  Status Send() {
    Batch batch = std::exchange(batch_, {});
    const bool is_callers = !batch.data.IsNull();
    CHI_RETURN_IF_ERROR(pipeline_.Prepare(&batch));
    if (!is_callers) CHI_RETURN_IF_ERROR(Fill(&batch));
    for (size_t i = 0; i < batch.parts.size(); ++i) {
      stored_->blocks[batch.parts[i].chunk] = batch.ranges[i].block_;
    }
    auto future = device_.AsyncWriteBlocks(HSHM_MCTX, batch.ranges, batch.data,
                                           batch.bytes);
    pipeline_.Fly(std::move(batch), std::move(future));
    return Status();
  }

  // Puts chunks together, of what they were and of what is new.
  Status Fill(Batch* batch) const {
    const auto keeps_some = [&](const ChunkPart& part) {
      return !part.whole && stored_->Has(part.chunk);
    };
    // Those come first: one task reads them.
    std::stable_partition(batch->parts.begin(), batch->parts.end(), keeps_some);
    std::vector<BlockRange> old;
    for (const ChunkPart& part : batch->parts) {
      if (!keeps_some(part)) break;
      old.push_back(BlockRange::Whole(stored_->blocks[part.chunk]));
    }
    CHI_RETURN_IF_ERROR(ReadOld(device_, old, deadline_, &batch->buffer));
    char* to = batch->buffer.data();
    for (size_t i = 0; i < batch->parts.size(); ++i, to += chunk_bytes_) {
      const ChunkPart& part = batch->parts[i];
      if (i >= old.size() && !Fills(part)) std::memset(to, 0, chunk_bytes_);
      CopyElements(to + OffsetOf(part.inside, inside_), inside_,
                   from_.data + OffsetOf(part.at, from_.strides), from_.strides,
                   part.count, item_);
    }
    return Status();
  }

  Client& device_;
  StoredArray* const stored_;
  const Elements<const char>& from_;
  const Deadline& deadline_;
  const u64 item_;
  const u64 chunk_bytes_;
  const Strides inside_;
  Pipeline<WriteBlocksTask> pipeline_;
  Batch batch_;
};

}  // namespace

Status WriteBox(Client& device, StoredArray* stored, const Box& box,
                const Elements<const char>& from, const Deadline& deadline,
                NewChunks* made) {
  ChunkParts parts(stored->layout, box);
  CHI_RETURN_IF_ERROR(
      made->Allocate(parts.size(), stored->layout.chunk_bytes(), deadline));
  BoxWriter writer(device, stored, from, deadline);
  u64 next = 0;
  for (ChunkPart part; parts.Next(&part);) {
    CHI_RETURN_IF_ERROR(writer.Add(part, (*made)[next++]));
  }
  return writer.Finish();
}

}  // namespace chimaera::bdev
