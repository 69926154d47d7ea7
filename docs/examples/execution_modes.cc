// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A dynamic query: the method first decides where it runs, then it runs there.

#include <chimaera/chimaera.h>
#include <example/store/store_client.h>

#include <cstdio>

using namespace example::store;  // NOLINT(google-build-using-namespace)

int main() {
  if (!chi::CHIMAERA_INIT(chi::ChimaeraMode::kClient, true)) return 1;
  Client store;
  if (!store.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "store",
                    chi::PoolId(8002, 0), 3)) {
    return 1;
  }
  // Key 1 is in every container, key 2 in the last one, key 3 nowhere.
  for (const chi::u32 id : {0u, 1u, 2u}) {
    const auto there = chi::PoolQuery::DirectId(id);
    if (!store.Async<WriteDataTask>(there, 1u, chi::u64{11}).Get().ok()) {
      return 1;
    }
  }
  const auto last = chi::PoolQuery::DirectId(2);
  if (!store.Async<WriteDataTask>(last, 2u, chi::u64{22}).Get().ok()) return 1;

  for (const chi::u32 key : {1u, 2u, 3u}) {
    auto find = store.Async<FindTask>(chi::PoolQuery::Dynamic(), key);
    if (!find.Get().ok()) return 1;
    const auto value = static_cast<unsigned long long>(find->value_);
    if (find->result_ != 0) {
      std::printf("key %u: nowhere, %u asked\n", key, find->asked_);
    } else if (key == 1) {
      std::printf("key %u: %llu, %u asked\n", key, value, find->asked_);
    } else {
      std::printf("key %u: %llu\n", key, value);
    }
  }
  return 0;
}
