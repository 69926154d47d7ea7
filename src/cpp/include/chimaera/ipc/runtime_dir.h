// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The directory in which a runtime and its clients meet. It belongs to one
// user (mode 0700, owner checked, never through a symbolic link) and to one
// runtime at a time (an flock on `lock`, held for the runtime's life, so that
// nothing stale has to be judged: who gets the lock may clean up).

#ifndef CHIMAERA_IPC_RUNTIME_DIR_H_
#define CHIMAERA_IPC_RUNTIME_DIR_H_

#include <string>
#include <string_view>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"

namespace chi {

/// Holds a runtime directory. Move-only. The destructor gives it up: removes
/// the socket and the lock file, and the directory if it made it and nothing
/// else is left in it.
class RuntimeDir {
 public:
  /// Takes the directory for this process, making it if missing.
  /// `name_or_path`: empty for the default, a name for one beside it, or a path
  /// (whatever holds a '/').
  /// Returns kAlreadyExists naming the pid that holds it, kPermissionDenied
  /// naming the path and what is wrong with it, kBadRequest for a name that
  /// cannot be one, kIo for the rest.
  static Result<RuntimeDir> Claim(std::string_view name_or_path);

  /// A directory of its own for a runtime embedded in this process, removed
  /// with all it holds when given up. Also removes those that killed
  /// processes of this user have left behind.
  static Result<RuntimeDir> Private();

  /// Where Claim(name_or_path) would go; makes and checks nothing.
  ///   $CHI_RUNTIME_DIR            with a name: a folder of that name in it
  ///   $XDG_RUNTIME_DIR/chimaera   with a name: `chimaera-<name>`; only if
  ///                               it is a directory of this user
  ///   `/tmp/chimaera-<uid>`       with a name: a folder of that name in it
  static Result<std::string> Locate(std::string_view name_or_path);

  /// For a client: kNoRuntime if `path` is missing, kPermissionDenied if it is
  /// not a directory that only this user can write.
  static Status CheckForClient(const std::string& path);

  RuntimeDir(RuntimeDir&& other) noexcept;
  RuntimeDir& operator=(RuntimeDir&& other) noexcept;
  RuntimeDir(const RuntimeDir&) = delete;
  RuntimeDir& operator=(const RuntimeDir&) = delete;
  ~RuntimeDir();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  RuntimeDir(std::string path, UniqueFd dir, UniqueFd lock, bool made,
             bool remove_all);
  static Result<RuntimeDir> ClaimPath(const std::string& path, bool remove_all);
  static void RemoveAbandoned(const std::string& base);
  void GiveUp();

  std::string path_;
  UniqueFd dir_;
  UniqueFd lock_;
  // The process that claimed it: a forked child has copies of the descriptors
  // and must not remove its parent's files.
  int owner_pid_ = 0;
  bool made_ = false;
  bool remove_all_ = false;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_RUNTIME_DIR_H_
