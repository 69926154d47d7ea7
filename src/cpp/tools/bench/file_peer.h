// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The least that reading and writing a file can cost: what fio does with
// ioengine=io_uring, one thread that keeps a number of transfers under way.

#ifndef CHIMAERA_TOOLS_BENCH_FILE_PEER_H_
#define CHIMAERA_TOOLS_BENCH_FILE_PEER_H_

#include <liburing.h>

#include <string>

#include "chimaera/base/unique_fd.h"
#include "transfers.h"

namespace chi::bench {

class FilePeer {
 public:
  /// Makes the file `path` of kFileBytes, every byte written. `direct`: past
  /// the page cache.
  FilePeer(const std::string& path, bool direct);
  ~FilePeer();
  FilePeer(const FilePeer&) = delete;
  FilePeer& operator=(const FilePeer&) = delete;

  /// Transfers for `slice_ns`; one sample, the mean time of each.
  Samples Run(const Transfers& transfers, u64 slice_ns);

 private:
  void Prepare(const Transfers& transfers, u64 slot);

  UniqueFd fd_;
  io_uring ring_{};
  char* buffers_;
  Offsets offsets_;
};

}  // namespace chi::bench

#endif  // CHIMAERA_TOOLS_BENCH_FILE_PEER_H_
