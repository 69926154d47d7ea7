// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How many bytes of the heap each pool holds. A program counts if it links
// tools/counting_heap.cc, whose operator new writes before each block whom it
// was given to: so whoever frees it, the right account goes down. In other
// programs, and under the sanitizers, nothing is counted and nothing paid.
//
// Whom a block is given to is asked when it is allocated, not noted when a
// method begins: methods that allocate nothing pay nothing.

#ifndef CHIMAERA_BASE_HEAP_ACCOUNTS_H_
#define CHIMAERA_BASE_HEAP_ACCOUNTS_H_

#include <atomic>

#include "chimaera/base/types.h"

namespace chi {

/// Number of an account.
using HeapAccount = u32;

/// Of what the runtime holds for itself, and of all that nobody else is to be
/// blamed for.
inline constexpr HeapAccount kRuntimeHeap = 0;

/// For whom a thread allocates.
struct HeapOwner {
  HeapAccount account = kRuntimeHeap;
  /// Where there is no memory, std::bad_alloc becomes the outcome of the task
  /// that runs. Elsewhere nobody could be told, and a reserve has to do.
  bool may_fail = false;
};

/// The accounts of this process. Safe from any thread.
class HeapAccounts {
 public:
  static constexpr HeapAccount kNumAccounts = 65536;
  /// What Bytes says if nobody counts.
  static constexpr u64 kNotCounted = ~u64{0};

  /// Whether this program counts.
  static bool IsCounting();

  /// An account with nothing in it; kRuntimeHeap if there is none left, or
  /// nobody counts.
  static HeapAccount Open();
  /// Nothing more will be allocated for it. Its number is used again once
  /// nothing of it is left.
  static void Close(HeapAccount account);

  /// What was allocated for the account and is not freed, as was asked for.
  /// Exact if nobody allocates or frees meanwhile.
  static u64 Bytes(HeapAccount account);

  /// Who tells for whom this thread is running; must not allocate. By default
  /// all is the runtime's.
  static void SetOwner(HeapOwner (*owner)());

  /// For tests: asked at each allocation whether there shall be no memory for
  /// it. Must not allocate.
  static void SetFault(bool (*fails)());

  // ---- for operator new ----

  /// For whom a block allocated by this thread now is.
  static HeapOwner Current();
  static bool FaultFires() {
    bool (*const fails)() = fault_.load(std::memory_order_relaxed);
    return __builtin_expect(fails != nullptr, 0) && fails();
  }
  static void Add(HeapAccount account, i64 bytes);
  /// Called once, by the program that counts.
  static void StartCounting();

 private:
  static std::atomic<bool (*)()> fault_;
};

/// Opens an account for as long as it lives; kRuntimeHeap before.
class OwnHeapAccount {
 public:
  OwnHeapAccount() = default;
  ~OwnHeapAccount() { HeapAccounts::Close(account_); }
  OwnHeapAccount(const OwnHeapAccount&) = delete;
  OwnHeapAccount& operator=(const OwnHeapAccount&) = delete;

  /// REQUIRES: not opened.
  void Open() { account_ = HeapAccounts::Open(); }
  HeapAccount account() const { return account_; }
  /// kNotCounted if nothing is counted for it apart.
  u64 bytes() const {
    return account_ == kRuntimeHeap ? HeapAccounts::kNotCounted
                                    : HeapAccounts::Bytes(account_);
  }

 private:
  HeapAccount account_ = kRuntimeHeap;
};

namespace internal {

/// Of the innermost HeapScope the account plus 1, and kFromReserve if it is
/// one; 0 outside. It belongs to the run: a switch of fibers takes it along.
inline constexpr u32 kFromReserve = u32{1} << 31;
extern __thread u32 heap_scope __attribute__((tls_model("initial-exec")));

}  // namespace internal

/// What this thread allocates inside is for `account`, whoever runs. What is
/// the runtime's does not fail as long as the reserve lasts.
class HeapScope {
 public:
  explicit HeapScope(HeapAccount account = kRuntimeHeap)
      : outer_(internal::heap_scope) {
    internal::heap_scope =
        account == kRuntimeHeap ? internal::kFromReserve + 1 : account + 1;
  }
  ~HeapScope() { internal::heap_scope = outer_; }
  HeapScope(const HeapScope&) = delete;
  HeapScope& operator=(const HeapScope&) = delete;

 private:
  const u32 outer_;
};

/// What this thread allocates inside is whose it would be outside, but does not
/// fail as long as the reserve lasts: for what has to be ended once it is
/// begun.
class HeapReserveScope {
 public:
  HeapReserveScope() : outer_(internal::heap_scope) {
    internal::heap_scope =
        internal::kFromReserve + HeapAccounts::Current().account + 1;
  }
  ~HeapReserveScope() { internal::heap_scope = outer_; }
  HeapReserveScope(const HeapReserveScope&) = delete;
  HeapReserveScope& operator=(const HeapReserveScope&) = delete;

 private:
  const u32 outer_;
};

}  // namespace chi

#endif  // CHIMAERA_BASE_HEAP_ACCOUNTS_H_
