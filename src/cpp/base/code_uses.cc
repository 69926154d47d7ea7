// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A list of address ranges. There are few of them, and few uses: tasks made
// inside the runtime whose maker does not wait for them.

#include "chimaera/base/code_uses.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "chimaera/base/check.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/mutex.h"

namespace chi {
namespace {

struct Library {
  uintptr_t begin = 0;
  uintptr_t end = 0;
  u64 watchers = 0;
  u64 uses = 0;
};

struct Libraries {
  Mutex mutex;
  std::vector<Library> list CHI_GUARDED_BY(mutex);

  Library* Find(const void* inside) CHI_REQUIRES(mutex) {
    const uintptr_t at = reinterpret_cast<uintptr_t>(inside);
    const auto found =
        std::find_if(list.begin(), list.end(), [at](const Library& library) {
          return library.begin <= at && at < library.end;
        });
    return found == list.end() ? nullptr : &*found;
  }
};

Libraries& All() {
  const HeapScope heap;  // no pool's
  // Never destroyed: workers may outlive static objects.
  static Libraries* const all = std::make_unique<Libraries>().release();
  return *all;
}

// The library that has `inside`: from its first to its last loaded byte.
Library Locate(const void* inside) {
  struct Search {
    uintptr_t at;
    Library found;
  } search{reinterpret_cast<uintptr_t>(inside), {}};
  const auto look = [](dl_phdr_info* info, size_t /*size*/, void* argument) {
    auto& wanted = *static_cast<Search*>(argument);
    Library library;
    library.begin = ~uintptr_t{0};
    bool is_here = false;
    for (u32 i = 0; i < info->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = info->dlpi_phdr[i];
      if (segment.p_type != PT_LOAD) continue;
      const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
      const uintptr_t end = begin + segment.p_memsz;
      is_here |= begin <= wanted.at && wanted.at < end;
      library.begin = std::min(library.begin, begin);
      library.end = std::max(library.end, end);
    }
    if (is_here) wanted.found = library;
    return is_here ? 1 : 0;
  };
  dl_iterate_phdr(look, &search);
  return search.found;
}

// The program itself cannot be opened so, and stays anyway.
void KeepForGood(const void* inside) {
  Dl_info info{};
  if (dladdr(inside, &info) == 0 || info.dli_fname == nullptr) return;
  dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

}  // namespace

void CodeUses::Watch(const void* inside) {
  const HeapScope heap;
  const Library located = Locate(inside);
  CHI_CHECK(located.end != 0);
  Libraries& all = All();
  const MutexLock lock(all.mutex);
  if (all.Find(inside) == nullptr) all.list.push_back(located);
  ++all.Find(inside)->watchers;
}

void CodeUses::Forget(const void* inside) {
  Libraries& all = All();
  const MutexLock lock(all.mutex);
  Library* const library = all.Find(inside);
  CHI_CHECK(library != nullptr);
  CHI_CHECK(library->watchers > 0);
  // With uses it stays in the list, so that each End finds its Begin.
  if (--library->watchers > 0 || library->uses > 0) return;
  all.list.erase(all.list.begin() + (library - all.list.data()));
}

u64 CodeUses::Num(const void* inside) {
  Libraries& all = All();
  const MutexLock lock(all.mutex);
  const Library* const library = all.Find(inside);
  return library == nullptr ? 0 : library->uses;
}

void CodeUses::Begin(const void* function) {
  Libraries& all = All();
  {
    const MutexLock lock(all.mutex);
    if (Library* const library = all.Find(function); library != nullptr) {
      ++library->uses;
      return;
    }
  }
  const HeapScope heap;
  // Without the lock: the loader has one of its own.
  KeepForGood(function);
  const Library located = Locate(function);
  const MutexLock lock(all.mutex);
  if (all.Find(function) == nullptr) all.list.push_back(located);
  ++all.Find(function)->uses;
}

void CodeUses::End(const void* function) {
  Libraries& all = All();
  const MutexLock lock(all.mutex);
  Library* const library = all.Find(function);
  CHI_CHECK(library != nullptr);
  CHI_CHECK(library->uses > 0);
  --library->uses;
}

}  // namespace chi
