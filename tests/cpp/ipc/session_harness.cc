// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See session_harness.h.

#include "ipc/session_harness.h"

#include <unistd.h>

#include <utility>

#include "chimaera/ipc/abi.h"

namespace chi::test {

Result<u32> RecordingEvents::OnAttachRing(
    const std::shared_ptr<Session>& session, const RingRequest& ring) {
  const MutexLock lock(mu_);
  if (refuse_) return Status::Overloaded("no worker takes it");
  rings_.push_back(ring);
  last_ = session;
  return 0u;
}

void RecordingEvents::OnSessionGone(const std::shared_ptr<Session>& session) {
  const MutexLock lock(mu_);
  gone_.push_back(session->id());
}

void RecordingEvents::RefuseRings(bool refuse) {
  const MutexLock lock(mu_);
  refuse_ = refuse;
}

std::vector<RingRequest> RecordingEvents::rings() const {
  const MutexLock lock(mu_);
  return rings_;
}

std::vector<u64> RecordingEvents::gone() const {
  const MutexLock lock(mu_);
  return gone_;
}

std::shared_ptr<Session> RecordingEvents::last_session() const {
  const MutexLock lock(mu_);
  return last_;
}

void RecordingEvents::ForgetSession() {
  std::shared_ptr<Session> last;
  const MutexLock lock(mu_);
  last.swap(last_);
}

ControlServerOptions SmallOptions() {
  ControlServerOptions options;
  options.num_workers = 2;
  options.handshake_timeout_ns = kHangNs;
  options.main_segment_bytes = 256 * kKiB;
  options.client_data_segment_bytes = 256 * kKiB;
  options.runtime_data.segment_bytes = 256 * kKiB;
  options.runtime_data.max_bytes = 4 * kMiB;
  options.limits.max_bytes = 4 * kMiB;
  options.limits.max_result_bytes = 1 * kMiB;
  options.limits.max_segments = 6;
  options.limits.max_rings = 4;
  options.limits.max_ring_capacity = 1024;
  return options;
}

TestServer::TestServer(ControlServerOptions options) {
  options.runtime_dir = temp.path();
  Result<std::unique_ptr<ControlServer>> started =
      ControlServer::Start(options, events);
  CHI_CHECK_OK(started.status());
  server = std::move(started).value();
}

Hello GoodHello() {
  Hello hello;
  hello.header.kind = static_cast<u32>(MessageKind::kHello);
  hello.header.sequence = 7;
  hello.abi_hash = AbiHash();
  hello.sizes = ThisAbiSizes();
  hello.pid = getpid();
  return hello;
}

RawClient::RawClient(const std::string& dir) {
  Result<UniqueFd> socket = ConnectIn(dir, kHangNs);
  CHI_CHECK_OK(socket.status());
  socket_ = std::move(socket).value();
}

void RawClient::Send(const void* bytes, u32 size, const std::vector<int>& fds) {
  // The server may have closed: what it said is what the test looks at.
  static_cast<void>(SendPacket(socket_.get(), bytes, size, fds));
}

Packet RawClient::Receive() {
  Packet packet;
  int errors = 0;
  const bool ended = WaitUntil([&] {
    switch (ReceivePacket(socket_.get(), true, &packet)) {
      case ReceiveResult::kPacket:
        return true;
      case ReceiveResult::kNothingYet:
        return false;
      case ReceiveResult::kClosed:
        packet.size = 0;
        return ++errors == 2;  // the first may hide a reply
    }
    return false;
  });
  CHI_CHECK(ended, "the server neither answered nor closed");
  return packet;
}

Status RawClient::ReceiveStatus() {
  const Packet packet = Receive();
  if (packet.size == 0) return Status::Stale("closed");
  const Reply* reply = packet.As<Reply>();
  if (reply == nullptr) return Status::ProtocolViolation("no reply");
  return StatusOf(*reply);
}

bool RawClient::IsClosed() { return Receive().size == 0; }

}  // namespace chi::test
