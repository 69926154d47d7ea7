// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// dlopen and its checks.

#include "core/shared_library.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "chimaera/base/format.h"
#include "chimaera/base/status.h"
#include "chimaera/core/module_call.h"

namespace chi {
namespace {

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

}  // namespace

Result<SharedLibrary> SharedLibrary::Open(const std::string& path) {
  CHI_RETURN_IF_ERROR(CheckFile(path));
  void* handle = nullptr;
  // Local: two modules may define the same names. Now: a missing function is
  // an error here and not a crash in the middle of a task.
  CHI_RETURN_IF_ERROR(CallModule(path + ": initialiser", [&] {
    handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  }));
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
