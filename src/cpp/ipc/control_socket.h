// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Packets with descriptors over a Unix socket, for both ends of the control
// socket. Every call returns at once or after a bounded time.

#ifndef CHIMAERA_IPC_CONTROL_SOCKET_H_
#define CHIMAERA_IPC_CONTROL_SOCKET_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/ipc/control.h"

namespace chi {

/// Room for any message and one byte more, so that a longer one is noticed.
inline constexpr u32 kPacketCapacity = 512;

/// One received packet.
struct Packet {
  alignas(8) char bytes[kPacketCapacity];
  u32 size = 0;
  bool truncated = false;  ///< It was longer, or brought descriptors unasked.
  std::vector<UniqueFd> fds;

  /// The packet as a message; nullptr if its size is not exactly that.
  template <typename Message>
  const Message* As() const {
    if (truncated || size != sizeof(Message)) return nullptr;
    return reinterpret_cast<const Message*>(bytes);
  }
};

enum class ReceiveResult { kPacket, kNothingYet, kClosed };

/// Never blocks. `want_fds`: false throws descriptors away unopened and marks
/// the packet truncated.
ReceiveResult ReceivePacket(int socket, bool want_fds, Packet* packet);

/// Never blocks: kOverloaded if the peer does not read. Descriptors are
/// duplicated by the kernel; the caller keeps its own.
Status SendPacket(int socket, const void* bytes, u32 size,
                  const std::vector<int>& fds = {});

template <typename Message>
Status SendMessage(int socket, const Message& message,
                   const std::vector<int>& fds = {}) {
  static_assert(sizeof(Message) < kPacketCapacity);
  return SendPacket(socket, &message, sizeof(message), fds);
}

/// A Reply that carries `status`, its text cut to what fits.
Reply MakeReply(u32 sequence, const Status& status);
/// And back. The text is the peer's: cut at its claimed or possible end.
Status StatusOf(const Reply& reply);

/// A non-blocking listening socket `dir`/control.sock of mode 0600.
Result<UniqueFd> ListenIn(const std::string& dir);

/// A non-blocking socket connected to `dir`/control.sock. kNoRuntime if nobody
/// listens, kPermissionDenied, kDeadlineExceeded.
Result<UniqueFd> ConnectIn(const std::string& dir, u64 timeout_ns);

/// Who is at the other end: for a client its process when it connected, for the
/// runtime its process when it began to listen.
struct PeerIdentity {
  pid_t pid = 0;  ///< 0 if it has no number in our pid namespace.
  uid_t uid = 0;
};
Result<PeerIdentity> GetPeer(int socket);

/// A pidfd of the peer, from the socket where the kernel offers that (6.5),
/// else by its number with a second look at who it is now.
Result<UniqueFd> OpenPeerPidfd(int socket, const PeerIdentity& peer);

}  // namespace chi

#endif  // CHIMAERA_IPC_CONTROL_SOCKET_H_
