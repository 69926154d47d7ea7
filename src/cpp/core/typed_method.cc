// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a typed method is refused with.

#include "chimaera/core/typed_method.h"

#include <string>

#include "chimaera/base/format.h"
#include "chimaera/core/container.h"
#include "chimaera/core/method_table.h"

namespace chi::internal {
namespace {

// "chimaera_stats 0.2.0: Reduce", of the method that runs.
std::string MethodName(MethodId method) {
  const RunContext* const run = CurrentRun();
  if (run == nullptr || run->container == nullptr ||
      !run->container->has_methods()) {
    return Format("method {}", method);
  }
  const Container& container = *run->container;
  const MethodRow* const row = container.methods().Find(method);
  return Format("{} {}: {}", container.module_name(),
                container.methods().version(),
                row == nullptr ? "?" : row->name);
}

std::string MethodName() {
  const RunContext* const run = CurrentRun();
  const bool known = run != nullptr && run->method != nullptr;
  return MethodName(known ? run->method->id : 0);
}

}  // namespace

Status SchemaMismatch(const TaskHeader& header, u32 expected) {
  return Status::VersionMismatch(
      Format("{} has parameters of schema {}, and the caller was built for "
             "schema {}: build both from one chimaera_mod.yaml",
             MethodName(header.method_), expected, SchemaOf(header)));
}

Status BadValue(const char* name) {
  return Status::BadRequest(Format(
      "{}: '{}' has a value that its type does not know", MethodName(), name));
}

Status BadArray(const char* name, u64 size_bytes) {
  return Status::BadRequest(
      Format("{}: the {} bytes of '{}' are not the caller's memory, or not "
             "aligned",
             MethodName(), size_bytes, name));
}

Status BadPacked(const char* name, const Status& what) {
  return Status::BadRequest(
      Format("{}: '{}': {}", MethodName(), name, what.message()));
}

}  // namespace chi::internal
