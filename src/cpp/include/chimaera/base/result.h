// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Result<T>: a value, or the Status that says why there is none. What
// functions return whose answer can be missing.

#ifndef CHIMAERA_BASE_RESULT_H_
#define CHIMAERA_BASE_RESULT_H_

#include <type_traits>
#include <utility>
#include <variant>

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
      : state_(std::in_place_index<0>, std::move(status)) {
    CHI_CHECK(!std::get<0>(state_).ok(), "a Result of success needs a value");
  }

  /// Implicit from whatever converts to T, so that `return value` and
  /// `return std::make_unique<Derived>()` work.
  template <typename U = T, typename = std::enable_if_t<
                                std::is_convertible_v<U&&, T> &&
                                !std::is_same_v<std::decay_t<U>, Result> &&
                                !std::is_same_v<std::decay_t<U>, Status>>>
  Result(U&& value)  // NOLINT(google-explicit-constructor): see above
      : state_(std::in_place_index<1>, std::forward<U>(value)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 1; }
  explicit operator bool() const { return ok(); }

  /// Success if there is a value.
  Status status() const { return ok() ? Status() : std::get<0>(state_); }

  /// REQUIRES: ok(). CHI_CHECK fails otherwise, with the status in its text.
  [[nodiscard]] T& value() & {
    CheckOk();
    return std::get<1>(state_);
  }
  [[nodiscard]] const T& value() const& {
    CheckOk();
    return std::get<1>(state_);
  }
  [[nodiscard]] T&& value() && {
    CheckOk();
    return std::get<1>(std::move(state_));
  }

  /// The value, or `fallback` if there is none.
  template <typename U>
  [[nodiscard]] T value_or(U&& fallback) const& {
    return ok() ? std::get<1>(state_) : T(std::forward<U>(fallback));
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void CheckOk() const {
    CHI_CHECK(ok(), "value() of a failed Result: {}", std::get<0>(state_));
  }

  std::variant<Status, T> state_;
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
