// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Result<T>: a value, or the Status that says why there is none. What
// functions return whose answer can be missing.

#ifndef CHIMAERA_BASE_RESULT_H_
#define CHIMAERA_BASE_RESULT_H_

#include <optional>
#include <type_traits>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/status.h"

namespace chi {

/// Holds a `T` or a failed Status, never neither. T may be move-only; it may
/// not be a reference or Status itself (return the Status then).
template <typename T>
class [[nodiscard]] Result {
  static_assert(!std::is_reference_v<T>, "return a pointer instead");
  static_assert(!std::is_same_v<std::decay_t<T>, Status>,
                "return the Status itself");

 public:
  using value_type = T;

  /// Implicit, so that `return Status::NotFound(...)` reads naturally.
  /// REQUIRES: !status.ok().
  Result(Status status)  // NOLINT(google-explicit-constructor): see above
      : status_(std::move(status)) {
    CHI_CHECK(!status_.ok(), "a Result of success needs a value");
  }

  /// Implicit from whatever converts to T, so that `return value` and
  /// `return std::make_unique<Derived>()` work.
  template <typename U = T, typename = std::enable_if_t<
                                std::is_convertible_v<U&&, T> &&
                                !std::is_same_v<std::decay_t<U>, Result> &&
                                !std::is_same_v<std::decay_t<U>, Status>>>
  Result(U&& value)  // NOLINT(google-explicit-constructor): see above
      : value_(std::in_place, std::forward<U>(value)) {}

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }

  /// Success if there is a value.
  Status status() const { return status_; }

  /// REQUIRES: ok(). CHI_CHECK fails otherwise, with the status in its text.
  [[nodiscard]] T& value() & {
    CheckOk();
    return *value_;
  }
  [[nodiscard]] const T& value() const& {
    CheckOk();
    return *value_;
  }
  [[nodiscard]] T&& value() && {
    CheckOk();
    return *std::move(value_);
  }

  /// The value, or `fallback` if there is none.
  template <typename U>
  [[nodiscard]] T value_or(U&& fallback) const& {
    return ok() ? *value_ : T(std::forward<U>(fallback));
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void CheckOk() const {
    CHI_CHECK(ok(), "value() of a failed Result: {}", status_);
  }

  // Exactly one of them says something. Not a std::variant: g++ 12 takes its
  // destructor for a use of uninitialised memory.
  Status status_;
  std::optional<T> value_;
};

}  // namespace chi

/// Evaluates `expr`, a Result; returns its Status from the enclosing function
/// on failure, else assigns its value to `lhs`, which may declare a variable:
///   CHI_ASSIGN_OR_RETURN(Extent extent, allocator.Allocate(64));
/// Expands to several statements: not for the body of an unbraced `if`. An
/// `expr` may hold commas; an `lhs` that has some goes into an alias first.
#define CHI_ASSIGN_OR_RETURN(lhs, ...)                               \
  CHI_INTERNAL_ASSIGN(CHI_INTERNAL_JOIN(chi_result_, __LINE__), lhs, \
                      (__VA_ARGS__))

#define CHI_INTERNAL_JOIN2(a, b) a##b
#define CHI_INTERNAL_JOIN(a, b) CHI_INTERNAL_JOIN2(a, b)
#define CHI_INTERNAL_ASSIGN(tmp, lhs, expr) \
  auto tmp = expr;                          \
  if (!tmp.ok()) {                          \
    return tmp.status();                    \
  }                                         \
  lhs = std::move(tmp).value()

#endif  // CHIMAERA_BASE_RESULT_H_
