// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A file system of 32 MiB, of this tool's own, that is filled and emptied. In
// each round, while it is full: no device can be made, and nothing is left of
// it; a write into pages that a file has lost says so; what is on the device
// stays as it is, and the device goes on. With room again all of it works, and
// not a byte of the device is missing. Needs root, for the mount.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/bdev/bdev_client.h"
#include "harness.h"
#include "support/process.h"

namespace chi::stress {
namespace {

namespace bdev = ::chimaera::bdev;

constexpr u64 kDeviceBytes = 8 * kMiB;
constexpr u64 kBlockBytes = kMiB;
const PoolId kDevice(400, 0);
const PoolId kSecond(401, 0);

struct Board {
  std::atomic<u64> done{0};
};

// Takes every byte that is left.
class Ballast {
 public:
  explicit Ballast(std::string path) : path_(std::move(path)) {
    const UniqueFd file(
        open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    CHI_CHECK(file.valid());
    const std::vector<char> bytes(kMiB, 'b');
    u64 size = bytes.size();
    while (size > 0) {
      if (write(file.get(), bytes.data(), size) <= 0) size /= 2;
    }
  }
  ~Ballast() { unlink(path_.c_str()); }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;

 private:
  const std::string path_;
};

Status Make(bdev::Client& device, const std::string& path, PoolId id) {
  return device.Create(HSHM_MCTX, PoolQuery::Local(), path, id,
                       bdev::BdevType::kFile, kDeviceBytes);
}

std::vector<u8> Bytes(u64 size, u64 seed) {
  std::vector<u8> bytes(size);
  for (u64 i = 0; i < size; ++i) bytes[i] = static_cast<u8>(seed + i * 31);
  return bytes;
}

// What a client does with the device; ends the process at what is wrong.
class Client {
 public:
  Client(const std::string& dir, const std::string& folder)
      : attached_(AttachTo(dir)),
        path_(folder + "/device"),
        ballast_(folder + "/ballast"),
        second_(folder + "/second") {
    Require(Make(device_, path_, kDevice), "open");
    if (!device_.GetObject(HSHM_MCTX, "kept").ok()) {
      const auto block = device_.Allocate(HSHM_MCTX, kBlockBytes);
      Require(block.status(), "allocate");
      Require(device_.Write(HSHM_MCTX, *block, kept_), "write");
      Require(device_.PutObject(HSHM_MCTX, "kept", {*block}), "put");
    }
    free_bytes_ = FreeBytes();
  }

  void Round(u64 seed) {
    const auto block = device_.Allocate(HSHM_MCTX, kBlockBytes);
    Require(block.status(), "allocate");
    const std::vector<u8> data = Bytes(kBlockBytes, seed);
    Require(device_.Write(HSHM_MCTX, *block, data), "write");
    LoseSpace(*block);
    {
      const Ballast ballast(ballast_);
      bdev::Client second;
      Expect(Make(second, second_, kSecond).code() == StatusCode::kNoSpace &&
                 access(second_.c_str(), F_OK) != 0 &&
                 access((second_ + ".new").c_str(), F_OK) != 0,
             "a device on a full disk");
      Expect(
          device_.Write(HSHM_MCTX, *block, data).code() == StatusCode::kNoSpace,
          "a write to a full disk");
      ExpectKept();
      // What has its space goes on.
      FillAndFree();
    }
    Require(device_.Write(HSHM_MCTX, *block, data), "write again");
    Expect(device_.Read(HSHM_MCTX, *block).value_or(std::vector<u8>()) == data,
           "read again");
    Require(device_.Sync(HSHM_MCTX), "sync");
    Require(device_.Free(HSHM_MCTX, *block), "free");
    bdev::Client second;
    Require(Make(second, second_, kSecond), "a device with room again");
    Require(CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), kSecond),
            "destroy");
    unlink(second_.c_str());
    ExpectKept();
    Expect(FreeBytes() == free_bytes_, "bytes are missing");
  }

 private:
  static void Expect(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    _exit(1);
  }
  static void Require(const Status& status, const char* what) {
    Expect(status.ok(), (what + (": " + status.ToString())).c_str());
  }

  // The pages of the block have no space on disk any more, as in a file that
  // was copied without its holes.
  void LoseSpace(const bdev::Block& block) {
    const UniqueFd file(open(path_.c_str(), O_RDWR | O_CLOEXEC));
    const off_t data = lseek(file.get(), 0, SEEK_END) - off_t{kDeviceBytes};
    Expect(fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     data + static_cast<off_t>(block.offset_),
                     static_cast<off_t>(block.size_)) == 0,
           "punch a hole");
  }

  void FillAndFree() {
    std::vector<bdev::Block> blocks;
    Status status;
    while (status.ok()) {
      const auto block = device_.Allocate(HSHM_MCTX, kBlockBytes);
      status = block.status();
      if (status.ok()) blocks.push_back(*block);
    }
    Expect(status.code() == StatusCode::kNoSpace, "a full device");
    Expect(blocks.size() == kDeviceBytes / kBlockBytes - 2, "its blocks");
    const std::vector<u8> data = Bytes(kBlockBytes, 5);
    Require(device_.Write(HSHM_MCTX, blocks[0], data), "write, disk full");
    Require(device_.Sync(HSHM_MCTX), "sync, disk full");
    Expect(
        device_.Read(HSHM_MCTX, blocks[0]).value_or(std::vector<u8>()) == data,
        "read, disk full");
    Require(device_.FreeBlocks(HSHM_MCTX, blocks), "free, disk full");
  }

  void ExpectKept() {
    const auto object = device_.GetObject(HSHM_MCTX, "kept");
    Require(object.status(), "get");
    Expect(device_.Read(HSHM_MCTX, object->blocks[0])
                   .value_or(std::vector<u8>()) == kept_,
           "the object of before");
  }

  u64 FreeBytes() {
    u64 remaining = 0;
    device_.GetStats(HSHM_MCTX, remaining);
    return remaining;
  }

  const std::unique_ptr<Chimaera> attached_;
  const std::string path_;
  const std::string ballast_;
  const std::string second_;
  const std::vector<u8> kept_ = Bytes(kBlockBytes, 77);
  bdev::Client device_;
  u64 free_bytes_ = 0;
};

int Run(const Args& args) {
  Summary summary;
  summary.name = "disk_full";
  summary.seed = args.Number("seed");
  summary.asked = args.Number("count");
  if (geteuid() != 0) return summary.Skip("needs_root");
  const test::TempDir folder;
  const bool mounted =
      unshare(CLONE_NEWNS) == 0 &&
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
      mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=32m") == 0;
  if (!mounted) return summary.Skip("may_not_mount");
  Daemon daemon;
  daemon.Start();
  const Shared<Board> board;
  // The daemon is killed now and then: the object is there all the same.
  constexpr u64 kRoundsPerDaemon = 100;
  while (board->done < summary.asked && summary.failures == 0) {
    const u64 rounds = std::min(kRoundsPerDaemon, summary.asked - board->done);
    const u64 seed = board->done;
    const int how = Reap(Spawn([&] {
      Client client(daemon.dir(), folder.path());
      for (u64 i = 0; i < rounds; ++i, ++board->done) client.Round(seed + i);
      return 0;
    }));
    summary.Expect(how == 0, Format("round {}: {}", board->done.load(), how));
    daemon.Kill();
    daemon.Start();
  }
  daemon.Kill();
  summary.done = board->done;
  umount(folder.path().c_str());
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run({argc, argv, {{"seed", "1"}, {"count", "20"}}});
}
