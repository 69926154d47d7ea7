// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See runtime_dir.h. Everything after the first open goes through the
// directory's descriptor, so that a path swapped meanwhile changes nothing.

#include "chimaera/ipc/runtime_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/base/log.h"
#include "chimaera/ipc/control.h"

namespace chi {

namespace {

constexpr char kLockName[] = "lock";
constexpr size_t kMaxNameLength = 64;
// Times that a directory or lock may vanish under us, because another runtime
// is giving it up, before we stop trying.
constexpr int kMaxClaimTries = 16;
// For the holder of a lock to write its pid behind it: tries of 1 ms each.
constexpr int kMaxPidTries = 100;
// Entries of a folder that are looked at when cleaning up.
constexpr size_t kMaxSweep = 256;
// A private directory without a lock is younger than this, or abandoned.
constexpr time_t kPrivateGraceS = 60;

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

/// Names in the folder, "." and ".." left out, at most kMaxSweep.
std::vector<std::string> ListFolder(int dir_fd) {
  std::vector<std::string> names;
  // Its own open file, so that the position is not shared with `dir_fd`.
  const int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return names;
  const std::unique_ptr<DIR, CloseDir> dir(fdopendir(fd));
  if (dir == nullptr) {
    close(fd);
    return names;
  }
  while (names.size() < kMaxSweep) {
    const dirent* entry = readdir(dir.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

/// "must be a directory of this user that nobody else can enter", or OK.
Status CheckOwned(const struct stat& info, const std::string& path) {
  if (S_ISLNK(info.st_mode)) {
    return Status::PermissionDenied(
        Format("{} is a symbolic link; a real directory is needed", path));
  }
  if (!S_ISDIR(info.st_mode)) {
    return Status::PermissionDenied(Format("{} is not a directory", path));
  }
  if (info.st_uid != geteuid()) {
    return Status::PermissionDenied(Format(
        "{} belongs to user {}, not to user {}", path, info.st_uid, geteuid()));
  }
  if ((info.st_mode & 077) != 0) {
    char mode[8];
    snprintf(mode, sizeof(mode), "%04o", info.st_mode & 07777u);
    return Status::PermissionDenied(
        Format("{} has mode {}: others can enter; `chmod 700` it", path, mode));
  }
  return Status::Ok();
}

/// Makes `path` if missing, checks it, opens it. `*made` tells which.
Result<UniqueFd> OpenOwned(const std::string& path, bool* made) {
  *made = mkdir(path.c_str(), 0700) == 0;
  if (!*made && errno != EEXIST) {
    return Status::FromErrno(errno, Format("mkdir {}", path));
  }
  UniqueFd fd(
      open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info;
  if (!fd.valid()) {
    const int error = errno;
    // Say what is in the way rather than "Not a directory".
    if (lstat(path.c_str(), &info) == 0) {
      CHI_RETURN_IF_ERROR(CheckOwned(info, path));
    }
    return Status::FromErrno(error, Format("open {}", path));
  }
  if (fstat(fd.get(), &info) != 0) {
    return Status::FromErrno(errno, Format("fstat {}", path));
  }
  CHI_RETURN_IF_ERROR(CheckOwned(info, path));
  return fd;
}

Status CheckName(std::string_view name) {
  const bool possible =
      name.size() <= kMaxNameLength && name.front() != '.' &&
      std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
      });
  if (possible) return Status::Ok();
  return Status::BadRequest(
      Format("\"{}\" cannot name a runtime: up to {} letters, digits, '-', "
             "'_' and '.', the first no '.'",
             name, kMaxNameLength));
}

bool IsOwnFolder(const char* path) {
  struct stat info;
  return path[0] == '/' && stat(path, &info) == 0 && S_ISDIR(info.st_mode) &&
         info.st_uid == geteuid();
}

/// Where a name leads, and the folder above that may have to be made first
/// (empty if that is none of ours).
struct Place {
  std::string path;
  std::string parent;
};

Result<Place> PlaceOf(std::string_view name_or_path) {
  const std::string name(name_or_path);
  if (name.find('/') != std::string::npos) return Place{name, ""};
  if (!name.empty()) CHI_RETURN_IF_ERROR(CheckName(name));
  std::string base;
  if (const char* dir = getenv("CHI_RUNTIME_DIR"); dir != nullptr && *dir) {
    base = dir;
  } else if (const char* xdg = getenv("XDG_RUNTIME_DIR");
             xdg != nullptr && IsOwnFolder(xdg)) {
    base = std::string(xdg) + "/chimaera";
    return Place{name.empty() ? base : base + "-" + name, ""};
  } else {
    base = Format("/tmp/chimaera-{}", geteuid());
  }
  if (name.empty()) return Place{base, ""};
  return Place{base + "/" + name, base};
}

/// Makes and checks the folder above, where there is one of ours.
Status PrepareParent(const Place& place) {
  if (place.parent.empty()) return Status::Ok();
  bool made;
  return OpenOwned(place.parent, &made).status();
}

/// The pid that the holder of the lock has written, 0 if it has not.
int ReadHolder(int lock_fd) {
  char text[24] = {};
  const ssize_t got = pread(lock_fd, text, sizeof(text) - 1, 0);
  return got <= 0 ? 0 : atoi(text);
}

Status HeldByOther(const std::string& path, int lock_fd) {
  int pid = ReadHolder(lock_fd);
  for (int i = 0; pid == 0 && i < kMaxPidTries; ++i) {
    const timespec millisecond = {0, static_cast<long>(kNsPerMs)};
    nanosleep(&millisecond, nullptr);
    pid = ReadHolder(lock_fd);
  }
  return Status::AlreadyExists(
      Format("runtime of pid {} already holds {}",
             pid == 0 ? std::string("unknown") : std::to_string(pid), path));
}

/// Whether `lock_fd` is still the file called "lock" in the folder.
bool IsCurrentLock(int dir_fd, int lock_fd) {
  struct stat ours;
  struct stat named;
  return fstat(lock_fd, &ours) == 0 &&
         fstatat(dir_fd, kLockName, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/// Takes the lock of the folder. An invalid descriptor: it vanished, try again.
Result<UniqueFd> TakeLock(int dir_fd, const std::string& path) {
  UniqueFd lock(openat(dir_fd, kLockName,
                       O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) {
    if (errno == ENOENT) return lock;  // the folder was removed
    return Status::FromErrno(errno, Format("open {}/{}", path, kLockName));
  }
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return Status::FromErrno(errno, Format("flock {}/{}", path, kLockName));
    }
    // Its holder may be about to give the folder up; then the file is gone.
    if (!IsCurrentLock(dir_fd, lock.get())) return UniqueFd();
    return HeldByOther(path, lock.get());
  }
  if (!IsCurrentLock(dir_fd, lock.get())) return UniqueFd();
  const std::string pid = Format("{}\n", getpid());
  if (ftruncate(lock.get(), 0) != 0 ||
      pwrite(lock.get(), pid.data(), pid.size(), 0) !=
          static_cast<ssize_t>(pid.size())) {
    return Status::FromErrno(errno, Format("write {}/{}", path, kLockName));
  }
  return lock;
}

/// Removes a folder of ours and the plain entries in it. Folders in it, which
/// we never make, stay, and so does it then.
void RemoveWithEntries(int dir_fd, const std::string& path) {
  for (const std::string& name : ListFolder(dir_fd)) {
    unlinkat(dir_fd, name.c_str(), 0);
  }
  rmdir(path.c_str());
}

}  // namespace

RuntimeDir::RuntimeDir(std::string path, UniqueFd dir, UniqueFd lock, bool made,
                       bool remove_all)
    : path_(std::move(path)),
      dir_(std::move(dir)),
      lock_(std::move(lock)),
      owner_pid_(getpid()),
      made_(made),
      remove_all_(remove_all) {}

RuntimeDir::RuntimeDir(RuntimeDir&& other) noexcept = default;

RuntimeDir& RuntimeDir::operator=(RuntimeDir&& other) noexcept {
  if (this != &other) {
    GiveUp();
    path_ = std::move(other.path_);
    dir_ = std::move(other.dir_);
    lock_ = std::move(other.lock_);
    owner_pid_ = other.owner_pid_;
    made_ = other.made_;
    remove_all_ = other.remove_all_;
  }
  return *this;
}

RuntimeDir::~RuntimeDir() { GiveUp(); }

void RuntimeDir::GiveUp() {
  if (!lock_.valid() || getpid() != owner_pid_) return;
  if (remove_all_) {
    RemoveWithEntries(dir_.get(), path_);
  } else {
    unlinkat(dir_.get(), kControlSocketName, 0);
    // Under the lock: who opens a new file of this name takes a new lock, and
    // who waits on this one finds that it is no longer the current one.
    unlinkat(dir_.get(), kLockName, 0);
    if (made_) rmdir(path_.c_str());  // stays if a log is in it
  }
  lock_.Reset();
  dir_.Reset();
}

Result<RuntimeDir> RuntimeDir::ClaimPath(const std::string& path,
                                         bool remove_all) {
  for (int i = 0; i < kMaxClaimTries; ++i) {
    bool made = false;
    CHI_ASSIGN_OR_RETURN(UniqueFd dir, OpenOwned(path, &made));
    CHI_ASSIGN_OR_RETURN(UniqueFd lock, TakeLock(dir.get(), path));
    if (!lock.valid()) continue;
    if (unlinkat(dir.get(), kControlSocketName, 0) != 0 && errno != ENOENT) {
      return Status::FromErrno(
          errno, Format("remove stale {}/{}", path, kControlSocketName));
    }
    return RuntimeDir(path, std::move(dir), std::move(lock), made, remove_all);
  }
  return Status::Io(Format("{} vanished {} times", path, kMaxClaimTries));
}

Result<RuntimeDir> RuntimeDir::Claim(std::string_view name_or_path) {
  CHI_ASSIGN_OR_RETURN(const Place place, PlaceOf(name_or_path));
  CHI_RETURN_IF_ERROR(PrepareParent(place));
  return ClaimPath(place.path, false);
}

Result<std::string> RuntimeDir::Locate(std::string_view name_or_path) {
  CHI_ASSIGN_OR_RETURN(Place place, PlaceOf(name_or_path));
  return std::move(place.path);
}

Status RuntimeDir::CheckForClient(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) == 0) return CheckOwned(info, path);
  if (errno == ENOENT) {
    return Status::NoRuntime(Format(
        "{} does not exist; start a runtime with `chimaera start`", path));
  }
  if (errno == EACCES) {
    return Status::PermissionDenied(Format("{} is not accessible", path));
  }
  return Status::FromErrno(errno, path);
}

void RuntimeDir::RemoveAbandoned(const std::string& base) {
  UniqueFd base_fd(open(base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!base_fd.valid()) return;
  for (const std::string& name : ListFolder(base_fd.get())) {
    UniqueFd dir(openat(base_fd.get(), name.c_str(),
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat info;
    if (!dir.valid() || fstat(dir.get(), &info) != 0 ||
        info.st_uid != geteuid()) {
      continue;
    }
    // Whoever lives holds its lock. One that is between making the folder and
    // locking it loses it to us here and makes another (see Private).
    const UniqueFd lock(
        openat(dir.get(), kLockName, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    const bool abandoned = lock.valid()
                               ? flock(lock.get(), LOCK_EX | LOCK_NB) == 0
                               : time(nullptr) - info.st_mtime > kPrivateGraceS;
    if (abandoned) RemoveWithEntries(dir.get(), base + "/" + name);
  }
}

Result<RuntimeDir> RuntimeDir::Private() {
  CHI_ASSIGN_OR_RETURN(const Place place, PlaceOf("private"));
  CHI_RETURN_IF_ERROR(PrepareParent(place));
  for (int i = 0; i < kMaxClaimTries; ++i) {
    bool made;
    CHI_RETURN_IF_ERROR(OpenOwned(place.path, &made).status());
    RemoveAbandoned(place.path);
    std::string path = Format("{}/{}-XXXXXX", place.path, getpid());
    if (mkdtemp(path.data()) == nullptr) {
      if (errno == ENOENT) continue;
      return Status::FromErrno(errno, Format("mkdtemp {}", path));
    }
    Result<RuntimeDir> claimed = ClaimPath(path, true);
    if (claimed.ok() || claimed.status().code() != StatusCode::kAlreadyExists) {
      return claimed;
    }
  }
  return Status::Io(Format("{}: no private directory in {} tries", place.path,
                           kMaxClaimTries));
}

}  // namespace chi
