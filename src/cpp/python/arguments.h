// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Arguments of the functions that are taken apart by hand, since pybind11's
// dispatch costs more than what they do.

#ifndef CHIMAERA_PYTHON_ARGUMENTS_H_
#define CHIMAERA_PYTHON_ARGUMENTS_H_

#include "chimaera/base/types.h"
#include "python/connection.h"
#include "python/pybind.h"

namespace chi::python {

/// The T that `object` is; null if it is something else.
template <class T>
T* InstanceOf(PyObject* object) {
  static const py::detail::type_info* const type =
      py::detail::get_type_info(typeid(T));
  if (Py_TYPE(object) != type->type) return nullptr;
  auto* const instance = reinterpret_cast<py::detail::instance*>(object);
  return static_cast<T*>(instance->get_value_and_holder().value_ptr());
}

/// The same of a connection.
inline Connection* ConnectionOf(PyObject* object) {
  return InstanceOf<Connection>(object);
}

/// Whether `object` is a tuple of `count` unsigned integers. May leave an
/// error behind.
inline bool ReadTuple(PyObject* object, Py_ssize_t count, u32* values) {
  if (!PyTuple_Check(object) || PyTuple_GET_SIZE(object) != count) return false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    const long value = PyLong_AsLong(PyTuple_GET_ITEM(object, i));
    if (value < 0 || value > ~u32{0}) return false;
    values[i] = static_cast<u32>(value);
  }
  return true;
}

/// Adds a function of `definition`, which lives for good, to the module.
inline void AddFunction(py::module_& m, PyMethodDef& definition) {
  PyObject* function =
      PyCFunction_NewEx(&definition, nullptr, m.attr("__name__").ptr());
  if (function == nullptr) throw py::error_already_set();
  m.attr(definition.ml_name) = py::reinterpret_steal<py::object>(function);
}

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_ARGUMENTS_H_
