// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A hostile task through the code that a worker runs for it: checked copy in,
// a method that reads all fields and grows some, checked copy out. The first
// byte chooses the type, the rest is the task as it lies in the client's
// segment, behind which the bytes repeat as "the client's strings".

#include <chimaera/admin/admin_tasks.h>
#include <chimaera/bdev/bdev_tasks.h>
#include <chimaera/echo/echo_tasks.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "chimaera/core/method_table.h"
#include "session_fixture.h"

namespace chi::fuzz {
namespace {

namespace admin = ::chimaera::admin;
namespace bdev = ::chimaera::bdev;
namespace echo = ::chimaera::echo;

constexpr u64 kTaskOffset = kMainHeapOffset;
constexpr u64 kRoom = kSegmentBytes - kTaskOffset;

u64 sink = 0;

void Read(const char* bytes, u64 size) {
  for (u64 i = 0; i < size; ++i) sink += static_cast<u8>(bytes[i]);
}

/// Methods that look at everything they were given.
class Probe : public Container {
 public:
  using CreatePool = admin::GetOrCreatePoolTask<echo::CreateParams>;

  void Echo(hipc::FullPtr<echo::EchoTask> task, RunContext& /*rctx*/) {
    const echo::EchoTask& seen = *task;
    Read(seen.text_.data(), seen.text_.size());
    for (const u64 number : seen.numbers_) sink += number;
    task->numbers_.push_back(sink);
  }
  void Throw(hipc::FullPtr<echo::ThrowTask> task, RunContext& /*rctx*/) {
    Read(std::as_const(task->text_).data(), task->text_.size());
  }
  void Grow(hipc::FullPtr<echo::GrowTask> task, RunContext& /*rctx*/) {
    task->text_.resize(task->size_ % 5000);
  }
  void Write(hipc::FullPtr<bdev::WriteTask> task, RunContext& rctx) {
    const char* bytes = rctx.session->Resolve(task->data_, task->length_);
    if (bytes != nullptr) Read(bytes, task->length_);
  }
  void Read4(hipc::FullPtr<bdev::ReadTask> task, RunContext& rctx) {
    char* bytes = rctx.session->ResolveWritable(task->data_, task->length_);
    if (bytes != nullptr) std::memset(bytes, 1, task->length_);
  }
  void FreeBlocks(hipc::FullPtr<bdev::FreeBlocksTask> task,
                  RunContext& /*rctx*/) {
    for (const bdev::Block& block : std::as_const(task->blocks_)) {
      sink += block.block_id_;
    }
  }
  void Create(hipc::FullPtr<CreatePool> task, RunContext& /*rctx*/) {
    Read(std::as_const(task->pool_name_).data(), task->pool_name_.size());
    if (!task->IsYaml()) {
      try {
        echo::CreateParams params;
        admin::ReadParams(task->chimod_params_.view(), &params);
        sink += params.allow_crash_ ? 1 : 0;
      } catch (const StatusError&) {
        sink += 1;
      }
    }
    task->error_message_ = "an answer that is longer than what lies inside it";
  }
};

const MethodRow kRows[] = {
    MakeMethod<Probe, echo::EchoTask, &Probe::Echo>(0, "Echo"),
    MakeMethod<Probe, echo::ThrowTask, &Probe::Throw>(1, "Throw"),
    MakeMethod<Probe, echo::GrowTask, &Probe::Grow>(2, "Grow"),
    MakeMethod<Probe, bdev::WriteTask, &Probe::Write>(3, "Write"),
    MakeMethod<Probe, bdev::ReadTask, &Probe::Read4>(4, "Read"),
    MakeMethod<Probe, bdev::FreeBlocksTask, &Probe::FreeBlocks>(5, "Free"),
    MakeMethod<Probe, Probe::CreatePool, &Probe::Create>(6, "Create"),
};

void Run(const u8* data, size_t size) {
  // A new one now and then: results that nobody gives back fill the quota.
  static std::unique_ptr<Session> session = MakeSession();
  static u32 runs = 0;
  if (++runs % 4096 == 0) session = MakeSession();
  const MethodRow& row = kRows[data[0] % std::size(kRows)];
  const ShmPtr pointer = ShmPtr::At(kMainSegment, kTaskOffset);
  char* const memory = session->ResolveWritable(pointer, kRoom);
  ++data;
  --size;
  std::memset(memory, 0, std::min<u64>(kRoom, 8192));
  const u64 length = std::min<u64>(size, 4096);
  std::memcpy(memory, data, length);
  std::memcpy(memory + 4096, data, length);

  Task& shared = *reinterpret_cast<Task*>(memory);
  RunContext ctx;
  ctx.session = session.get();
  ctx.client_id = session->id();
  Probe probe;
  SubmittedTask submitted{&shared, pointer, ReadHeader(shared)};
  try {
    const Status ran = row.run_submitted(probe, submitted, ctx);
    sink += ran.code_value();
  } catch (const StatusError& error) {  // no room for an answer
    sink += error.status().code_value();
  }
}

}  // namespace
}  // namespace chi::fuzz

extern "C" int LLVMFuzzerTestOneInput(const chi::u8* data, size_t size) {
  if (size > 0) chi::fuzz::Run(data, size);
  return 0;
}
