// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the shared library of a module exports. A module's runtime source ends
// with CHI_TASK_CC(my::module::Runtime); the loader (module_manager.h) reads
// the stamp, which is data, before it calls anything.

#ifndef CHIMAERA_CORE_MODULE_ENTRY_H_
#define CHIMAERA_CORE_MODULE_ENTRY_H_

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "chimaera/base/types.h"
#include "chimaera/core/config.h"
#include "chimaera/core/container.h"
#include "chimaera/core/method_table.h"
#include "chimaera/ipc/abi.h"
#include "chimaera/sched/run_context.h"

namespace chi {

/// Who built a module, and against what. FROZEN up to and including `abi_hash`,
/// so that any two versions can refuse each other in words.
struct ModuleStamp {
  static constexpr u64 kMagic = 0x444f4d494843;  // "CHIMOD"
  static constexpr u32 kNameCapacity = 120;

  u64 magic = 0;
  u32 size = 0;      ///< sizeof(ModuleStamp) of the module's build.
  u32 revision = 0;  ///< kModuleRevision of the module's build.
  u64 abi_hash = 0;  ///< ModuleAbiHash() of the module's build.
  char name[kNameCapacity] = {};  ///< chimod_lib_name, ends in a zero.
};
static_assert(std::is_trivially_copyable_v<ModuleStamp>);
static_assert(sizeof(ModuleStamp) == 144);

/// Raised by hand when an entry point or a virtual function of Container
/// changes without changing any size below.
inline constexpr u32 kModuleRevision = 2;

/// The layout of everything that crosses between a module and libchimaera.
[[nodiscard]] constexpr u64 ModuleAbiHash() {
  const u64 parts[] = {
      kModuleRevision,     sizeof(Container),   alignof(Container),
      sizeof(MethodRow),   sizeof(MethodTable), sizeof(RunContext),
      sizeof(std::string), sizeof(Status),      sizeof(PoolConfig),
  };
  u64 hash = AbiHash();
  for (const u64 part : parts) hash = internal::MixAbi(hash, part);
  return hash;
}

/// The stamp of a module of this build.
[[nodiscard]] constexpr ModuleStamp MakeModuleStamp(const char* name) {
  ModuleStamp stamp;
  stamp.magic = ModuleStamp::kMagic;
  stamp.size = sizeof(ModuleStamp);
  stamp.revision = kModuleRevision;
  stamp.abi_hash = ModuleAbiHash();
  for (u32 i = 0; i + 1 < ModuleStamp::kNameCapacity && name[i] != '\0'; ++i) {
    stamp.name[i] = name[i];
  }
  return stamp;
}

namespace internal {

template <class RuntimeT, class = void>
inline constexpr bool kAsksMonitor = true;
/// Whether the method table of a generated base knows of a Monitor.
template <class RuntimeT>
inline constexpr bool
    kAsksMonitor<RuntimeT, std::void_t<decltype(RuntimeT::kMonitorIsAsked)>> =
        RuntimeT::kMonitorIsAsked;

/// A container of class RuntimeT that knows its methods; nobody's yet.
template <class RuntimeT>
Container* AllocateContainer() {
  static_assert(std::is_base_of_v<Container, RuntimeT>);
  static_assert(kAsksMonitor<RuntimeT> || !kHasMonitor<RuntimeT>,
                "nobody would call this Monitor: write `monitor: true` in "
                "chimaera_mod.yaml");
  auto container = std::make_unique<RuntimeT>();
  container->SetMethods(chi_module_methods(),
                        RuntimeT::CreateParams::chimod_lib_name);
  return container.release();
}

template <class, class = void>
struct HasLoadConfig : std::false_type {};
template <class T>
struct HasLoadConfig<T, std::void_t<decltype(std::declval<T&>().LoadConfig(
                            std::declval<const PoolConfig&>()))>>
    : std::true_type {};

template <class, class = void>
struct HasCheck : std::false_type {};
template <class T>
struct HasCheck<T, std::enable_if_t<std::is_same_v<
                       decltype(std::declval<const T&>().Check()), Status>>>
    : std::true_type {};

/// Makes the parameters of a module from `config`, as its Create would, and
/// writes them again where they have a ToConfig; else `settings` stays as it
/// is. LoadConfig throws.
template <class ParamsT>
Status ReadParameters(const PoolConfig& config, std::string* settings) {
  ParamsT params;
  if constexpr (HasLoadConfig<ParamsT>::value) params.LoadConfig(config);
  if constexpr (HasCheck<ParamsT>::value) {
    const Status status = params.Check();
    if (!status.ok()) return status;
  }
  if constexpr (HasToConfig<ParamsT>::value) *settings = params.ToConfig();
  return Status();
}

}  // namespace internal

}  // namespace chi

/// Makes the shared library a module whose containers are `RuntimeT`.
/// REQUIRES: RuntimeT::CreateParams::chimod_lib_name is a constant C string,
/// and the generated `<module>_lib_exec.cc` is part of the library. Once in it,
/// in a .cc file.
/// The functions let exceptions of the module through. A semicolon may follow.
#define CHI_TASK_CC(RuntimeT)                                             \
  extern "C" {                                                            \
  CHI_INTERNAL_VISIBLE extern const ::chi::ModuleStamp chi_module_stamp;  \
  constexpr ::chi::ModuleStamp chi_module_stamp =                         \
      ::chi::MakeModuleStamp(RuntimeT::CreateParams::chimod_lib_name);    \
  CHI_INTERNAL_VISIBLE extern bool is_chimaera_chimod_;                   \
  bool is_chimaera_chimod_ = true;                                        \
  CHI_INTERNAL_EXPORT const char* get_chimod_name() {                     \
    return RuntimeT::CreateParams::chimod_lib_name;                       \
  }                                                                       \
  CHI_INTERNAL_EXPORT ::chi::Container* alloc_chimod() {                  \
    return ::chi::internal::AllocateContainer<RuntimeT>();                \
  }                                                                       \
  CHI_INTERNAL_EXPORT ::chi::Container* new_chimod(                       \
      const ::chi::PoolId* pool_id, const char* pool_name) {              \
    ::std::unique_ptr<::chi::Container> container(                        \
        ::chi::internal::AllocateContainer<RuntimeT>());                  \
    container->Init(*pool_id, pool_name);                                 \
    return container.release();                                           \
  }                                                                       \
  CHI_INTERNAL_EXPORT void destroy_chimod(::chi::Container* container) {  \
    ::std::unique_ptr<::chi::Container>{container};                       \
  }                                                                       \
  CHI_INTERNAL_EXPORT void chi_read_parameters(                           \
      const ::chi::PoolConfig* config, ::std::string* settings,           \
      ::chi::Status* status) {                                            \
    *status =                                                             \
        ::chi::internal::ReadParameters<typename RuntimeT::CreateParams>( \
            *config, settings);                                           \
  }                                                                       \
  }

#define CHI_INTERNAL_EXPORT __attribute__((visibility("default")))
// For declarations, where `used` means nothing.
#define CHI_INTERNAL_VISIBLE __attribute__((visibility("default")))

#endif  // CHIMAERA_CORE_MODULE_ENTRY_H_
