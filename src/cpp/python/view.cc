// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See view.h.

#include "python/view.h"

#include <chimaera/bdev/bdev_client.h>

#include <utility>

#include "chimaera/base/log.h"
#include "chimaera/ipc/client_core.h"
#include "python/errors.h"

namespace chi::python {

namespace bdev = chimaera::bdev;

void Unpin(PoolId pool, const bdev::Block& block) noexcept {
  bdev::Client device(pool);
  try {
    // The future is dropped: the client frees the task when it is done.
    device.AsyncUnpin(HSHM_MCTX, block);
  } catch (const StatusError& error) {
    // The space stays pinned until this client is gone.
    CHI_LOG(kWarning, "unpin: {}", error.status());
  }
}

View::View(std::shared_ptr<Connection> connection, PoolId pool,
           const bdev::Block& block, const char* data)
    : connection_(std::move(connection)),
      pool_(pool),
      block_(block),
      mappings_(connection_->client().control().mappings()),
      data_(data),
      size_(block.size_) {
  connection_->AddView(pool_);
}

View::View(std::shared_ptr<Connection> connection, PoolId pool,
           std::shared_ptr<const Buffer> copy)
    : connection_(std::move(connection)),
      pool_(pool),
      copy_(std::move(copy)),
      data_(copy_->read_only_data()),
      size_(copy_->size()) {
  connection_->AddView(pool_);
}

View::~View() {
  connection_->RemoveView(pool_);
  if (copy_ != nullptr || connection_->closed() || connection_->forked() ||
      !connection_->client().control().Check().ok()) {
    return;
  }
  Unpin(pool_, block_);
}

namespace {

// A View as a Python object, made by hand: pybind11's instance costs as much as
// the array over it.
struct PinnedBytes {
  PyObject_HEAD View* view;
};

void Dealloc(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  delete reinterpret_cast<PinnedBytes*>(self)->view;
  type->tp_free(self);
  Py_DECREF(type);
}

int GetBuffer(PyObject* self, Py_buffer* buffer, int flags) {
  const View& view = *reinterpret_cast<PinnedBytes*>(self)->view;
  return PyBuffer_FillInfo(buffer, self, const_cast<char*>(view.data()),
                           static_cast<Py_ssize_t>(view.size()), 1, flags);
}

PyTypeObject* MakeType() {
  static PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(&Dealloc)},
      {Py_bf_getbuffer, reinterpret_cast<void*>(&GetBuffer)},
      {0, nullptr}};
  static PyType_Spec spec = {
      "chimaera._core.PinnedBytes", sizeof(PinnedBytes), 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  PyObject* const type = PyType_FromSpec(&spec);
  if (type == nullptr) throw py::error_already_set();
  return reinterpret_cast<PyTypeObject*>(type);
}

py::object NewPinnedBytes(std::unique_ptr<View> view) {
  static PyTypeObject* const type = MakeType();
  auto bytes = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
  if (!bytes) throw py::error_already_set();
  reinterpret_cast<PinnedBytes*>(bytes.ptr())->view = view.release();
  return bytes;
}

// NumPy asks the view before it makes such an array writable, and is refused.
py::object ReadOnly(std::unique_ptr<View> view, u64 offset) {
  const py::detail::npy_api& numpy = py::detail::npy_api::get();
  static PyObject* const dtype =
      numpy.PyArray_DescrFromType_(py::detail::npy_api::NPY_UBYTE_);
  const auto size = static_cast<Py_intptr_t>(view->size() - offset);
  char* const data = const_cast<char*>(view->data()) + offset;
  py::object base = NewPinnedBytes(std::move(view));
  Py_INCREF(dtype);  // the array takes one
  auto array = py::reinterpret_steal<py::object>(numpy.PyArray_NewFromDescr_(
      numpy.PyArray_Type_, dtype, 1, &size, nullptr, data, 0, nullptr));
  if (!array ||
      numpy.PyArray_SetBaseObject_(array.ptr(), base.release().ptr()) != 0) {
    throw py::error_already_set();
  }
  return array;
}

}  // namespace

py::object ViewOf(const std::shared_ptr<Connection>& connection, PoolId pool,
                  bdev::LocateTask& task, u64 offset) {
  ThrowIfError(connection->Check());
  const char* const data =
      connection->client().control().Resolve(task.data_, task.block_.size_);
  if (data == nullptr) {
    Throw(Status::NoMemory("the segment of the device cannot be mapped"));
  }
  auto view = std::make_unique<View>(connection, pool, task.block_, data);
  task.data_ = hipc::Pointer::Null();
  return ReadOnly(std::move(view), offset);
}

void FreeLocate(IpcManager& ipc, hipc::FullPtr<Task> done) {
  const auto task = done.Cast<bdev::LocateTask>();
  if (task->IsComplete() && task->return_code_ == 0 && !task->data_.IsNull()) {
    Unpin(task->pool_id_, task->block_);
  }
  ipc.DelTask(task);
}

std::unique_ptr<Call> CallOfView(const std::shared_ptr<Connection>& connection,
                                 PoolId pool, DroppedTask located, u64 offset) {
  return std::make_unique<Call>(
      connection, std::move(located),
      [connection, pool, offset](Task& found) -> py::object {
        return ViewOf(connection, pool, static_cast<bdev::LocateTask&>(found),
                      offset);
      });
}

}  // namespace chi::python
