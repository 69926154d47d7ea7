// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Runs a small world of threads in every order that there is. Each thread of
// the world is a stack of its own on one real thread; whenever it is about to
// touch what others can see, the explorer decides who goes next, and which of
// the ways that the memory model permits it goes. States are visited breadth
// first and each once, so a violation comes with a shortest interleaving.
//
// A state is what memory, buffers and kernel objects hold, and for each thread
// a hash of all that it has read: a thread does nothing but what follows from
// that. To come back to a state its path is run again from the start.

#ifndef CHIMAERA_TESTS_MODEL_EXPLORER_H_
#define CHIMAERA_TESTS_MODEL_EXPLORER_H_

#include <array>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

#include "memory.h"

namespace chi::model {

/// The threads under test and what they share. Made anew for each execution,
/// always in the same place. Threads own nothing: they may never come to an
/// end, and their stacks are not unwound.
class World {
 public:
  virtual ~World() = default;
  [[nodiscard]] virtual u32 num_threads() const = 0;
  [[nodiscard]] virtual const char* ThreadName(u32 thread) const = 0;
  virtual void Run(u32 thread) = 0;
  /// Checks what must be true when all threads have ended; may Fail.
  virtual void AtEnd() {}
};

enum class OpKind : u8 {
  kLoad,
  kStore,
  kExchange,
  kCompareExchange,
  kPlainLoad,
  kPlainStore,
  kChoose,
  kSignal,
  kSleep,
  kFutexWait,
  kFutexSleep,
  kFutexWake,
  kEnd,
};

/// One thing a thread does that others may see. See atomics.h.
struct Op {
  OpKind kind;
  Cell cell;  // or the event's number
  std::memory_order order = std::memory_order_relaxed;
  u64 value = 0;
  u64 expected = 0;
  bool may_time_out = false;
};

struct Report {
  std::string violation;           ///< Empty: there is none.
  std::vector<std::string> steps;  ///< A shortest interleaving that shows it.
  u64 states = 0;
  u64 executions = 0;
  u64 depth = 0;  ///< Steps of the longest shortest path.

  [[nodiscard]] std::string ToString() const;
};

class Explorer {
 public:
  using MakeWorld = World* (*)(void* memory);

  explicit Explorer(Model model);
  Explorer(const Explorer&) = delete;
  Explorer& operator=(const Explorer&) = delete;
  ~Explorer();

  /// Also proves that from every state the end can be reached.
  Report Explore(MakeWorld make);

  /// The one that is exploring.
  static Explorer& Get();

  // ---- while a world is made ----

  Cell AddCell(u64 initial);
  Cell AddPlain(u64 initial);
  Cell AddEvent();
  void AddGhost(const u64* value) { ghosts_.push_back(value); }
  /// Cells made from now on are called `name`, in traces.
  void NameNext(const char* name) { next_name_ = name; }
  void Name(Cell cell, const char* name) { names_[cell] = name; }

  // ---- on a thread of the world ----

  u64 Do(const Op& op);
  /// The requirement is broken; does not return on a thread of the world.
  void Fail(const std::string& violation);
  /// From here on this thread depends only on `summary`, the first word of
  /// which stands for this place in the code. What it read before is forgotten,
  /// so that loops come back to the same state.
  void Forget(std::initializer_list<u64> summary);

  /// Large enough for every world, so that all lie in the same place.
  static constexpr u64 kWorldBytes = 64 * kKiB;

 private:
  struct Thread {
    void* context = nullptr;
    Op pending{OpKind::kEnd, 0};
    u64 result = 0;
    u64 history = 0;
    bool on_futex = false;
    bool woken = false;
  };
  struct Node {
    u64 digest;
    u32 parent;
    u8 choice;
    u8 depth;
  };
  struct Edge {
    u32 from;
    u32 to;
  };
  static constexpr u8 kFlushWay = 31;  // a choice is thread * 32 + way

  static void Enter(u32 thread);
  void SwitchToScheduler();
  void Resume(u32 thread);
  void Restart();
  void Replay(u32 node);
  void Step(u8 choice);
  void Expand(u32 node);
  void Visit(u32 from, u8 choice);
  void CheckNoTrap();
  void SetTrace(u32 node);
  [[nodiscard]] std::vector<u8> PathTo(u32 node) const;
  [[nodiscard]] std::vector<u8> Choices();
  [[nodiscard]] u32 Ways(u32 thread);
  [[nodiscard]] bool IsLocal(const Op& op);
  [[nodiscard]] bool AllEnded() const;
  [[nodiscard]] u64 DigestOfState();
  u64 Perform(u32 thread, const Op& op, u32 way);
  void WakeSleepers(Cell word);
  void Trace(u32 thread, const Op& op, u64 result, u32 way);
  void CheckRace(u32 thread, const Op& op, bool ok);

  const std::unique_ptr<Memory> memory_;
  const std::unique_ptr<char[]> stacks_;
  MakeWorld make_ = nullptr;
  World* world_ = nullptr;
  u32 num_threads_ = 0;

  // Of the execution under way.
  std::array<Thread, kMaxThreads> threads_;
  std::array<const char*, kMaxCells> names_{};
  const char* next_name_ = "";
  std::vector<bool> events_;
  std::vector<const u64*> ghosts_;
  void* scheduler_ = nullptr;
  u32 running_ = kMaxThreads;
  bool tracing_ = false;

  // Of the whole exploration.
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<u32> ends_;
  std::unordered_map<u64, u32> known_;
  Report report_;
};

template <class WorldT>
Report Explore(Model model) {
  static_assert(sizeof(WorldT) <= Explorer::kWorldBytes);
  return Explorer(model).Explore(
      [](void* memory) -> World* { return new (memory) WorldT(); });
}

}  // namespace chi::model

#endif  // CHIMAERA_TESTS_MODEL_EXPLORER_H_
