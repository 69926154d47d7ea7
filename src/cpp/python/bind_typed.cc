// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Typed methods of modules that this extension was not built with: their
// description, and three ways to call. run_typed is the shortest way, for
// scalars and text; typed_call takes all types and makes a Call; typed_many
// runs a task per row of its columns.

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/core/module_manager.h"
#include "chimaera/ipc/client_core.h"
#include "chimaera/ipc/method_description.h"
#include "chimaera/runtime/singletons.h"
#include "python/arguments.h"
#include "python/call.h"
#include "python/errors.h"
#include "python/submitting.h"
#include "python/typed_many.h"
#include "python/typed_method.h"

namespace chi::python {
namespace {

using ConnectionPtr = std::shared_ptr<Connection>;

// ---- descriptions

py::object TypeInfo(const TypeDescription& type) {
  py::list fields;
  for (u32 i = 0; type.fields != nullptr && i < type.count; ++i) {
    const StructField& each = type.fields[i];
    fields.append(py::make_tuple(each.name, each.doc, each.unit, each.offset,
                                 TypeInfo(*each.type)));
  }
  py::list values;
  for (u32 i = 0; type.values != nullptr && i < type.count; ++i) {
    values.append(py::make_tuple(type.values[i].name, type.values[i].value));
  }
  const py::object element =
      type.element == nullptr ? py::none() : TypeInfo(*type.element);
  return py::make_tuple(static_cast<u32>(type.kind), type.size, type.name,
                        element, type.ndim, fields, values);
}

py::object FieldInfo(const FieldDescription& field) {
  return py::make_tuple(field.name, field.doc, field.unit, field.default_text,
                        static_cast<u32>(field.direction),
                        TypeInfo(*field.type));
}

py::list FieldInfos(const FieldDescription* fields, u32 count) {
  py::list list;
  for (u32 i = 0; i < count; ++i) list.append(FieldInfo(fields[i]));
  return list;
}

// Its TypedMethod is of the process, like the library that describes it; None
// for a task written by hand.
py::object MethodInfo(const MethodDescription& method) {
  py::object caller = py::none();
  if (method.make != nullptr) {
    caller = py::cast(std::make_unique<TypedMethod>(method).release(),
                      py::return_value_policy::reference);
  }
  return py::make_tuple(method.id, method.name, method.doc, method.deadline_ms,
                        method.idempotent, method.schema,
                        FieldInfos(method.fields, method.field_count), caller);
}

// Reads data only. A library that has none is of before there were stamps.
void CheckStamp(void* handle, const std::string& library,
                const std::string& path) {
  const std::string symbol = "chi_client_stamp_" + library;
  ClientStamp stamp;
  stamp.magic = 0;
  if (const void* const found = dlsym(handle, symbol.c_str())) {
    std::memcpy(&stamp, found, sizeof(stamp));
  }
  if (stamp.magic == ClientStamp::kMagic && stamp.abi_hash == ClientAbiHash()) {
    return;
  }
  Throw(Status::VersionMismatch(
      Format("{}: was built for client ABI {}, this chimaera has {}; build the "
             "module again",
             path, stamp.abi_hash, ClientAbiHash())));
}

// The library stays loaded: tasks of its types may have to be freed at any
// time. `opened` is another name of the file, under which the loader does not
// take it for what it has loaded from `path` before.
py::object Describe(const std::string& path, const std::string& library,
                    const std::string& opened) {
  void* const handle = dlopen(opened.empty() ? path.c_str() : opened.c_str(),
                              RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) Throw(Status::Io(Format("{}", dlerror())));
  using DescribeFn = const ModuleDescription* (*)();
  const std::string symbol = "chi_describe_" + library;
  const auto describe =
      reinterpret_cast<DescribeFn>(dlsym(handle, symbol.c_str()));
  if (describe == nullptr) return py::none();
  CheckStamp(handle, library, path);
  const ModuleDescription& module = *describe();
  if (module.format != kDescriptionFormat) {
    Throw(Status::VersionMismatch(
        Format("{}: its description has format {}, this chimaera reads {}: "
               "build the module again",
               path, module.format, kDescriptionFormat)));
  }
  py::list methods;
  for (u32 i = 0; i < module.method_count; ++i) {
    methods.append(MethodInfo(module.methods[i]));
  }
  py::list aliases;
  for (u32 i = 0; i < module.alias_count; ++i) {
    aliases.append(
        py::make_tuple(module.aliases[i].name, module.aliases[i].value));
  }
  return py::make_tuple(module.name_space, module.module, module.version,
                        module.doc, module.schema_hash, methods, aliases,
                        FieldInfos(module.settings, module.setting_count));
}

std::vector<std::string> Directories() { return ModuleManager().directories(); }

// ---- one call

// The deadline of a waiting call: it is longer than the method's own only if
// the caller wants to wait longer.
u32 DeadlineMs(const MethodDescription& method, double timeout_s) {
  const double timeout_ms = timeout_s * 1e3;
  if (method.deadline_ms == 0 || timeout_ms <= method.deadline_ms) return 0;
  return static_cast<u32>(std::min(std::ceil(timeout_ms), 4e9));
}

DroppedTask Owned(const TypedMethod& method, hipc::FullPtr<Task> task) {
  DroppedTask owned;
  owned.task = task;
  owned.free = method.description().free;
  return owned;
}

std::unique_ptr<Call> TypedCall(const TypedMethod& method,
                                const ConnectionPtr& connection,
                                const PoolIdTuple& pool,
                                const QueryTuple& query, u32 timeout_ms,
                                const py::tuple& arguments) {
  ThrowIfError(connection->Check());
  const auto& fields = method.arguments();
  if (arguments.size() != fields.size()) {
    Throw(Status::BadRequest(Format("{} arguments for {} parameters",
                                    arguments.size(), fields.size())));
  }
  auto keeper = std::make_shared<ValueKeeper>(connection);
  std::vector<RawValue> values;
  values.reserve(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    values.push_back(keeper->Read(*fields[i], arguments[i]));
  }
  const PoolId pool_id = ToPoolId(pool);
  const PoolQuery where = ToQuery(query);
  DroppedTask task = Owned(method, {});
  task.kept = keeper->kept();
  {
    const Submitting submitting(*connection);
    const Connection::Hold hold(*connection);
    if (hold.open()) {
      IpcManager& ipc = *CHI_IPC;
      task.task = method.Make(ipc, pool_id, where, timeout_ms, values.data());
      ipc.Enqueue(task.task);
    }
  }
  return std::make_unique<Call>(connection, std::move(task),
                                [&method, keeper](Task& done) {
                                  keeper->CopyBack();
                                  return method.Result(done);
                                });
}

// Waits of at least so long begin with a short one in here.
constexpr double kMinTimeoutS = 1e-3;
constexpr u64 kShortWaitNs = 100'000;

struct Request {
  ConnectionPtr connection;
  const TypedMethod* method = nullptr;
  PoolId pool_id;
  PoolQuery query;
  u32 timeout_ms = 0;
  std::array<RawValue, 8> values;
};

// Arguments of run_typed(): method, connection, pool_id, query, timeout_s,
// arguments.
bool Read(PyObject* const* arguments, Request* request) {
  u32 pool[2] = {};
  u32 query[3] = {};
  const double timeout_s = PyFloat_AsDouble(arguments[4]);
  if (PyErr_Occurred() != nullptr) PyErr_Clear();
  request->method = InstanceOf<TypedMethod>(arguments[0]);
  PyObject* const given = arguments[5];
  if (request->method == nullptr || !ReadTuple(arguments[2], 2, pool) ||
      !ReadTuple(arguments[3], 3, query) ||
      query[0] != static_cast<u32>(RoutingMode::Local) ||
      !(timeout_s >= kMinTimeoutS && std::isfinite(timeout_s)) ||
      !PyTuple_Check(given)) {
    return false;
  }
  const auto& fields = request->method->arguments();
  if (fields.size() > request->values.size() ||
      static_cast<size_t>(PyTuple_GET_SIZE(given)) != fields.size()) {
    return false;
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    PyObject* const object =
        PyTuple_GET_ITEM(given, static_cast<Py_ssize_t>(i));
    if (!ReadSimple(*fields[i]->type, object, &request->values[i])) {
      return false;
    }
  }
  request->pool_id = PoolId(pool[0], pool[1]);
  request->query = PoolQuery::Local();
  request->timeout_ms = DeadlineMs(request->method->description(), timeout_s);
  Connection* const connection = ConnectionOf(arguments[1]);
  if (connection == nullptr || connection->closed() ||
      !connection->client().control().Check().ok()) {
    return false;
  }
  // Held: another thread may drop the Python object meanwhile.
  request->connection = connection->shared_from_this();
  return true;
}

// The task, done or not; null if there is no client, or no memory for it.
hipc::FullPtr<Task> RunShortly(const Request& request) {
  const Submitting submitting(*request.connection);
  const Connection::Hold hold(*request.connection);
  if (!hold.open()) return {};
  IpcManager& ipc = *CHI_IPC;
  try {
    const auto task =
        request.method->Make(ipc, request.pool_id, request.query,
                             request.timeout_ms, request.values.data());
    ipc.Enqueue(task);
    if (!task->IsComplete()) static_cast<void>(task->WaitFor(kShortWaitNs));
    return task;
  } catch (const StatusError&) {
    return {};
  }
}

py::object RunTyped(PyObject* const* arguments, Py_ssize_t count) {
  const auto refused = py::reinterpret_borrow<py::object>(Py_NotImplemented);
  Request request;
  if (count != 6 || !Read(arguments, &request)) {
    PyErr_Clear();
    return refused;
  }
  const TypedMethod& method = *request.method;
  const hipc::FullPtr<Task> task = RunShortly(request);
  if (task.IsNull()) return refused;
  // Another thread may have closed it, and all memory is gone then.
  const bool open = !request.connection->closed();
  if (open && task->IsComplete() && task->return_code_ == 0) {
    py::object result = method.Result(*task);
    method.Free(*CHI_IPC, task);
    return result;
  }
  return py::cast(std::make_unique<Call>(
      std::move(request.connection), Owned(method, task),
      [&method](Task& done) { return method.Result(done); }));
}

PyObject* Run(PyObject* /*module*/, PyObject* const* arguments,
              Py_ssize_t count) {
  try {
    return RunTyped(arguments, count).release().ptr();
  } catch (py::error_already_set& error) {
    error.restore();
    return nullptr;
  }
}

PyMethodDef run_definition = {
    "run_typed",
    reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&Run)),
    METH_FASTCALL,
    "Run a typed task of scalars and text: its result, a Call that was\n"
    "submitted, or NotImplemented when typed_call has to be asked."};

}  // namespace

void BindTyped(py::module_& m) {
  py::class_<TypedMethod>(m, "TypedMethod",
                          "A method as its module describes it.");
  const auto method = py::arg("method");
  const auto connection = py::arg("connection");
  const auto pool_id = py::arg("pool_id");
  const auto query = py::arg("query");
  m.def("describe_module", &Describe, py::arg("path"), py::arg("library"),
        py::arg("opened") = "",
        "What a client library tells about its module; None if nothing.");
  m.def("module_directories", &Directories,
        "Where a runtime with this environment looks for modules.");
  m.def("typed_call", &TypedCall, method, connection, pool_id, query,
        py::arg("timeout_ms"), py::arg("arguments"), "Submit a typed task.");
  m.def("typed_many", &TypedMany, method, connection, pool_id, query,
        py::arg("columns"), py::arg("out"), py::arg("codes"),
        py::arg("timeout_s"),
        "Run a typed task once per code: the first failure, and the results\n"
        "that have no place in `out`.");
  AddFunction(m, run_definition);
}

}  // namespace chi::python
