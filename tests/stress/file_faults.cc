// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// File devices whose transfers go wrong, in a runtime inside the tool:
//
//   --part sweep  every transfer of every operation in turn fails (EIO, full
//                 disk), is cut short, or is interrupted. What was promised
//                 before is there afterwards, also in a reopened file; an
//                 operation that is only cut short or interrupted succeeds.
//   --part stall  a transfer does not come back: who waits for it is told at
//                 its deadline, everybody else goes on, and so does the device
//                 when the transfer is over.

#include <unistd.h>

#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chimaera/base/fault_point.h"
#include "chimaera/base/format.h"
#include "chimaera/base/log.h"
#include "chimaera/bdev/bdev_client.h"
#include "chimaera/echo/echo_client.h"
#include "harness.h"
#include "support/process.h"

namespace chi::stress {
namespace {

namespace bdev = ::chimaera::bdev;
namespace echo = ::chimaera::echo;

constexpr u64 kDeviceBytes = 4 * kMiB;
constexpr u64 kBufferBytes = 256 * kKiB;
constexpr u64 kBoundNs = 60 * kNsPerSec;

// ---- a device and what must be in it ----

class World {
 public:
  World(std::string path, bool direct, bool checksums)
      : path_(std::move(path)), buffer_(CHI_IPC->AllocateBuffer(kBufferBytes)) {
    params_.bdev_type_ = bdev::BdevType::kFile;
    params_.total_size_ = kDeviceBytes;
    params_.direct_ = direct;
    params_.checksums_ = checksums;
    params_.scrub_mib_per_s_ = 0;  // its transfers would be counted, too
    CHI_CHECK_OK(Open());
    kept_ = Take(3 * 4096 + 77);
    Fill('k', kept_.size_);
    CHI_CHECK_OK(Write(kept_));
    CHI_CHECK_OK(device_.PutObject(HSHM_MCTX, "kept", {kept_}, "k"));
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    Close();
    CHI_IPC->FreeBuffer(buffer_);
    unlink(path_.c_str());
  }

  Status Open() {
    return device_.Create(HSHM_MCTX, PoolQuery::Local(), path_, PoolId(400, 0),
                          params_);
  }
  void Close() {
    CHI_CHECK_OK(
        CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), PoolId(400, 0)));
  }

  bdev::Client& device() { return device_; }
  bdev::Block Take(u64 size) {
    const auto block = device_.Allocate(HSHM_MCTX, size);
    CHI_CHECK_OK(block.status());
    return *block;
  }
  void Fill(char first, u64 size) {
    for (u64 i = 0; i < size; ++i) {
      buffer_.ptr_[i] = static_cast<char>(first + i % 23);
    }
  }
  bool Holds(char first, u64 size) const {
    for (u64 i = 0; i < size; ++i) {
      if (buffer_.ptr_[i] != static_cast<char>(first + i % 23)) return false;
    }
    return true;
  }
  Status Write(const bdev::Block& block) {
    return device_.Write(HSHM_MCTX, block, buffer_.shm_, block.size_).status();
  }
  Status Read(const bdev::Block& block) {
    std::memset(buffer_.ptr_, '?', block.size_);
    return device_.Read(HSHM_MCTX, block, buffer_.shm_, block.size_).status();
  }
  Status WriteParts(const std::vector<bdev::BlockRange>& ranges, u64 size) {
    return device_.WriteBlocks(HSHM_MCTX, ranges, buffer_.shm_, size);
  }
  Status ReadParts(const std::vector<bdev::BlockRange>& ranges, u64 size) {
    std::memset(buffer_.ptr_, '?', size);
    return device_.ReadBlocks(HSHM_MCTX, ranges, buffer_.shm_, size);
  }
  char* bytes() { return buffer_.ptr_; }
  bdev::Block& kept() { return kept_; }

 private:
  const std::string path_;
  bdev::CreateParams params_;
  hipc::FullPtr<char> buffer_;
  bdev::Client device_;
  bdev::Block kept_;
};

// ---- operations ----

// One of them: what it needs, itself, and what may be seen after it. `check`
// gets whether it said that it succeeded, and whether the file was reopened.
struct Operation {
  const char* name;
  std::function<void(World&)> prepare;
  std::function<Status(World&)> run;
  std::function<bool(World&, bool done, bool reopened)> check;
};

// State of the operations; sizes of this round.
struct Round {
  u64 size = 5000;
  bdev::Block block;
  bdev::Block other;
};

std::vector<bdev::BlockRange> Ranges(const Round& r) {
  return {{r.block, 10, 100},
          {r.other, 0, r.other.size_},
          {r.block, 200, r.block.size_ - 200}};
}
u64 RangesSize(const Round& r) {
  return 100 + r.other.size_ + r.block.size_ - 200;
}

// Each byte is the old or the new one, or all are new.
bool OldOrNew(World& w, const bdev::Block& block, bool all_new) {
  if (!w.Read(block).ok()) return false;
  for (u64 i = 0; i < block.size_; ++i) {
    const char is = w.bytes()[i];
    const bool is_new = is == static_cast<char>('n' + i % 23);
    const bool is_old = is == static_cast<char>('o' + i % 23);
    if (!is_new && (all_new || !is_old)) return false;
  }
  return true;
}

bool ObjectIs(World& w, const char* name, char first, u64 size) {
  const auto object = w.device().GetObject(HSHM_MCTX, name);
  return object.ok() && object->blocks.size() == 1 &&
         w.Read(object->blocks[0]).ok() && w.Holds(first, size);
}
bool NoObject(World& w, const char* name) {
  return w.device().GetObject(HSHM_MCTX, name).status().code() ==
         StatusCode::kNotFound;
}

// A block of old bytes, and the new ones in the buffer.
void MakeOld(World& w, Round& r) {
  r.block = w.Take(r.size);
  r.other = w.Take(4096);
  w.Fill('o', r.size + 4096);
  CHI_CHECK_OK(w.Write(r.block));
  CHI_CHECK_OK(w.Write(r.other));
  w.Fill('n', r.size + 4096);
}

// Puts the buffer's bytes under a name that is lent to this client.
Status PutLent(World& w, const bdev::Block& block) {
  bdev::Client& d = w.device();
  CHI_ASSIGN_OR_RETURN(const u64 loan, d.Borrow(HSHM_MCTX, "lent"));
  Status status = w.Write(block);
  if (status.ok()) status = d.Give(HSHM_MCTX, "lent", loan, {1}, {block});
  const auto given = d.Collect(HSHM_MCTX, "lent", loan);
  if (status.ok()) status = given.status();
  if (status.ok()) {
    status = d.PutObject(HSHM_MCTX, "lent", {given->at(1)}, "", true);
  }
  CHI_CHECK_OK(d.ReturnLoan(HSHM_MCTX, "lent", loan));
  return status;
}

void MakeObject(World& w, Round& r) {
  MakeOld(w, r);
  CHI_CHECK_OK(w.device().PutObject(HSHM_MCTX, "it", {r.block}));
}

std::vector<Operation> Operations(Round& r) {
  const auto old = [&r](World& w) { MakeOld(w, r); };
  return {
      {"write", old, [&r](World& w) { return w.Write(r.block); },
       [&r](World& w, bool done, bool reopened) {
         return reopened || OldOrNew(w, r.block, done);
       }},
      {"read", old, [&r](World& w) { return w.Read(r.block); },
       [&r](World& w, bool done, bool reopened) {
         return reopened || !done || w.Holds('o', r.size);
       }},
      {"write_blocks", old,
       [&r](World& w) { return w.WriteParts(Ranges(r), RangesSize(r)); },
       [&r](World& w, bool done, bool reopened) {
         if (reopened || !done) return true;
         return w.ReadParts(Ranges(r), RangesSize(r)).ok() &&
                w.Holds('n', RangesSize(r));
       }},
      {"read_blocks", old,
       [&r](World& w) { return w.ReadParts(Ranges(r), RangesSize(r)); },
       [](World& w, bool done, bool reopened) {
         return reopened || !done ||
                (w.bytes()[0] == 'o' + 10 && w.bytes()[100] == 'o');
       }},
      {"sync", old,
       [](World& w) -> Status { return w.device().Sync(HSHM_MCTX); },
       [](World&, bool, bool) { return true; }},
      {"put", old,
       [&r](World& w) -> Status {
         return w.device().PutObject(HSHM_MCTX, "it", {r.block});
       },
       [&r](World& w, bool done, bool reopened) {
         if (ObjectIs(w, "it", 'o', r.size)) return true;
         return !done && (!reopened || NoObject(w, "it"));
       }},
      {"replace",
       [&r](World& w) {
         MakeObject(w, r);
         r.other = w.Take(r.size);
         CHI_CHECK_OK(w.Write(r.other));
       },
       [&r](World& w) -> Status {
         return w.device().PutObject(HSHM_MCTX, "it", {r.other}, "", true);
       },
       [&r](World& w, bool done, bool) {
         return ObjectIs(w, "it", 'n', r.size) ||
                (!done && ObjectIs(w, "it", 'o', r.size));
       }},
      {"delete", [&r](World& w) { MakeObject(w, r); },
       [](World& w) -> Status {
         return w.device().DeleteObject(HSHM_MCTX, "it");
       },
       [&r](World& w, bool done, bool) {
         return NoObject(w, "it") || (!done && ObjectIs(w, "it", 'o', r.size));
       }},
      {"loan",
       [&r](World& w) {
         r.block = w.Take(r.size);
         w.Fill('n', r.size);
       },
       [&r](World& w) { return PutLent(w, r.block); },
       [&r](World& w, bool done, bool reopened) {
         if (ObjectIs(w, "lent", 'n', r.size)) return true;
         return !done && (!reopened || NoObject(w, "lent"));
       }},
      {"open", [](World& w) { w.Close(); }, [](World& w) { return w.Open(); },
       [](World&, bool, bool) { return true; }},
  };
}

// ---- sweep ----

struct Fault {
  const char* name;
  StatusCode code;  // kOk: nobody is to notice
};
constexpr Fault kFaults[] = {{"sched.file_io.eio", StatusCode::kIo},
                             {"sched.file_io.full", StatusCode::kNoSpace},
                             {"sched.file_io.short", StatusCode::kOk},
                             {"sched.file_io.interrupted", StatusCode::kOk}};

class Sweep {
 public:
  explicit Sweep(Summary* summary) : summary_(*summary) {}

  // One world for each setting, operation by operation.
  void Run() {
    SeededRandom random(summary_.seed);
    while (summary_.done < summary_.asked && summary_.failures == 0) {
      round_.size = 300 + random.Below(6 * 4096);
      const u64 setting = kSettings[num_rounds_++ % std::size(kSettings)];
      for (const Operation& each : Operations(round_)) {
        for (const Fault& fault : kFaults) {
          for (u64 n = 0; Site(each, fault, n, setting); ++n) {
          }
        }
      }
    }
  }

 private:
  // False: the operation has no transfer number n.
  bool Site(const Operation& op, const Fault& fault, u64 n, u64 setting) {
    const bool direct = (setting & kDirect) != 0;
    World world(direct ? dir_ / "device" : fast_path_, direct,
                (setting & kChecksums) != 0);
    op.prepare(world);
    // Whatever is in the page cache has to go the way that fails.
    FaultPoints::Arm("sched.file_io.not_at_once", FaultPoints::kAlways);
    FaultPoints::Arm(fault.name, 1, n);
    const Status status = op.run(world);
    const bool fired = FaultPoints::NumFired(fault.name) != 0;
    FaultPoints::Reset();
    const std::string where = Format(
        "{}, transfer {}, {}, setting {}: ", op.name, n, fault.name, setting);
    // The second copy of the metadata stands in for the first.
    summary_.Expect(status.ok() || (fired && status.code() == fault.code),
                    where + status.ToString());
    const bool is_open = std::string(op.name) == "open";
    if (is_open && !status.ok()) CHI_CHECK_OK(world.Open());
    Look(world, op, status.ok(), is_open, where);
    if (!is_open) {
      world.Close();
      const Status opened = world.Open();
      summary_.Expect(opened.ok(), where + "reopened: " + opened.ToString());
      if (!opened.ok()) _exit(1);
      Look(world, op, status.ok(), true, where + "reopened, ");
    }
    if (fired) ++summary_.done;
    return fired;
  }

  void Look(World& world, const Operation& op, bool done, bool reopened,
            const std::string& where) {
    summary_.Expect(op.check(world, done, reopened), where + "its bytes");
    summary_.Expect(ObjectIs(world, "kept", 'k', world.kept().size_),
                    where + "the object of before");
  }

  static constexpr u64 kDirect = 1;
  static constexpr u64 kChecksums = 2;
  static constexpr u64 kSettings[] = {kChecksums, kChecksums | kDirect,
                                      kChecksums, 0};

  Summary& summary_;
  const test::TempDir dir_;
  // Where syncing takes no time, if there is such a place.
  const std::string fast_path_ =
      access("/dev/shm", W_OK) == 0 ? Format("/dev/shm/chi-faults-{}", getpid())
                                    : dir_ / "device";
  Round round_;
  u64 num_rounds_ = 0;
};

// ---- stall ----

void Stall(Summary* summary) {
  const test::TempDir dir;
  echo::Client pool;
  CHI_CHECK_OK(pool.Create(HSHM_MCTX, PoolQuery::Local(), "echo", kEchoPool));
  bdev::Client other;
  CHI_CHECK_OK(other.Create(HSHM_MCTX, PoolQuery::Local(), dir / "other",
                            PoolId(401, 0), bdev::BdevType::kFile,
                            kDeviceBytes));
  const auto place = other.Allocate(HSHM_MCTX, 10'000);
  CHI_CHECK_OK(place.status());
  World world(dir / "device", false, true);
  const std::vector<u8> data(10'000, 7);
  for (; summary->done < summary->asked; ++summary->done) {
    const auto buffer = CHI_IPC->AllocateBuffer(4096);
    FaultPoints::Arm("sched.file_io.not_at_once", FaultPoints::kAlways);
    FaultPoints::Arm("sched.file_io.stalled", FaultPoints::kAlways);
    FaultPoints::Arm("sched.file_io.stall");
    auto stuck =
        world.device().AsyncRead(HSHM_MCTX, world.kept(), buffer.shm_, 4096);
    summary->Expect(
        WaitUntil([] { return FaultPoints::NumFired("sched.file_io.stall"); }),
        "nothing stalls");
    summary->Expect(stuck.Get(kNsPerMs).code() == StatusCode::kDeadlineExceeded,
                    "no deadline");
    for (int i = 0; i < 50; ++i) {
      const bool goes_on =
          pool.Null(HSHM_MCTX, PoolQuery::Local()).ok() &&
          other.Write(HSHM_MCTX, *place, data).ok() &&
          other.Sync(HSHM_MCTX).ok() &&
          other.Read(HSHM_MCTX, *place).value_or(std::vector<u8>()) == data &&
          ObjectIs(world, "kept", 'k', world.kept().size_);
      summary->Expect(goes_on, "others do not go on");
    }
    auto stats = world.device().AsyncGetStats(HSHM_MCTX);
    summary->Expect(
        stats.Get().ok() && stats->queue_depth_ == 1 && stats->num_pins_ == 1,
        "it is not seen");
    summary->Expect(!stuck.IsDone(), "the buffer is given back");
    FaultPoints::Reset();
    summary->Expect(stuck.Get(kBoundNs).ok(), "it does not come back");
    summary->Expect(buffer.ptr_[0] == 'k', "other bytes");
    CHI_IPC->FreeBuffer(buffer);
    auto after = world.device().AsyncGetStats(HSHM_MCTX);
    summary->Expect(
        after.Get().ok() && after->queue_depth_ == 0 && after->num_pins_ == 0,
        "something is left");
  }
}

int Main(int argc, char** argv) {
  const Args args(argc, argv,
                  {{"count", "200"}, {"part", "sweep"}, {"seed", "1"}});
  Summary summary;
  summary.name = "file_" + args.Text("part");
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  RuntimeConfig config;
  config.num_threads = 2;
  config.pin_workers = false;
  config.module_paths.emplace_back(CHI_TEST_LIBRARY_DIR);
  SetLogLevel(LogLevel::kFatal);
  const auto runtime = Chimaera::StartEmbedded(config);
  CHI_CHECK_OK(runtime.status());
  if (args.Text("part") == "stall") {
    Stall(&summary);
  } else {
    Sweep(&summary).Run();
  }
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) { return chi::stress::Main(argc, argv); }
