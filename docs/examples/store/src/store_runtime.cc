// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One method or two for each part of docs/methods.md.

#include <example/store/store_runtime.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace example::store {

chi::CoMutex Runtime::shared_mutex_;

void Runtime::Create(hipc::FullPtr<CreateTask> /*task*/,
                     chi::RunContext& /*rctx*/) {
  HILOG(kDebug, "container {} of pool {}", container_id_, pool_id_);
}

// ---- synchronization --------------------------------------------------------

void Runtime::ReadData(hipc::FullPtr<ReadDataTask> task,
                       chi::RunContext& /*rctx*/) {
  chi::ScopedCoRwReadLock lock(data_lock_);  // multiple readers
  auto it = data_map_.find(task->key_);
  if (it != data_map_.end()) {
    task->value_ = it->second;
    task->result_ = 0;
  } else {
    task->result_ = 1;
  }
}

void Runtime::WriteData(hipc::FullPtr<WriteDataTask> task,
                        chi::RunContext& /*rctx*/) {
  chi::ScopedCoRwWriteLock lock(data_lock_);  // a single writer
  data_map_[task->key_] = task->value_;
}

// Waits twice in between: without the mutex another Add would come in.
void Runtime::Add(hipc::FullPtr<AddTask> task, chi::RunContext& /*rctx*/) {
  chi::ScopedCoMutex lock(operation_mutex_);
  const auto here = chi::PoolQuery::DirectId(container_id_);
  auto read = client_.Async<ReadDataTask>(here, task->key_);
  read.Wait();
  task->value_ += read->value_;
  auto write = client_.Async<WriteDataTask>(here, task->key_, task->value_);
  write.Wait();
}

void Runtime::Meet(hipc::FullPtr<MeetTask> task, chi::RunContext& /*rctx*/) {
  chi::ScopedCoMutex lock(shared_mutex_);
  ++arrived_;
  while (arrived_ < task->count_) task->Yield();
}

// ---- execution modes --------------------------------------------------------

void Runtime::Find(hipc::FullPtr<FindTask> task, chi::RunContext& rctx) {
  if (rctx.exec_mode == chi::ExecMode::kDynamicSchedule) {
    chi::ScopedCoRwReadLock lock(data_lock_);
    task->pool_query_ = data_map_.count(task->key_) != 0
                            ? chi::PoolQuery::DirectId(container_id_)
                            : chi::PoolQuery::Broadcast();
    return;  // it is routed again, and run
  }
  chi::ScopedCoRwReadLock lock(data_lock_);
  auto it = data_map_.find(task->key_);
  task->result_ = it == data_map_.end() ? 1 : 0;
  if (task->result_ == 0) task->value_ = it->second;
  task->asked_ = 1;
}

// ---- error handling ---------------------------------------------------------

void Runtime::Parse(hipc::FullPtr<ParseTask> task, chi::RunContext& /*rctx*/) {
  const std::string text = task->data_.str();
  if (text.empty()) {
    return task->SetError(7, "no text");  // an error of the module's own
  }
  if (text[0] == '-') {
    throw std::out_of_range("negative: " + text);  // the runtime catches it
  }
  try {
    task->number_ = std::stoull(text);
    task->result_code_ = 0;
  } catch (const std::exception& e) {
    task->result_code_ = 1;
    task->data_ = chi::string(main_allocator_, e.what());
  }
}

// ---- life of a task ---------------------------------------------------------

void Runtime::Tick(hipc::FullPtr<TickTask> task, chi::RunContext& /*rctx*/) {
  if (!data_lock_.TryWriteLock()) return;  // somebody reads: the next time
  data_map_[0] += task->count_;
  data_lock_.WriteUnlock();
}

// ---- scheduling -------------------------------------------------------------

void Runtime::Monitor(chi::MonitorModeId mode, chi::MethodId method,
                      hipc::FullPtr<chi::Task> task, chi::RunContext& rctx) {
  if (mode == chi::MonitorModeId::kLocalSchedule && method == Method::kScan) {
    // A millisecond per thousand numbers.
    rctx.plan->expected_ns = 1000 * task.Cast<ScanTask>()->count_;
  }
}

void Runtime::Scan(hipc::FullPtr<ScanTask> task, chi::RunContext& /*rctx*/) {
  volatile chi::u64 sum = 0;
  for (chi::u64 i = 0; i < task->count_; ++i) sum = sum + i;
}

}  // namespace example::store

CHI_TASK_CC(example::store::Runtime);
