// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// An array on a device: written and read by boxes, made anew on loan, looked at
// in place. Python opens it by the same name: device.array("heights").

#include <chimaera/admin/admin_client.h>
#include <chimaera/bdev/array.h>
#include <chimaera/chimaera.h>

#include <cstdio>
#include <numeric>
#include <vector>

namespace bdev = chimaera::bdev;

namespace {

chi::Status WriteAndRead(const bdev::Client& device) {
  CHI_ASSIGN_OR_RETURN(bdev::Array heights,
                       bdev::Array::Create(device, "heights", {1000, 500},
                                           bdev::DtypeOf<float>(), {100, 500}));
  // From row 20 and column 0 on, 10 rows of 500.
  CHI_RETURN_IF_ERROR(
      heights.Write({{20, 0}, {10, 500}}, std::vector<float>(10 * 500, 1.5F)));
  CHI_ASSIGN_OR_RETURN(const std::vector<float> column,
                       heights.Read<float>({{0, 7}, {1000, 1}}));
  std::printf("column: %g\n",
              std::accumulate(column.begin(), column.end(), 0.0));
  return chi::Status();
}

chi::Status MakeAnew(const bdev::Client& device) {
  CHI_ASSIGN_OR_RETURN(bdev::Array heights,
                       bdev::Array::Open(device, "heights"));
  CHI_ASSIGN_OR_RETURN(bdev::ArrayLoan loan, heights.Loan());
  auto* const elements = static_cast<float*>(loan.data());
  for (int i = 0; i < 1000 * 500; ++i) elements[i] = static_cast<float>(i % 7);
  CHI_RETURN_IF_ERROR(loan.Seal());

  CHI_ASSIGN_OR_RETURN(const bdev::ArrayView row,
                       heights.View({{999, 0}, {1, 500}}));
  const auto* const seen = static_cast<const float*>(row.data());
  std::printf("last row: %g %g %g\n", seen[0], seen[1], seen[2]);
  return chi::Status();
}

}  // namespace

int main() {
  if (!chi::CHIMAERA_INIT(chi::ChimaeraMode::kClient, true)) return 1;
  bdev::Client device;
  chi::Status status =
      device.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "ram://default",
                    chi::PoolId(8000, 0), bdev::BdevType::kRam, 16 * chi::kMiB);
  if (status.ok()) status = WriteAndRead(device);
  if (status.ok()) status = MakeAnew(device);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
