// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A container of a store: numbers by key, in memory.

#ifndef EXAMPLE_STORE_STORE_RUNTIME_H_
#define EXAMPLE_STORE_STORE_RUNTIME_H_

#include <chimaera/chimaera.h>
#include <chimaera/comutex.h>
#include <chimaera/corwlock.h>
#include <example/store/store_client.h>
#include <example/store/store_tasks.h>

#include <atomic>
#include <string>

namespace example::store {

class Runtime : public chi::Container {
 public:
  using CreateParams = example::store::CreateParams;

  void Init(const chi::PoolId& pool_id, const std::string& pool_name) override {
    chi::Container::Init(pool_id, pool_name);
    client_ = Client(pool_id);
  }

  void Create(hipc::FullPtr<CreateTask> task, chi::RunContext& rctx);
  void ReadData(hipc::FullPtr<ReadDataTask> task, chi::RunContext& rctx);
  void WriteData(hipc::FullPtr<WriteDataTask> task, chi::RunContext& rctx);
  void Add(hipc::FullPtr<AddTask> task, chi::RunContext& rctx);
  void Meet(hipc::FullPtr<MeetTask> task, chi::RunContext& rctx);
  void Find(hipc::FullPtr<FindTask> task, chi::RunContext& rctx);
  void Parse(hipc::FullPtr<ParseTask> task, chi::RunContext& rctx);
  void Tick(hipc::FullPtr<TickTask> task, chi::RunContext& rctx);
  void Scan(hipc::FullPtr<ScanTask> task, chi::RunContext& rctx);

  void Monitor(chi::MonitorModeId mode, chi::MethodId method,
               hipc::FullPtr<chi::Task> task, chi::RunContext& rctx) override;

 private:
  static chi::CoMutex shared_mutex_;  // of all containers
  chi::CoRwLock data_lock_;           // for data_map_
  chi::CoMutex operation_mutex_;      // one Add at a time
  chi::hash_map<chi::u32, chi::u64> data_map_;
  std::atomic<chi::u64> arrived_{0};  // at Meet
  Client client_;                     // of this pool; constant after Init
};

}  // namespace example::store

#endif  // EXAMPLE_STORE_STORE_RUNTIME_H_
