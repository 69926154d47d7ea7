// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The log in a file that does not grow without bound. No lock: the descriptor
// keeps its number for ever, and dup3 puts the new file behind it in one step,
// so that a line goes whole into the old file or into the new one.

#include "chimaera/base/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "chimaera/base/unique_fd.h"

namespace chi {
namespace {

UniqueFd OpenLog(const std::string& path) {
  return UniqueFd(::open(path.c_str(),
                         O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
                         S_IRUSR | S_IWUSR));
}

bool IsSameFile(int fd, const struct stat& file) {
  struct stat other {};
  return ::fstat(fd, &other) == 0 && other.st_dev == file.st_dev &&
         other.st_ino == file.st_ino;
}

class FileLogSink final : public LogSink {
 public:
  FileLogSink(std::string path, UniqueFd fd, LogRotation rotation,
              const FileLogSink* previous)
      : path_(std::move(path)),
        fd_(std::move(fd)),
        rotation_(rotation),
        owner_(::getpid()),
        previous_(previous) {
    struct stat file {};
    if (::fstat(fd_.get(), &file) != 0) return;
    // One that is too large is put aside by the first line, which crosses.
    const auto size = static_cast<u64>(file.st_size);
    size_ = std::min(size, std::max<u64>(rotation_.max_bytes, 1) - 1);
  }

  int fd() const { return fd_.get(); }

  void Write(LogLevel, std::string_view line) override {
    const char* rest = line.data();
    size_t left = line.size();
    while (left > 0) {
      const ssize_t written = ::write(fd_.get(), rest, left);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;  // lost, as LogSink::Write says
      rest += written;
      left -= static_cast<size_t>(written);
    }
    // Relaxed: of the lines that are added up between two rotations exactly one
    // crosses the bound, and only that counts.
    const u64 before = size_.fetch_add(line.size(), std::memory_order_relaxed);
    if (before < rotation_.max_bytes &&
        before + line.size() >= rotation_.max_bytes && ::getpid() == owner_) {
      PutAside();
    }
  }

 private:
  std::string Old(u32 number) const {
    return path_ + "." + std::to_string(number);
  }

  // One thread at a time, since only one line crosses. What cannot be renamed
  // stays, and the log goes on in it.
  void PutAside() {
    struct stat file {};
    ::fstat(fd_.get(), &file);
    for (u32 i = rotation_.old_files; i > 1; --i) {
      std::rename(Old(i - 1).c_str(), Old(i).c_str());
    }
    if (rotation_.old_files == 0) {
      ::unlink(path_.c_str());
    } else {
      std::rename(path_.c_str(), Old(1).c_str());
    }
    const UniqueFd fresh = OpenLog(path_);
    if (fresh.valid()) {
      for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
        if (IsSameFile(fd, file)) ::dup2(fresh.get(), fd);
      }
      ::dup3(fresh.get(), fd_.get(), O_CLOEXEC);
    }
    size_.store(0, std::memory_order_relaxed);
  }

  // Constant after construction.
  const std::string path_;
  const UniqueFd fd_;
  const LogRotation rotation_;
  const pid_t owner_;
  // Keeps the older ones reachable, for leak checkers.
  [[maybe_unused]] const FileLogSink* const previous_;

  std::atomic<u64> size_{0};
};

// The file opened last. Never freed, as the contract of SetLogFile says.
std::atomic<FileLogSink*> g_last_file{nullptr};

}  // namespace

Status SetLogFile(const std::string& path, LogRotation rotation) {
  UniqueFd fd = OpenLog(path);
  if (!fd.valid()) return Status::FromErrno(errno, "log file " + path);
  FileLogSink* sink = std::make_unique<FileLogSink>(
                          path, std::move(fd), rotation, g_last_file.load())
                          .release();
  g_last_file.store(sink);
  SetLogSink(sink);
  return Status();
}

Status SetLogFile(const std::string& path) {
  return SetLogFile(path, LogRotation());
}

int LogFileDescriptor() {
  const FileLogSink* const file = g_last_file.load();
  return file == nullptr ? -1 : file->fd();
}

}  // namespace chi
