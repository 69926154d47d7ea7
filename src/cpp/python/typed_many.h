// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Many tasks of one typed method in one crossing, a task per row.

#ifndef CHIMAERA_PYTHON_TYPED_MANY_H_
#define CHIMAERA_PYTHON_TYPED_MANY_H_

#include <memory>

#include "python/connection.h"
#include "python/pybind.h"
#include "python/query.h"
#include "python/typed_method.h"

namespace chi::python {

/// Runs one task per element of `codes` (uint32, gets the status codes).
///
/// `columns` has one per argument: a buffer with a scalar or struct per task,
/// or with one for all; an array as (array, shape, stride), where the tasks'
/// parts are `stride` bytes apart; and a list of values, one per task or one
/// for all, in the forms of typed_value.h.
///
/// `out` has one per result: a writable buffer for plain types, else None.
///
/// Returns what RunMany returns, and a list per result that is not plain, with
/// None where a task failed. Raises.
py::object TypedMany(const TypedMethod& method,
                     const std::shared_ptr<Connection>& connection,
                     const PoolIdTuple& pool, const QueryTuple& query,
                     const py::tuple& columns, const py::tuple& out,
                     const py::object& codes, double timeout_s);

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_TYPED_MANY_H_
