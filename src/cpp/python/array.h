// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Memory of the client data segment that NumPy arrays are made over. It stays
// mapped until the last array is gone, whatever becomes of the connection.

#ifndef CHIMAERA_PYTHON_ARRAY_H_
#define CHIMAERA_PYTHON_ARRAY_H_

#include <memory>
#include <utility>

#include "chimaera/base/types.h"
#include "chimaera/shm/offset_ptr.h"
#include "python/connection.h"
#include "python/pybind.h"

namespace chi::python {

/// Owner of one buffer; offers it by Python's buffer protocol, writable.
class Buffer {
 public:
  /// Raises. `for_view`: it will be looked at where it cannot be written.
  /// REQUIRES: the GIL, size > 0.
  Buffer(std::shared_ptr<Connection> connection, u64 size, bool for_view);
  /// Frees it, unless the connection is closed or the parent's. Needs the GIL.
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  char* data() const { return data_; }
  u64 size() const { return size_; }
  ShmPtr pointer() const { return pointer_; }
  /// The same bytes, mapped read-only; null if it is not for a view.
  const char* read_only_data() const { return read_only_data_; }

 private:
  const std::shared_ptr<Connection> connection_;
  std::shared_ptr<const void> mappings_;  // keeps the segments mapped
  char* data_ = nullptr;
  const char* read_only_data_ = nullptr;
  ShmPtr pointer_;
  u64 size_;
};

/// Bytes of any object with the buffer protocol, pinned.
class Bytes {
 public:
  /// Raises what Python raises for objects that have none, are not
  /// contiguous (unless they may be `strided`), or are read-only where
  /// `writable` is asked for.
  Bytes(const py::object& object, bool writable, bool strided = false);
  ~Bytes() { PyBuffer_Release(&view_); }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  /// Of what is not contiguous: those of its first element.
  char* data() const { return static_cast<char*>(view_.buf); }
  u64 size() const { return static_cast<u64>(view_.len); }
  bool contiguous() const { return PyBuffer_IsContiguous(&view_, 'C') != 0; }

  /// All of them, in C order. They raise only for what is not contiguous.
  void CopyTo(char* to) const;
  void CopyFrom(const char* from) const;

 private:
  Py_buffer view_;
};

/// Memory that a task can use for `bytes`: they themselves if they lie in the
/// segment and are contiguous, else a buffer of the same size. `kept` holds it
/// alive.
struct Shared {
  char* data = nullptr;
  ShmPtr pointer;
  bool staged = false;
  py::object kept;
};
Shared ShareBytes(const std::shared_ptr<Connection>& connection,
                  const py::object& object, const Bytes& bytes);

/// memcpy, without the GIL when that pays.
void CopyBytes(char* to, const char* from, u64 size);

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_ARRAY_H_
