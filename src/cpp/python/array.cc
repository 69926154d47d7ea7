// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See array.h.

#include "python/array.h"

#include <cstring>

#include "chimaera/ipc/client_core.h"
#include "python/errors.h"
#include "python/gil.h"

namespace chi::python {
namespace {

// Below it a copy takes less time than giving up the GIL is worth.
constexpr u64 kCopyWithGil = 64 * kKiB;

}  // namespace

Buffer::Buffer(std::shared_ptr<Connection> connection, u64 size, bool for_view)
    : connection_(std::move(connection)), size_(size) {
  ThrowIfError(connection_->Check());
  connection_->Sweep();
  Result<ShmRange> range = Status::NoRuntime("this connection was closed");
  {
    // A new segment may have to be made: about 0.4 ms per MiB.
    const ReleaseGil released;
    const Connection::Hold hold(*connection_);
    if (hold.open()) {
      ClientCore& client = connection_->client();
      range = client.AllocateBuffer(size);
      mappings_ = client.control().mappings();
      if (range.ok() && for_view) {
        read_only_data_ = client.control().ResolveReadOnly(range->ptr, size);
        if (read_only_data_ == nullptr) {
          client.FreeBuffer(range->ptr);
          range = Status::NoMemory("no room to map the segment once more");
        }
      }
    }
  }
  ThrowIfError(range.status());
  data_ = range->base;
  pointer_ = range->ptr;
  connection_->AddBuffer(data_, size_, pointer_);
}

Buffer::~Buffer() {
  connection_->RemoveBuffer(data_);
  if (connection_->closed() || connection_->forked()) return;
  connection_->client().FreeBuffer(pointer_);
}

Bytes::Bytes(const py::object& object, bool writable, bool strided) {
  const int layout = strided ? PyBUF_STRIDES : PyBUF_C_CONTIGUOUS;
  const int flags = layout | (writable ? PyBUF_WRITABLE : 0);
  if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) {
    throw py::error_already_set();
  }
}

void Bytes::CopyTo(char* to) const {
  if (contiguous()) return CopyBytes(to, data(), size());
  if (PyBuffer_ToContiguous(to, &view_, view_.len, 'C') != 0) {
    throw py::error_already_set();
  }
}

void Bytes::CopyFrom(const char* from) const {
  if (contiguous()) return CopyBytes(data(), from, size());
  if (PyBuffer_FromContiguous(&view_, from, view_.len, 'C') != 0) {
    throw py::error_already_set();
  }
}

Shared ShareBytes(const std::shared_ptr<Connection>& connection,
                  const py::object& object, const Bytes& bytes) {
  Shared shared;
  if (bytes.contiguous()) {
    shared.pointer = connection->Locate(bytes.data(), bytes.size());
  }
  if (!shared.pointer.IsNull()) {
    shared.data = bytes.data();
    shared.kept = object;
    return shared;
  }
  auto buffer = std::make_shared<Buffer>(connection, bytes.size(), false);
  shared.data = buffer->data();
  shared.pointer = buffer->pointer();
  shared.staged = true;
  shared.kept = py::cast(std::move(buffer));
  connection->bytes_staged += bytes.size();
  return shared;
}

void CopyBytes(char* to, const char* from, u64 size) {
  if (size < kCopyWithGil) {
    std::memcpy(to, from, size);
    return;
  }
  const ReleaseGil released;
  std::memcpy(to, from, size);
}

}  // namespace chi::python
