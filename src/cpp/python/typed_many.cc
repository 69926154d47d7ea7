// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See typed_many.h. Everything that needs Python is read before the first task
// is made; then tasks are made and taken without it.

#include "python/typed_many.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "chimaera/base/format.h"
#include "python/errors.h"
#include "python/many.h"

namespace chi::python {
namespace {

// The values of one argument: for task i, `values[i]`, or values[0] and that
// `i * stride` bytes further.
struct Column {
  std::vector<RawValue> values;
  u64 stride = 0;

  RawValue At(u64 index, const TypeDescription& type) const {
    if (values.size() > 1) return values[index];
    RawValue value = values[0];
    if (stride == 0) return value;
    if (type.kind == TypeKind::kArray) {
      value.place = value.place + index * stride;
    } else if (type.kind == TypeKind::kStruct) {
      value.data += index * stride;
    } else {
      std::memcpy(&value.number, value.data + index * stride, type.size);
    }
    return value;
  }
};

[[noreturn]] void ThrowLength(const FieldDescription& field) {
  Throw(Status::BadRequest(
      Format("parameter '{}': its values are not one per task", field.name)));
}

Column ReadPlain(const FieldDescription& field, const py::object& object,
                 u64 count, ValueKeeper* keeper) {
  const u64 size = field.type->size;
  const Bytes& bytes = keeper->Pin(object);
  if (bytes.size() != size && bytes.size() != count * size) ThrowLength(field);
  Column column;
  RawValue value;
  value.data = bytes.data();
  value.count = 1;
  column.stride = bytes.size() == size ? 0 : size;
  if (IsScalar(*field.type)) std::memcpy(&value.number, value.data, size);
  column.values.push_back(value);
  return column;
}

// One array, cut into parts.
Column ReadParts(const FieldDescription& field, const py::tuple& object,
                 u64 count, ValueKeeper* keeper) {
  const auto [array, shape, stride] =
      object.cast<std::tuple<py::object, std::vector<u64>, u64>>();
  u64 bytes = field.type->element->size;
  for (const u64 length : shape) bytes *= length;
  if (shape.size() != field.type->ndim || shape.size() > kMaxAxes ||
      (stride != 0 && stride != bytes)) {
    ThrowLength(field);
  }
  RawValue value;
  value.place =
      keeper->Share(field, array, stride == 0 ? bytes : count * bytes);
  std::copy(shape.begin(), shape.end(), value.shape);
  Column column;
  column.stride = stride;
  column.values.push_back(value);
  return column;
}

Column ReadColumn(const FieldDescription& field, const py::object& object,
                  u64 count, ValueKeeper* keeper) {
  if (IsPlain(*field.type)) return ReadPlain(field, object, count, keeper);
  if (!py::isinstance<py::list>(object)) {
    return ReadParts(field, object.cast<py::tuple>(), count, keeper);
  }
  const auto list = object.cast<py::list>();
  if (list.size() != 1 && list.size() != count) ThrowLength(field);
  Column column;
  column.values.reserve(list.size());
  for (const py::handle each : list) {
    column.values.push_back(
        keeper->Read(field, py::reinterpret_borrow<py::object>(each)));
  }
  return column;
}

// Where one result of all tasks goes.
struct Results {
  char* rows = nullptr;  // of a plain type
  std::vector<std::optional<std::string>> taken;
};

class Batch final : public ManyTasks {
 public:
  Batch(const TypedMethod& method, PoolId pool_id, const PoolQuery& query,
        std::vector<Column> columns, std::vector<Results>* results)
      : method_(method),
        pool_id_(pool_id),
        query_(query),
        columns_(std::move(columns)),
        values_(columns_.size()),
        results_(*results) {}

  hipc::FullPtr<Task> Make(IpcManager& ipc, u64 index) override {
    for (size_t i = 0; i < columns_.size(); ++i) {
      values_[i] = columns_[i].At(index, *method_.arguments()[i]->type);
    }
    return method_.Make(ipc, pool_id_, query_, 0, values_.data());
  }
  void Collect(u64 index, const Task& task) override {
    Task& done = const_cast<Task&>(task);  // `of` knows no const
    for (size_t i = 0; i < results_.size(); ++i) {
      const FieldDescription& field = *method_.results()[i];
      Results& results = results_[i];
      if (results.rows != nullptr) {
        const u64 size = field.type->size;
        std::memcpy(results.rows + index * size, field.of(done), size);
      } else {
        results.taken[index] = TakeBytes(field, done);
      }
    }
  }
  void Free(IpcManager& ipc, hipc::FullPtr<Task> task) override {
    method_.Free(ipc, task);
  }
  void (*Destroyer() const)(IpcManager&, hipc::FullPtr<Task>) override {
    return method_.description().free;
  }

 private:
  const TypedMethod& method_;
  const PoolId pool_id_;
  const PoolQuery query_;
  const std::vector<Column> columns_;
  std::vector<RawValue> values_;
  std::vector<Results>& results_;
};

py::object ListOf(const FieldDescription& field, const Results& results) {
  if (results.rows != nullptr) return py::none();
  py::list list;
  for (const auto& each : results.taken) {
    list.append(each.has_value() ? ValueOfBytes(field, *each)
                                 : py::object(py::none()));
  }
  return std::move(list);
}

}  // namespace

py::object TypedMany(const TypedMethod& method,
                     const std::shared_ptr<Connection>& connection,
                     const PoolIdTuple& pool, const QueryTuple& query,
                     const py::tuple& columns, const py::tuple& out,
                     const py::object& codes, double timeout_s) {
  ThrowIfError(connection->Check());
  const auto& fields = method.arguments();
  const auto& outputs = method.results();
  if (columns.size() != fields.size() || out.size() != outputs.size()) {
    Throw(Status::BadRequest(
        Format("{} columns for {} parameters", columns.size(), fields.size())));
  }
  const Bytes outcome(codes, true);
  const u64 count = outcome.size() / sizeof(u32);
  ValueKeeper keeper(connection);
  std::vector<Column> read;
  for (size_t i = 0; i < fields.size(); ++i) {
    read.push_back(ReadColumn(*fields[i], columns[i], count, &keeper));
  }
  std::vector<Results> results(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!IsPlain(*outputs[i]->type)) {
      results[i].taken.resize(count);
      continue;
    }
    const Bytes& rows = keeper.Pin(out[i], true);
    if (rows.size() != count * outputs[i]->type->size) ThrowLength(*outputs[i]);
    results[i].rows = rows.data();
  }
  Batch batch(method, ToPoolId(pool), ToQuery(query), std::move(read),
              &results);
  const py::object failed =
      RunMany(connection, batch, count, reinterpret_cast<u32*>(outcome.data()),
              timeout_s, keeper.kept());
  keeper.CopyBack();
  py::list lists;
  for (size_t i = 0; i < outputs.size(); ++i) {
    lists.append(ListOf(*outputs[i], results[i]));
  }
  return py::make_tuple(failed, lists);
}

}  // namespace chi::python
