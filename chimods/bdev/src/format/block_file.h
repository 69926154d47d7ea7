// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A block file as a file: made, found, and locked against a second user.

#ifndef CHIMAERA_BDEV_FORMAT_BLOCK_FILE_H_
#define CHIMAERA_BDEV_FORMAT_BLOCK_FILE_H_

#include <memory>
#include <string>
#include <utility>

#include "chimaera/base/random.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"
#include "format/posix_io.h"

namespace chimaera::bdev {

enum class FileUse {
  kReadOnly,   ///< Shared with other readers.
  kReadWrite,  ///< By one user only, in whatever process.
};

/// Holds the descriptor and with it the lock (flock), which ends with the last
/// process that has the descriptor.
class BlockFile {
 public:
  /// Makes the file `path`, readable by its owner only, with an empty device of
  /// `data_size` bytes in it, all space allocated; then opens it. It appears
  /// under its name only when it is whole and on disk, name included.
  ///   kBadRequest     no size
  ///   kAlreadyExists  the name is taken, or somebody is making it
  ///   kNoSpace        naming the size; nothing is left behind
  ///   kIo
  /// In a method it lets others run, and gives up when the task is cancelled.
  static chi::Result<BlockFile> Create(
      const std::string& path, chi::u64 data_size, chi::Random& random,
      const FileCalls& calls = FileCalls::System());

  /// kNotFound; kBadRequest if it is no ordinary file; kAlreadyExists, naming
  /// the process where the system tells it, if somebody else uses it; kIo.
  /// Waits up to 5 s for a process that is gone and whose requests the kernel
  /// has not finished. In a method it parks, and throws StatusError if the task
  /// is cancelled meanwhile.
  static chi::Result<BlockFile> Open(
      const std::string& path, FileUse use,
      const FileCalls& calls = FileCalls::System());

  [[nodiscard]] BlockIo& io() { return *io_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  BlockFile(std::string path, chi::UniqueFd fd, std::unique_ptr<PosixIo> io)
      : path_(std::move(path)), fd_(std::move(fd)), io_(std::move(io)) {}

  std::string path_;
  chi::UniqueFd fd_;
  std::unique_ptr<PosixIo> io_;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FORMAT_BLOCK_FILE_H_
