// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Finds and loads modules. Module "chimaera_bdev" is the shared library
// libchimaera_bdev_runtime.so in the first directory that has it, of
//   1. the paths of the configuration,
//   2. CHI_REPO_PATH, separated by colons,
//   3. the directory of libchimaera itself,
//   4. LD_LIBRARY_PATH.
// A module file belongs to root or to the user who runs the runtime, and
// nobody else may write it; its stamp is read before any of its functions is
// called. A module that was loaded stays loaded, also when its last pool goes,
// until it is unloaded (PoolManager::UnloadModule knows when that may be).

#ifndef CHIMAERA_CORE_MODULE_MANAGER_H_
#define CHIMAERA_CORE_MODULE_MANAGER_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/thread_annotations.h"
#include "chimaera/core/config.h"
#include "chimaera/core/container.h"

namespace chi {

/// The functions that a module exports, see module_entry.h.
using AllocChimodFn = Container* (*)();
using NewChimodFn = Container* (*)(const PoolId*, const char* pool_name);
using GetChimodNameFn = const char* (*)();
using DestroyChimodFn = void (*)(Container*);
using ReadParametersFn = void (*)(const PoolConfig*, std::string* settings,
                                  Status*);

/// A container and the function of its module that frees it.
using ContainerPtr = std::unique_ptr<Container, DestroyChimodFn>;

class SharedLibrary;

/// One loaded module. Immutable; safe from any thread.
class Module {
 public:
  /// Of a library that stays loaded whoever has it, or of the program.
  Module(std::string name, std::string path, AllocChimodFn alloc,
         DestroyChimodFn destroy);
  Module(std::string name, std::string path,
         std::unique_ptr<SharedLibrary> library, AllocChimodFn alloc,
         DestroyChimodFn destroy, ReadParametersFn read_parameters);
  /// Leaves the library in memory.
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  const std::string& name() const { return name_; }
  /// The file it was loaded from.
  const std::string& path() const { return path_; }

  /// A container with its methods, not yet initialised. Runs the module's
  /// constructor: kModuleException with its text if that throws.
  Result<ContainerPtr> NewContainer() const;

  /// What a compose entry's own keys mean: those that its parameters have once
  /// they were read, as YAML, sorted, so that entries which say the same give
  /// the same text. Of a module that cannot write its parameters, the entry's
  /// keys as they stand. Errors of the module, most often kBadRequest.
  Result<std::string> ReadParameters(const PoolConfig& config) const;

  /// Tasks that its code made inside the runtime and does not wait for, which
  /// are not over. Each is freed by a function of the module.
  u64 num_uses() const;

 private:
  friend class ModuleManager;
  /// See ModuleManager::Unload. Nothing else may be called afterwards.
  bool Unload();

  // Constant after construction.
  const std::string name_;
  const std::string path_;
  const AllocChimodFn alloc_;
  const DestroyChimodFn destroy_;
  const ReadParametersFn read_parameters_ = nullptr;
  std::unique_ptr<SharedLibrary> library_;  // null: nothing to unload
};

/// Whether the file at `path` holds the module `name` and fits this runtime.
/// It is opened and closed again: its initialisers run, none of its functions.
/// Errors as of ModuleManager::Find.
Status CheckModuleFile(std::string_view name, const std::string& path);

/// Safe from any thread.
class ModuleManager {
 public:
  /// `paths` are directories to search before all others.
  explicit ModuleManager(std::vector<std::string> paths = {});
  ModuleManager(const ModuleManager&) = delete;
  ModuleManager& operator=(const ModuleManager&) = delete;

  /// The module called `name`, loaded if it is not yet; it lives until it is
  /// unloaded, and no longer than this object. Reads files and runs the
  /// library's initialisers, so it takes milliseconds. Errors name the path and
  /// the reason and change nothing: kBadRequest (no name of a module),
  /// kNotFound (lists the directories), kPermissionDenied (whose file),
  /// kVersionMismatch (the stamp), kIo (no usable shared library).
  Result<const Module*> Find(std::string_view name);

  /// The module called `name` if it is loaded already, else null.
  const Module* GetChiMod(std::string_view name) const;

  /// Takes the module out of memory; the next Find reads its file again.
  /// Whether its code is gone: see SharedLibrary::Unload for what keeps it;
  /// then the next Find gives the same code again. kNotFound: it is not loaded.
  /// REQUIRES: no container of it is left, num_uses() is 0, and nobody calls
  /// Find for it meanwhile.
  Result<bool> Unload(std::string_view name);

  /// The loaded modules by name.
  std::vector<const Module*> List() const;

  /// The directories that Find searches, in order, each once.
  const std::vector<std::string>& directories() const { return directories_; }

 private:
  // Constant after construction.
  std::vector<std::string> directories_;

  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<Module>, std::less<>> modules_
      CHI_GUARDED_BY(mutex_);
};

}  // namespace chi

#endif  // CHIMAERA_CORE_MODULE_MANAGER_H_
