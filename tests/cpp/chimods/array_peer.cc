// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What tests/python/test_cpp_arrays.py starts: a client of its daemon that
// copies an array into a new one of the same kind, and then changes it.
//
//   chi_array_peer DEVICE FROM TO

#include <chimaera/admin/admin_client.h>
#include <chimaera/bdev/array.h>
#include <chimaera/chimaera.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

namespace bdev = chimaera::bdev;

chi::Status CopyAndChange(const bdev::Client& device, const std::string& from,
                          const std::string& to) {
  CHI_ASSIGN_OR_RETURN(bdev::Array source, bdev::Array::Open(device, from));
  CHI_ASSIGN_OR_RETURN(bdev::Array target,
                       bdev::Array::Create(device, to, source.shape(),
                                           source.dtype(), source.chunks()));
  std::vector<char> bytes(source.size_bytes());
  CHI_RETURN_IF_ERROR(source.Read(source.whole(), bytes.data(), bytes.size()));
  CHI_RETURN_IF_ERROR(target.Write(target.whole(), bytes.data(), bytes.size()));
  if (bytes.empty()) return chi::Status();

  // The last element is what the first one was.
  bdev::Box last = source.whole();
  for (size_t axis = 0; axis < last.count.size(); ++axis) {
    last.offset[axis] = last.count[axis] - 1;
    last.count[axis] = 1;
  }
  return source.Write(last, bytes.data(), source.layout().type.size);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || !chi::CHIMAERA_CLIENT_INIT()) return 2;
  bdev::Client device;
  chi::Status status =
      device.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), argv[1],
                    chi::PoolId(7000, 0), bdev::BdevType::kRam, chi::kMiB);
  if (status.ok()) status = CopyAndChange(device, argv[2], argv[3]);
  std::printf("%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
