// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Values of typed methods between Python and a task, by the description of
// their type. chimaera/typed/values.py checks and explains; what comes here is
// in one form per type:
//
//   bool, int, uint, float, enum   a bool, an int, a float (or int), an int
//   string, bytes                  a str, a bytes-like object
//   list, struct                   a buffer of the elements, of the struct;
//                                  of what is packed, of its bytes
//   array                          (array, shape)
//   blocks                         (major, minor, buffer of 32 bytes per block)

#ifndef CHIMAERA_PYTHON_TYPED_VALUE_H_
#define CHIMAERA_PYTHON_TYPED_VALUE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chimaera/ipc/method_description.h"
#include "python/array.h"
#include "python/connection.h"
#include "python/pybind.h"

namespace chi::python {

inline constexpr u32 kMaxAxes = 8;

/// What is written into a task, without the GIL and without Python.
struct RawValue {
  u64 number = 0;              ///< The bytes of a scalar.
  const char* data = nullptr;  ///< Of a struct or a sequence; not owned.
  u64 count = 0;               ///< Elements at `data`.
  ShmPtr place;                ///< Of an array.
  u64 shape[kMaxAxes] = {};
  PoolId pool;  ///< Of blocks.
};

/// Whether a value of the type is its bytes, of a fixed number.
bool IsPlain(const TypeDescription& type);
inline bool IsScalar(const TypeDescription& type) {
  return IsPlain(type) && type.kind != TypeKind::kStruct;
}

/// Reads a scalar, text or bytes that are immutable, which `object` keeps.
/// False if it is not in the form above, or out of range; leaves no error
/// behind.
bool ReadSimple(const TypeDescription& type, PyObject* object, RawValue* value);

/// What the memory of arguments hangs on, and where staged arrays go back to.
class ValueKeeper {
 public:
  explicit ValueKeeper(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  /// A value in any of the forms above. Raises.
  RawValue Read(const FieldDescription& field, const py::object& object);
  /// The memory of an array's numbers in C order, which the task may use; at
  /// least `bytes`.
  ShmPtr Share(const FieldDescription& field, const py::object& array,
               u64 bytes);
  /// Pins the bytes of `object`.
  const Bytes& Pin(const py::object& object, bool writable = false,
                   bool strided = false);

  /// Objects that have to live as long as the task.
  std::vector<py::object> kept() const { return kept_; }
  /// Copies what the method has written into the arrays that were staged.
  void CopyBack();

 private:
  struct Staged {
    const Bytes* to;
    const char* from;
  };

  const std::shared_ptr<Connection> connection_;
  std::vector<std::unique_ptr<Bytes>> pinned_;
  std::vector<py::object> kept_;
  std::vector<Staged> staged_;
};

/// Writes it. Throws StatusError (no memory). Needs no GIL.
void WriteValue(const FieldDescription& field, const RawValue& value,
                Task& task);

/// What a done task holds, in the forms above; buffers are bytearrays.
py::object ValueOfField(const FieldDescription& field, Task& task);
/// The same of bytes that were taken out of a task (see TakeBytes).
py::object ValueOfBytes(const FieldDescription& field,
                        const std::string& taken);
/// The variable part of a result, for later; of blocks, their pool first.
std::string TakeBytes(const FieldDescription& field, Task& task);

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_TYPED_VALUE_H_
