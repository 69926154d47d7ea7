// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The shortest program: a runtime inside this process, a device in memory, and
// one block written, read and freed.

#include <chimaera/admin/admin_client.h>
#include <chimaera/bdev/bdev_client.h>
#include <chimaera/chimaera.h>

#include <cstdio>
#include <vector>

int main() {
  // A client with its runtime embedded: nothing to start before, nothing left
  // behind. With `false` it would attach to the daemon of `chimaera start`.
  if (!chi::CHIMAERA_INIT(chi::ChimaeraMode::kClient, true)) return 1;

  // 64 MiB of memory that serves as a block device.
  chimaera::bdev::Client device;
  const chimaera::Outcome created = device.Create(
      HSHM_MCTX, chi::PoolQuery::Dynamic(), "ram://quick_start",
      chi::PoolId(8000, 0), chimaera::bdev::BdevType::kRam, 64 * chi::kMiB);
  if (!created.ok()) {
    std::fprintf(stderr, "no device: %s\n", created.ToString().c_str());
    return 1;
  }

  const auto block = device.Allocate(HSHM_MCTX, 4096);
  if (!block.ok()) return 1;
  const std::vector<chi::u8> data(4096, 0xAB);
  if (!device.Write(HSHM_MCTX, *block, data).ok()) return 1;
  const auto copy = device.Read(HSHM_MCTX, *block);
  device.Free(HSHM_MCTX, *block);

  const bool same = copy.ok() && *copy == data;
  std::printf("%zu bytes written and read: %s\n", data.size(),
              same ? "the same" : "different");
  return same ? 0 : 1;
}
