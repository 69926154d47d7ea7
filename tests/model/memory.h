// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What one thread of a model may see of another's writes: two memory models
// behind one interface. Where the hardware may do one thing or another, an
// operation has several ways, and the explorer tries them all.

#ifndef CHIMAERA_TESTS_MODEL_MEMORY_H_
#define CHIMAERA_TESTS_MODEL_MEMORY_H_

#include <atomic>
#include <functional>
#include <memory>

#include "chimaera/base/types.h"

namespace chi::model {

inline constexpr u32 kMaxThreads = 4;
inline constexpr u32 kMaxCells = 96;

using Cell = u8;

/// A hash that is built up. 64 bits: among 10^7 states two collide, and hide
/// one of them, with a probability of 3 in a million.
class Digest {
 public:
  void Add(u64 word) {
    word += 0x9E3779B97F4A7C15u + state_;
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
    state_ = word ^ (word >> 31);
  }
  [[nodiscard]] u64 value() const { return state_; }

 private:
  u64 state_ = 0x243F6A8885A308D3u;
};

enum class Model {
  /// x86-TSO: stores wait in a FIFO buffer per thread; a locked instruction
  /// goes ahead only when its thread's buffer is empty. A seq_cst store is one.
  kTso,
  /// C++ atomics, as on ARM: each thread has a view of how much of each
  /// location's history it must have seen; a load reads anything not older.
  /// Acquire and release pass views on; seq_cst loads see all seq_cst stores
  /// before them. Plain memory is checked for data races. Not modelled: loads
  /// that overtake later stores.
  kCpp,
};

class Memory {
 public:
  static std::unique_ptr<Memory> Make(Model model);
  virtual ~Memory() = default;

  /// Forgets everything. All cells are made before the threads run.
  virtual void Reset(u32 num_threads) = 0;
  virtual Cell AddCell(u64 initial) = 0;
  virtual Cell AddPlain(u64 initial) = 0;

  /// Ways in which this load may go; way 0 reads the newest value.
  virtual u32 LoadWays(u32 thread, Cell cell, std::memory_order order) = 0;
  virtual u64 Load(u32 thread, Cell cell, std::memory_order order, u32 way) = 0;

  /// Whether a store only changes what its own thread sees, so that it needs
  /// no interleaving.
  virtual bool StoreIsLocal(std::memory_order order) = 0;
  virtual void Store(u32 thread, Cell cell, std::memory_order order,
                     u64 value) = 0;

  /// Whether the thread may do a read-modify-write, a seq_cst store or a call
  /// into the kernel now.
  virtual bool IsDrained(u32 thread) = 0;
  /// Reads the newest value and writes `change` of it.
  virtual u64 Modify(u32 thread, Cell cell, std::memory_order order,
                     const std::function<u64(u64)>& change) = 0;

  /// What the kernel reads.
  virtual u64 Newest(Cell cell) = 0;

  /// Ordinary variables. False: a data race.
  virtual bool PlainIsLocal() = 0;
  virtual bool PlainLoad(u32 thread, Cell cell, u64* value) = 0;
  virtual bool PlainStore(u32 thread, Cell cell, u64 value) = 0;

  /// The hardware's own step: the oldest buffered store reaches memory.
  virtual bool CanFlush(u32 thread) = 0;
  virtual Cell Flush(u32 thread) = 0;

  /// The thread has ended: what it could still read no longer counts.
  virtual void End(u32 thread) = 0;
  virtual void AddTo(Digest& digest) = 0;
};

}  // namespace chi::model

#endif  // CHIMAERA_TESTS_MODEL_MEMORY_H_
