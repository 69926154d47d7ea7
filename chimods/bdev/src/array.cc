// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// An array is an object of its device. Sealed blocks never change, so readers
// need no lock: whoever replaces a chunk makes its old block stale, and a
// reader that meets a stale one looks the object up and begins again.

#include "chimaera/bdev/array.h"

#include <algorithm>
#include <utility>

#include "array_format.h"
#include "array_io.h"
#include "chimaera/base/format.h"

namespace chimaera::bdev {
namespace {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::StatusCode;
using chi::u64;

// When a reader that is always overtaken by writers gives up; as in Python.
constexpr u64 kMaxAttempts = 100;

}  // namespace

// ---- opening ----------------------------------------------------------------

Array::Array(const Client& device, const std::string& name)
    : device_(device), name_(name) {}

Result<Array> Array::Create(const Client& device, const std::string& name,
                            const std::vector<u64>& shape,
                            const std::string& dtype,
                            const std::vector<u64>& chunks, u64 timeout_ns) {
  const Deadline deadline(timeout_ns);
  Array array(device, name);
  auto layout = ArrayLayout::Make(shape, dtype, chunks);
  if (!layout.ok()) return array.Named(layout.status());
  auto made = MakeStored(*layout);
  if (!made.ok()) return array.Named(made.status());
  auto future = array.device_.AsyncPutObject(HSHM_MCTX, kArrayPrefix + name, {},
                                             EncodeArray(*made));
  const Status put = GetOrCancel(future, deadline);
  if (put.ok()) {
    array.stored_ = std::make_shared<StoredArray>(*std::move(made));
    return array;
  }
  if (put.code() != StatusCode::kAlreadyExists) return array.Named(put);
  CHI_RETURN_IF_ERROR(array.Refresh(deadline.LeftNs()));
  const ArrayLayout& there = array.layout();
  if (there.shape == layout->shape && there.type == layout->type &&
      (chunks.empty() || there.chunks == layout->chunks)) {
    return array;
  }
  return array.Named(Status::AlreadyExists(Format(
      "it is there with shape {} of {} in chunks {}, not {} of {} in {}",
      TextOf(there.shape), there.type.text, TextOf(there.chunks),
      TextOf(layout->shape), layout->type.text, TextOf(layout->chunks))));
}

Result<Array> Array::Open(const Client& device, const std::string& name,
                          u64 timeout_ns) {
  Array array(device, name);
  CHI_RETURN_IF_ERROR(array.Refresh(timeout_ns));
  return array;
}

Status Array::Delete(u64 timeout_ns) {
  auto future = device_.AsyncDeleteObject(HSHM_MCTX, kArrayPrefix + name_);
  return Named(GetOrCancel(future, Deadline(timeout_ns)));
}

const ArrayLayout& Array::layout() const { return stored_->layout; }

Status Array::Refresh(u64 timeout_ns) {
  auto future = device_.AsyncGetObject(HSHM_MCTX, kArrayPrefix + name_);
  const Status found = GetOrCancel(future, Deadline(timeout_ns));
  if (found.code() == StatusCode::kNotFound) {
    return Status::NotFound(
        Format("no array '{}' on pool {}", name_, device_.pool_id_));
  }
  if (!found.ok()) return Named(found);
  const GetObjectTask& task = *future;
  auto stored = DecodeArray(task.attributes_.str(),
                            {task.blocks_.begin(), task.blocks_.end()});
  if (!stored.ok()) return Named(stored.status());
  if (stored_ != nullptr && (stored->layout.shape != stored_->layout.shape ||
                             !(stored->layout.type == stored_->layout.type) ||
                             stored->layout.chunks != stored_->layout.chunks)) {
    return Named(Status::Stale(
        Format("it was deleted and made anew, with shape {} of {}",
               TextOf(stored->layout.shape), stored->layout.type.text)));
  }
  stored_ = std::make_shared<StoredArray>(*std::move(stored));
  return Status();
}

Status Array::Named(const Status& status) const {
  return status.WithContext(
      Format("array '{}' of pool {}", name_, device_.pool_id_));
}

u64 Array::CountOf(const Box& box) const { return BytesOf(box.count, 1); }

Status Array::CheckType(const std::string& dtype) const {
  if (dtype == this->dtype()) return Status();
  return Named(Status::BadRequest(
      Format("elements are {}, not {}", this->dtype(), dtype)));
}

// ---- reading and writing ----------------------------------------------------

Status Array::Read(const Box& box, void* out, u64 size, u64 timeout_ns,
                   const std::vector<u64>& strides) {
  const Deadline deadline(timeout_ns);
  const auto checked = CheckMemory(layout(), box, size, strides);
  if (!checked.ok()) return Named(checked.status());
  const Elements<char> to{static_cast<char*>(out), *checked, {}};
  return Attempt(deadline, [&](const StoredArray& stored) {
    return ReadBox(device_, stored, box, to, deadline);
  });
}

Status Array::Attempt(
    const Deadline& deadline,
    const std::function<Status(const StoredArray&)>& attempt) {
  // Chunks without a block are those that others may have written since.
  if (!stored_->IsFull()) CHI_RETURN_IF_ERROR(Refresh(deadline.LeftNs()));
  for (u64 i = 0; i < kMaxAttempts; ++i) {
    const auto before = stored_;
    const Status status = attempt(*before);
    if (status.code() != StatusCode::kStale) return Named(status);
    CHI_RETURN_IF_ERROR(Refresh(deadline.LeftNs()));
    if (stored_->blocks == before->blocks) return Named(status);
  }
  return Named(Status::Stale("replaced again and again during a read"));
}

Status Array::Write(const Box& box, const void* data, u64 size, u64 timeout_ns,
                    const std::vector<u64>& strides) {
  const Deadline deadline(timeout_ns);
  const auto checked = CheckMemory(layout(), box, size, strides);
  if (!checked.ok()) return Named(checked.status());
  if (CountOf(box) == 0) return Status();
  const Elements<const char> from{static_cast<const char*>(data), *checked, {}};
  BorrowedName borrowed(device_, kArrayPrefix + name_);
  if (Status lent = borrowed.Take(deadline); !lent.ok()) return Named(lent);
  CHI_RETURN_IF_ERROR(Refresh(deadline.LeftNs()));
  NewChunks made(device_);
  auto stored = std::make_shared<StoredArray>(*stored_);
  const Status written =
      WriteBox(device_, stored.get(), box, from, deadline, &made);
  if (!written.ok()) return Named(written);
  return Put(std::move(stored), &made, deadline);
}

Status Array::Put(std::shared_ptr<const StoredArray> stored, NewChunks* made,
                  const Deadline& deadline) {
  auto future =
      device_.AsyncPutObject(HSHM_MCTX, kArrayPrefix + name_,
                             stored->Existing(), EncodeArray(*stored), true);
  if (Status put = GetOrCancel(future, deadline); !put.ok()) return Named(put);
  made->Keep();
  stored_ = std::move(stored);
  return Status();
}

}  // namespace chimaera::bdev
