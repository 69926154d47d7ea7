// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See scarce_operations.h.

#include "scarce_operations.h"

#include <unistd.h>

#include <memory>
#include <utility>

#include "chimaera/bdev/bdev_client.h"
#include "chimaera/echo/echo_client.h"
#include "chimaera/stats/stats_client.h"
#include "harness.h"
#include "heap/hoarder_tasks.h"

namespace chi::stress {
namespace {

namespace bdev = ::chimaera::bdev;
namespace echo = ::chimaera::echo;
namespace stats = ::chimaera::stats;
using test::hoarder::Act;

constexpr PoolId kWideEcho{9301, 0};
constexpr PoolId kFileDevice{9302, 0};
constexpr PoolId kStatsPool{9303, 0};
constexpr test::hoarder::Pool kHoarder{{9304, 0}};
constexpr PoolId kPassing{9310, 0};

constexpr u64 kBoundNs = 20 * kNsPerSec;
constexpr u64 kDeviceBytes = 4 * kMiB;
constexpr PoolQuery kHere = PoolQuery::Local();

template <class TaskT>
Status Await(Future<TaskT> future) {
  return future.Get(kBoundNs);
}

class Catalogue {
 public:
  Catalogue(std::string dir, std::string files)
      : dir_(std::move(dir)), files_(std::move(files)) {
    CHI_CHECK_OK(Status(wide_.Create(HSHM_MCTX, PoolQuery::Dynamic(), "wide",
                                     kWideEcho, false, 3)));
    bdev::CreateParams params(bdev::BdevType::kFile, kDeviceBytes);
    params.scrub_mib_per_s_ = 0;  // it would meet the failures of others
    CHI_CHECK_OK(Status(file_.Create(HSHM_MCTX, kHere, files_ + "/device",
                                     kFileDevice, params)));
    CHI_CHECK_OK(Status(stats_.Create(HSHM_MCTX, kHere, "stats", kStatsPool)));
    CHI_CHECK_OK(kHoarder.Create("hoarder", 3));
  }

  std::vector<Operation> Make() {
    AddAdmin();
    AddPools();
    AddRefusedPools();
    AddTasks();
    AddQueries();
    AddEnds();
    AddDevice("ram", ram_);
    AddDevice("file", file_);
    AddObjects("ram", ram_);
    AddObjects("file", file_);
    AddStats();
    AddClients();
    return std::move(list_);
  }

 private:
  void Add(const char* name, std::function<Status()> run,
           StatusCode outcome = StatusCode::kOk) {
    list_.push_back({name, std::move(run), outcome});
  }

  void AddAdmin() {
    Add("admin create",
        [] { return Await(CHI_ADMIN->AsyncCreate(HSHM_MCTX, kHere)); });
    Add("list pools",
        [] { return Await(CHI_ADMIN->AsyncListPools(HSHM_MCTX)); });
    Add("get stats", [] { return Await(CHI_ADMIN->AsyncGetStats(HSHM_MCTX)); });
    Add("dump", [] { return Await(CHI_ADMIN->AsyncDump(HSHM_MCTX)); });
    Add("dump with a sleeper", [this] {
      auto asleep = echo_.AsyncSleep(HSHM_MCTX, kHere, kBoundNs);
      const Status dumped = Await(CHI_ADMIN->AsyncDump(HSHM_MCTX));
      asleep.Cancel();
      static_cast<void>(asleep.Get(kBoundNs));
      return dumped;
    });
    Add("flush", [] {
      return Await(CHI_ADMIN->AsyncFlush(HSHM_MCTX, kHere, kBoundNs));
    });
  }

  static Status DestroyPassing() {
    return Await(CHI_ADMIN->AsyncDestroyPool(HSHM_MCTX, kHere, kPassing));
  }
  // A pool that comes, and goes again: two operations, one of each.
  void AddPool(
      const std::string& name, const std::function<Status()>& create,
      const std::function<void()>& after = [] {}) {
    const auto destroy = [after] {
      static_cast<void>(DestroyPassing());
      after();
    };
    list_.push_back({"create " + name, create, StatusCode::kOk, destroy});
    list_.push_back({"destroy " + name,
                     [create] {
                       const Status made = create();
                       return made.ok() ? DestroyPassing() : made;
                     },
                     StatusCode::kOk, destroy});
  }
  void AddPools() {
    AddPool("echo", [] {
      return Await(
          echo::Client().AsyncCreate(HSHM_MCTX, kHere, "passing", kPassing));
    });
    AddPool("a pool of three", [] {
      return Await(echo::Client().AsyncCreate(HSHM_MCTX, PoolQuery::Dynamic(),
                                              "passing", kPassing, false, 3));
    });
    AddPool("a RAM device", [] {
      return Await(bdev::Client().AsyncCreate(HSHM_MCTX, kHere, "ram://passing",
                                              kPassing, bdev::BdevType::kRam,
                                              kDeviceBytes));
    });
    const std::string path = files_ + "/passing";
    AddPool(
        "a file device",
        [path] {
          return Await(
              bdev::Client().AsyncCreate(HSHM_MCTX, kHere, path, kPassing,
                                         bdev::BdevType::kFile, kDeviceBytes));
        },
        [path] { unlink(path.c_str()); });
    AddPool("stats", [] {
      return Await(
          stats::Client().AsyncCreate(HSHM_MCTX, kHere, "passing", kPassing));
    });
    AddPool("a composed pool", [] {
      PoolConfig config;
      config.mod_name_ = "chimaera_bdev";
      config.pool_name_ = "ram://passing";
      config.pool_id_ = kPassing;
      config.config_ = "{bdev_type: ram, capacity: 1MB}";
      return Await(CHI_ADMIN->AsyncCreatePool(HSHM_MCTX, config));
    });
  }

  void AddRefusedPools() {
    Add(
        "create of no module",
        [] {
          PoolConfig config;
          config.mod_name_ = "missing";
          config.pool_name_ = "passing";
          config.pool_id_ = kPassing;
          return Await(CHI_ADMIN->AsyncCreatePool(HSHM_MCTX, config));
        },
        StatusCode::kNotFound);
    Add(
        "create with a bad setting",
        [] {
          PoolConfig config;
          config.mod_name_ = "chimaera_bdev";
          config.pool_name_ = "passing";
          config.pool_id_ = kPassing;
          config.config_ = "{bdev_type: tape}";
          return Await(CHI_ADMIN->AsyncCreatePool(HSHM_MCTX, config));
        },
        StatusCode::kBadRequest);
    Add(
        "destroy no pool", [] { return DestroyPassing(); },
        StatusCode::kNotFound);
  }

  void AddTasks() {
    Add("null", [this] { return Await(echo_.AsyncNull(HSHM_MCTX, kHere)); });
    Add("echo", [this] {
      return Await(echo_.AsyncEcho(HSHM_MCTX, kHere, "text", {1, 2, 3}));
    });
    Add("echo of 100 kB", [this] {
      return Await(
          echo_.AsyncEcho(HSHM_MCTX, kHere, std::string(100'000, 'x')));
    });
    Add("sleep",
        [this] { return Await(echo_.AsyncSleep(HSHM_MCTX, kHere, 1'000)); });
    Add("busy",
        [this] { return Await(echo_.AsyncBusy(HSHM_MCTX, kHere, 1'000)); });
    Add("long busy",
        [this] { return Await(echo_.AsyncBusy(HSHM_MCTX, kHere, kNsPerMs)); });
    Add(
        "throw",
        [this] { return Await(echo_.AsyncThrow(HSHM_MCTX, kHere, "text")); },
        StatusCode::kModuleException);
    Add("spawn",
        [this] { return Await(echo_.AsyncSpawn(HSHM_MCTX, kHere, 20)); });
    Add("grow",
        [this] { return Await(echo_.AsyncGrow(HSHM_MCTX, kHere, 10'000)); });
    for (const auto mode : {echo::LockMode::kMutex, echo::LockMode::kRead,
                            echo::LockMode::kWrite}) {
      Add("locks", [this, mode] {
        std::vector<Future<echo::LockTask>> several;
        for (int i = 0; i < 4; ++i) {
          several.push_back(echo_.AsyncLock(HSHM_MCTX, kHere, mode, 10'000, 2));
        }
        Status all;
        for (auto& future : several) {
          const Status status = future.Get(kBoundNs);
          if (all.ok()) all = status;
        }
        return all;
      });
    }
    Add("use", [] { return kHoarder.AsyncDo(Act::kUse, 100).Get(kBoundNs); });
    Add("use all", [] { return kHoarder.AsyncDo(Act::kUseAll).Get(kBoundNs); });
    Add("give", [] { return kHoarder.AsyncDo(Act::kGive, 10).Get(kBoundNs); });
    Add("child of a peer", [] {
      return kHoarder.AsyncDo(Act::kChildOfPeer, 0, kHoarder.id).Get(kBoundNs);
    });
  }

  void AddQueries() {
    const std::pair<const char*, PoolQuery> queries[] = {
        {"to one by id", PoolQuery::DirectId(1)},
        {"to one by hash", PoolQuery::DirectHash(5)},
        {"to a range", PoolQuery::Range(1, 2)},
        {"to all", PoolQuery::Broadcast()},
        {"dynamic", PoolQuery::Dynamic()}};
    for (const auto& [name, query] : queries) {
      Add(name, [this, to = query] {
        return Await(wide_.AsyncEcho(HSHM_MCTX, to, "text"));
      });
    }
    Add("use by all", [] {
      return kHoarder.AsyncDo(Act::kUse, 10, {}, PoolQuery::Broadcast())
          .Get(kBoundNs);
    });
    Add(
        "to no container",
        [this] {
          return Await(wide_.AsyncNull(HSHM_MCTX, PoolQuery::DirectId(7)));
        },
        StatusCode::kNotFound);
    Add(
        "to no pool",
        [] {
          return Await(echo::Client(kPassing).AsyncNull(HSHM_MCTX, kHere));
        },
        StatusCode::kNotFound);
    Add(
        "no method",
        [] {
          auto task = CHI_IPC->NewTask<echo::NullTask>(CreateTaskId(),
                                                       kEchoPool, kHere);
          task->method_ = 77;
          return Await(CHI_IPC->Submit(task));
        },
        StatusCode::kUnimplemented);
  }

  void AddEnds() {
    Add(
        "cancel",
        [this] {
          auto asleep = echo_.AsyncSleep(HSHM_MCTX, kHere, kBoundNs);
          asleep.Cancel();
          return asleep.Get(kBoundNs);
        },
        StatusCode::kCancelled);
    Add(
        "deadline",
        [] {
          auto task = CHI_IPC->NewTask<echo::SleepTask>(
              CreateTaskId(), kEchoPool, kHere, kBoundNs);
          task->SetTimeout(1);
          return Await(CHI_IPC->Submit(task));
        },
        StatusCode::kDeadlineExceeded);
    Add(
        "periodic",
        [] {
          auto task = CHI_IPC->NewTask<echo::NullTask>(CreateTaskId(),
                                                       kEchoPool, kHere);
          task->SetPeriodic(100'000);
          auto ticking = CHI_IPC->Submit(task);
          PauseFor(500'000);
          ticking.Cancel();
          return ticking.Get(kBoundNs);
        },
        StatusCode::kCancelled);
  }

  void AddDevice(const std::string& kind, bdev::Client& device) {
    const auto add = [&](const char* what, std::function<Status()> run,
                         StatusCode outcome = StatusCode::kOk) {
      list_.push_back({kind + ": " + what, std::move(run), outcome, [] {}});
    };
    add("allocate and free", [&device] {
      auto made = device.AsyncAllocateBlocks(HSHM_MCTX, kHere, 100'000);
      CHI_RETURN_IF_ERROR(made.Get(kBoundNs));
      const auto& blocks = std::as_const(made->blocks_);
      return FreeSurely(device, {blocks.begin(), blocks.end()});
    });
    add(
        "allocate too much",
        [&device] {
          return Await(device.AsyncAllocateBlocks(HSHM_MCTX, kHere, kGiB));
        },
        StatusCode::kNoSpace);
    add(
        "free what is no block",
        [&device] {
          bdev::Block block;
          block.block_id_ = bdev::Block::MakeId(1'000'000, 77);
          block.size_ = 4096;
          return Await(device.AsyncFreeBlocks(HSHM_MCTX, {block}));
        },
        StatusCode::kBadRequest);
    add("get stats",
        [&device] { return Await(device.AsyncGetStats(HSHM_MCTX)); });
    add("sync", [&device] { return Await(device.AsyncSync(HSHM_MCTX)); });
    const auto block =
        std::make_shared<bdev::Block>(*device.Allocate(HSHM_MCTX, 8192));
    add("write and read", [this, &device, block] {
      CHI_RETURN_IF_ERROR(
          Await(device.AsyncWrite(HSHM_MCTX, *block, bytes_.shm_, 8192)));
      return Await(device.AsyncRead(HSHM_MCTX, *block, bytes_.shm_, 8192));
    });
    add("write and sync", [this, &device, block] {
      CHI_RETURN_IF_ERROR(
          Await(device.AsyncWrite(HSHM_MCTX, *block, bytes_.shm_, 100, 50)));
      return Await(device.AsyncSync(HSHM_MCTX));
    });
  }
  // Though there may be no memory for the first attempt.
  static Status Surely(const std::function<Status()>& ask) {
    const Status first = ask();
    return first.code() == StatusCode::kNoMemory ? ask() : first;
  }
  static Status FreeSurely(bdev::Client& device,
                           const std::vector<bdev::Block>& blocks) {
    return Surely(
        [&] { return Await(device.AsyncFreeBlocks(HSHM_MCTX, blocks)); });
  }

  void AddObjects(const std::string& kind, bdev::Client& device) {
    list_.push_back({kind + ": an object comes and goes",
                     [&device] { return PutAndDelete(device); },
                     StatusCode::kOk, [] {}});
    list_.push_back({kind + ": a name is lent",
                     [&device] { return BorrowAndReturn(device); },
                     StatusCode::kOk, [] {}});
    const auto block =
        std::make_shared<bdev::Block>(*device.Allocate(HSHM_MCTX, 8192));
    list_.push_back({kind + ": many ranges",
                     [this, &device, block] {
                       const std::vector<bdev::BlockRange> ranges = {
                           {*block, 0, 100}, {*block, 4000, 4192}};
                       CHI_RETURN_IF_ERROR(Await(device.AsyncWriteBlocks(
                           HSHM_MCTX, ranges, bytes_.shm_, 4292)));
                       return Await(device.AsyncReadBlocks(HSHM_MCTX, ranges,
                                                           bytes_.shm_, 4292));
                     },
                     StatusCode::kOk, [] {}});
  }
  static Result<std::vector<bdev::Block>> TakeBlocks(bdev::Client& device) {
    auto made = device.AsyncAllocateBlocks(HSHM_MCTX, kHere, 8192);
    CHI_RETURN_IF_ERROR(made.Get(kBoundNs));
    const auto& blocks = std::as_const(made->blocks_);
    return std::vector<bdev::Block>(blocks.begin(), blocks.end());
  }
  static Status PutAndDelete(bdev::Client& device) {
    CHI_ASSIGN_OR_RETURN(const auto blocks, TakeBlocks(device));
    Status status =
        Await(device.AsyncPutObject(HSHM_MCTX, "scarce", blocks, "attributes"));
    if (!status.ok()) {
      const Status freed = FreeSurely(device, blocks);
      return freed.ok() ? status : freed;
    }
    status = Await(device.AsyncGetObject(HSHM_MCTX, "scarce"));
    const Status listed = Await(device.AsyncListObjects(HSHM_MCTX, "sc"));
    if (status.ok()) status = listed;
    const Status deleted = Surely(
        [&] { return Await(device.AsyncDeleteObject(HSHM_MCTX, "scarce")); });
    return status.ok() ? deleted : status;
  }
  static Status BorrowAndReturn(bdev::Client& device) {
    CHI_ASSIGN_OR_RETURN(const auto blocks, TakeBlocks(device));
    auto lent = device.AsyncBorrow(HSHM_MCTX, "scarce");
    Status status = lent.Get(kBoundNs);
    if (status.ok()) {
      const u64 loan = lent->loan_;
      status =
          Await(device.AsyncGive(HSHM_MCTX, "scarce", loan, {1}, {blocks[0]}));
      if (status.ok()) {
        status = Await(device.AsyncCollect(HSHM_MCTX, "scarce", loan));
      }
      const Status returned = Surely([&] {
        return Await(device.AsyncReturnLoan(HSHM_MCTX, "scarce", loan));
      });
      if (status.ok()) status = returned;
    }
    const Status freed = FreeSurely(device, blocks);
    return status.ok() ? freed : status;
  }

  void AddStats() {
    const bdev::Block in = *ram_.Allocate(HSHM_MCTX, 64 * kKiB);
    const bdev::Block out = *ram_.Allocate(HSHM_MCTX, 64 * kKiB);
    Add("reduce", [this, in] {
      return Await(stats_.AsyncReduce(HSHM_MCTX, kHere, {kBdevPool, {in}},
                                      stats::NumberType::kU8, 16, 0, 256));
    });
    Add("hill shade", [this, in, out] {
      return Await(stats_.AsyncHillShade(HSHM_MCTX, kHere, {kBdevPool, {in}},
                                         {kBdevPool, {out}}, 64, 64));
    });
  }

  void AddClients() {
    Add("attach", [this] {
      return AsAnother([](Shared<u32>& code) {
        *code = Await(echo::Client(kEchoPool).AsyncNull(HSHM_MCTX, kHere))
                    .code_value();
      });
    });
    Add("attach and grow", [this] {
      return AsAnother([](Shared<u32>& code) {
        const auto more = CHI_IPC->AllocateBuffer(8 * kMiB);
        *code = more.IsNull() ? static_cast<u32>(StatusCode::kNoMemory) : 0;
      });
    });
    Add("die with a sleeper", [this] {
      return AsAnother([](Shared<u32>& code) {
        auto asleep = kHoarder.AsyncDo(Act::kUse, 10);
        *code = 0;
        _exit(0);
      });
    });
  }
  // In a process of its own, which attaches and leaves.
  Status AsAnother(const std::function<void(Shared<u32>&)>& body) const {
    Shared<u32> code;
    *code = static_cast<u32>(StatusCode::kInternal);
    Reap(Spawn([&] {
      ClientConfig config;
      config.runtime_dir = dir_;
      auto client = Chimaera::Attach(config);
      if (client.ok()) {
        body(code);
      } else {
        *code = client.status().code_value();
      }
      return 0;
    }));
    return Status::FromCode(*code, "as another client");
  }

  const std::string dir_;
  const std::string files_;
  std::vector<Operation> list_;
  echo::Client echo_{kEchoPool};
  echo::Client wide_{kWideEcho};
  bdev::Client ram_{kBdevPool};
  bdev::Client file_{kFileDevice};
  stats::Client stats_{kStatsPool};
  const hipc::FullPtr<char> bytes_ = CHI_IPC->AllocateBuffer(8192);
};

}  // namespace

std::vector<Operation> MakeOperations(const std::string& dir,
                                      const std::string& files) {
  // The operations refer to it as long as the process lives.
  static auto* const catalogue =
      std::make_unique<Catalogue>(dir, files).release();
  return catalogue->Make();
}

}  // namespace chi::stress
