// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Settings of a device: reading and checking.

#include "chimaera/base/format.h"
#include "chimaera/bdev/bdev_tasks.h"
#include "chimaera/core/module_config.h"

namespace chimaera::bdev {
namespace {

constexpr chi::u32 kMaxIoDepth = 65536;
constexpr chi::u32 kMinAlignment = 64;
constexpr chi::u32 kMaxScrub = 1u << 14;
constexpr chi::u32 kMaxStallMs = 3'600'000;
constexpr chi::u32 kMaxAlignment = 1u << 30;
// What an offset in a shared-memory pointer can name.
constexpr chi::u64 kMaxSize = chi::u64{1} << 48;

}  // namespace

void CreateParams::LoadConfig(const chi::PoolConfig& config) {
  chi::ModuleConfig reader(config);
  std::string type = bdev_type_ == BdevType::kRam ? "ram" : "file";
  reader.ReadString("bdev_type", &type);
  if (type != "ram" && type != "file") {
    reader.Fail("bdev_type", "'" + type + "'; ram or file is possible");
  }
  bdev_type_ = type == "file" ? BdevType::kFile : BdevType::kRam;
  reader.ReadSize("capacity", 1, kMaxSize, &total_size_);
  reader.ReadNumber("io_depth", 1, kMaxIoDepth, &io_depth_);
  reader.ReadNumber("alignment", kMinAlignment, kMaxAlignment, &alignment_);
  reader.ReadBool("direct", &direct_);
  reader.ReadBool("checksums", &checksums_);
  reader.ReadNumber("scrub_mib_per_s", 0, kMaxScrub, &scrub_mib_per_s_);
  reader.ReadNumber("stall_ms", 0, kMaxStallMs, &stall_ms_);
  if (const chi::Status status = reader.Finish(); !status.ok()) {
    throw chi::StatusError(status);
  }
}

chi::Status CreateParams::Check() const {
  const bool is_ram = bdev_type_ == BdevType::kRam;
  if (!is_ram && bdev_type_ != BdevType::kFile) {
    return chi::Status::BadRequest(
        chi::Format("no type of block device: {}", bdev_type_));
  }
  if ((is_ram && total_size_ == 0) || total_size_ > kMaxSize) {
    return chi::Status::BadRequest(chi::Format(
        "a device of {} bytes; 1 to {} are possible", total_size_, kMaxSize));
  }
  if (io_depth_ == 0 || io_depth_ > kMaxIoDepth) {
    return chi::Status::BadRequest(chi::Format(
        "io_depth {}; 1 to {} are possible", io_depth_, kMaxIoDepth));
  }
  if (alignment_ < kMinAlignment || alignment_ > kMaxAlignment ||
      (alignment_ & (alignment_ - 1)) != 0) {
    return chi::Status::BadRequest(
        chi::Format("alignment {}; a power of two from {} to {} is possible",
                    alignment_, kMinAlignment, kMaxAlignment));
  }
  if (scrub_mib_per_s_ > kMaxScrub) {
    return chi::Status::BadRequest(
        chi::Format("scrub_mib_per_s {}; 0 to {} are possible",
                    scrub_mib_per_s_, kMaxScrub));
  }
  if (stall_ms_ > kMaxStallMs) {
    return chi::Status::BadRequest(chi::Format(
        "stall_ms {}; 0 to {} are possible", stall_ms_, kMaxStallMs));
  }
  return chi::Status();
}

}  // namespace chimaera::bdev
