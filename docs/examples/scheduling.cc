// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Short tasks do not wait for long ones: a client says so, or the module does.

#include <chimaera/admin/admin_client.h>
#include <chimaera/chimaera.h>
#include <example/store/store_client.h>

#include <cstdio>
#include <vector>

using namespace example::store;  // NOLINT(google-build-using-namespace)

int main() {
  if (!chi::CHIMAERA_INIT(chi::ChimaeraMode::kClient, true)) return 1;
  Client store;
  if (!store.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "store",
                    chi::PoolId(8002, 0))) {
    return 1;
  }
  auto* ipc_manager = CHI_IPC;
  const auto here = chi::PoolQuery::Local();

  // The client's word: a ring of its own, for batch work.
  auto batch = ipc_manager->NewTask<ScanTask>(
      chi::CreateTaskId(), store.pool_id_, here, chi::u64{10});
  if (!ipc_manager->Submit(batch, chi::kHighLatency).Get().ok()) return 1;

  // The module's: Monitor says that these three take 10 ms each, so they are
  // handed over before they begin, and let short ones pass.
  std::vector<chi::Future<ScanTask>> scans;
  for (int i = 0; i < 3; ++i) {
    scans.push_back(store.Async<ScanTask>(here, chi::u64{10'000}));
    scans.push_back(store.Async<ScanTask>(here, chi::u64{10}));
  }
  if (!chi::WaitAll(scans).ok()) return 1;

  const auto stats = CHI_ADMIN->GetStats(HSHM_MCTX);
  if (!stats.ok()) return 1;
  chi::u64 handed_over = 0;
  chi::u64 rings = 0;
  for (const auto& worker : stats->workers) {
    handed_over += worker.handed_over_;
    rings += worker.rings_;
  }
  std::printf("%zu workers, %llu rings, handed over: %llu\n",
              stats->workers.size(), static_cast<unsigned long long>(rings),
              static_cast<unsigned long long>(handed_over));
  return 0;
}
