// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Devices in files against the kernel's own speed, and what it costs to take a
// block. Device and reference have files of their own, side by side.

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "chimaera/base/check.h"
#include "chimaera/base/format.h"
#include "chimaera/bdev/bdev_client.h"
#include "file_peer.h"
#include "runtime_process.h"
#include "topics.h"

namespace chi::bench {
namespace {

namespace bdev = chimaera::bdev;

// Not in /tmp, which may be in memory.
class StorageDir {
 public:
  StorageDir() {
    CHI_CHECK(mkdtemp(path_) != nullptr, "{}: {}", path_, std::strerror(errno));
  }
  ~StorageDir() {
    for (const std::string& file : files_) unlink(file.c_str());
    rmdir(path_);
  }
  StorageDir(const StorageDir&) = delete;
  StorageDir& operator=(const StorageDir&) = delete;

  /// The file `name`, which is removed in the end.
  std::string File(const std::string& name) {
    files_.push_back(Format("{}/{}", path_, name));
    return files_.back();
  }

 private:
  char path_[32] = "/var/tmp/chimaera-bench-XXXXXX";
  std::vector<std::string> files_;
};

bdev::CreateParams FileParams(bool direct, bool checksums) {
  bdev::CreateParams params(bdev::BdevType::kFile, 2 * kFileBytes);
  params.direct_ = direct;
  params.checksums_ = checksums;
  return params;
}

// A block of kFileBytes, every byte written.
class FileDevice {
 public:
  FileDevice(const std::string& path, u32 pool, bool direct, bool checksums) {
    CHI_CHECK(client_.Create(HSHM_MCTX, PoolQuery::Dynamic(), path,
                             PoolId(pool, 0), FileParams(direct, checksums)));
    const auto block = client_.Allocate(HSHM_MCTX, kFileBytes);
    CHI_CHECK_OK(block.status());
    block_ = *block;
    buffers_ = CHI_IPC->AllocateBuffer(kBufferBytes);
    CHI_CHECK(buffers_.ptr_ != nullptr);
    std::memset(buffers_.ptr_, 1, kBufferBytes);
    for (u64 at = 0; at < kFileBytes; at += kBufferBytes) {
      CHI_CHECK_OK(
          client_.Write(HSHM_MCTX, block_, buffers_.shm_, kBufferBytes, at)
              .status());
    }
  }
  ~FileDevice() { CHI_IPC->FreeBuffer(buffers_); }
  FileDevice(const FileDevice&) = delete;
  FileDevice& operator=(const FileDevice&) = delete;

  /// As FilePeer::Run.
  Samples Run(const Transfers& transfers, u64 slice_ns) {
    return transfers.write ? Keep<bdev::WriteTask>(transfers, slice_ns)
                           : Keep<bdev::ReadTask>(transfers, slice_ns);
  }

 private:
  template <class TaskT>
  Future<TaskT> Begin(u64 bytes, u64 slot) {
    const hipc::Pointer data = buffers_.shm_ + slot * bytes;
    const u64 offset = offsets_.Next(bytes);
    if constexpr (std::is_same_v<TaskT, bdev::WriteTask>) {
      return client_.AsyncWrite(HSHM_MCTX, block_, data, bytes, offset);
    } else {
      return client_.AsyncRead(HSHM_MCTX, block_, data, bytes, offset);
    }
  }

  // Begins a transfer in each slot whose last one is over, until time is up
  // and none is left.
  template <class TaskT>
  Samples Keep(const Transfers& transfers, u64 slice_ns) {
    Pace pace(transfers, slice_ns);
    std::array<Future<TaskT>, kMaxDepth> under_way;
    for (u64 slot = 0; slot < transfers.depth; ++slot) {
      under_way[slot] = Begin<TaskT>(transfers.bytes, slot);
    }
    for (u64 left = transfers.depth; left > 0;) {
      for (u64 slot = 0; slot < transfers.depth; ++slot) {
        Future<TaskT>& transfer = under_way[slot];
        if (transfer.IsNull()) continue;
        if (left == 1) transfer.Wait();
        if (!transfer.IsDone()) continue;
        CHI_CHECK(transfer->return_code_ == 0);
        transfer = {};
        if (pace.Took(1)) {
          transfer = Begin<TaskT>(transfers.bytes, slot);
        } else {
          --left;
        }
      }
    }
    return pace.Result();
  }

  bdev::Client client_;
  bdev::Block block_;
  hipc::FullPtr<char> buffers_;
  Offsets offsets_;
};

struct Case {
  const char* name;
  Transfers transfers;
  const char* reference;
};
constexpr Case kCases[] = {
    {"file_4k_qd1", {false, 4096, 1}, "io_uring, 4 KiB reads"},
    {"file_4k_qd1", {true, 4096, 1}, "io_uring, 4 KiB writes"},
    {"file_4k_qd32", {false, 4096, 32}, "io_uring, 4 KiB reads"},
    {"file_4k_qd32", {true, 4096, 32}, "io_uring, 4 KiB writes"},
    {"file_1m", {false, kMiB, 1}, "io_uring, 1 MiB reads"},
    {"file_1m", {true, kMiB, 1}, "io_uring, 1 MiB writes"}};

// Of figures of one name only the worst stays.
void KeepWorst(std::vector<Figure>& figures, Figure figure) {
  for (Figure& other : figures) {
    if (other.name != figure.name) continue;
    const bool at_least = figure.target->bound == Bound::kAtLeast;
    if (at_least == (figure.ratio < other.ratio)) other = std::move(figure);
    return;
  }
  figures.push_back(std::move(figure));
}

void Direct(const Effort& effort, StorageDir& dir,
            std::vector<Figure>& figures) {
  FilePeer peer(dir.File("direct-peer"), true);
  FileDevice plain(dir.File("direct"), 9010, true, false);
  FileDevice checked(dir.File("direct-checked"), 9011, true, true);
  for (const Case& each : kCases) {
    const auto slices =
        TakeTurns({[&](u64 ns) { return plain.Run(each.transfers, ns); },
                   [&](u64 ns) { return peer.Run(each.transfers, ns); },
                   [&](u64 ns) { return checked.Run(each.transfers, ns); }},
                  effort);
    const auto bytes = static_cast<f64>(each.transfers.bytes);
    const Reference reference{each.reference, slices[1]};
    KeepWorst(figures,
              Rate(each.name, slices[0], reference, bytes, "GB/s", 0.95));
    KeepWorst(figures, Rate(Format("{}_crc", each.name), slices[2], reference,
                            bytes, "GB/s", 0.85));
  }
}

void Buffered(const Effort& effort, StorageDir& dir, EchoClient& client,
              std::vector<Figure>& figures) {
  FilePeer peer(dir.File("buffered-peer"), false);
  FileDevice device(dir.File("buffered"), 9012, false, false);
  for (const Case& each : kCases) {
    const auto slices =
        TakeTurns({[&](u64 ns) { return device.Run(each.transfers, ns); },
                   [&](u64 ns) { return peer.Run(each.transfers, ns); },
                   [&](u64 ns) { return client.Nulls(ns); }},
                  effort);
    const Samples null_ns = QuantileOfEach(slices[2], 0.5);
    Samples allowed_ns = QuantileOfEach(slices[1], 0.5);
    for (size_t i = 0; i < allowed_ns.size(); ++i) {
      allowed_ns[i] += 2 * null_ns[i];
    }
    KeepWorst(figures,
              RoundsNs("file_buffered", QuantileOfEach(slices[0], 0.5),
                       Format("{}, buffered, + 2 null tasks", each.reference),
                       allowed_ns, 1));
  }
}

// ---- blocks -----------------------------------------------------------------

constexpr u64 kRamBytes = 64 * kMiB;
constexpr u64 kBlockBytes = 4096;

// A device in memory of which `full` is taken, in pieces that leave gaps.
class RamDevice {
 public:
  RamDevice(u32 pool, f64 full) {
    CHI_CHECK(client_.Create(HSHM_MCTX, PoolQuery::Dynamic(),
                             Format("bench_ram_{}", pool), PoolId(pool, 0),
                             bdev::BdevType::kRam, kRamBytes));
    const u64 places = kRamBytes / kBlockBytes;
    std::vector<bdev::Block> all;
    for (u64 i = 0; full > 0 && i < places; ++i) all.push_back(Allocate());
    SeededRandom random(1);
    const auto gaps = static_cast<u64>((1 - full) * static_cast<f64>(places));
    for (u64 i = 0; !all.empty() && i < gaps; ++i) {
      std::swap(all[random.Below(all.size())], all.back());
      CHI_CHECK(client_.Free(HSHM_MCTX, all.back()));
      all.pop_back();
    }
  }

  /// Samples are the mean of taking a block and of giving it back.
  Samples AllocateAndFree(u64 slice_ns) {
    Samples samples = TimeEach(
        slice_ns, [this] { CHI_CHECK(client_.Free(HSHM_MCTX, Allocate())); });
    for (f64& sample : samples) sample /= 2;
    return samples;
  }

 private:
  bdev::Block Allocate() {
    const auto block = client_.Allocate(HSHM_MCTX, kBlockBytes);
    CHI_CHECK_OK(block.status());
    return *block;
  }

  bdev::Client client_;
};

void Blocks(const Effort& effort, EchoClient& client,
            std::vector<Figure>& figures) {
  RamDevice empty(9013, 0);
  RamDevice full(9014, 0.9);
  const auto slices =
      TakeTurns({[&](u64 ns) { return empty.AllocateAndFree(ns); },
                 [&](u64 ns) { return client.Nulls(ns); },
                 [&](u64 ns) { return full.AllocateAndFree(ns); }},
                effort);
  Samples extra_ns = QuantileOfEach(slices[0], 0.5);
  const Samples null_ns = QuantileOfEach(slices[1], 0.5);
  for (size_t i = 0; i < extra_ns.size(); ++i) extra_ns[i] -= null_ns[i];
  figures.push_back(
      AtMost("allocate_extra", Quantile(extra_ns, 0.5), "ns", 60));
  figures.push_back(
      MedianNs("allocate_full", slices[2], {"the device empty", slices[0]}, 1));
}

}  // namespace

std::vector<Figure> Storage(const Effort& all) {
  Effort effort = all;
  effort.slice_ns /= 2;  // thirteen comparisons have to fit into half a minute
  const Cpus cpus = AllowedCpus();
  StorageDir dir;
  const RuntimeProcess runtime;
  EchoClient client(runtime.dir());
  const Pinned pinned(cpus.client);
  std::vector<Figure> figures;
  Direct(effort, dir, figures);
  Buffered(effort, dir, client, figures);
  Blocks(effort, client, figures);
  return figures;
}

}  // namespace chi::bench
