// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Arrays where they lie: views of chunks, and loans.

#include <algorithm>
#include <utility>
#include <vector>

#include "array_format.h"
#include "array_io.h"
#include "chimaera/base/format.h"
#include "chimaera/bdev/array.h"

namespace chimaera::bdev {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u64;

// ---- views ------------------------------------------------------------------

ArrayView::ArrayView(ArrayView&& other) noexcept
    : device_(other.device_),
      block_(std::exchange(other.block_, {})),
      data_(other.data_),
      shape_(std::move(other.shape_)),
      strides_(std::move(other.strides_)) {}

ArrayView::~ArrayView() {
  // Not waited for: this client may unpin once, whenever that is.
  if (block_.block_id_ != 0) device_.AsyncUnpin(HSHM_MCTX, block_);
}

Result<ArrayView> Array::View(const Box& box, u64 timeout_ns) {
  const Deadline deadline(timeout_ns);
  if (Status inside = layout().Check(box); !inside.ok()) return Named(inside);
  ChunkParts parts(layout(), box);
  ChunkPart part;
  if (parts.size() != 1 || !parts.Next(&part)) {
    return Named(Status::BadRequest(
        Format("no view of {} elements from {} on: they lie in {} chunks",
               TextOf(box.count), TextOf(box.offset), parts.size())));
  }
  ArrayView view(device_);
  view.shape_ = box.count;
  view.strides_ = DenseStrides(chunks(), layout().type.size);
  const auto locate = [&](const StoredArray& stored) {
    const Block& block = stored.blocks[part.chunk];
    if (!stored.Has(part.chunk)) {
      return Status::BadRequest(
          Format("no view of chunk {}: nobody has written it", part.chunk));
    }
    auto future = device_.AsyncLocate(HSHM_MCTX, block);
    CHI_RETURN_IF_ERROR(GetOrCancel(future, deadline));
    view.block_ = block;
    view.data_ = CHI_IPC->ToFullPtr(future->data_, block.size_).ptr_;
    if (view.data_ != nullptr) return Status();
    return Status::NoMemory("the segment of the device cannot be mapped");
  };
  CHI_RETURN_IF_ERROR(Attempt(deadline, locate));
  view.data_ += OffsetOf(part.inside, view.strides_);
  return view;
}

// ---- loans ------------------------------------------------------------------

struct ArrayLoan::State {
  explicit State(const Array& lent)
      : array(lent), name(lent.device_, kArrayPrefix + lent.name()) {}
  ~State() {
    // Not a trace: what was given is this client's.
    if (!in_parts || sealed || name.loan() == 0) return;
    const auto given = Given(Deadline(kEndNs));
    std::vector<Block> blocks;
    if (given.ok()) {
      for (const auto& [chunk, block] : *given) blocks.push_back(block);
    }
    if (!blocks.empty()) array.device_.AsyncFreeBlocks(HSHM_MCTX, blocks);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<Client::GivenBlocks> Given(const Deadline& deadline) {
    auto future =
        array.device_.AsyncCollect(HSHM_MCTX, name.name(), name.loan());
    CHI_RETURN_IF_ERROR(GetOrCancel(future, deadline));
    return Client::Given(*future);
  }
  // Each of the two puts blocks into an array that has none.
  Status TakeGiven(StoredArray* stored, const Deadline& deadline);
  Status Write(StoredArray* stored, const Deadline& deadline, NewChunks* made);

  Array array;
  BorrowedName name;
  bool in_parts = false;
  bool sealed = false;
  SharedBuffer buffer;  // if not in parts
};

Status ArrayLoan::State::TakeGiven(StoredArray* stored,
                                   const Deadline& deadline) {
  CHI_ASSIGN_OR_RETURN(const Client::GivenBlocks given, Given(deadline));
  const u64 count = stored->blocks.size();
  for (const auto& [chunk, block] : given) {
    if (chunk >= count || block.size_ != stored->layout.chunk_bytes()) {
      return Status::BadRequest(
          Format("chunk {} of {} was given as {}", chunk, count, block));
    }
    stored->blocks[chunk] = block;
  }
  if (given.size() == count) return Status();
  return Status::BadRequest(Format("{} of {} chunks have not been given",
                                   count - given.size(), count));
}

Status ArrayLoan::State::Write(StoredArray* stored, const Deadline& deadline,
                               NewChunks* made) {
  const ArrayLayout& layout = stored->layout;
  const Elements<const char> from{buffer.data(),
                                  DenseStrides(layout.shape, layout.type.size),
                                  buffer.place()};
  return WriteBox(array.device_, stored, layout.whole(), from, deadline, made);
}

ArrayLoan::ArrayLoan(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArrayLoan::ArrayLoan(ArrayLoan&&) noexcept = default;
ArrayLoan::~ArrayLoan() = default;

void* ArrayLoan::data() const {
  return state_ == nullptr ? nullptr : state_->buffer.data();
}

u64 ArrayLoan::id() const {
  return state_ == nullptr ? 0 : state_->name.loan();
}

Status ArrayLoan::Seal(u64 timeout_ns) {
  if (state_ == nullptr) {
    return Status::BadRequest("the loan is sealed already");
  }
  const Deadline deadline(timeout_ns);
  Array& array = state_->array;
  CHI_RETURN_IF_ERROR(array.Refresh(deadline.LeftNs()));
  auto stored = std::make_shared<StoredArray>(StoredArray{
      array.layout(), std::vector<Block>(array.stored_->blocks.size())});
  NewChunks made(array.device_);
  const Status filled = state_->in_parts
                            ? state_->TakeGiven(stored.get(), deadline)
                            : state_->Write(stored.get(), deadline, &made);
  if (!filled.ok()) return array.Named(filled);
  CHI_RETURN_IF_ERROR(array.Put(std::move(stored), &made, deadline));
  state_->sealed = true;
  state_.reset();
  return Status();
}

Result<ArrayLoan> Array::LoanInParts(u64 timeout_ns) {
  auto state = std::make_unique<ArrayLoan::State>(*this);
  const Status lent = state->name.Take(Deadline(timeout_ns));
  if (!lent.ok()) return Named(lent);
  state->in_parts = true;
  return ArrayLoan(std::move(state));
}

Result<ArrayLoan> Array::Loan(u64 timeout_ns) {
  CHI_ASSIGN_OR_RETURN(ArrayLoan loan, LoanInParts(timeout_ns));
  loan.state_->in_parts = false;
  loan.state_->buffer = SharedBuffer(std::max<u64>(size_bytes(), 1));
  if (loan.data() != nullptr) return loan;
  return Named(Status::NoMemory(
      Format("no shared memory for a loan of {} bytes", size_bytes())));
}

Status Array::Give(u64 loan, const Box& box, const void* data, u64 size,
                   u64 timeout_ns, const std::vector<u64>& strides) {
  const Deadline deadline(timeout_ns);
  const auto checked = CheckMemory(layout(), box, size, strides);
  if (!checked.ok()) return Named(checked.status());
  std::vector<u64> numbers;
  ChunkParts parts(layout(), box);
  for (ChunkPart part; parts.Next(&part);) {
    if (!part.whole) {
      return Named(Status::BadRequest(
          Format("a part of chunk {} cannot be given", part.chunk)));
    }
    numbers.push_back(part.chunk);
  }
  if (numbers.empty()) return Status();
  StoredArray made{layout(), std::vector<Block>(stored_->blocks.size())};
  NewChunks chunks(device_);
  const Elements<const char> from{static_cast<const char*>(data), *checked, {}};
  const Status written = WriteBox(device_, &made, box, from, deadline, &chunks);
  if (!written.ok()) return Named(written);
  auto future = device_.AsyncGive(HSHM_MCTX, kArrayPrefix + name_, loan,
                                  numbers, made.Existing());
  if (Status given = GetOrCancel(future, deadline); !given.ok()) {
    return Named(given);
  }
  chunks.Keep();
  return Status();
}

}  // namespace chimaera::bdev
