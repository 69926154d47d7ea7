// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The runtime of the module in hoarder_tasks.h.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "chimaera/chimaera.h"
#include "chimaera/comutex.h"
#include "chimaera/core/method_table.h"
#include "chimaera/core/module_entry.h"
#include "chimaera/corwlock.h"
#include "chimaera/sched/worker.h"
#include "heap/hoarder_tasks.h"

namespace chi::test::hoarder {
namespace {

// A pointer that was stored here may be used later, for all the compiler knows.
std::atomic<char*> last_block{nullptr};
// Where kPut leaves a block.
std::atomic<char*> left_block{nullptr};

char* Forget(void* block) {
  last_block.store(static_cast<char*>(block));
  return static_cast<char*>(block);
}

struct alignas(64) Line {
  char bytes[64];
};
struct alignas(4096) Page {
  char bytes[4096];
};

// A block by one form of new, which the compiler must not take away.
template <class T>
std::unique_ptr<T> Kept(std::remove_extent_t<T>* block) {
  Forget(block);
  return std::unique_ptr<T>(block);
}

struct Forms {
  std::unique_ptr<char> one = Kept<char>(new char('a'));
  std::unique_ptr<char[]> array = Kept<char[]>(new char[10]);
  std::unique_ptr<Line> line = Kept<Line>(new Line);
  std::unique_ptr<Line[]> lines = Kept<Line[]>(new Line[3]);
  std::unique_ptr<Page> page = Kept<Page>(new Page);
  std::unique_ptr<char> one_or_null = Kept<char>(new (std::nothrow) char('b'));
  std::unique_ptr<char[]> array_or_null =
      Kept<char[]>(new (std::nothrow) char[20]);
  std::unique_ptr<Line> line_or_null = Kept<Line>(new (std::nothrow) Line);
  std::unique_ptr<Line[]> lines_or_null =
      Kept<Line[]>(new (std::nothrow) Line[2]);

  static constexpr u64 kBytes = 1 + 10 + 64 + 3 * 64 + 4096 + 1 + 20 + 64 + 128;

  void Forget() {
    static_cast<void>(one.release());
    static_cast<void>(array.release());
    static_cast<void>(line.release());
    static_cast<void>(lines.release());
    static_cast<void>(page.release());
    static_cast<void>(one_or_null.release());
    static_cast<void>(array_or_null.release());
    static_cast<void>(line_or_null.release());
    static_cast<void>(lines_or_null.release());
  }
};

class Runtime : public Container {
 public:
  struct CreateParams {
    static constexpr const char* chimod_lib_name = "hoarder";
  };

  void Create(hipc::FullPtr<CreatePoolTask>, RunContext&) {}

  void Do(hipc::FullPtr<DoTask> task, RunContext&) {
    switch (task->act_) {
      case Act::kNothing:
        return;
      case Act::kLeak:
        Forget(new char[task->bytes_]);
        return;
      case Act::kLeakAll:
        Forms().Forget();
        task->total_ = Forms::kBytes;
        return;
      case Act::kUse:
        return Use(task->bytes_);
      case Act::kUseAll:
        static_cast<void>(Forms());
        return;
      case Act::kPark:
        Forget(new char[task->bytes_]);
        this_task::Yield();
        Forget(new char[task->bytes_]);
        return;
      case Act::kPut:
        left_block = new char[task->bytes_];
        return;
      case Act::kTake:
        delete[] left_block.exchange(nullptr);
        return;
      case Act::kGive:
        CHI_CUR_WORKER->Inject(
            [block = Forget(new char[task->bytes_])] { delete[] block; });
        return;
      case Act::kKeep:
        kept_.emplace_back(task->bytes_, 'k');
        return;
      case Act::kChild:
        return Child(pool_id_, task->bytes_);
      case Act::kChildOfPeer:
        return Child(task->peer_, task->bytes_);
      case Act::kThrow:
        throw std::runtime_error(std::string(task->bytes_, 't'));
    }
  }

 private:
  // Everything that lets a method meet the runtime.
  void Use(u64 bytes) {
    std::map<u64, std::string> texts;
    for (u64 i = 0; i < 10; ++i) texts[i] = std::string(bytes, 'x');
    {
      const ScopedCoMutex lock(mutex_);
      this_task::Yield();
    }
    {
      const ScopedCoRwReadLock lock(rwlock_);
      this_task::SleepFor(1'000);
    }
    Child(pool_id_, 0);
    auto* ipc = CHI_IPC;
    const auto buffer = ipc->AllocateBuffer(bytes + 1);
    if (!buffer.IsNull()) ipc->FreeBuffer(buffer);
    std::vector<Future<DoTask>> several;
    for (int i = 0; i < 4; ++i) {
      several.push_back(Pool{pool_id_}.AsyncDo(Act::kNothing));
    }
    for (auto& future : several) static_cast<void>(future.Get());
    CHI_LOG(kDebug, "{} bytes {} times", bytes, texts.size());
  }

  // kLeak by a subtask; nothing for 0 bytes.
  static void Child(const PoolId& pool, u64 bytes) {
    const Act act = bytes == 0 ? Act::kNothing : Act::kLeak;
    const Status status = Pool{pool}.Do(act, bytes);
    if (!status.ok()) throw StatusError(status);
  }

  CoMutex mutex_;
  CoRwLock rwlock_;
  std::deque<std::string> kept_;
};

const MethodRow kRows[] = {
    MakeMethod<Runtime, CreatePoolTask, &Runtime::Create>(0, "Create"),
    CHI_OPTIONAL_DESTROY(Runtime),
    MakeMethod<Runtime, DoTask, &Runtime::Do>(kDo, "Do"),
};

}  // namespace
}  // namespace chi::test::hoarder

CHI_MODULE_METHODS(chi::test::hoarder::kRows, "1.0")
CHI_TASK_CC(chi::test::hoarder::Runtime);
