// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The atomics policy that the product's templates are given here, and what
// else threads of a model share: plain variables, the eventfd that a worker
// sleeps on, the futex. A mutation weakens one kind of operation, to see
// whether the explorer finds what it breaks.

#ifndef CHIMAERA_TESTS_MODEL_ATOMICS_H_
#define CHIMAERA_TESTS_MODEL_ATOMICS_H_

#include <atomic>
#include <cstring>

#include "explorer.h"

namespace chi::model {

template <typename T>
u64 ToWord(T value) {
  static_assert(sizeof(T) <= sizeof(u64));
  u64 word = 0;
  std::memcpy(&word, &value, sizeof(T));
  return word;
}

template <typename T>
T FromWord(u64 word) {
  T value;
  std::memcpy(&value, &word, sizeof(T));
  return value;
}

/// How an exchange is done.
enum class Exchange { kAtomic, kStoreOnly, kLoadThenStore };

/// Changes nothing. Mutations derive from it and hide what they change.
struct Faithful {
  template <typename T>
  static constexpr std::memory_order ForLoad(std::memory_order order) {
    return order;
  }
  template <typename T>
  static constexpr std::memory_order ForStore(std::memory_order order) {
    return order;
  }
  template <typename T>
  static constexpr std::memory_order ForModify(std::memory_order order) {
    return order;
  }
  template <typename T>
  static constexpr Exchange ForExchange() {
    return Exchange::kAtomic;
  }
};

template <typename T, class Mutation = Faithful>
class Atomic {
 public:
  using Order = std::memory_order;

  Atomic(T value) : cell_(Explorer::Get().AddCell(ToWord(value))) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(Order order = std::memory_order_seq_cst) const {
    Op op{OpKind::kLoad, cell_};
    op.order = Mutation::template ForLoad<T>(order);
    return FromWord<T>(Explorer::Get().Do(op));
  }
  void store(T value, Order order = std::memory_order_seq_cst) {
    Op op{OpKind::kStore, cell_};
    op.order = Mutation::template ForStore<T>(order);
    op.value = ToWord(value);
    Explorer::Get().Do(op);
  }
  T exchange(T value, Order order = std::memory_order_seq_cst) {
    constexpr Exchange kHow = Mutation::template ForExchange<T>();
    if (kHow != Exchange::kAtomic) {
      const T old = kHow == Exchange::kStoreOnly
                        ? FromWord<T>(0)
                        : load(std::memory_order_acquire);
      store(value, std::memory_order_release);
      return old;
    }
    Op op{OpKind::kExchange, cell_};
    op.order = Mutation::template ForModify<T>(order);
    op.value = ToWord(value);
    return FromWord<T>(Explorer::Get().Do(op));
  }
  /// A failing one reads the newest value.
  bool compare_exchange_strong(T& expected, T value, Order order) {
    Op op{OpKind::kCompareExchange, cell_};
    op.order = Mutation::template ForModify<T>(order);
    op.value = ToWord(value);
    op.expected = ToWord(expected);
    const u64 old = Explorer::Get().Do(op);
    const bool equal = old == op.expected;
    expected = FromWord<T>(old);
    return equal;
  }
  bool compare_exchange_weak(T& expected, T value, Order order,
                             Order /*failure*/) {
    return compare_exchange_strong(expected, value, order);
  }

  [[nodiscard]] Cell cell() const { return cell_; }

 private:
  const Cell cell_;
};

/// The policy.
template <class Mutation = Faithful>
struct Atomics {
  template <typename T>
  using Atomic = model::Atomic<T, Mutation>;
};

/// An ordinary variable. Under Model::kCpp a data race is a violation.
template <typename T>
class Plain {
 public:
  Plain(T value = T{}) : cell_(Explorer::Get().AddPlain(ToWord(value))) {}
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain& other) { return *this = static_cast<T>(other); }
  Plain& operator=(T value) {
    Op op{OpKind::kPlainStore, cell_};
    op.value = ToWord(value);
    Explorer::Get().Do(op);
    return *this;
  }
  operator T() const {
    return FromWord<T>(Explorer::Get().Do({OpKind::kPlainLoad, cell_}));
  }
  [[nodiscard]] Cell cell() const { return cell_; }

 private:
  const Cell cell_;
};

/// Bookkeeping of the test: costs no step, part of the state.
class Ghost {
 public:
  Ghost() { Explorer::Get().AddGhost(&value_); }
  Ghost(const Ghost&) = delete;
  Ghost& operator=(const Ghost&) = delete;
  u64 operator++() { return ++value_; }
  void Reset() { value_ = 0; }
  [[nodiscard]] u64 value() const { return value_; }

 private:
  u64 value_ = 0;
};

/// An eventfd in an edge-triggered epoll set with one sleeper.
class Event {
 public:
  Event() : index_(Explorer::Get().AddEvent()) {}
  void Signal() { Explorer::Get().Do({OpKind::kSignal, index_}); }
  /// False if it timed out, which it may at any moment if `may_time_out`.
  bool Sleep(bool may_time_out) {
    Op op{OpKind::kSleep, index_};
    op.may_time_out = may_time_out;
    return Explorer::Get().Do(op) != 0;
  }

 private:
  const Cell index_;
};

/// FUTEX_WAIT: sleeps until a wake-up if the word is `expected`. False if it
/// timed out.
template <class Word>
bool FutexSleep(const Word& word, u32 expected, bool may_time_out) {
  Op op{OpKind::kFutexWait, word.cell()};
  op.expected = expected;
  if (Explorer::Get().Do(op) == 0) return true;  // it has changed
  op.kind = OpKind::kFutexSleep;
  op.may_time_out = may_time_out;
  return Explorer::Get().Do(op) != 0;
}

/// FUTEX_WAKE of all sleepers. Uses the address of the word only.
template <class Word>
void FutexWakeAll(const Word& word) {
  Explorer::Get().Do({OpKind::kFutexWake, word.cell()});
}

/// One of 0 … n - 1, whichever: all are tried.
inline u32 Choose(u32 n) {
  Op op{OpKind::kChoose, 0};
  op.value = n;
  return static_cast<u32>(Explorer::Get().Do(op));
}

}  // namespace chi::model

#endif  // CHIMAERA_TESTS_MODEL_ATOMICS_H_
