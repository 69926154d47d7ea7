// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Packets to a live control server in this process: the first byte says
// whether a correct hello goes first, so that the requests behind it are
// reached; then each packet is a byte of length and so many bytes. The server
// must answer or close, and serve whoever comes next.

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "chimaera/base/check.h"
#include "chimaera/base/log.h"
#include "chimaera/ipc/abi.h"
#include "chimaera/ipc/control_server.h"
#include "chimaera/ipc/runtime_dir.h"
#include "ipc/control_socket.h"

namespace chi::fuzz {
namespace {

constexpr int kPatienceMs = 10'000;

class Server final : public SessionEvents {
 public:
  Server() {
    SetLogLevel(LogLevel::kFatal);
    auto claimed = RuntimeDir::Private();
    CHI_CHECK_OK(claimed.status());
    dir_ = std::make_unique<RuntimeDir>(*std::move(claimed));
    ControlServerOptions options;
    options.runtime_dir = dir_->path();
    options.main_segment_bytes = 64 * kKiB;
    options.client_data_segment_bytes = 4 * kKiB;
    options.runtime_data.segment_bytes = 64 * kKiB;
    options.limits.max_bytes = 256 * kKiB;
    auto server = ControlServer::Start(options, *this);
    CHI_CHECK_OK(server.status());
    server_ = *std::move(server);
  }
  Result<u32> OnAttachRing(const std::shared_ptr<Session>& /*session*/,
                           const RingRequest& /*ring*/) override {
    return 0u;
  }
  void OnSessionGone(const std::shared_ptr<Session>& /*session*/) override {}

  [[nodiscard]] const std::string& dir() const { return dir_->path(); }

 private:
  std::unique_ptr<RuntimeDir> dir_;
  std::unique_ptr<ControlServer> server_;
};

// False when the server has closed.
bool Exchange(int socket, const void* bytes, u32 size) {
  if (!SendPacket(socket, bytes, size).ok()) return false;
  pollfd wait = {socket, POLLIN, 0};
  CHI_CHECK(poll(&wait, 1, kPatienceMs) == 1, "neither answered nor closed");
  Packet answer;
  return ReceivePacket(socket, true, &answer) == ReceiveResult::kPacket;
}

void Run(const u8* data, size_t size) {
  static Server server;
  auto socket = ConnectIn(server.dir(), 10 * kNsPerSec);
  CHI_CHECK_OK(socket.status());
  const int fd = socket->get();
  if (data[0] % 2 == 0) {
    Hello hello;
    hello.header.kind = static_cast<u32>(MessageKind::kHello);
    hello.abi_hash = AbiHash();
    hello.sizes = ThisAbiSizes();
    hello.pid = getpid();
    CHI_CHECK(Exchange(fd, &hello, sizeof(hello)), "a good hello was refused");
  }
  for (size_t at = 1; at + 1 < size;) {
    const size_t length = std::min<size_t>(size_t{data[at]} + 1, size - at - 1);
    if (!Exchange(fd, data + at + 1, static_cast<u32>(length))) return;
    at += 1 + length;
  }
}

}  // namespace
}  // namespace chi::fuzz

extern "C" int LLVMFuzzerTestOneInput(const chi::u8* data, size_t size) {
  if (size > 0) chi::fuzz::Run(data, size);
  return 0;
}
