// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The other process of a reference. To be made before this process has threads
// or is bound to a CPU; it ends with its parent at the latest.

#ifndef CHIMAERA_TOOLS_BENCH_PARTNER_H_
#define CHIMAERA_TOOLS_BENCH_PARTNER_H_

#include <sys/mman.h>
#include <sys/types.h>

#include <atomic>
#include <functional>
#include <new>

#include "chimaera/base/check.h"
#include "chimaera/base/types.h"

namespace chi::bench {

/// Memory that a process shares with the children it forks later. Filled with
/// zeros and touched, but for a T at its beginning.
template <class T>
class Shared {
 public:
  explicit Shared(size_t bytes = sizeof(T)) : bytes_(bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHI_CHECK(memory != MAP_FAILED);
    value_ = new (memory) T;
  }
  ~Shared() { munmap(value_, bytes_); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  size_t bytes_;
  T* value_;
};

/// A forked process bound to `cpu` that runs `body` and ends. For references
/// that block while nobody calls them.
class Child {
 public:
  Child(i32 cpu, const std::function<void()>& body);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  pid_t pid_;
};

/// For references that spin: a child that runs `serve` only while a turn
/// lasts, and sleeps between turns, so that it takes no CPU from others.
class Partner {
 public:
  /// `serve` runs in the child, once a turn, and returns when its own protocol
  /// with the caller says so.
  Partner(i32 cpu, std::function<void()> serve);

  void BeginTurn();
  /// Waits until `serve` has returned.
  void EndTurn();

 private:
  struct Control {
    std::atomic<u32> running{0};
  };

  Shared<Control> control_;
  Child child_;
};

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_PARTNER_H_
