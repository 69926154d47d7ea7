// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Clients that allocate and free blocks of one device, and lie about them:
// blocks freed twice, made up, or another client's. Each writes its mark into
// what it was given and looks for it again before it frees, so that a block
// with two owners is noticed; what may succeed says a model of its own blocks.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/bdev/bdev_client.h"
#include "harness.h"

namespace chi::stress {
namespace {

namespace bdev = ::chimaera::bdev;
using bdev::Block;

constexpr u32 kClients = 2;
constexpr u64 kMaxOwned = 64;
constexpr u64 kMaxBytes = 16 * kKiB;

struct Board {
  std::atomic<u64> done{0};
  std::atomic<u64> wrong{0};
  std::atomic<u64> lies{0};
  // A block that its client owns for as long as it runs.
  std::array<std::atomic<bool>, kClients> shown{};
  std::array<Block, kClients> blocks;
};

class Liar {
 public:
  Liar(u32 number, Board* board, u64 seed)
      : number_(number),
        board_(board),
        random_(seed),
        device_(kBdevPool),
        buffer_(CHI_IPC->AllocateBuffer(sizeof(u64))) {
    CHI_CHECK(buffer_.ptr_ != nullptr);
  }

  bool Run(u64 count) {
    const auto kept = device_.Allocate(HSHM_MCTX, 4096);
    if (!kept.ok()) return false;
    board_->blocks[number_] = *kept;
    board_->shown[number_] = true;
    u64 other = 1 - number_;
    if (!WaitUntil([&] { return board_->shown[other].load(); })) return false;
    foreign_ = board_->blocks[other];
    Own(*kept);
    for (u64 i = 0; i < count; ++i) {
      Step();
      board_->done.fetch_add(1, std::memory_order_relaxed);
    }
    while (owned_.size() > 1) Free(random_.Below(owned_.size() - 1) + 1);
    return true;
  }

 private:
  struct Owned {
    Block block;
    u64 mark;
  };

  void Step() {
    switch (random_.Below(5)) {
      case 0:
      case 1:
        if (owned_.size() < kMaxOwned) return Allocate();
        return Free(random_.Below(owned_.size() - 1) + 1);
      case 2:
        if (owned_.size() > 1) Free(random_.Below(owned_.size() - 1) + 1);
        return;
      default:
        Lie();
    }
  }

  void Wrong(const std::string& what) {
    if (board_->wrong.fetch_add(1) < 5) {
      std::fprintf(stderr, "client %u: %s\n", number_, what.c_str());
    }
  }

  void Allocate() {
    const auto block =
        device_.Allocate(HSHM_MCTX, random_.Below(kMaxBytes) + 1);
    if (!block.ok()) return Wrong(block.status().ToString());
    Own(*block);
  }

  void Own(const Block& block) {
    const u64 end = block.offset_ + block.size_;
    const auto next = ranges_.lower_bound(block.offset_);
    if (next != ranges_.end() && next->first < end) Wrong("blocks overlap");
    if (next != ranges_.begin() && std::prev(next)->second > block.offset_) {
      Wrong("blocks overlap");
    }
    ranges_[block.offset_] = end;
    const u64 mark = random_.Next();
    std::memcpy(buffer_.ptr_, &mark, sizeof(mark));
    const u64 length = std::min<u64>(sizeof(mark), block.size_);
    const auto written = device_.Write(HSHM_MCTX, block, buffer_.shm_, length);
    if (!written.ok()) Wrong(written.status().ToString());
    owned_.push_back({block, mark});
  }

  void Free(u64 index) {
    const Owned owned = owned_[index];
    const u64 length = std::min<u64>(sizeof(u64), owned.block.size_);
    std::memset(buffer_.ptr_, 0, sizeof(u64));
    const auto read =
        device_.Read(HSHM_MCTX, owned.block, buffer_.shm_, length);
    if (!read.ok()) Wrong(read.status().ToString());
    if (std::memcmp(buffer_.ptr_, &owned.mark, length) != 0) {
      Wrong(Format("somebody else wrote into {}", owned.block));
    }
    const Status freed = device_.Free(HSHM_MCTX, owned.block);
    if (!freed.ok()) Wrong(freed.ToString());
    ranges_.erase(owned.block.offset_);
    stale_ = owned.block;
    owned_[index] = owned_.back();
    owned_.pop_back();
  }

  // A block that is not ours, or not any more, or nobody's.
  Block Lying() {
    Block block = owned_[random_.Below(owned_.size())].block;
    switch (random_.Below(8)) {
      case 0:
        return foreign_;
      case 1:
        return stale_.value_or(foreign_);
      case 2:
        block.block_id_ += u64{1} << 32;
        return block;
      case 3:
        block.block_id_ = random_.Next();
        return block;
      case 4:
        block.block_id_ =
            Block::MakeId(block.slot() + 1 + kMaxOwned * 4, block.generation());
        return block;
      case 5:
        block.offset_ += 4096;
        return block;
      case 6:
        block.size_ = ~u64{0} - random_.Below(8192);
        return block;
      default:
        block.size_ += 1;
        return block;
    }
  }

  void Lie() {
    board_->lies.fetch_add(1, std::memory_order_relaxed);
    const Block block = Lying();
    Status told;
    switch (random_.Below(4)) {
      case 0:
        told = device_.Free(HSHM_MCTX, block);
        break;
      case 1:
        told = device_.Read(HSHM_MCTX, block, buffer_.shm_, 8).status();
        break;
      case 2:
        told = device_.Locate(HSHM_MCTX, block).status();
        break;
      default:  // a true block, and a range that leaves it
        const Block mine = owned_[0].block;
        const u64 offsets[] = {mine.size_, mine.size_ - 7, ~u64{0} - 3,
                               u64{1} << 63};
        told = device_
                   .Write(HSHM_MCTX, mine, buffer_.shm_, 8,
                          offsets[random_.Below(std::size(offsets))])
                   .status();
    }
    if (told.code() == StatusCode::kStale ||
        told.code() == StatusCode::kBadRequest ||
        told.code() == StatusCode::kPermissionDenied) {
      return;
    }
    Wrong(Format("{} was answered with {}", block, told));
  }

  const u32 number_;
  Board* const board_;
  SeededRandom random_;
  bdev::Client device_;
  const hipc::FullPtr<char> buffer_;
  Block foreign_;
  std::optional<Block> stale_;
  std::vector<Owned> owned_;  // the first is never freed
  std::map<u64, u64> ranges_;
};

int Run(const Args& args) {
  Summary summary;
  summary.name = "forge_blocks";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  Daemon daemon;
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  summary.begin_ns = NowNs();
  const Shared<Board> board;
  std::vector<pid_t> clients;
  for (u32 i = 0; i < kClients; ++i) {
    clients.push_back(Spawn([&, i]() -> int {
      const auto client = AttachTo(daemon.dir());
      Liar liar(i, &*board, summary.seed + i);
      return liar.Run(summary.asked / kClients + 1) ? 0 : 1;
    }));
  }
  for (const pid_t client : clients) {
    const int how = Reap(client);
    summary.Expect(how == 0, Format("a client ended with {}", how));
  }
  summary.end_ns = NowNs();
  summary.done = board->done;
  summary.Expect(board->wrong == 0,
                 Format("{} wrong answers", board->wrong.load()));
  summary.Add("lies", board->lies);
  ExpectSameInventory(daemon, before, &summary);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run({argc, argv, {{"seed", "1"}, {"count", "20000"}}});
}
