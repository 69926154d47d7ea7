// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Abstract Unix sockets as locks on CPUs.

#include "sched/cpu_claims.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "chimaera/base/format.h"

namespace chi {
namespace {

UniqueFd ClaimOne(i32 cpu) {
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return fd;
  const std::string name = Format("chimaera-cpu-{}-{}", geteuid(), cpu);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A zero byte first makes the name abstract.
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) {
    return UniqueFd();
  }
  return fd;
}

}  // namespace

std::vector<i32> AllowedCpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  std::vector<i32> cpus;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
    for (i32 cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
    }
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

std::vector<i32> CpuClaims::Claim(u32 count) {
  const std::vector<i32> allowed = AllowedCpus();
  std::vector<i32> claimed;
  if (count >= allowed.size()) return claimed;
  for (auto cpu = allowed.rbegin();
       cpu != allowed.rend() && claimed.size() < count; ++cpu) {
    UniqueFd fd = ClaimOne(*cpu);
    if (fd.get() < 0) continue;
    held_.push_back(std::move(fd));
    claimed.push_back(*cpu);
  }
  return claimed;
}

}  // namespace chi
