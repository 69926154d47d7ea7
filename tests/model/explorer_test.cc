// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Does the explorer permit what the memory models permit, and nothing else?
// Known small programs, named as the literature names them, whose outcomes
// are known. An outcome is seen if a world that forbids it is refuted.

#include "atomics.h"
#include "expect.h"
#include "idle_worker.h"

namespace chi::model {
namespace {

constexpr auto kSeen = "seen";

template <u32 kThreads>
class Litmus : public World {
 public:
  [[nodiscard]] u32 num_threads() const override { return kThreads; }
  [[nodiscard]] const char* ThreadName(u32 thread) const override {
    return thread == 0 ? "first" : "second";
  }
  void AtEnd() override {
    if (Outcome()) Explorer::Get().Fail(kSeen);
  }

 protected:
  [[nodiscard]] virtual bool Outcome() const = 0;

  Named name_x_{"x"};
  Atomic<u32> x_{0};
  Named name_y_{"y"};
  Atomic<u32> y_{0};
  Ghost read_[2];
};

// SB: both store, then both read the other's word: do both read 0?
template <int kStore, int kLoad>
class StoreBuffering final : public Litmus<2> {
 private:
  void Run(u32 thread) override {
    Atomic<u32>& mine = thread == 0 ? x_ : y_;
    Atomic<u32>& other = thread == 0 ? y_ : x_;
    mine.store(1, static_cast<std::memory_order>(kStore));
    if (other.load(static_cast<std::memory_order>(kLoad)) != 0) {
      ++read_[thread];
    }
  }
  [[nodiscard]] bool Outcome() const override {
    return read_[0].value() == 0 && read_[1].value() == 0;
  }
};

// MP: x, then y; the other reads y, then x: is y new and x old?
template <int kStore, int kLoad>
class MessagePassing final : public Litmus<2> {
 private:
  void Run(u32 thread) override {
    if (thread == 0) {
      x_.store(1, std::memory_order_relaxed);
      y_.store(1, static_cast<std::memory_order>(kStore));
    } else {
      if (y_.load(static_cast<std::memory_order>(kLoad)) != 0) ++read_[0];
      if (x_.load(std::memory_order_relaxed) != 0) ++read_[1];
    }
  }
  [[nodiscard]] bool Outcome() const override {
    return read_[0].value() != 0 && read_[1].value() == 0;
  }
};

constexpr int kRelaxed = static_cast<int>(std::memory_order_relaxed);
constexpr int kAcquire = static_cast<int>(std::memory_order_acquire);
constexpr int kRelease = static_cast<int>(std::memory_order_release);
constexpr int kSeqCst = static_cast<int>(std::memory_order_seq_cst);

TEST_CASE("Explorer: store buffering is seen unless all is seq_cst") {
  using Weak = StoreBuffering<kRelease, kAcquire>;
  ExpectFound<Weak>(Model::kTso, "SB", kSeen);
  ExpectFound<Weak>(Model::kCpp, "SB", kSeen);
  ExpectRight<StoreBuffering<kSeqCst, kSeqCst>>("SB, seq_cst");
}

TEST_CASE("Explorer: messages pass in order on x86, else by release, acquire") {
  using Weak = MessagePassing<kRelaxed, kRelaxed>;
  CHECK(Explore<Weak>(Model::kTso).violation == "");
  ExpectFound<Weak>(Model::kCpp, "MP, relaxed", kSeen);
  ExpectFound<MessagePassing<kRelease, kRelaxed>>(Model::kCpp, "MP", kSeen);
  ExpectFound<MessagePassing<kRelaxed, kAcquire>>(Model::kCpp, "MP", kSeen);
  ExpectRight<MessagePassing<kRelease, kAcquire>>("MP, release and acquire");
}

// Waits for something that nobody does.
class Spinner final : public Litmus<1> {
 private:
  void Run(u32) override {
    while (x_.load(std::memory_order_acquire) == 0) {
      Explorer::Get().Forget({1});
    }
  }
  [[nodiscard]] bool Outcome() const override { return false; }
};

TEST_CASE("Explorer: a loop without hope is found") {
  const Report report = Explore<Spinner>(Model::kTso);
  CHECK(report.violation == "no end can be reached from here");
}

}  // namespace
}  // namespace chi::model
