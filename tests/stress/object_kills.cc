// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// SIGKILL of the daemon while clients put, replace and delete objects in a
// file. An oracle in memory that outlives all of them knows what was
// acknowledged. After the restart each object is the acknowledged one, or, if a
// change was under way, the one before or after it; its bytes are right, no
// byte has two owners, and none is lost.

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/bdev/bdev_client.h"
#include "chimaera/ipc/client_core.h"
#include "harness.h"

namespace chi::stress {
namespace {

namespace bdev = ::chimaera::bdev;

constexpr PoolId kPool{300, 0};
constexpr u64 kDeviceBytes = 16 * kMiB;
constexpr u64 kPage = 4096;
constexpr u32 kNumClients = 4;
constexpr u32 kNumNames = 6;
constexpr u64 kMaxBlocks = 3;
constexpr u64 kNothing = ~u64{0};  // no change is under way

// One name, changed by one client. Versions are never used twice; 0: it is not
// there.
struct Cell {
  std::atomic<u64> acked{0};
  std::atomic<u64> pending{kNothing};
};
struct Board {
  std::array<std::array<Cell, kNumNames>, kNumClients> cells;
  std::atomic<u64> next_number{1};  // of versions and contents
  std::atomic<u32> at_work{0};
  std::atomic<u64> changes{0};
  std::atomic<u64> found_before{0};
  std::atomic<u64> found_after{0};
};

// The attributes: version, and what is in the blocks.
struct About {
  u64 version = 0;
  u64 num_blocks = 0;
  u64 contents[kMaxBlocks] = {};
};

std::string NameOf(u32 client, u32 name) {
  return Format("client {}/object {}", client, name);
}

u64 SizeOf(u64 content) { return 1 + SeededRandom(content).Below(10 * kPage); }

std::vector<u8> BytesOf(u64 content) {
  std::vector<u8> bytes(SizeOf(content));
  SeededRandom random(content);
  for (u8& byte : bytes) byte = static_cast<u8>(random.Next());
  return bytes;
}

bool Say(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  return false;
}

Status Open(const std::string& path, bdev::Client* device) {
  return device->Create(HSHM_MCTX, PoolQuery::Local(), path, kPool,
                        bdev::BdevType::kFile, kDeviceBytes);
}

// ---- clients ----------------------------------------------------------------

class Changer {
 public:
  Changer(bdev::Client device, Board* board, u32 client, u64 seed)
      : device_(device), board_(*board), client_(client), random_(seed) {}

  // Until the runtime is gone; how that showed.
  Status Run() {
    while (true) {
      const u32 name = static_cast<u32>(random_.Below(kNumNames));
      Cell& cell = board_.cells[client_][name];
      const bool deletes = cell.acked != 0 && random_.Below(4) == 0;
      CHI_RETURN_IF_ERROR(deletes ? Delete(name, &cell) : Put(name, &cell));
      ++board_.changes;
    }
  }

 private:
  Status Delete(u32 name, Cell* cell) {
    cell->pending = 0;
    CHI_RETURN_IF_ERROR(device_.DeleteObject(HSHM_MCTX, NameOf(client_, name)));
    cell->acked = 0;
    cell->pending = kNothing;
    return Status();
  }

  Status Put(u32 name, Cell* cell) {
    const bool replaces = cell->acked != 0;
    About about;
    about.version = board_.next_number++;
    std::vector<bdev::Block> blocks;
    if (replaces && random_.Below(2) == 0) {
      CHI_RETURN_IF_ERROR(KeepFirst(name, &about, &blocks));
    }
    const u64 wanted = 1 + random_.Below(kMaxBlocks);
    while (blocks.size() < wanted) {
      const u64 content = board_.next_number++;
      const std::vector<u8> bytes = BytesOf(content);
      CHI_ASSIGN_OR_RETURN(const bdev::Block block,
                           device_.Allocate(HSHM_MCTX, bytes.size()));
      CHI_RETURN_IF_ERROR(device_.Write(HSHM_MCTX, block, bytes));
      about.contents[blocks.size()] = content;
      blocks.push_back(block);
    }
    about.num_blocks = blocks.size();
    const std::string attributes(reinterpret_cast<const char*>(&about),
                                 sizeof(about));
    cell->pending = about.version;
    CHI_RETURN_IF_ERROR(device_.PutObject(HSHM_MCTX, NameOf(client_, name),
                                          blocks, attributes, replaces));
    cell->acked = about.version;
    cell->pending = kNothing;
    return Status();
  }

  // As an array does that changes some of its chunks.
  Status KeepFirst(u32 name, About* about, std::vector<bdev::Block>* blocks) {
    CHI_ASSIGN_OR_RETURN(const auto old,
                         device_.GetObject(HSHM_MCTX, NameOf(client_, name)));
    About before;
    std::memcpy(&before, old.attributes.data(), sizeof(before));
    about->contents[0] = before.contents[0];
    blocks->push_back(old.blocks[0]);
    return Status();
  }

  bdev::Client device_;
  Board& board_;
  const u32 client_;
  SeededRandom random_;
};

int RunClient(const std::string& dir, const std::string& path, Board* board,
              u32 client, u64 seed) {
  const auto attached = AttachTo(dir);
  bdev::Client device;
  Status status = Open(path, &device);
  ++board->at_work;
  if (status.ok()) status = Changer(device, board, client, seed).Run();
  // What fails may fail for another reason first, as a buffer that cannot grow.
  const auto is_gone = [&] {
    return attached->client().control().Check().code() ==
           StatusCode::kRuntimeDied;
  };
  const bool because = status.code() == StatusCode::kRuntimeDied ||
                       status.code() == StatusCode::kNoMemory;
  if (because && WaitUntil(is_gone, 60 * kNsPerSec)) return 0;
  Say(Format("client {}: {}", client, status));
  return 1;
}

// ---- afterwards -------------------------------------------------------------

class Check {
 public:
  Check(bdev::Client device, Board* board) : device_(device), board_(*board) {}

  bool Run() {
    for (u32 client = 0; client < kNumClients; ++client) {
      for (u32 name = 0; name < kNumNames; ++name) {
        if (!CheckCell(NameOf(client, name), &board_.cells[client][name])) {
          return false;
        }
      }
    }
    return CheckSpace() && CheckList();
  }

 private:
  bool CheckCell(const std::string& name, Cell* cell) {
    const auto found = device_.GetObject(HSHM_MCTX, name);
    u64 version = 0;
    if (found.ok()) {
      About about;
      if (found->attributes.size() != sizeof(about)) {
        return Say(name + ": other attributes");
      }
      std::memcpy(&about, found->attributes.data(), sizeof(about));
      if (!CheckBlocks(name, about, found->blocks)) return false;
      version = about.version;
      ++num_objects_;
    } else if (found.status().code() != StatusCode::kNotFound) {
      return Say(Format("{}: {}", name, found.status()));
    }
    const u64 pending = cell->pending;
    if (version != cell->acked && (pending == kNothing || version != pending)) {
      return Say(Format("{}: version {}; {} was acknowledged, {} under way",
                        name, version, cell->acked.load(), pending));
    }
    if (pending != kNothing) {
      ++(version == pending ? board_.found_after : board_.found_before);
    }
    cell->acked = version;
    cell->pending = kNothing;
    return true;
  }

  bool CheckBlocks(const std::string& name, const About& about,
                   const std::vector<bdev::Block>& blocks) {
    if (blocks.size() != about.num_blocks) {
      return Say(
          Format("{}: {} blocks of {}", name, blocks.size(), about.num_blocks));
    }
    for (u64 i = 0; i < blocks.size(); ++i) {
      const auto bytes = device_.Read(HSHM_MCTX, blocks[i]);
      if (!bytes.ok() || *bytes != BytesOf(about.contents[i])) {
        return Say(Format(
            "{}: {}: {}", name, blocks[i],
            bytes.ok() ? Status::Checksum("other bytes") : bytes.status()));
      }
      owned_[blocks[i].offset_] = blocks[i].size_;
      ++num_blocks_;
    }
    return true;
  }

  // No byte is owned twice, and what is not owned is free.
  bool CheckSpace() {
    u64 end = 0;
    u64 owned = 0;
    for (const auto& [offset, size] : owned_) {
      if (offset < end) return Say(Format("byte {} has two owners", offset));
      end = offset + (size + kPage - 1) / kPage * kPage;
      owned += end - offset;
    }
    u64 remaining = 0;
    device_.GetStats(HSHM_MCTX, remaining);
    if (owned_.size() == num_blocks_ && remaining == kDeviceBytes - owned) {
      return true;
    }
    return Say(Format("{} blocks at {} places, {} bytes; {} are free",
                      num_blocks_, owned_.size(), owned, remaining));
  }

  bool CheckList() {
    const auto listed = device_.ListObjects(HSHM_MCTX);
    if (listed.ok() && listed->size() == num_objects_) return true;
    return Say(Format("{} objects, the list says otherwise", num_objects_));
  }

  bdev::Client device_;
  Board& board_;
  std::map<u64, u64> owned_;
  u64 num_blocks_ = 0;
  u64 num_objects_ = 0;
};

int RunCheck(const std::string& dir, const std::string& path, Board* board) {
  const auto attached = AttachTo(dir);
  bdev::Client device;
  const Status status = Open(path, &device);
  if (!status.ok()) return Say(Format("open: {}", status)) ? 0 : 1;
  return Check(device, board).Run() ? 0 : 1;
}

// ---- rounds -----------------------------------------------------------------

class Loop {
 public:
  Loop(const Args& args, Summary* summary)
      : max_delay_ns_(args.Number("max-delay-us") * kNsPerUs),
        random_(args.Number("seed")),
        summary_(*summary),
        daemon_(Options()) {
    std::string folder = "/tmp/chi-objects-XXXXXX";
    CHI_CHECK(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    path_ = folder + "/device";
  }
  ~Loop() { std::filesystem::remove_all(folder_); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Run(u64 count) {
    daemon_.Start();
    for (u64 i = 0; i < count && summary_.failures == 0; ++i) {
      Round();
      ++summary_.done;
    }
    summary_.Expect(daemon_.Stop() == 0, "the last daemon did not stop");
    summary_.Expect(Fsck() == 0, "fsck found something");
    summary_.Add("changes", board_->changes);
    summary_.Add("cut_before", board_->found_before);
    summary_.Add("cut_after", board_->found_after);
  }

 private:
  static DaemonOptions Options() {
    DaemonOptions options;
    options.add_pools = false;
    options.num_threads = 2;
    return options;
  }

  void Round() {
    board_->at_work = 0;
    std::vector<pid_t> clients;
    for (u32 i = 0; i < kNumClients; ++i) {
      const u64 seed = random_.Next();
      clients.push_back(Spawn([&, i, seed] {
        return RunClient(daemon_.dir(), path_, &*board_, i, seed);
      }));
    }
    summary_.Expect(WaitUntil([&] { return board_->at_work == kNumClients; },
                              60 * kNsPerSec),
                    "the clients did not come to work");
    PauseFor(random_.Below(max_delay_ns_));
    // Now and then a client goes first, and its change on without it.
    const bool orphans = random_.Below(3) == 0;
    if (orphans) KillAndReap(clients[0]);
    daemon_.Kill();
    for (u32 i = orphans ? 1 : 0; i < kNumClients; ++i) {
      const int how = Reap(clients[i]);
      summary_.Expect(how == 0, Format("client {} ended with {}", i, how));
    }
    daemon_.Start();
    const int how =
        Reap(Spawn([&] { return RunCheck(daemon_.dir(), path_, &*board_); }));
    summary_.Expect(how == 0,
                    Format("round {}: the check says {}", summary_.done, how));
  }

  int Fsck() {
    const std::string program =
        std::filesystem::path(DaemonProgram()).parent_path() / "chimaera_fsck";
    return Reap(Spawn([&] {
      // What it has to say is its exit code.
      const UniqueFd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
      dup2(nowhere.get(), STDOUT_FILENO);
      execl(program.c_str(), program.c_str(), path_.c_str(), nullptr);
      return 127;
    }));
  }

  const u64 max_delay_ns_;
  SeededRandom random_;
  Summary& summary_;
  Daemon daemon_;
  std::string folder_;
  std::string path_;
  const Shared<Board> board_;
};

int Run(const Args& args) {
  Summary summary;
  summary.name = "object_kills";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  Loop(args, &summary).Run(summary.asked);
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run(
      {argc,
       argv,
       {{"seed", "1"}, {"count", "20"}, {"max-delay-us", "30000"}}});
}
