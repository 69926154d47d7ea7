// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A file is made under a name of its own, "<path>.new", and renamed when it is
// whole: what has the real name can always be opened.

#include "format/block_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

#include "chimaera/base/format.h"
#include "chimaera/sched/worker.h"
#include "format/layout.h"
#include "format/recovery.h"

namespace chimaera::bdev {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u64;
using chi::UniqueFd;

namespace {

// A process that was killed keeps its files until the kernel is done with what
// it had asked for. Beyond that the lock is somebody's whom nobody can name.
constexpr std::chrono::seconds kAfterlife{5};
constexpr u64 kBetweenLooksNs = 1'000'000;

// One allocation of a whole terabyte could not be interrupted, and would hold
// the worker up.
constexpr u64 kAllocationStep = 64 * chi::kMiB;

// Not one that has ended, reaped or not: the lock may name it all the same.
bool IsAlive(long pid) {
  std::ifstream file(Format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  // "42 (name) S ..."; the name may hold anything.
  const std::string::size_type name_end = line.rfind(") ");
  if (name_end == std::string::npos) return false;
  const char state = line.c_str()[name_end + 2];
  return state != 'Z' && state != 'X';
}

// " by process 42", as far as the system tells; processes of another pid
// namespace have no number here.
std::string NameHolder(int fd) {
  struct stat about = {};
  if (::fstat(fd, &about) != 0) return "";
  char wanted[64];
  std::snprintf(wanted, sizeof(wanted), "%02x:%02x:%llu", major(about.st_dev),
                minor(about.st_dev),
                static_cast<unsigned long long>(about.st_ino));
  std::ifstream locks("/proc/locks");
  std::string line;
  while (std::getline(locks, line)) {
    std::istringstream words(line);
    std::string number, kind, mode, access, file;
    long pid = 0;
    words >> number >> kind >> mode >> access >> pid >> file;
    if (kind == "FLOCK" && file == wanted && pid > 0 && IsAlive(pid)) {
      return Format(" by process {}", pid);
    }
  }
  return "";
}

Status Lock(int fd, int how, const std::string& path) {
  const auto deadline = std::chrono::steady_clock::now() + kAfterlife;
  while (::flock(fd, how | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return Status::FromErrno(errno, Format("flock {}", path));
    }
    const std::string holder = NameHolder(fd);
    if (!holder.empty() || std::chrono::steady_clock::now() >= deadline) {
      return Status::AlreadyExists(Format("{} is in use{}", path, holder));
    }
    chi::this_task::SleepFor(kBetweenLooksNs);
  }
  return Status();
}

// What ends the task, if it has ended meanwhile.
Status LetOthersRun() {
  try {
    chi::this_task::Yield();
  } catch (const chi::StatusError& error) {
    return error.status();
  }
  return Status();
}

Status Allocate(int fd, u64 size, const std::string& path) {
  // Asked first, or a hopeless request would fill the disk for a while.
  struct statvfs space = {};
  if (::fstatvfs(fd, &space) != 0) return Status::FromErrno(errno, path);
  const u64 free_bytes = u64{space.f_bavail} * space.f_frsize;
  if (free_bytes < size) {
    return Status::NoSpace(Format("{}: {} bytes wanted, {} free on the disk",
                                  path, size, free_bytes));
  }
  for (u64 at = 0; at < size; at += kAllocationStep) {
    CHI_RETURN_IF_ERROR(LetOthersRun());
    const u64 length = std::min(kAllocationStep, size - at);
    const int error = ::posix_fallocate(fd, static_cast<off_t>(at),
                                        static_cast<off_t>(length));
    if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
      return Status::NoSpace(Format("{}: no room for {} bytes", path, size));
    }
    if (error != 0) {
      return Status::FromErrno(error, Format("allocate {}", path));
    }
  }
  return Status();
}

// A new name is on disk once its directory is.
Status SyncDirectory(const std::string& path, const FileCalls& calls) {
  const std::string::size_type slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                             : path.substr(0, slash);
  const UniqueFd fd(
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Status::FromErrno(errno, directory);
  if (calls.fsync(fd.get()) == 0) return Status();
  return Status::FromErrno(errno, Format("fsync {}", directory));
}

// The unfinished file, locked and empty. One that a crash left is taken over.
Result<UniqueFd> TakeUnfinished(const std::string& name) {
  UniqueFd fd(
      ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return Status::FromErrno(errno, name);
  CHI_RETURN_IF_ERROR(Lock(fd.get(), LOCK_EX, name));
  struct stat held = {};
  struct stat named = {};
  if (::fstat(fd.get(), &held) != 0) return Status::FromErrno(errno, name);
  const bool same = ::lstat(name.c_str(), &named) == 0 &&
                    named.st_ino == held.st_ino && named.st_dev == held.st_dev;
  if (!same || !S_ISREG(held.st_mode) || held.st_nlink != 1) {
    // Somebody finished it between our open and our lock.
    return Status::AlreadyExists(Format("{} is being made", name));
  }
  if (::ftruncate(fd.get(), 0) != 0) return Status::FromErrno(errno, name);
  return fd;
}

Status Fill(int fd, const std::string& path, const Geometry& geometry,
            chi::Random& random, const FileCalls& calls) {
  CHI_RETURN_IF_ERROR(Allocate(fd, geometry.FileSize(), path));
  CHI_ASSIGN_OR_RETURN(const std::unique_ptr<PosixIo> io,
                       PosixIo::Make(fd, path, calls));
  CHI_RETURN_IF_ERROR(FormatDevice(*io, geometry, random.Next()));
  if (calls.fsync(fd) == 0) return Status();
  return Status::FromErrno(errno, Format("fsync {}", path));
}

// Atomic, and never over a file that exists.
Status Publish(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                  RENAME_NOREPLACE) == 0) {
    return Status();
  }
  if (errno == EEXIST) return Status::AlreadyExists(Format("{} exists", to));
  return Status::FromErrno(errno, Format("rename {} to {}", from, to));
}

}  // namespace

Result<BlockFile> BlockFile::Create(const std::string& path, u64 data_size,
                                    chi::Random& random,
                                    const FileCalls& calls) {
  if (data_size == 0 || data_size > kMaxDataSize) {
    return Status::BadRequest(
        Format("{}: a device of {} bytes", path, data_size));
  }
  if (::access(path.c_str(), F_OK) == 0) {
    return Status::AlreadyExists(Format("{} exists", path));
  }
  const std::string unfinished = path + ".new";
  CHI_ASSIGN_OR_RETURN(UniqueFd fd, TakeUnfinished(unfinished));
  const Geometry geometry = Geometry::For(data_size);
  Status status = Fill(fd.get(), path, geometry, random, calls);
  if (status.ok()) status = Publish(unfinished, path);
  if (!status.ok()) {
    ::unlink(unfinished.c_str());
    return status;
  }
  CHI_RETURN_IF_ERROR(SyncDirectory(path, calls));
  CHI_ASSIGN_OR_RETURN(std::unique_ptr<PosixIo> io,
                       PosixIo::Make(fd.get(), path, calls));
  return BlockFile(path, std::move(fd), std::move(io));
}

Result<BlockFile> BlockFile::Open(const std::string& path, FileUse use,
                                  const FileCalls& calls) {
  const bool reads = use == FileUse::kReadOnly;
  // Never waits for whoever would open the other end of a pipe.
  UniqueFd fd(::open(path.c_str(),
                     (reads ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid() && errno == ENOENT) {
    return Status::NotFound(Format("there is no file {}", path));
  }
  if (!fd.valid()) return Status::FromErrno(errno, path);
  struct stat about = {};
  if (::fstat(fd.get(), &about) != 0) return Status::FromErrno(errno, path);
  if (!S_ISREG(about.st_mode)) {
    return Status::BadRequest(Format("{} is no ordinary file", path));
  }
  CHI_RETURN_IF_ERROR(Lock(fd.get(), reads ? LOCK_SH : LOCK_EX, path));
  CHI_ASSIGN_OR_RETURN(std::unique_ptr<PosixIo> io,
                       PosixIo::Make(fd.get(), path, calls));
  return BlockFile(path, std::move(fd), std::move(io));
}

}  // namespace chimaera::bdev
