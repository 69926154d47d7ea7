// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a write into a device in memory adds to the copying itself. The bytes
// come from the client's CPU every time, as those of a real client would.

#include <atomic>
#include <cstring>

#include "chimaera/base/check.h"
#include "chimaera/bdev/bdev_client.h"
#include "hand_off.h"
#include "runtime_process.h"
#include "topics.h"

namespace chi::bench {
namespace {

namespace bdev = chimaera::bdev;

constexpr u64 kLarge = HandOff::kMaxBytes;
constexpr u64 kSmall = 4096;
constexpr u64 kDeviceBytes = 4 * kMiB;
// What a small write may cost beside a null task, in copies of its bytes.
constexpr f64 kAllowedCopies = 1.5;

// A block of a device and a buffer of the client, both of kLarge bytes.
class Device {
 public:
  Device() {
    CHI_CHECK(client_.Create(HSHM_MCTX, PoolQuery::Dynamic(), "bench_ram",
                             PoolId(9001, 0), bdev::BdevType::kRam,
                             kDeviceBytes));
    auto block = client_.Allocate(HSHM_MCTX, kLarge);
    CHI_CHECK_OK(block.status());
    block_ = *block;
    buffer_ = CHI_IPC->AllocateBuffer(kLarge);
    CHI_CHECK(buffer_.ptr_ != nullptr);
  }
  ~Device() { CHI_IPC->FreeBuffer(buffer_); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  void Fill(u64 bytes) {
    std::memset(buffer_.ptr_, static_cast<int>(++count_), bytes);
  }
  void Write(u64 bytes) {
    auto write = client_.AsyncWrite(HSHM_MCTX, block_, buffer_.shm_, bytes);
    write.Wait();
    CHI_CHECK(write->return_code_ == 0);
  }
  Samples FillAndWrite(u64 bytes, u64 slice_ns) {
    return TimeEach(slice_ns, [this, bytes] {
      Fill(bytes);
      Write(bytes);
    });
  }
  // The same; samples are the writing alone, which begins when the client's
  // CPU has all lines that it fills.
  Samples WriteOnly(u64 bytes, u64 slice_ns) {
    Samples samples;
    static_cast<void>(TimeEach(slice_ns, [&] {
      Fill(bytes);
      std::atomic_thread_fence(std::memory_order_seq_cst);
      const u64 before = TicksAfterLoads();
      Write(bytes);
      samples.push_back(static_cast<f64>(Ticks() - before) * NsPerTick());
    }));
    return samples;
  }

 private:
  bdev::Client client_;
  bdev::Block block_;
  hipc::FullPtr<char> buffer_;
  u32 count_ = 0;
};

// One thread, the same block again and again.
Samples CopyOwn(u64 slice_ns) {
  static char from[kLarge];
  static char to[kLarge];
  return TimeEach(slice_ns, [] {
    std::memcpy(to, from, kLarge);
    asm volatile("" : : "r"(&to) : "memory");
  });
}

Figure SmallWrites(const Slices& writes, const Slices& nulls,
                   const Slices& copies) {
  const Samples null_ns = QuantileOfEach(nulls, 0.5);
  const Samples copy_ns = QuantileOfEach(copies, 0.5);
  Samples allowed_ns;
  for (size_t i = 0; i < null_ns.size(); ++i) {
    allowed_ns.push_back(null_ns[i] + kAllowedCopies * copy_ns[i]);
  }
  return RoundsNs("ram_write_4k", QuantileOfEach(writes, 0.5),
                  "null task + 1.5 x copy of 4 KiB", allowed_ns, 1);
}

}  // namespace

std::vector<Figure> Memory(const Effort& effort) {
  const Cpus cpus = AllowedCpus();
  HandOff hand_off(cpus.worker);
  const RuntimeProcess runtime;
  EchoClient client(runtime.dir());
  Device device;
  const Pinned pinned(cpus.client);
  const auto slices =
      TakeTurns({[&](u64 ns) { return device.FillAndWrite(kLarge, ns); },
                 [&](u64 ns) { return hand_off.FillAndCopy(kLarge, ns); },
                 [&](u64 ns) { return device.WriteOnly(kSmall, ns); },
                 [&](u64 ns) { return client.Nulls(ns); },
                 [&](u64 ns) { return hand_off.CopyOnly(kSmall, ns); },
                 [](u64 ns) { return CopyOwn(ns); }},
                effort);
  // Bytes per nanosecond are GB/s.
  return {Rate("ram_write_1m", slices[0], {"bare hand-off", slices[1]}, kLarge,
               "GB/s", 0.9),
          SmallWrites(slices[2], slices[3], slices[4]),
          InformationNs("memcpy_1m_one_thread", slices[5])};
}

}  // namespace chi::bench
