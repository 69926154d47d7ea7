// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The log in a file that does not grow without bound. No line waits for a lock:
// the descriptor keeps its number for ever, and dup3 puts the new file behind
// it in one step, so that a line goes whole into the old file or into the new
// one.

#include "chimaera/base/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <mutex>
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

// Where the log is now. Never freed: a thread that logs may still look at it.
struct Place {
  std::string path;
  LogRotation rotation;
  const Place* previous;  // keeps it reachable, for leak checkers
};

// One for each process, since a descriptor that is closed may become anything.
class FileLogSink final : public LogSink {
 public:
  FileLogSink(UniqueFd fd, const FileLogSink* parents)
      : fd_(std::move(fd)), owner_(::getpid()), parents_(parents) {}

  int fd() const { return fd_.get(); }
  pid_t owner() const { return owner_; }

  // `from`, which is open, is what lines go to from now on.
  void Move(int from, const std::string& path, LogRotation rotation) {
    struct stat file {};
    u64 size = 0;
    if (::fstat(from, &file) == 0) {
      // One that is too large is put aside by the first line, which crosses.
      size = std::min(static_cast<u64>(file.st_size),
                      std::max<u64>(rotation.max_bytes, 1) - 1);
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    auto place = std::make_unique<Place>(Place{path, rotation, place_.load()});
    if (from != fd_.get()) ::dup3(from, fd_.get(), O_CLOEXEC);
    size_.store(size, std::memory_order_relaxed);
    place_.store(place.release());
  }

  // Holds no file on.
  void Leave() {
    const std::lock_guard<std::mutex> lock(mutex_);
    const UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (nowhere.valid()) ::dup3(nowhere.get(), fd_.get(), O_CLOEXEC);
  }

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
    const u64 max_bytes = place_.load()->rotation.max_bytes;
    const u64 before = size_.fetch_add(line.size(), std::memory_order_relaxed);
    if (before < max_bytes && before + line.size() >= max_bytes &&
        ::getpid() == owner_) {
      PutAside();
    }
  }

 private:
  // What cannot be renamed stays, and the log goes on in it. Whoever holds the
  // lock moves the log already.
  void PutAside() {
    const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return;
    const auto& [path, rotation, previous] = *place_.load();
    const auto old = [&path = path](u32 number) {
      return path + "." + std::to_string(number);
    };
    struct stat file {};
    ::fstat(fd_.get(), &file);
    for (u32 i = rotation.old_files; i > 1; --i) {
      std::rename(old(i - 1).c_str(), old(i).c_str());
    }
    if (rotation.old_files == 0) {
      ::unlink(path.c_str());
    } else {
      std::rename(path.c_str(), old(1).c_str());
    }
    const UniqueFd fresh = OpenLog(path);
    if (fresh.valid()) {
      for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
        if (IsSameFile(fd, file)) ::dup2(fresh.get(), fd);
      }
      ::dup3(fresh.get(), fd_.get(), O_CLOEXEC);
    }
    size_.store(0, std::memory_order_relaxed);
  }

  // Constant after construction.
  const UniqueFd fd_;
  const pid_t owner_;
  // Keeps those of parent processes reachable, for leak checkers.
  [[maybe_unused]] const FileLogSink* const parents_;

  std::mutex mutex_;  // held while the descriptor moves
  std::atomic<const Place*> place_{nullptr};
  std::atomic<u64> size_{0};
};

// That of this process, or of the one it was forked from. Never freed, as the
// contract of SetLogFile says.
std::atomic<FileLogSink*> g_file{nullptr};
// What CloseLogFile goes back to.
std::atomic<LogSink*> g_before{nullptr};

}  // namespace

Status SetLogFile(const std::string& path, LogRotation rotation) {
  UniqueFd fd = OpenLog(path);
  if (!fd.valid()) return Status::FromErrno(errno, "log file " + path);
  FileLogSink* file = g_file.load();
  const int number = fd.get();
  if (file == nullptr || file->owner() != ::getpid()) {
    file = std::make_unique<FileLogSink>(std::move(fd), file).release();
    g_file.store(file);
  }
  file->Move(number, path, rotation);
  LogSink* const before = internal::ExchangeLogSink(file);
  if (before != file) g_before.store(before);
  return Status();
}

void CloseLogFile() {
  FileLogSink* const file = g_file.load();
  if (file == nullptr || file->owner() != ::getpid()) return;
  if (!internal::ReplaceLogSink(file, g_before.load())) return;
  file->Leave();
}

Status SetLogFile(const std::string& path) {
  return SetLogFile(path, LogRotation());
}

int LogFileDescriptor() {
  const FileLogSink* const file = g_file.load();
  return file == nullptr ? -1 : file->fd();
}

}  // namespace chi
