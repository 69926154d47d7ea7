// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// An archive of tasks that a stranger sent: taken apart, and each of its tasks
// read as each of several types, with room for its bulk data or without.

#include "chimaera/ipc/task_batch.h"

#include <chimaera/admin/admin_tasks.h>
#include <chimaera/bdev/bdev_tasks.h>
#include <chimaera/echo/echo_tasks.h>

#include <string>

namespace chi::fuzz {
namespace {

namespace bdev = ::chimaera::bdev;
namespace echo = ::chimaera::echo;

u64 sink = 0;

template <class TaskT>
void LoadAs(TaskInputArchive& archive, u32 number) {
  TaskT task{hipc::CtxAllocator<CHI_MAIN_ALLOC_T>()};
  const Status loaded = archive.Load(number, task);
  sink += loaded.code_value();
  if (!loaded.ok()) return;
  // What was accepted can be written again.
  TaskOutputArchive again(archive.kind());
  sink += again.Add(task).code_value();
}

void Run(const u8* data, size_t size) {
  auto archive = TaskInputArchive::Parse(
      std::string(reinterpret_cast<const char*>(data), size));
  if (!archive.ok()) return;
  static char room[64];
  for (u32 i = 0; i < archive->bulk_transfers().size(); i += 2) {
    archive->SetBulk(i, ShmPtr::Private(room));
  }
  for (u32 i = 0; i < archive->num_tasks() && i < 64; ++i) {
    LoadAs<echo::EchoTask>(*archive, i);
    LoadAs<bdev::WriteTask>(*archive, i);
    LoadAs<bdev::ReadTask>(*archive, i);
    LoadAs<bdev::AllocateBlocksTask>(*archive, i);
    LoadAs<bdev::FreeBlocksTask>(*archive, i);
    LoadAs<CreatePoolTask>(*archive, i);
  }
}

}  // namespace
}  // namespace chi::fuzz

extern "C" int LLVMFuzzerTestOneInput(const chi::u8* data, size_t size) {
  chi::fuzz::Run(data, size);
  return 0;
}
