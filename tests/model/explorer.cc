// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The search. Switching uses Boost.Context's lowest level: threads of a world
// are abandoned by the million, and unwinding them would cost more than all
// the rest.

#include "explorer.h"

#include <algorithm>
#include <boost/context/detail/fcontext.hpp>

#include "chimaera/base/check.h"

namespace chi::model {
namespace {

namespace context = boost::context::detail;

constexpr u64 kStackBytes = 64 * kKiB;
constexpr u32 kMaxNodes = 20'000'000;

Explorer* current = nullptr;
alignas(kCacheLineSize) char world_memory[Explorer::kWorldBytes];

}  // namespace

Explorer& Explorer::Get() {
  CHI_CHECK(current != nullptr);
  return *current;
}

Explorer::Explorer(Model model)
    : memory_(Memory::Make(model)),
      stacks_(std::make_unique<char[]>(kMaxThreads * kStackBytes)) {
  CHI_CHECK(current == nullptr);
  current = this;
}

Explorer::~Explorer() {
  if (world_ != nullptr) world_->~World();
  current = nullptr;
}

Cell Explorer::AddCell(u64 initial) {
  const Cell cell = memory_->AddCell(initial);
  names_[cell] = next_name_;
  return cell;
}

Cell Explorer::AddPlain(u64 initial) {
  const Cell cell = memory_->AddPlain(initial);
  names_[cell] = next_name_;
  return cell;
}

Cell Explorer::AddEvent() {
  events_.push_back(false);
  return static_cast<Cell>(events_.size() - 1);
}

// ---- one execution ----

void Explorer::Enter(u32 thread) {
  Explorer& self = *current;
  self.world_->Run(thread);
  self.threads_[thread].pending = {OpKind::kEnd, 0};
  self.memory_->End(thread);
  for (;;) self.SwitchToScheduler();
}

void Explorer::SwitchToScheduler() {
  scheduler_ = context::jump_fcontext(scheduler_, nullptr).fctx;
}

void Explorer::Resume(u32 thread) {
  running_ = thread;
  threads_[thread].context =
      context::jump_fcontext(threads_[thread].context, nullptr).fctx;
  running_ = kMaxThreads;
}

void Explorer::Restart() {
  if (world_ != nullptr) world_->~World();
  events_.clear();
  ghosts_.clear();
  next_name_ = "";
  // Worlds do not change their number of threads; before the first one is made
  // there is none.
  memory_->Reset(kMaxThreads);
  world_ = make_(world_memory);
  num_threads_ = world_->num_threads();
  for (u32 t = num_threads_; t < kMaxThreads; ++t) memory_->End(t);
  for (u32 t = 0; t < num_threads_; ++t) {
    threads_[t] = Thread{};
    char* const top = stacks_.get() + (t + 1) * kStackBytes;
    threads_[t].context =
        context::make_fcontext(top, kStackBytes, [](context::transfer_t from) {
          current->scheduler_ = from.fctx;
          Enter(current->running_);
        });
  }
  ++report_.executions;
  for (u32 t = 0; t < num_threads_; ++t) Resume(t);
}

u64 Explorer::Do(const Op& op) {
  CHI_CHECK(running_ < num_threads_);
  Thread& thread = threads_[running_];
  u64 result = 0;
  if (IsLocal(op)) {
    result = Perform(running_, op, 0);
    if (!report_.violation.empty()) {
      for (;;) SwitchToScheduler();
    }
  } else {
    thread.pending = op;
    SwitchToScheduler();
    result = thread.result;
  }
  Digest digest;
  digest.Add(thread.history);
  digest.Add(result);
  thread.history = digest.value();
  return result;
}

void Explorer::Fail(const std::string& violation) {
  if (report_.violation.empty()) report_.violation = violation;
  if (running_ >= kMaxThreads) return;
  for (;;) SwitchToScheduler();
}

void Explorer::Forget(std::initializer_list<u64> summary) {
  Digest digest;
  for (const u64 word : summary) digest.Add(word);
  threads_[running_].history = digest.value();
}

bool Explorer::IsLocal(const Op& op) {
  switch (op.kind) {
    case OpKind::kStore:
      return memory_->StoreIsLocal(op.order);
    case OpKind::kPlainLoad:
      return memory_->PlainIsLocal();
    case OpKind::kPlainStore:
      return memory_->PlainIsLocal() || memory_->StoreIsLocal(op.order);
    default:
      return false;
  }
}

u32 Explorer::Ways(u32 thread) {
  const Op& op = threads_[thread].pending;
  switch (op.kind) {
    case OpKind::kLoad:
      return memory_->LoadWays(thread, op.cell, op.order);
    case OpKind::kStore:
    case OpKind::kExchange:
    case OpKind::kCompareExchange:
    case OpKind::kFutexWait:
    case OpKind::kFutexWake:
      return memory_->IsDrained(thread) ? 1 : 0;
    case OpKind::kChoose:
      return static_cast<u32>(op.value);
    case OpKind::kSleep:
      return (events_[op.cell] ? 1u : 0u) + (op.may_time_out ? 1u : 0u);
    case OpKind::kFutexSleep:
      return (threads_[thread].woken ? 1u : 0u) + (op.may_time_out ? 1u : 0u);
    case OpKind::kEnd:
      return 0;
    default:
      return 1;
  }
}

void Explorer::WakeSleepers(Cell word) {
  for (u32 t = 0; t < num_threads_; ++t) {
    Thread& each = threads_[t];
    if (each.on_futex && each.pending.cell == word) each.woken = true;
  }
}

void Explorer::CheckRace(u32 thread, const Op& op, bool ok) {
  if (ok || !report_.violation.empty()) return;
  report_.violation = std::string("data race on ") + names_[op.cell] +
                      ", seen by " + world_->ThreadName(thread);
}

u64 Explorer::Perform(u32 thread, const Op& op, u32 way) {
  Thread& self = threads_[thread];
  u64 result = 0;
  switch (op.kind) {
    case OpKind::kLoad:
      result = memory_->Load(thread, op.cell, op.order, way);
      break;
    case OpKind::kStore:
      memory_->Store(thread, op.cell, op.order, op.value);
      break;
    case OpKind::kExchange:
      result = memory_->Modify(thread, op.cell, op.order,
                               [&op](u64) { return op.value; });
      break;
    case OpKind::kCompareExchange:
      if (memory_->Newest(op.cell) == op.expected) {
        result = memory_->Modify(thread, op.cell, op.order,
                                 [&op](u64) { return op.value; });
      } else {
        result = memory_->Load(thread, op.cell, std::memory_order_acquire, 0);
      }
      break;
    case OpKind::kPlainLoad:
      CheckRace(thread, op, memory_->PlainLoad(thread, op.cell, &result));
      break;
    case OpKind::kPlainStore:
      CheckRace(thread, op, memory_->PlainStore(thread, op.cell, op.value));
      break;
    case OpKind::kChoose:
      result = way;
      break;
    case OpKind::kSignal:
      events_[op.cell] = true;
      break;
    case OpKind::kSleep:
      result = events_[op.cell] && way == 0;
      if (result != 0) events_[op.cell] = false;
      break;
    case OpKind::kFutexWait:
      result = memory_->Newest(op.cell) == op.expected;
      self.on_futex = result != 0;
      break;
    case OpKind::kFutexSleep:
      result = self.woken && way == 0;
      self.on_futex = false;
      self.woken = false;
      break;
    case OpKind::kFutexWake:
      WakeSleepers(op.cell);
      break;
    case OpKind::kEnd:
      break;
  }
  if (tracing_) Trace(thread, op, result, way);
  return result;
}

void Explorer::Step(u8 choice) {
  const u32 thread = choice / 32;
  const u32 way = choice % 32;
  if (way == kFlushWay) {
    const Cell cell = memory_->Flush(thread);
    if (tracing_) {
      report_.steps.push_back(std::string("  (") + world_->ThreadName(thread) +
                              "'s store to " + names_[cell] +
                              " reaches memory)");
    }
    return;
  }
  Thread& self = threads_[thread];
  self.result = Perform(thread, self.pending, way);
  if (report_.violation.empty()) Resume(thread);
}

// ---- the search ----

bool Explorer::AllEnded() const {
  for (u32 t = 0; t < num_threads_; ++t) {
    if (threads_[t].pending.kind != OpKind::kEnd) return false;
  }
  return true;
}

u64 Explorer::DigestOfState() {
  Digest digest;
  for (u32 t = 0; t < num_threads_; ++t) {
    const Thread& each = threads_[t];
    // What a thread that has ended once read matters to nobody.
    digest.Add(each.pending.kind == OpKind::kEnd ? 0 : each.history);
    digest.Add(static_cast<u64>(each.pending.kind) << 2 |
               (each.on_futex ? 2u : 0u) | (each.woken ? 1u : 0u));
  }
  for (const bool event : events_) digest.Add(event ? 1 : 0);
  for (const u64* ghost : ghosts_) digest.Add(*ghost);
  memory_->AddTo(digest);
  return digest.value();
}

std::vector<u8> Explorer::Choices() {
  std::vector<u8> choices;
  for (u32 t = 0; t < num_threads_; ++t) {
    const u32 ways = Ways(t);
    CHI_CHECK(ways < kFlushWay);
    for (u32 way = 0; way < ways; ++way) {
      choices.push_back(static_cast<u8>(t * 32 + way));
    }
    if (memory_->CanFlush(t)) {
      choices.push_back(static_cast<u8>(t * 32 + kFlushWay));
    }
  }
  return choices;
}

std::vector<u8> Explorer::PathTo(u32 node) const {
  std::vector<u8> path;
  for (; node != 0; node = nodes_[node].parent) {
    path.push_back(nodes_[node].choice);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

void Explorer::Replay(u32 node) {
  Restart();
  for (const u8 choice : PathTo(node)) Step(choice);
}

void Explorer::Visit(u32 from, u8 choice) {
  const u64 digest = DigestOfState();
  const auto [it, is_new] =
      known_.emplace(digest, static_cast<u32>(nodes_.size()));
  edges_.push_back({from, it->second});
  if (!is_new) return;
  const u32 depth = nodes_[from].depth + 1u;
  CHI_CHECK(depth < 256);
  CHI_CHECK(nodes_.size() < kMaxNodes, "the world is too large");
  nodes_.push_back({digest, from, choice, static_cast<u8>(depth)});
}

void Explorer::Expand(u32 node) {
  Replay(node);
  CHI_CHECK(DigestOfState() == nodes_[node].digest, "not deterministic");
  const std::vector<u8> choices = Choices();
  if (choices.empty()) {
    ends_.push_back(node);
    if (AllEnded()) {
      world_->AtEnd();
    } else {
      std::string stuck;
      for (u32 t = 0; t < num_threads_; ++t) {
        if (threads_[t].pending.kind == OpKind::kEnd) continue;
        stuck += std::string(stuck.empty() ? "" : ", ") + world_->ThreadName(t);
      }
      report_.violation = "asleep for ever: " + stuck;
    }
    if (!report_.violation.empty()) SetTrace(node);
    return;
  }
  for (size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) Replay(node);
    Step(choices[i]);
    if (!report_.violation.empty()) {
      nodes_.push_back({0, node, choices[i], 0});
      SetTrace(static_cast<u32>(nodes_.size() - 1));
      return;
    }
    Visit(node, choices[i]);
  }
}

// Runs the path once more and writes down what happens.
void Explorer::SetTrace(u32 node) {
  const std::string violation = std::exchange(report_.violation, "");
  tracing_ = true;
  Replay(node);
  tracing_ = false;
  report_.violation = violation;
}

// Every state must have a way to an end: else some threads can run for ever
// without hope. Backwards from the ends along the edges.
void Explorer::CheckNoTrap() {
  std::vector<u32> first(nodes_.size() + 1, 0);
  for (const Edge& edge : edges_) ++first[edge.to + 1];
  for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  std::vector<u32> sources(edges_.size());
  std::vector<u32> next(first.begin(), first.end() - 1);
  for (const Edge& edge : edges_) sources[next[edge.to]++] = edge.from;

  std::vector<bool> hopeful(nodes_.size(), false);
  std::vector<u32> open = ends_;
  for (const u32 end : ends_) hopeful[end] = true;
  while (!open.empty()) {
    const u32 node = open.back();
    open.pop_back();
    for (u32 i = first[node]; i < first[node + 1]; ++i) {
      if (hopeful[sources[i]]) continue;
      hopeful[sources[i]] = true;
      open.push_back(sources[i]);
    }
  }
  for (u32 node = 0; node < nodes_.size(); ++node) {
    if (hopeful[node]) continue;
    report_.violation = "no end can be reached from here";
    return SetTrace(node);
  }
}

Report Explorer::Explore(MakeWorld make) {
  make_ = make;
  Restart();
  nodes_.push_back({DigestOfState(), 0, 0, 0});
  known_.emplace(nodes_[0].digest, 0);
  for (u32 node = 0; node < nodes_.size() && report_.violation.empty();
       ++node) {
    Expand(node);
    report_.depth = nodes_[node].depth;
  }
  if (report_.violation.empty()) CheckNoTrap();
  report_.states = nodes_.size();
  return report_;
}

}  // namespace chi::model
