// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// System calls of the control socket. See control_socket.h.

#include "ipc/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"

namespace chi {

namespace {

#ifndef SO_PEERPIDFD
constexpr int kSoPeerPidfd = 77;  // Linux 6.5, asm-generic
#else
constexpr int kSoPeerPidfd = SO_PEERPIDFD;
#endif

constexpr int kBacklog = 128;

union ControlBuffer {
  cmsghdr align;
  char bytes[CMSG_SPACE(kMaxMessageFds * sizeof(int))];
};

/// The address of the socket in `dir`. A path longer than sun_path goes by way
/// of the directory's descriptor, kept open in `*holder` until it was used.
Result<sockaddr_un> AddressIn(const std::string& dir, UniqueFd* holder) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::string path = dir + "/" + kControlSocketName;
  if (path.size() >= sizeof(address.sun_path)) {
    holder->Reset(open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!holder->valid()) return Status::FromErrno(errno, dir);
    path = Format("/proc/self/fd/{}/{}", holder->get(), kControlSocketName);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

void TakeDescriptors(const msghdr& header, Packet* packet) {
  // CMSG_NXTHDR wants a non-const header.
  msghdr copy = header;
  for (cmsghdr* part = CMSG_FIRSTHDR(&copy); part != nullptr;
       part = CMSG_NXTHDR(&copy, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
      packet->fds.emplace_back(fd);
    }
  }
}

Status ConnectError(int error, const std::string& dir) {
  switch (error) {
    case ENOENT:
    case ECONNREFUSED:
    case ENOTDIR:
      return Status::NoRuntime(Format(
          "no runtime answers in {}; start one with `chimaera start`", dir));
    case EACCES:
    case EPERM:
      return Status::PermissionDenied(
          Format("{} belongs to another user's runtime", dir));
    case EAGAIN:
    case EINPROGRESS:
      return Status::DeadlineExceeded(
          Format("the runtime in {} does not take connections", dir));
    default:
      return Status::FromErrno(error, Format("connect in {}", dir));
  }
}

}  // namespace

ReceiveResult ReceivePacket(int socket, bool want_fds, Packet* packet) {
  ControlBuffer control;
  iovec room = {packet->bytes, sizeof(packet->bytes)};
  msghdr header = {};
  header.msg_iov = &room;
  header.msg_iovlen = 1;
  if (want_fds) {
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof(control.bytes);
  }
  packet->fds.clear();
  ssize_t got;
  do {
    got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return errno == EAGAIN || errno == EWOULDBLOCK ? ReceiveResult::kNothingYet
                                                   : ReceiveResult::kClosed;
  }
  // An empty packet looks like the end; no correct peer sends one.
  if (got == 0) return ReceiveResult::kClosed;
  if (want_fds) TakeDescriptors(header, packet);
  packet->size = static_cast<u32>(got);
  packet->truncated = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  return ReceiveResult::kPacket;
}

Status SendPacket(int socket, const void* bytes, u32 size,
                  const std::vector<int>& fds) {
  CHI_CHECK(fds.size() <= kMaxMessageFds, "{} descriptors", fds.size());
  ControlBuffer control = {};
  // sendmsg does not write through the pointer.
  iovec data = {const_cast<void*>(bytes), size};
  msghdr header = {};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    const size_t length = fds.size() * sizeof(int);
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE(length);
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(length);
    std::memcpy(CMSG_DATA(part), fds.data(), length);
  }
  ssize_t sent;
  do {
    sent = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent == static_cast<ssize_t>(size)) return Status::Ok();
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    return Status::Overloaded("the peer does not read its replies");
  }
  return Status::FromErrno(errno, "sendmsg");
}

Reply MakeReply(u32 sequence, const Status& status) {
  Reply reply;
  reply.header.kind = static_cast<u32>(MessageKind::kReply);
  reply.header.sequence = sequence;
  reply.code = status.code_value();
  reply.text_size =
      static_cast<u32>(status.message().copy(reply.text, Reply::kTextCapacity));
  return reply;
}

Status StatusOf(const Reply& reply) {
  const u32 length = std::min(reply.text_size, Reply::kTextCapacity);
  return Status::FromCode(reply.code, std::string(reply.text, length));
}

Result<UniqueFd> ListenIn(const std::string& dir) {
  UniqueFd holder;
  CHI_ASSIGN_OR_RETURN(const sockaddr_un address, AddressIn(dir, &holder));
  UniqueFd fd(
      socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Status::FromErrno(errno, "socket");
  // Before bind: the file then never has another mode.
  if (fchmod(fd.get(), 0600) != 0) {
    return Status::FromErrno(errno, "fchmod of the control socket");
  }
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0) {
    return Status::FromErrno(errno,
                             Format("bind {}/{}", dir, kControlSocketName));
  }
  if (listen(fd.get(), kBacklog) != 0) {
    return Status::FromErrno(errno, "listen on the control socket");
  }
  return fd;
}

Result<UniqueFd> ConnectIn(const std::string& dir, u64 timeout_ns) {
  UniqueFd holder;
  Result<sockaddr_un> address = AddressIn(dir, &holder);
  if (!address.ok()) return ConnectError(ENOENT, dir);
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Status::FromErrno(errno, "socket");
  // connect waits for room in the backlog as long as a send may wait. Zero
  // would mean for ever.
  timeval limit;
  limit.tv_sec = static_cast<time_t>(timeout_ns / kNsPerSec);
  limit.tv_usec = static_cast<suseconds_t>(timeout_ns % kNsPerSec / kNsPerUs);
  if (limit.tv_sec == 0 && limit.tv_usec == 0) limit.tv_usec = 1;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) !=
      0) {
    return Status::FromErrno(errno, "SO_SNDTIMEO");
  }
  int result;
  do {
    result = connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address),
                     sizeof(*address));
  } while (result != 0 && errno == EINTR);
  if (result != 0) return ConnectError(errno, dir);
  return fd;
}

Result<PeerIdentity> GetPeer(int socket) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return Status::FromErrno(errno, "SO_PEERCRED");
  }
  return PeerIdentity{peer.pid, peer.uid};
}

Result<UniqueFd> OpenPeerPidfd(int socket, const PeerIdentity& peer) {
  int pidfd = -1;
  socklen_t size = sizeof(pidfd);
  if (getsockopt(socket, SOL_SOCKET, kSoPeerPidfd, &pidfd, &size) == 0) {
    return UniqueFd(pidfd);
  }
  if (errno != ENOPROTOOPT) {
    return Status::FromErrno(errno, Format("pidfd of process {}", peer.pid));
  }
  UniqueFd by_number(static_cast<int>(syscall(SYS_pidfd_open, peer.pid, 0)));
  if (!by_number.valid()) {
    return Status::FromErrno(errno, Format("pidfd of process {}", peer.pid));
  }
  // The number may have passed to another process since the peer connected. One
  // of another user is told by its uid; one of the same user is no threat.
  struct stat owner;
  if (stat(Format("/proc/{}", peer.pid).c_str(), &owner) != 0 ||
      owner.st_uid != peer.uid) {
    return Status::PermissionDenied(
        Format("process {} is no longer the one that connected", peer.pid));
  }
  return by_number;
}

}  // namespace chi
