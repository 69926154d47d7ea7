// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A task without fields, for any method that takes none.

#ifndef CHIMAERA_PYTHON_EMPTY_TASK_H_
#define CHIMAERA_PYTHON_EMPTY_TASK_H_

#include "chimaera/ipc/task.h"

namespace chi::python {

struct EmptyTask : public Task {
  using Task::Task;
  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& /*ar*/) {}
};

}  // namespace chi::python

#endif  // CHIMAERA_PYTHON_EMPTY_TASK_H_
