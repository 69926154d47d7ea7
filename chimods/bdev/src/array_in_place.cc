// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Arrays where they lie: views of chunks, and loans.

#include <algorithm>
#include <utility>

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

  Array array;
  BorrowedName name;
  SharedBuffer buffer;
};

ArrayLoan::ArrayLoan(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArrayLoan::ArrayLoan(ArrayLoan&&) noexcept = default;
ArrayLoan::~ArrayLoan() = default;

void* ArrayLoan::data() const {
  return state_ == nullptr ? nullptr : state_->buffer.data();
}

Status ArrayLoan::Seal(u64 timeout_ns) {
  if (state_ == nullptr)
    return Status::BadRequest("the loan is sealed already");
  const Deadline deadline(timeout_ns);
  Array& array = state_->array;
  CHI_RETURN_IF_ERROR(array.Refresh(deadline.LeftNs()));
  auto made = MakeStored(array.layout());
  if (!made.ok()) return array.Named(made.status());
  auto stored = std::make_shared<StoredArray>(*std::move(made));
  const SharedBuffer& buffer = state_->buffer;
  const Elements<const char> from{
      buffer.data(), DenseStrides(array.shape(), array.layout().type.size),
      buffer.place()};
  NewChunks chunks(array.device_);
  const Status written = WriteBox(array.device_, stored.get(), array.whole(),
                                  from, deadline, &chunks);
  if (!written.ok()) return array.Named(written);
  CHI_RETURN_IF_ERROR(array.Put(std::move(stored), &chunks, deadline));
  state_.reset();
  return Status();
}

Result<ArrayLoan> Array::Loan(u64 timeout_ns) {
  auto state = std::make_unique<ArrayLoan::State>(*this);
  const Status lent = state->name.Take(Deadline(timeout_ns));
  if (!lent.ok()) return Named(lent);
  state->buffer = SharedBuffer(std::max<u64>(size_bytes(), 1));
  if (state->buffer.IsNull()) {
    return Named(Status::NoMemory(
        Format("no shared memory for a loan of {} bytes", size_bytes())));
  }
  return ArrayLoan(std::move(state));
}

}  // namespace chimaera::bdev
