// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Settings of a device: reading and checking.

#include "chimaera/admin/module_yaml.h"
#include "chimaera/base/format.h"
#include "chimaera/base/parse_size.h"
#include "chimaera/bdev/bdev_tasks.h"

namespace chimaera::bdev {
namespace {

constexpr chi::u32 kMaxIoDepth = 65536;
constexpr chi::u32 kMinAlignment = 64;
constexpr chi::u32 kMaxAlignment = 1u << 30;
// What an offset in a shared-memory pointer can name.
constexpr chi::u64 kMaxSize = chi::u64{1} << 48;

chi::Result<BdevType> ParseType(const std::string& text) {
  if (text == "ram") return BdevType::kRam;
  if (text == "file") return BdevType::kFile;
  return chi::Status::BadRequest("'" + text + "': ram or file is possible");
}

}  // namespace

void CreateParams::LoadConfig(const chi::PoolConfig& config) {
  const ModuleYaml yaml(config,
                        {"bdev_type", "capacity", "io_depth", "alignment"});
  yaml.Read("bdev_type", &bdev_type_, ParseType);
  yaml.Read("capacity", &total_size_,
            [](const std::string& text) { return chi::ParseSize(text); });
  yaml.Read("io_depth", &io_depth_);
  yaml.Read("alignment", &alignment_);
}

chi::Status CreateParams::Check() const {
  if (bdev_type_ == BdevType::kFile) {
    return chi::Status::Unimplemented(
        "block devices on files do not exist in this version; use kRam");
  }
  if (bdev_type_ != BdevType::kRam) {
    return chi::Status::BadRequest(
        chi::Format("no type of block device: {}", bdev_type_));
  }
  if (total_size_ == 0 || total_size_ > kMaxSize) {
    return chi::Status::BadRequest(
        chi::Format("a RAM device of {} bytes; 1 to {} are possible",
                    total_size_, kMaxSize));
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
  return chi::Status();
}

}  // namespace chimaera::bdev
