// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Mutex and MutexLock.

#include "chimaera/base/mutex.h"

#include <thread>
#include <vector>

#include "support/catch.h"

namespace chi {
namespace {

class Counter {
 public:
  void Increment() CHI_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++count_;
  }
  int Get() CHI_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return count_;
  }

 private:
  Mutex mutex_;
  int count_ CHI_GUARDED_BY(mutex_) = 0;
};

TEST_CASE("MutexLock: keeps two threads from counting at once") {
  Counter counter;
  std::vector<std::thread> threads(4);
  for (std::thread& thread : threads) {
    thread = std::thread([&counter] {
      for (int i = 0; i < 1000; ++i) {
        counter.Increment();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(counter.Get() == 4000);
}

TEST_CASE("Mutex: try_lock fails while another thread holds it") {
  Mutex mutex;
  bool taken = true;
  {
    MutexLock lock(mutex);
    std::thread([&] {
      if (mutex.try_lock()) {
        mutex.unlock();
      } else {
        taken = false;
      }
    }).join();
  }
  CHECK_FALSE(taken);
}

}  // namespace
}  // namespace chi
