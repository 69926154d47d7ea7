// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Fibers are Boost.Fiber contexts, so that its locks and the sanitizers'
// builds of it know them, but switches are context::resume, which goes
// straight from one stack to the other.

#include "sched/fiber.h"

#include <cxxabi.h>

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/context.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <chrono>
#include <deque>
#include <utility>
#include <vector>

#include "chimaera/base/check.h"
#include "sched/stack_pool.h"

namespace chi {
namespace {

using Context = boost::fibers::context;

Fiber* ToFiber(Context* context) { return reinterpret_cast<Fiber*>(context); }
Context* ToContext(Fiber* fiber) { return reinterpret_cast<Context*>(fiber); }

// What Boost asks for when a fiber ends. Everything else is decided by
// FiberHost, so this only remembers who may run.
class DirectSwitch final : public boost::fibers::algo::algorithm {
 public:
  void awakened(Context* context) noexcept override {
    ready_.push_back(context);
  }
  Context* pick_next() noexcept override {
    if (next_ != nullptr) return std::exchange(next_, nullptr);
    if (ready_.empty()) return nullptr;
    Context* context = ready_.front();
    ready_.pop_front();
    return context;
  }
  bool has_ready_fibers() const noexcept override { return !ready_.empty(); }
  void suspend_until(
      const std::chrono::steady_clock::time_point&) noexcept override {}
  void notify() noexcept override {}

  // The fiber that was just launched, which must not run by itself.
  Context* TakeLaunched() {
    Context* context = ready_.back();
    ready_.pop_back();
    return context;
  }
  void SetNext(Context* context) { next_ = context; }

 private:
  std::deque<Context*> ready_;
  Context* next_ = nullptr;
};

// One stack of the pool, in the shape in which Boost takes it.
struct PooledStack {
  StackPool* pool;
  char* stack;

  boost::context::stack_context allocate() const {
    boost::context::stack_context context;
    context.size = pool->usable_bytes();
    context.sp = stack + context.size;
    return context;
  }
  void deallocate(boost::context::stack_context& context) const noexcept {
    pool->Release(static_cast<char*>(context.sp) - context.size);
  }
};

// libstdc++ keeps the exceptions being handled per thread; two fibers that are
// both inside a catch block would mix them up. Itanium C++ ABI, section 2.2.2.
struct ExceptionState {
  void* caught;
  unsigned int uncaught;
};

ExceptionState& ThreadExceptionState() {
  return *reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
}

}  // namespace

struct FiberHost::Impl {
  Impl(u64 stack_bytes, std::function<void()> fiber_body)
      : stacks(stack_bytes), body(std::move(fiber_body)) {}

  Context* Launch() {
    // Room for all to be spare, so that retiring cannot fail.
    if (spares.capacity() <= num_fibers) spares.reserve(2 * num_fibers + 8);
    char* stack = stacks.Acquire();
    if (stack == nullptr) return nullptr;
    boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg,
                         PooledStack{&stacks, stack},
                         [this] {
                           body();
                           algorithm->SetNext(main);
                         })
        .detach();
    ++num_fibers;
    return algorithm->TakeLaunched();
  }

  void SwitchTo(Context* target) {
    Context* self = std::exchange(current, target);
    const ExceptionState saved = ThreadExceptionState();
    ThreadExceptionState() = ExceptionState{nullptr, 0};
    target->resume();
    ThreadExceptionState() = saved;
    current = self;
  }

  StackPool stacks;
  const std::function<void()> body;
  DirectSwitch* algorithm = nullptr;
  Context* main = nullptr;
  Context* current = nullptr;
  std::vector<Context*> spares;
  u64 num_fibers = 0;
};

FiberHost::FiberHost(u64 stack_bytes, std::function<void()> body)
    : impl_(std::make_unique<Impl>(stack_bytes, std::move(body))) {}

FiberHost::~FiberHost() { CHI_CHECK(impl_->num_fibers == 0); }

void FiberHost::Run() {
  Impl& impl = *impl_;
  boost::intrusive_ptr<DirectSwitch> algorithm(new DirectSwitch);
  impl.algorithm = algorithm.get();
  impl.main = Context::active();
  impl.main->get_scheduler()->set_algo(algorithm);
  Context* first = impl.Launch();
  CHI_CHECK(first != nullptr);
  impl.SwitchTo(first);
  --impl.num_fibers;
  while (!impl.spares.empty()) {
    Context* spare = impl.spares.back();
    impl.spares.pop_back();
    impl.SwitchTo(spare);
    --impl.num_fibers;
  }
  // Lets Boost's dispatcher give the stacks of ended fibers back.
  impl.main->yield();
}

Fiber* FiberHost::Current() const { return ToFiber(impl_->current); }

Fiber* FiberHost::AcquireSpare() {
  if (impl_->spares.empty()) return ToFiber(impl_->Launch());
  Context* spare = impl_->spares.back();
  impl_->spares.pop_back();
  return ToFiber(spare);
}

void FiberHost::SwitchTo(Fiber* target) { impl_->SwitchTo(ToContext(target)); }

void FiberHost::RetireInto(Fiber* target) {
  impl_->spares.push_back(impl_->current);
  impl_->SwitchTo(ToContext(target));
}

u64 FiberHost::num_fibers() const { return impl_->num_fibers; }

}  // namespace chi
