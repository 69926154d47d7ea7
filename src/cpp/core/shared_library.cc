// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// dlopen and its checks.

#include "core/shared_library.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "chimaera/base/format.h"
#include "chimaera/base/mutex.h"
#include "chimaera/base/status.h"
#include "chimaera/base/unique_fd.h"

namespace chi {
namespace {

constexpr int kOwnClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

bool ReadAt(int fd, u64 offset, void* out, u64 size) {
  return pread(fd, out, size, static_cast<off_t>(offset)) ==
         static_cast<ssize_t>(size);
}

// Whoever may write the file, or may put another one in its place, decides
// what the runtime runs. In a sticky directory only owners replace files.
Status CheckFile(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
      return Status::NotFound(path + ": no such file");
    }
    return Status::FromErrno(error, path);
  }
  if (!S_ISREG(file.st_mode)) {
    return Status::BadRequest(path + ": is no regular file");
  }
  if (file.st_uid != 0 && file.st_uid != geteuid()) {
    return Status::PermissionDenied(
        Format("{}: belongs to user {}; modules must belong to root or to the "
               "runtime's user {}",
               path, file.st_uid, geteuid()));
  }
  if ((file.st_mode & S_IWOTH) != 0) {
    return Status::PermissionDenied(path + ": may be written by everybody");
  }
  struct stat directory {};
  const std::string parent = path.substr(0, path.rfind('/') + 1);
  if (stat(parent.empty() ? "." : parent.c_str(), &directory) != 0) {
    return Status::FromErrno(errno, parent);
  }
  if ((directory.st_mode & S_IWOTH) != 0 &&
      (directory.st_mode & S_ISVTX) == 0) {
    return Status::PermissionDenied(
        Format("{}: its directory may be written by everybody", path));
  }
  return Status();
}

// The loader maps what the program headers promise without a look at the
// file's length, and a page behind its end is a SIGBUS: a copy that was cut
// short must be noticed before.
Status CheckLength(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat file {};
  if (!fd.valid() || fstat(fd.get(), &file) != 0) {
    return Status::FromErrno(errno, path);
  }
  const u64 length = static_cast<u64>(file.st_size);
  ElfW(Ehdr) header{};
  const Status foreign =
      Status::Io(path + ": is no shared library of this kind of machine");
  if (!ReadAt(fd.get(), 0, &header, sizeof(header)) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != kOwnClass ||
      header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_type != ET_DYN) {
    return foreign;
  }
  for (u32 i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment{};
    if (!ReadAt(fd.get(), header.e_phoff + i * sizeof(segment), &segment,
                sizeof(segment)) ||
        segment.p_filesz > length ||
        segment.p_offset > length - segment.p_filesz) {
      return Status::Io(Format("{}: is cut short at {} bytes", path, length));
    }
  }
  return Status();
}

// How often each library was kept loaded.
struct Kept {
  Mutex mutex;
  std::map<void*, u64> handles CHI_GUARDED_BY(mutex);
};

Kept& AllKept() {
  // Never destroyed: it is used at the end of the process.
  static Kept* const kept = std::make_unique<Kept>().release();
  return *kept;
}

}  // namespace

Result<SharedLibrary> SharedLibrary::Open(const std::string& path) {
  CHI_RETURN_IF_ERROR(CheckFile(path));
  CHI_RETURN_IF_ERROR(CheckLength(path));
  // Local: two modules may define the same names. Now: a missing function is
  // an error here and not a crash in the middle of a task.
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = dlerror();
    // Most of dlerror's texts begin with the path already.
    const std::string text = why == nullptr ? "dlopen failed" : why;
    return Status::Io(text.rfind(path, 0) == 0 ? text : path + ": " + text);
  }
  return SharedLibrary(handle);
}

SharedLibrary::~SharedLibrary() {
  if (handle_ != nullptr) dlclose(handle_);
}

void SharedLibrary::KeepLoaded() {
  Kept& kept = AllKept();
  const MutexLock lock(kept.mutex);
  ++kept.handles[std::exchange(handle_, nullptr)];
}

bool SharedLibrary::Unload() {
  void* const handle = std::exchange(handle_, nullptr);
  u64 times = 1;
  {
    Kept& kept = AllKept();
    const MutexLock lock(kept.mutex);
    const auto found = kept.handles.find(handle);
    if (found != kept.handles.end()) {
      times += found->second;
      kept.handles.erase(found);
    }
  }
  link_map* map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) return false;
  const std::string path = map->l_name;
  for (; times > 0; --times) dlclose(handle);
  void* const still = dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (still != nullptr) dlclose(still);
  return still == nullptr;
}

SharedLibrary::Symbol SharedLibrary::Find(const char* name) const {
  void* address = dlsym(handle_, name);
  if (address == nullptr) return {};
  // dlsym searches the libraries that this one links as well.
  link_map* own = nullptr;
  link_map* definer = nullptr;
  const ElfW(Sym)* entry = nullptr;
  Dl_info info{};
  if (dlinfo(handle_, RTLD_DI_LINKMAP, &own) != 0) return {};
  if (dladdr1(address, &info, reinterpret_cast<void**>(&definer),
              RTLD_DL_LINKMAP) == 0 ||
      definer != own) {
    return {};
  }
  if (dladdr1(address, &info,
              const_cast<void**>(reinterpret_cast<const void**>(&entry)),
              RTLD_DL_SYMENT) == 0 ||
      entry == nullptr) {
    return {};
  }
  return {address, entry->st_size};
}

}  // namespace chi
