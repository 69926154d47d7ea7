// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A shared library, opened with care: whose file it is, that a symbol is its
// own and not that of a library it links, and how large an object is.

#ifndef CHIMAERA_CORE_SHARED_LIBRARY_H_
#define CHIMAERA_CORE_SHARED_LIBRARY_H_

#include <string>
#include <utility>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"

namespace chi {

/// Closes the library when destroyed, unless KeepLoaded was called. Move-only.
/// Libraries are counted: what is opened twice is there until it is closed
/// twice, and not even then if it is of a kind that the loader never closes.
class SharedLibrary {
 public:
  struct Symbol {
    void* address = nullptr;  ///< Null if the library has no such symbol.
    u64 size = 0;             ///< Bytes, as the symbol table says.
  };

  /// Runs the library's initialisers; one that throws ends the process.
  /// Errors name `path`: kNotFound; kIo if it is no shared library, was cut
  /// short or needs something that is not there; kPermissionDenied if it, or
  /// the directory it is in, may be written by all, or belongs to neither root
  /// nor the effective user; kBadRequest if it is no regular file.
  static Result<SharedLibrary> Open(const std::string& path);

  SharedLibrary(SharedLibrary&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)) {}
  SharedLibrary& operator=(SharedLibrary&&) = delete;
  ~SharedLibrary();

  /// The symbol `name` that this library itself defines.
  Symbol Find(const char* name) const;

  /// The library stays in memory, until another one of the same file is
  /// unloaded.
  void KeepLoaded();

  /// Closes it for everybody who has kept it loaded, too. Whether it is out of
  /// memory: not if somebody else has it open or links it, if it has symbols
  /// of which a process must have one (-fno-gnu-unique helps), or if a thread
  /// that lives has thread-local objects of it with destructors.
  bool Unload();

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}

  void* handle_;  // null: nothing to close
};

}  // namespace chi

#endif  // CHIMAERA_CORE_SHARED_LIBRARY_H_
