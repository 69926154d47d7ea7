// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of the control socket share: a temporary directory, a server
// whose events are recorded, a client that speaks raw packets, and other
// processes that run session_peer.

#ifndef CHIMAERA_TESTS_IPC_SESSION_HARNESS_H_
#define CHIMAERA_TESTS_IPC_SESSION_HARNESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/ipc/control_server.h"
#include "chimaera/ipc/runtime_dir.h"
#include "ipc/control_socket.h"
#include "support/process.h"
#include "support/wait_until.h"

namespace chi::test {

/// Remembers what the server reported. Serves every ring with worker 0 unless
/// told to refuse.
class RecordingEvents : public SessionEvents {
 public:
  Result<u32> OnAttachRing(const std::shared_ptr<Session>& session,
                           const RingRequest& ring) override;
  void OnSessionGone(const std::shared_ptr<Session>& session) override;

  void RefuseRings(bool refuse);
  std::vector<RingRequest> rings() const;
  /// Ids of the sessions that ended, in order.
  std::vector<u64> gone() const;
  /// The session of the last ring; held here until ForgetSession.
  std::shared_ptr<Session> last_session() const;
  void ForgetSession();

 private:
  mutable Mutex mu_;
  bool refuse_ CHI_GUARDED_BY(mu_) = false;
  std::vector<RingRequest> rings_ CHI_GUARDED_BY(mu_);
  std::vector<u64> gone_ CHI_GUARDED_BY(mu_);
  std::shared_ptr<Session> last_ CHI_GUARDED_BY(mu_);
};

/// Small segments, so that a test costs little.
ControlServerOptions SmallOptions();

/// A server in a directory of its own.
struct TestServer {
  explicit TestServer(ControlServerOptions options = SmallOptions());
  const std::string& dir() const { return temp.path(); }

  TempDir temp;
  RecordingEvents events;
  std::unique_ptr<ControlServer> server;
};

/// A correct first message of this process.
Hello GoodHello();

/// A client that sends whatever a test wants.
class RawClient {
 public:
  explicit RawClient(const std::string& dir);
  void Send(const void* bytes, u32 size, const std::vector<int>& fds = {});
  template <typename Message>
  void Send(const Message& message) {
    Send(&message, sizeof(message));
  }
  /// The next packet; an empty one if the server has closed.
  Packet Receive();
  /// The next packet as a Status; kProtocolViolation if it is no Reply, kStale
  /// if the server has closed.
  Status ReceiveStatus();
  /// True once the server has closed its end.
  bool IsClosed();
  void Close() { socket_.Reset(); }

 private:
  UniqueFd socket_;
};

/// Another process that runs session_peer with these arguments.
class PeerProcess : public Process {
 public:
  /// `inherited`, if given, is open in it under the same number.
  explicit PeerProcess(const std::vector<std::string>& arguments,
                       int inherited = -1)
      : Process("chi_session_peer", arguments, inherited) {}
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_IPC_SESSION_HARNESS_H_
