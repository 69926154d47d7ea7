// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The calls of a typed method: waiting, not waiting, many at once.

#include <chimaera/chimaera.h>
#include <example/waves/waves_client.h>

#include <algorithm>
#include <cstdio>
#include <vector>

int main() {
  if (!chi::CHIMAERA_INIT(chi::ChimaeraMode::kClient, true)) return 1;

  example::waves::Client waves;
  waves.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "waves",
               chi::PoolId(8100, 0));

  // Arrays lie in memory that client and runtime share.
  const std::vector<double> recorded = {0.1, -0.9, 0.4, 0.7};
  const auto buffer = CHI_IPC->AllocateBuffer(recorded.size() * sizeof(double));
  std::copy(recorded.begin(), recorded.end(),
            reinterpret_cast<double*>(buffer.ptr_));
  const chi::Array<const double, 1> samples(buffer, {recorded.size()});

  const auto here = chi::PoolQuery::Local();
  const auto measured = waves.Measure(HSHM_MCTX, here, samples, 0.6);
  if (!measured.ok()) return 1;
  std::printf("peak %.1f V, %llu above 0.6 V\n", measured->peak,
              static_cast<unsigned long long>(measured->count));

  auto future = waves.AsyncMeasure(HSHM_MCTX, here, samples);
  if (!future.Get().ok()) return 1;
  std::printf("%llu above 0.5 V\n",
              static_cast<unsigned long long>(future->out_.count));

  const auto both = waves.MeasureMany(
      HSHM_MCTX, here, {{samples, 0.2}, {chi::Array<const double, 1>(), 0.2}});
  std::printf("many: %llu; %s\n",
              static_cast<unsigned long long>(both[0]->count),
              both[1].status().ToString().c_str());
  CHI_IPC->FreeBuffer(buffer);
  return 0;
}
