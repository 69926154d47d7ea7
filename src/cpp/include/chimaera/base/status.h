// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The one error type. Everything that can go wrong outside our own bugs (full,
// missing, refused, peer gone) is returned as a Status or a Result; nothing
// throws across a layer. A successful Status is a null pointer, so returning
// one costs nothing; a failed one shares its text between its copies.
//
// Thread safety: as a value type. Distinct objects may be used from distinct
// threads even when they are copies of each other.

#ifndef CHIMAERA_BASE_STATUS_H_
#define CHIMAERA_BASE_STATUS_H_

#include <atomic>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "chimaera/base/types.h"

namespace chi {

/// What went wrong. FROZEN: these numbers reach shared memory, the wire and
/// users' scripts. Add at the end, never renumber. 1 to 9,999 belong to the
/// modules, whose documentation gives them meaning.
enum class StatusCode : u32 {
  kOk = 0,
  kBadRequest = 10000,         ///< The request makes no sense as written.
  kNotFound = 10001,           ///< No such pool, container, node, block, name.
  kUnimplemented = 10002,      ///< The module has no such method.
  kAlreadyExists = 10003,      ///< The name or id is taken.
  kOverloaded = 10004,         ///< A bounded queue is full; try again later.
  kNoMemory = 10005,           ///< A segment or the process is out of memory.
  kNoSpace = 10006,            ///< A device is full.
  kIo = 10007,                 ///< The operating system refused or failed I/O.
  kChecksum = 10008,           ///< The bytes are not those once written.
  kDeadlineExceeded = 10009,   ///< No answer in time; it may still happen.
  kCancelled = 10010,          ///< The caller withdrew the task.
  kModuleException = 10011,    ///< A module's method threw.
  kRuntimeDied = 10012,        ///< The runtime of this node is gone.
  kNodeDied = 10013,           ///< Another node is gone; it did not happen.
  kOutcomeUnknown = 10014,     ///< A node is gone; it may have happened.
  kVersionMismatch = 10015,    ///< Two builds that cannot share memory met.
  kPermissionDenied = 10016,   ///< The caller may not do this.
  kProtocolViolation = 10017,  ///< A peer sent what no correct peer sends.
  kForked = 10018,             ///< Used in the child of a fork.
  kNoRuntime = 10019,          ///< Nothing is running to connect to.
  kStale = 10020,              ///< An old incarnation or generation.
  kInternal = 10021,           ///< Our own bug, survived.
  kNotRun = 10099,             ///< A task that has not run yet.
};

/// The name of `code` without its "k": "NotFound". "Module" for 1 to 9,999 and
/// "Unknown" for numbers that nobody has defined. Never null.
[[nodiscard]] const char* StatusCodeName(u32 code);

/// Success, or a code with a message that names the object and the number:
/// "pool 512.0: container 3 of 2".
class [[nodiscard]] Status {
 public:
  /// Success.
  Status() = default;
  ~Status() {
    if (state_ != nullptr) Unref();
  }
  Status(const Status& other) : state_(other.state_) {
    if (state_ != nullptr) state_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  Status(Status&& other) noexcept : state_(other.state_) {
    other.state_ = nullptr;
  }
  Status& operator=(Status other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }

  static Status Ok() { return Status(); }
  static Status BadRequest(std::string message);
  static Status NotFound(std::string message);
  static Status Unimplemented(std::string message);
  static Status AlreadyExists(std::string message);
  static Status Overloaded(std::string message);
  static Status NoMemory(std::string message);
  static Status NoSpace(std::string message);
  static Status Io(std::string message);
  static Status Checksum(std::string message);
  static Status DeadlineExceeded(std::string message);
  static Status Cancelled(std::string message);
  static Status ModuleException(std::string message);
  static Status RuntimeDied(std::string message);
  static Status NodeDied(std::string message);
  static Status OutcomeUnknown(std::string message);
  static Status VersionMismatch(std::string message);
  static Status PermissionDenied(std::string message);
  static Status ProtocolViolation(std::string message);
  static Status Forked(std::string message);
  static Status NoRuntime(std::string message);
  static Status Stale(std::string message);
  static Status Internal(std::string message);

  /// Carries a number that came from a module, from memory or from a peer. 0
  /// gives success and drops `message`; any other number is kept as it is, also
  /// one that this build does not know.
  static Status FromCode(u32 code, std::string message);

  /// For `error`, an errno value: "`what`: No such file ...". kOverloaded
  /// without descriptors, kNoMemory without memory, else kIo.
  static Status FromErrno(int error, std::string_view what);

  [[nodiscard]] bool ok() const { return state_ == nullptr; }

  /// Module codes are carried too: compare `code_value()` for those.
  [[nodiscard]] StatusCode code() const {
    return ok() ? StatusCode::kOk : state_->code;
  }
  /// The same number, as it stands in `return_code_`.
  [[nodiscard]] u32 code_value() const { return static_cast<u32>(code()); }

  /// Empty on success. Valid as long as this object or a copy of it lives.
  [[nodiscard]] std::string_view message() const {
    return ok() ? std::string_view() : std::string_view(state_->message);
  }

  /// "OK", "NotFound: pool 512.0: ..." or "Module(42): ...".
  [[nodiscard]] std::string ToString() const;

  /// The same failure with "`prefix`: " before its message, for a layer that
  /// knows more than the one below it. Success stays success.
  Status WithContext(std::string_view prefix) const;

 private:
  // Shared by copies; the last one frees it.
  struct State {
    StatusCode code;
    std::string message;
    mutable std::atomic<u32> refs{1};
  };

  Status(StatusCode code, std::string message);
  void Unref();

  const State* state_ = nullptr;  // null means success
};

inline std::ostream& operator<<(std::ostream& out, const Status& status) {
  return out << status.ToString();
}

}  // namespace chi

/// Returns from the enclosing function if `expr`, a Status, is a failure. The
/// function returns a Status or a Result.
#define CHI_RETURN_IF_ERROR(expr)          \
  do {                                     \
    ::chi::Status chi_status_tmp = (expr); \
    if (!chi_status_tmp.ok()) {            \
      return chi_status_tmp;               \
    }                                      \
  } while (false)

#endif  // CHIMAERA_BASE_STATUS_H_
