// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See typed_value.h.

#include "python/typed_value.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "chimaera/base/format.h"
#include "python/errors.h"

namespace chi::python {
namespace {

// Of what a SequenceOps counts.
u64 ElementSize(const TypeDescription& type) {
  return type.packed ? 1 : type.element->size;
}

bool Forget() {
  PyErr_Clear();
  return false;
}

bool ReadInt(const TypeDescription& type, PyObject* object, u64* number) {
  if (!PyLong_Check(object) || PyBool_Check(object)) return false;
  const long long value = PyLong_AsLongLong(object);
  if (value == -1 && PyErr_Occurred() != nullptr) return Forget();
  const u64 bits = 8 * type.size;
  const i64 low = std::numeric_limits<i64>::min() >> (64 - bits);
  if (value < low || value > -(low + 1)) return false;
  *number = static_cast<u64>(value);
  return true;
}

bool ReadUInt(const TypeDescription& type, PyObject* object, u64* number) {
  if (!PyLong_Check(object) || PyBool_Check(object)) return false;
  const unsigned long long value = PyLong_AsUnsignedLongLong(object);
  if (value == ~u64{0} && PyErr_Occurred() != nullptr) return Forget();
  if (type.size < 8 && value >> (8 * type.size) != 0) return false;
  *number = value;
  return true;
}

bool ReadFloat(const TypeDescription& type, PyObject* object, u64* number) {
  const bool is_int = PyLong_Check(object) && !PyBool_Check(object);
  if (!PyFloat_Check(object) && !is_int) return false;
  const double value = PyFloat_AsDouble(object);
  if (value == -1 && PyErr_Occurred() != nullptr) return Forget();
  if (type.size == sizeof(double)) {
    std::memcpy(number, &value, sizeof(value));
    return true;
  }
  const auto narrow = static_cast<float>(value);
  if (std::isinf(narrow) && !std::isinf(value)) return false;
  std::memcpy(number, &narrow, sizeof(narrow));
  return true;
}

bool ReadEnum(const TypeDescription& type, PyObject* object, u64* number) {
  if (!ReadUInt(types::kUInt32, object, number)) return false;
  const EnumValue* const end = type.values + type.count;
  return std::any_of(type.values, end, [number](const EnumValue& each) {
    return each.value == *number;
  });
}

[[noreturn]] void ThrowForm(const FieldDescription& field) {
  Throw(Status::BadRequest(Format("parameter '{}' is not in the form of {}",
                                  field.name, field.type->name)));
}

py::object MutableBytes(const char* data, u64 size) {
  PyObject* const made =
      PyByteArray_FromStringAndSize(data, static_cast<Py_ssize_t>(size));
  if (made == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(made);
}

py::object Scalar(const TypeDescription& type, const void* at) {
  u64 bits = 0;
  std::memcpy(&bits, at, type.size);
  switch (type.kind) {
    case TypeKind::kBool:
      return py::bool_(bits != 0);
    case TypeKind::kInt: {
      const u64 unused = 64 - 8 * type.size;
      return py::int_(static_cast<i64>(bits << unused) >> unused);
    }
    case TypeKind::kFloat: {
      if (type.size == sizeof(double)) {
        double value = 0;
        std::memcpy(&value, &bits, sizeof(value));
        return py::float_(value);
      }
      float value = 0;
      std::memcpy(&value, &bits, sizeof(value));
      return py::float_(value);
    }
    default:
      return py::int_(bits);
  }
}

py::object Sequence(const TypeDescription& type, const char* data, u64 bytes) {
  switch (type.kind) {
    case TypeKind::kString: {
      // Bytes that are no UTF-8 are the module's mistake, and shown.
      PyObject* const text = PyUnicode_DecodeUTF8(
          data, static_cast<Py_ssize_t>(bytes), "backslashreplace");
      if (text == nullptr) throw py::error_already_set();
      return py::reinterpret_steal<py::object>(text);
    }
    case TypeKind::kBytes:
      return py::bytes(data, bytes);
    default:
      return MutableBytes(data, bytes);
  }
}

py::object Blocks(PoolId pool, const char* rows, u64 bytes) {
  return py::make_tuple(pool.major_, pool.minor_, MutableBytes(rows, bytes));
}

}  // namespace

bool IsPlain(const TypeDescription& type) {
  return type.sequence == nullptr && type.array == nullptr;
}

bool ReadSimple(const TypeDescription& type, PyObject* object,
                RawValue* value) {
  switch (type.kind) {
    case TypeKind::kBool:
      value->number = object == Py_True ? 1 : 0;
      return PyBool_Check(object);
    case TypeKind::kInt:
      return ReadInt(type, object, &value->number);
    case TypeKind::kUInt:
      return ReadUInt(type, object, &value->number);
    case TypeKind::kFloat:
      return ReadFloat(type, object, &value->number);
    case TypeKind::kEnum:
      return ReadEnum(type, object, &value->number);
    case TypeKind::kString: {
      if (!PyUnicode_Check(object)) return false;
      Py_ssize_t size = 0;
      value->data = PyUnicode_AsUTF8AndSize(object, &size);
      value->count = static_cast<u64>(size);
      return value->data != nullptr || Forget();
    }
    case TypeKind::kBytes:
      if (!PyBytes_Check(object)) return false;
      value->data = PyBytes_AS_STRING(object);
      value->count = static_cast<u64>(PyBytes_GET_SIZE(object));
      return true;
    default:
      return false;
  }
}

const Bytes& ValueKeeper::Pin(const py::object& object, bool writable,
                              bool strided) {
  pinned_.push_back(std::make_unique<Bytes>(object, writable, strided));
  return *pinned_.back();
}

ShmPtr ValueKeeper::Share(const FieldDescription& field,
                          const py::object& array, u64 size) {
  const bool is_output = field.direction != Direction::kIn;
  const Bytes& bytes = Pin(array, is_output, true);
  if (bytes.size() < size) ThrowForm(field);
  if (bytes.size() == 0) return ShmPtr::Null();
  const Shared shared = ShareBytes(connection_, array, bytes);
  kept_.push_back(shared.kept);
  if (shared.staged) {
    bytes.CopyTo(shared.data);
    if (is_output) staged_.push_back({&bytes, shared.data});
  }
  return shared.pointer;
}

RawValue ValueKeeper::Read(const FieldDescription& field,
                           const py::object& object) {
  const TypeDescription& type = *field.type;
  RawValue value;
  if (ReadSimple(type, object.ptr(), &value)) {
    if (!IsPlain(type)) kept_.push_back(object);
    return value;
  }
  switch (type.kind) {
    case TypeKind::kBytes:
    case TypeKind::kList:
    case TypeKind::kStruct: {
      const Bytes& bytes = Pin(object);
      const u64 each = IsPlain(type) ? type.size : ElementSize(type);
      value.data = bytes.data();
      value.count = bytes.size() / each;
      if (bytes.size() % each != 0) ThrowForm(field);
      if (IsPlain(type) && value.count != 1) ThrowForm(field);
      return value;
    }
    case TypeKind::kArray: {
      const auto [array, shape] =
          object.cast<std::tuple<py::object, std::vector<u64>>>();
      if (shape.size() != type.ndim || type.ndim > kMaxAxes) ThrowForm(field);
      u64 bytes = type.element->size;
      for (const u64 length : shape) bytes *= length;
      value.place = Share(field, array, bytes);
      std::copy(shape.begin(), shape.end(), value.shape);
      return value;
    }
    case TypeKind::kBlocks: {
      const auto [major, minor, rows] =
          object.cast<std::tuple<u32, u32, py::object>>();
      const Bytes& bytes = Pin(rows);
      if (bytes.size() % type.element->size != 0) ThrowForm(field);
      value.pool = PoolId(major, minor);
      value.data = bytes.data();
      value.count = bytes.size() / type.element->size;
      return value;
    }
    default:
      ThrowForm(field);
  }
}

void ValueKeeper::CopyBack() {
  for (const Staged& each : staged_) {
    each.to->CopyFrom(each.from);
  }
}

void WriteValue(const FieldDescription& field, const RawValue& value,
                Task& task) {
  const TypeDescription& type = *field.type;
  void* const place = field.of(task);
  switch (type.kind) {
    case TypeKind::kArray:
      type.array->set(place, value.place, value.shape);
      return;
    case TypeKind::kBlocks:
      *static_cast<PoolId*>(place) = value.pool;
      [[fallthrough]];
    case TypeKind::kString:
    case TypeKind::kBytes:
    case TypeKind::kStruct:
    case TypeKind::kList: {
      if (IsPlain(type)) {
        std::memcpy(place, value.data, type.size);
        return;
      }
      char* const to = type.sequence->resize(place, value.count);
      const u64 bytes = value.count * ElementSize(type);
      if (bytes != 0) std::memcpy(to, value.data, bytes);
      return;
    }
    default:
      std::memcpy(place, &value.number, type.size);
  }
}

py::object ValueOfField(const FieldDescription& field, Task& task) {
  const TypeDescription& type = *field.type;
  const void* const place = field.of(task);
  if (IsScalar(type)) return Scalar(type, place);
  if (IsPlain(type)) {
    return MutableBytes(static_cast<const char*>(place), type.size);
  }
  const char* const data = type.sequence->data(place);
  const u64 bytes = type.sequence->size(place) * ElementSize(type);
  if (type.kind == TypeKind::kBlocks) {
    return Blocks(*static_cast<const PoolId*>(place), data, bytes);
  }
  return Sequence(type, data, bytes);
}

std::string TakeBytes(const FieldDescription& field, Task& task) {
  const TypeDescription& type = *field.type;
  const void* const place = field.of(task);
  std::string taken;
  if (type.kind == TypeKind::kBlocks) {
    taken.append(static_cast<const char*>(place), sizeof(PoolId));
  }
  const u64 bytes = type.sequence->size(place) * ElementSize(type);
  if (bytes != 0) taken.append(type.sequence->data(place), bytes);
  return taken;
}

py::object ValueOfBytes(const FieldDescription& field,
                        const std::string& taken) {
  if (field.type->kind != TypeKind::kBlocks) {
    return Sequence(*field.type, taken.data(), taken.size());
  }
  PoolId pool;
  if (taken.size() < sizeof(pool)) return Blocks(pool, nullptr, 0);
  std::memcpy(&pool, taken.data(), sizeof(pool));
  return Blocks(pool, taken.data() + sizeof(pool), taken.size() - sizeof(pool));
}

}  // namespace chi::python
