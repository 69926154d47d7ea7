// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Each thread counts in a table of its own, which only it writes; reading adds
// the tables up. A block that one thread allocates and another frees leaves
// plus in one table and minus in the other. A thread that ends leaves its
// table, with what is in it, to the next one.
//
// Called from operator new: nothing here may allocate by it, and nothing may
// need a constructor.

#include "chimaera/base/heap_accounts.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>

#include "chimaera/base/check.h"
#include "chimaera/base/mutex.h"

namespace chi {

namespace internal {

__thread u32 heap_scope __attribute__((tls_model("initial-exec"))) = 0;

}  // namespace internal

namespace {

// Half a megabyte of addresses, of which the pages that are used exist.
struct Table {
  // Relaxed: a sum is exact only when all is quiet. Written by one thread.
  std::atomic<i64> bytes[HeapAccounts::kNumAccounts];
  Table* next;  // constant once it is in the list
  bool in_use;  // guarded by tables_mutex
};

// For threads that cannot have a table of their own.
std::atomic<i64> shared_bytes[HeapAccounts::kNumAccounts];

Mutex tables_mutex;
Table* tables CHI_GUARDED_BY(tables_mutex) = nullptr;

__thread Table* own_table __attribute__((tls_model("initial-exec"))) = nullptr;

std::atomic<bool> counting{false};
std::atomic<HeapOwner (*)()> owner_now{nullptr};

enum class Use : u8 { kFresh = 0, kOpen, kClosed };

Mutex accounts_mutex;
Use uses[HeapAccounts::kNumAccounts] CHI_GUARDED_BY(accounts_mutex);
// Where the search for a free account goes on.
HeapAccount last_opened CHI_GUARDED_BY(accounts_mutex) = kRuntimeHeap;

pthread_key_t end_of_thread;

void GiveTableBack(void* table) {
  own_table = nullptr;
  const MutexLock lock(tables_mutex);
  static_cast<Table*>(table)->in_use = false;
}

void MakeKey() {
  CHI_CHECK(pthread_key_create(&end_of_thread, &GiveTableBack) == 0);
}

Table* TakeTable() {
  const MutexLock lock(tables_mutex);
  for (Table* table = tables; table != nullptr; table = table->next) {
    if (table->in_use) continue;
    table->in_use = true;
    return table;
  }
  void* const memory = mmap(nullptr, sizeof(Table), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* const table = static_cast<Table*>(memory);
  table->next = tables;
  table->in_use = true;
  tables = table;
  return table;
}

Table* OwnTable() {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, &MakeKey);
  Table* const table = TakeTable();
  own_table = table;
  if (table != nullptr && pthread_setspecific(end_of_thread, table) != 0) {
    GiveTableBack(table);
  }
  return own_table;
}

i64 Sum(HeapAccount account) {
  i64 sum = shared_bytes[account].load(std::memory_order_relaxed);
  const MutexLock lock(tables_mutex);
  for (const Table* table = tables; table != nullptr; table = table->next) {
    sum += table->bytes[account].load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace

bool HeapAccounts::IsCounting() {
  return counting.load(std::memory_order_relaxed);
}

void HeapAccounts::StartCounting() { counting.store(true); }

HeapAccount HeapAccounts::Open() {
  if (!IsCounting()) return kRuntimeHeap;
  const MutexLock lock(accounts_mutex);
  for (HeapAccount tried = 1; tried < kNumAccounts; ++tried) {
    last_opened = last_opened % (kNumAccounts - 1) + 1;
    const Use use = uses[last_opened];
    if (use == Use::kOpen) continue;
    if (use == Use::kClosed && Sum(last_opened) != 0) continue;
    uses[last_opened] = Use::kOpen;
    return last_opened;
  }
  return kRuntimeHeap;
}

void HeapAccounts::Close(HeapAccount account) {
  if (account == kRuntimeHeap) return;
  const MutexLock lock(accounts_mutex);
  uses[account] = Use::kClosed;
}

u64 HeapAccounts::Bytes(HeapAccount account) {
  if (!IsCounting()) return kNotCounted;
  return static_cast<u64>(std::max<i64>(Sum(account), 0));
}

std::atomic<bool (*)()> HeapAccounts::fault_{nullptr};

void HeapAccounts::SetFault(bool (*fails)()) { fault_.store(fails); }

void HeapAccounts::SetOwner(HeapOwner (*owner)()) {
  owner_now.store(owner, std::memory_order_release);
}

HeapOwner HeapAccounts::Current() {
  if (internal::heap_scope != 0) {
    const bool reserve = (internal::heap_scope & internal::kFromReserve) != 0;
    return {(internal::heap_scope & ~internal::kFromReserve) - 1, !reserve};
  }
  HeapOwner (*const owner)() = owner_now.load(std::memory_order_acquire);
  return owner == nullptr ? HeapOwner() : owner();
}

void HeapAccounts::Add(HeapAccount account, i64 bytes) {
  Table* table = own_table;
  if (table == nullptr) table = OwnTable();
  if (table == nullptr) {
    shared_bytes[account].fetch_add(bytes, std::memory_order_relaxed);
    return;
  }
  std::atomic<i64>& mine = table->bytes[account];
  mine.store(mine.load(std::memory_order_relaxed) + bytes,
             std::memory_order_relaxed);
}

}  // namespace chi
