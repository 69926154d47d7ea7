// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Where modules are looked for, and what is asked of a file before it becomes
// one.

#include "chimaera/core/module_manager.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "chimaera/base/code_uses.h"
#include "chimaera/base/format.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/log.h"
#include "chimaera/core/compose.h"
#include "chimaera/core/exit_hook.h"
#include "chimaera/core/module_call.h"
#include "chimaera/core/module_entry.h"
#include "core/shared_library.h"

namespace chi {
namespace {

void AppendOnce(const std::string& directory, std::vector<std::string>* list) {
  if (directory.empty()) return;
  if (std::find(list->begin(), list->end(), directory) == list->end()) {
    list->push_back(directory);
  }
}

// Not in a process with more rights than its caller, who sets the variables.
void AppendFromEnvironment(const char* variable,
                           std::vector<std::string>* list) {
  const char* value = secure_getenv(variable);
  if (value == nullptr) return;
  std::string_view rest = value;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    AppendOnce(std::string(rest.substr(0, end)), list);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

// The directory of the library that this function is in.
std::string OwnDirectory() {
  static const char kAnchor = 0;
  Dl_info info{};
  if (dladdr(&kAnchor, &info) == 0 || info.dli_fname == nullptr) return {};
  // A program finds the library by its own place: "bin/../lib".
  std::error_code error;
  const auto folder = std::filesystem::canonical(
      std::filesystem::path(info.dli_fname).parent_path(), error);
  return error ? std::string() : folder.string();
}

Status CheckName(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
  if (!plain || name.empty() || name.size() >= ModuleStamp::kNameCapacity) {
    return Status::BadRequest(
        Format("'{}' is no name of a module: 1 to {} letters, digits and _",
               name.substr(0, ModuleStamp::kNameCapacity),
               ModuleStamp::kNameCapacity - 1));
  }
  return Status();
}

// Reads data only: nothing of the module's code runs.
Status CheckStamp(const SharedLibrary& library, std::string_view name,
                  const std::string& path) {
  constexpr u64 kFrozenBytes = offsetof(ModuleStamp, name);
  const SharedLibrary::Symbol symbol = library.Find("chi_module_stamp");
  ModuleStamp stamp;
  if (symbol.address == nullptr || symbol.size < kFrozenBytes) {
    return Status::VersionMismatch(
        Format("{}: has no chi_module_stamp; the source of a module ends with "
               "CHI_TASK_CC",
               path));
  }
  std::memcpy(static_cast<void*>(&stamp), symbol.address, kFrozenBytes);
  if (stamp.magic != ModuleStamp::kMagic) {
    return Status::VersionMismatch(
        path + ": its chi_module_stamp is not that of a module");
  }
  // A sanitizer makes the symbol larger than what it holds.
  if (stamp.abi_hash != ModuleAbiHash() || stamp.size != sizeof(stamp) ||
      symbol.size < sizeof(stamp)) {
    return Status::VersionMismatch(
        Format("{}: was built for ABI {} (revision {}), this runtime has {} "
               "(revision {}); build the module again",
               path, stamp.abi_hash, stamp.revision, ModuleAbiHash(),
               kModuleRevision));
  }
  std::memcpy(static_cast<void*>(&stamp), symbol.address, sizeof(stamp));
  const std::string_view stamped(stamp.name,
                                 strnlen(stamp.name, sizeof(stamp.name)));
  if (stamped != name) {
    return Status::BadRequest(
        Format("{}: holds the module '{}', not '{}'; chimod_lib_name and the "
               "name of the library must agree",
               path, stamped, name));
  }
  return Status();
}

Result<std::unique_ptr<Module>> Load(std::string_view name,
                                     const std::string& path) {
  CHI_ASSIGN_OR_RETURN(SharedLibrary library, SharedLibrary::Open(path));
  CHI_RETURN_IF_ERROR(CheckStamp(library, name, path));
  const SharedLibrary::Symbol alloc = library.Find("alloc_chimod");
  const SharedLibrary::Symbol destroy = library.Find("destroy_chimod");
  if (alloc.address == nullptr || destroy.address == nullptr) {
    return Status::VersionMismatch(
        Format("{}: has no {}", path,
               alloc.address == nullptr ? "alloc_chimod" : "destroy_chimod"));
  }
  // Older modules have none.
  const SharedLibrary::Symbol read = library.Find("chi_read_parameters");
  return std::make_unique<Module>(
      std::string(name), path,
      std::make_unique<SharedLibrary>(std::move(library)),
      reinterpret_cast<AllocChimodFn>(alloc.address),
      reinterpret_cast<DestroyChimodFn>(destroy.address),
      reinterpret_cast<ReadParametersFn>(read.address));
}

std::atomic<void (*)()> exit_hook{nullptr};

// The modules for which it is registered.
struct Hooked {
  Mutex mutex;
  std::set<AllocChimodFn> modules CHI_GUARDED_BY(mutex);
};

Hooked& AllHooked() {
  // Outlives every handler.
  static Hooked* const all = std::make_unique<Hooked>().release();
  return *all;
}

// The first container of a module has made what is static in it.
void RegisterExitHook(AllocChimodFn module) {
  const HeapScope heap;  // no pool's: it outlives them
  void (*const hook)() = exit_hook.load();
  if (hook == nullptr) return;
  Hooked& hooked = AllHooked();
  const MutexLock lock(hooked.mutex);
  if (hooked.modules.insert(module).second) std::atexit(hook);
}

// Loaded again, perhaps at the same place, it makes new static objects.
void ForgetExitHook(AllocChimodFn module) {
  Hooked& hooked = AllHooked();
  const MutexLock lock(hooked.mutex);
  hooked.modules.erase(module);
}

}  // namespace

void SetExitHook(void (*hook)()) { exit_hook = hook; }

Status CheckModuleFile(std::string_view name, const std::string& path) {
  const Result<SharedLibrary> library = SharedLibrary::Open(path);
  return library.ok() ? CheckStamp(*library, name, path) : library.status();
}

Module::Module(std::string name, std::string path, AllocChimodFn alloc,
               DestroyChimodFn destroy)
    : name_(std::move(name)),
      path_(std::move(path)),
      alloc_(alloc),
      destroy_(destroy) {}

Module::Module(std::string name, std::string path,
               std::unique_ptr<SharedLibrary> library, AllocChimodFn alloc,
               DestroyChimodFn destroy, ReadParametersFn read_parameters)
    : name_(std::move(name)),
      path_(std::move(path)),
      alloc_(alloc),
      destroy_(destroy),
      read_parameters_(read_parameters),
      library_(std::move(library)) {
  CodeUses::Watch(reinterpret_cast<const void*>(alloc_));
}

// At the end of the runtime, perhaps of the process: its static objects go
// with the process, in the order that the loader knows.
Module::~Module() {
  if (library_ == nullptr) return;
  CodeUses::Forget(reinterpret_cast<const void*>(alloc_));
  library_->KeepLoaded();
}

u64 Module::num_uses() const {
  return CodeUses::Num(reinterpret_cast<const void*>(alloc_));
}

bool Module::Unload() {
  CodeUses::Forget(reinterpret_cast<const void*>(alloc_));
  ForgetExitHook(alloc_);
  const bool gone = library_->Unload();
  library_.reset();
  return gone;
}

Result<ContainerPtr> Module::NewContainer() const {
  ContainerPtr container(nullptr, destroy_);
  CHI_RETURN_IF_ERROR(
      CallModule(name_ + ": constructor", [&] { container.reset(alloc_()); }));
  if (container == nullptr) {
    return Status::ModuleException(name_ + ": alloc_chimod gave no container");
  }
  RegisterExitHook(alloc_);
  return container;
}

Result<std::string> Module::ReadParameters(const PoolConfig& config) const {
  std::string settings = config.config_;
  if (read_parameters_ != nullptr) {
    Status status;
    CHI_RETURN_IF_ERROR(CallModule(Format("pool '{}'", config.pool_name_), [&] {
      read_parameters_(&config, &settings, &status);
    }));
    CHI_RETURN_IF_ERROR(status);
  }
  return OwnSettings(settings);
}

Result<bool> ModuleManager::Unload(std::string_view name) {
  std::unique_ptr<Module> module;
  {
    const MutexLock lock(mutex_);
    const auto found = modules_.find(name);
    if (found == modules_.end()) {
      return Status::NotFound(Format("module '{}' is not loaded", name));
    }
    module = std::move(found->second);
    modules_.erase(found);
  }
  // Without the lock: finalisers of the library run.
  const bool gone = module->Unload();
  CHI_LOG(kInfo, "module {} unloaded{}", name,
          gone ? "" : ", but its code stays in memory");
  return gone;
}

ModuleManager::ModuleManager(std::vector<std::string> paths) {
  for (const std::string& path : paths) AppendOnce(path, &directories_);
  AppendFromEnvironment("CHI_REPO_PATH", &directories_);
  AppendOnce(OwnDirectory(), &directories_);
  AppendFromEnvironment("LD_LIBRARY_PATH", &directories_);
}

Result<const Module*> ModuleManager::Find(std::string_view name) {
  if (const Module* module = GetChiMod(name)) return module;
  CHI_RETURN_IF_ERROR(CheckName(name));
  const std::string file = Format("/lib{}_runtime.so", name);
  std::string searched;
  for (const std::string& directory : directories_) {
    struct stat unused {};
    const std::string path = directory + file;
    if (lstat(path.c_str(), &unused) != 0) {
      searched += (searched.empty() ? "" : ", ") + directory;
      continue;
    }
    // Without the lock: initialisers of the library run. Of two threads that
    // load the same file, one finds the other's module and drops its own.
    CHI_ASSIGN_OR_RETURN(std::unique_ptr<Module> loaded, Load(name, path));
    const MutexLock lock(mutex_);
    const auto added = modules_.try_emplace(std::string(name), nullptr);
    if (added.second) {
      CHI_LOG(kInfo, "module {} loaded from {}", name, path);
      added.first->second = std::move(loaded);
    }
    return added.first->second.get();
  }
  return Status::NotFound(
      Format("module '{}': no {} in {}; CHI_REPO_PATH names more directories",
             name, file.substr(1), searched));
}

const Module* ModuleManager::GetChiMod(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto found = modules_.find(name);
  return found == modules_.end() ? nullptr : found->second.get();
}

std::vector<const Module*> ModuleManager::List() const {
  const MutexLock lock(mutex_);
  std::vector<const Module*> list;
  for (const auto& [name, module] : modules_) list.push_back(module.get());
  return list;
}

}  // namespace chi
