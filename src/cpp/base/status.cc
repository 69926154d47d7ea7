// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Status: names of the codes, factories, text.

#include "chimaera/base/status.h"

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace chi {

namespace {

constexpr u32 kLastModuleCode = 9999;

struct NamedCode {
  StatusCode code;
  const char* name;
};

constexpr NamedCode kNames[] = {
    {StatusCode::kOk, "OK"},
    {StatusCode::kBadRequest, "BadRequest"},
    {StatusCode::kNotFound, "NotFound"},
    {StatusCode::kUnimplemented, "Unimplemented"},
    {StatusCode::kAlreadyExists, "AlreadyExists"},
    {StatusCode::kOverloaded, "Overloaded"},
    {StatusCode::kNoMemory, "NoMemory"},
    {StatusCode::kNoSpace, "NoSpace"},
    {StatusCode::kIo, "Io"},
    {StatusCode::kChecksum, "Checksum"},
    {StatusCode::kDeadlineExceeded, "DeadlineExceeded"},
    {StatusCode::kCancelled, "Cancelled"},
    {StatusCode::kModuleException, "ModuleException"},
    {StatusCode::kRuntimeDied, "RuntimeDied"},
    {StatusCode::kNodeDied, "NodeDied"},
    {StatusCode::kOutcomeUnknown, "OutcomeUnknown"},
    {StatusCode::kVersionMismatch, "VersionMismatch"},
    {StatusCode::kPermissionDenied, "PermissionDenied"},
    {StatusCode::kProtocolViolation, "ProtocolViolation"},
    {StatusCode::kForked, "Forked"},
    {StatusCode::kNoRuntime, "NoRuntime"},
    {StatusCode::kStale, "Stale"},
    {StatusCode::kInternal, "Internal"},
    {StatusCode::kNotRun, "NotRun"},
};

}  // namespace

const char* StatusCodeName(u32 code) {
  for (const NamedCode& entry : kNames) {
    if (static_cast<u32>(entry.code) == code) {
      return entry.name;
    }
  }
  return code <= kLastModuleCode ? "Module" : "Unknown";
}

Status::Status(StatusCode code, std::string message)
    : state_(std::unique_ptr<State>(new State{code, std::move(message)})
                 .release()) {}

void Status::Unref() {
  // acq_rel: what other owners read comes before the delete.
  if (state_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete state_;
}

Status Status::FromCode(u32 code, std::string message) {
  if (code == 0) {
    return Status();
  }
  return Status(static_cast<StatusCode>(code), std::move(message));
}

Status Status::FromErrno(int error, std::string_view what) {
  std::string text(what);
  text += ": ";
  text += std::generic_category().message(error);
  switch (error) {
    case EMFILE:
    case ENFILE:
      return Overloaded(std::move(text));
    case ENOMEM:
      return NoMemory(std::move(text));
    default:
      return Io(std::move(text));
  }
}

std::string Status::ToString() const {
  std::string text = StatusCodeName(code_value());
  const bool named = text != "Module" && text != "Unknown";
  if (!named) {
    text += "(" + std::to_string(code_value()) + ")";
  }
  if (!message().empty()) {
    text += ": ";
    text += message();
  }
  return text;
}

Status Status::WithContext(std::string_view prefix) const {
  if (ok() || prefix.empty()) {
    return *this;
  }
  std::string text(prefix);
  if (!message().empty()) {
    text += ": ";
    text += message();
  }
  return Status(code(), std::move(text));
}

Status Status::BadRequest(std::string message) {
  return Status(StatusCode::kBadRequest, std::move(message));
}

Status Status::NotFound(std::string message) {
  return Status(StatusCode::kNotFound, std::move(message));
}

Status Status::Unimplemented(std::string message) {
  return Status(StatusCode::kUnimplemented, std::move(message));
}

Status Status::AlreadyExists(std::string message) {
  return Status(StatusCode::kAlreadyExists, std::move(message));
}

Status Status::Overloaded(std::string message) {
  return Status(StatusCode::kOverloaded, std::move(message));
}

Status Status::NoMemory(std::string message) {
  return Status(StatusCode::kNoMemory, std::move(message));
}

Status Status::NoSpace(std::string message) {
  return Status(StatusCode::kNoSpace, std::move(message));
}

Status Status::Io(std::string message) {
  return Status(StatusCode::kIo, std::move(message));
}

Status Status::Checksum(std::string message) {
  return Status(StatusCode::kChecksum, std::move(message));
}

Status Status::DeadlineExceeded(std::string message) {
  return Status(StatusCode::kDeadlineExceeded, std::move(message));
}

Status Status::Cancelled(std::string message) {
  return Status(StatusCode::kCancelled, std::move(message));
}

Status Status::ModuleException(std::string message) {
  return Status(StatusCode::kModuleException, std::move(message));
}

Status Status::RuntimeDied(std::string message) {
  return Status(StatusCode::kRuntimeDied, std::move(message));
}

Status Status::NodeDied(std::string message) {
  return Status(StatusCode::kNodeDied, std::move(message));
}

Status Status::OutcomeUnknown(std::string message) {
  return Status(StatusCode::kOutcomeUnknown, std::move(message));
}

Status Status::VersionMismatch(std::string message) {
  return Status(StatusCode::kVersionMismatch, std::move(message));
}

Status Status::PermissionDenied(std::string message) {
  return Status(StatusCode::kPermissionDenied, std::move(message));
}

Status Status::ProtocolViolation(std::string message) {
  return Status(StatusCode::kProtocolViolation, std::move(message));
}

Status Status::Forked(std::string message) {
  return Status(StatusCode::kForked, std::move(message));
}

Status Status::NoRuntime(std::string message) {
  return Status(StatusCode::kNoRuntime, std::move(message));
}

Status Status::Stale(std::string message) {
  return Status(StatusCode::kStale, std::move(message));
}

Status Status::Internal(std::string message) {
  return Status(StatusCode::kInternal, std::move(message));
}

}  // namespace chi
