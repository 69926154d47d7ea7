// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See control_client.h. The runtime is trusted no further than needed: sizes
// are checked against the descriptors, texts and counts against their room.

#include "chimaera/ipc/control_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/ipc/abi.h"
#include "chimaera/ipc/runtime_dir.h"
#include "ipc/control_socket.h"
#include "ipc/fork_guard.h"

namespace chi {

namespace {

// A wait on the socket looks at the life word this often, ms: a dead runtime
// with much memory closes its socket up to a second late.
constexpr u64 kSliceMs = 50;

Hello MakeHello() {
  Hello hello;
  hello.header.kind = static_cast<u32>(MessageKind::kHello);
  hello.abi_hash = AbiHash();
  hello.sizes = ThisAbiSizes();
  hello.pid = getpid();
  return hello;
}

Status Gone(const std::string& dir) {
  return Status::RuntimeDied(Format("the runtime in {} is gone", dir));
}

/// Waits for one packet. `page`, if there is one yet, tells of a death early.
Status ReceiveBy(int socket, const std::string& dir, const ControlPage* page,
                 u64 deadline_ns, Packet* packet) {
  // A refusal that crossed our hello on its way reaches us behind a connection
  // error, which is told once; the packet can be had afterwards.
  int chances = 2;
  for (;;) {
    switch (ReceivePacket(socket, true, packet)) {
      case ReceiveResult::kPacket:
        return Status::Ok();
      case ReceiveResult::kClosed:
        if (--chances == 0) return Gone(dir);
        continue;
      case ReceiveResult::kNothingYet:
        break;
    }
    if (page != nullptr && !RuntimeAlive(*page)) return Gone(dir);
    const u64 now_ns = SystemClock::Get().NowNs();
    if (now_ns >= deadline_ns) {
      return Status::DeadlineExceeded(
          Format("the runtime in {} did not answer in time", dir));
    }
    const u64 left_ms = (deadline_ns - now_ns) / kNsPerMs + 1;
    pollfd wait = {socket, POLLIN, 0};
    poll(&wait, 1, static_cast<int>(std::min(left_ms, kSliceMs)));
  }
}

/// What a packet that is no Welcome says.
Status RefusalOf(const Packet& packet) {
  const Reply* reply = packet.As<Reply>();
  if (reply == nullptr ||
      reply->header.kind != static_cast<u32>(MessageKind::kReply) ||
      reply->code == 0) {
    return Status::ProtocolViolation(
        Format("what answers is no runtime of this kind: {} bytes{}",
               packet.size, packet.truncated ? " or more" : ""));
  }
  return StatusOf(*reply);
}

}  // namespace

// ---- connecting
// --------------------------------------------------------------

Result<std::unique_ptr<ControlClient>> ControlClient::Connect(
    const std::string& runtime_dir, u64 timeout_ns) {
  const u64 deadline_ns = DeadlineNs(SystemClock::Get().NowNs(), timeout_ns);
  CHI_RETURN_IF_ERROR(RuntimeDir::CheckForClient(runtime_dir));
  CHI_ASSIGN_OR_RETURN(UniqueFd socket, ConnectIn(runtime_dir, timeout_ns));
  CHI_ASSIGN_OR_RETURN(const PeerIdentity peer, GetPeer(socket.get()));
  if (peer.uid != geteuid()) {
    return Status::PermissionDenied(
        Format("the runtime in {} belongs to user {}, not to user {}",
               runtime_dir, peer.uid, geteuid()));
  }
  // A server that refuses at once may have closed already; its reply is there.
  static_cast<void>(SendMessage(socket.get(), MakeHello()));
  Packet packet;
  CHI_RETURN_IF_ERROR(
      ReceiveBy(socket.get(), runtime_dir, nullptr, deadline_ns, &packet));
  const Welcome* welcome = packet.As<Welcome>();
  if (welcome == nullptr ||
      welcome->header.kind != static_cast<u32>(MessageKind::kWelcome)) {
    return RefusalOf(packet);
  }
  return FromWelcome(runtime_dir, std::move(socket), *welcome,
                     std::move(packet.fds));
}

Result<std::unique_ptr<ControlClient>> ControlClient::FromWelcome(
    const std::string& runtime_dir, UniqueFd socket, const Welcome& welcome,
    std::vector<UniqueFd> fds) {
  // Bounded first, so that the sum cannot overflow.
  if (welcome.num_workers == 0 || welcome.num_workers > kMaxWorkers ||
      welcome.num_runtime_segments > kMaxWelcomeSegments ||
      fds.size() != 3 + welcome.num_runtime_segments + welcome.num_workers) {
    return Status::ProtocolViolation(
        Format("welcome with {} workers, {} segments and {} descriptors (is "
               "the limit `ulimit -n` reached?)",
               welcome.num_workers, welcome.num_runtime_segments, fds.size()));
  }
  CHI_ASSIGN_OR_RETURN(
      Segment page,
      Segment::Map(std::move(fds[0]), kControlPageBytes, Access::kReadOnly));
  std::vector<UniqueFd> eventfds;
  const u32 first_eventfd = 3 + welcome.num_runtime_segments;
  for (u32 worker = 0; worker < welcome.num_workers; ++worker) {
    eventfds.push_back(std::move(fds[first_eventfd + worker]));
  }
  std::unique_ptr<ControlClient> client(
      new ControlClient(runtime_dir, std::move(socket), std::move(page),
                        welcome, std::move(eventfds)));
  const ControlPage& shown = client->page();
  if (shown.magic != kControlMagic || shown.abi_hash != AbiHash() ||
      shown.incarnation != welcome.incarnation ||
      welcome.main_size < 2 * kMainHeapOffset) {
    return Status::ProtocolViolation("welcome and control page do not match");
  }
  const MutexLock lock(client->mu_);
  CHI_RETURN_IF_ERROR(
      client->AddOwn(kMainSegment, std::move(fds[1]), welcome.main_size));
  CHI_RETURN_IF_ERROR(client->AddOwn(kClientDataSegment, std::move(fds[2]),
                                     welcome.client_data_size));
  for (u32 i = 0; i < welcome.num_runtime_segments; ++i) {
    const SegmentInfo& info = welcome.runtime_segments[i];
    if (info.id < kFirstRuntimeSegment || info.id > kLastRuntimeSegment) {
      return Status::ProtocolViolation(Format("segment id {}", info.id));
    }
    CHI_RETURN_IF_ERROR(client->AddShared(static_cast<u16>(info.id),
                                          std::move(fds[3 + i]), info.size));
  }
  return client;
}

ControlClient::ControlClient(std::string runtime_dir, UniqueFd socket,
                             Segment page, const Welcome& welcome,
                             std::vector<UniqueFd> eventfds)
    : runtime_dir_(std::move(runtime_dir)),
      fork_generation_(ForkGeneration()),
      socket_(std::move(socket)),
      page_(std::move(page)),
      welcome_(welcome),
      eventfds_(std::move(eventfds)) {}

ControlClient::~ControlClient() {
  if (forked()) return;  // the session is the parent's
  MessageHeader goodbye;
  goodbye.kind = static_cast<u32>(MessageKind::kGoodbye);
  // Nobody to tell if it fails: the runtime then sees the socket close.
  static_cast<void>(SendMessage(socket_.get(), goodbye));
}

// ---- state
// -------------------------------------------------------------------

bool ControlClient::forked() const {
  return ForkGeneration() != fork_generation_;
}

Status ControlClient::Check() const {
  if (forked()) {
    return Status::Forked(
        "this connection belongs to the parent process; connect anew");
  }
  if (!RuntimeAlive(page())) return Gone(runtime_dir_);
  return Status::Ok();
}

Status ControlClient::CheckSession() const {
  CHI_RETURN_IF_ERROR(Check());
  // Peeked, not taken: it may be the reply to another thread's request. What
  // has the sequence 0 is the reason for a cut-off.
  Reply reply;
  const ssize_t got =
      recv(socket_.get(), &reply, sizeof(reply), MSG_PEEK | MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
    return Status::Stale(
        Format("the runtime in {} has ended this session", runtime_dir_));
  }
  if (got == sizeof(reply) && reply.header.sequence == 0 && reply.code != 0) {
    return StatusOf(reply);
  }
  return Status::Ok();
}

int ControlClient::worker_eventfd(u32 worker) const {
  CHI_CHECK(worker < eventfds_.size(), "worker {} of {}", worker,
            eventfds_.size());
  return eventfds_[worker].get();
}

OwnedSegment ControlClient::Own(u16 id) const {
  const SegmentRow& row = own_[id - 1u];
  const u64 size = row.size.load(std::memory_order_acquire);
  return {id, row.base.load(std::memory_order_relaxed), size};
}

Status ControlClient::AddOwn(u16 id, UniqueFd fd, u64 size) {
  CHI_ASSIGN_OR_RETURN(Segment segment,
                       Segment::Map(std::move(fd), size, Access::kReadWrite));
  own_[id - 1u].Publish(segment.data(), segment.size());
  segments_->push_back(std::move(segment));
  return Status::Ok();
}

Status ControlClient::AddShared(u16 id, UniqueFd fd, u64 size) {
  CHI_ASSIGN_OR_RETURN(Segment segment,
                       Segment::Map(std::move(fd), size, Access::kReadOnly));
  shared_.Row(id).Publish(segment.data(), segment.size());
  segments_->push_back(std::move(segment));
  return Status::Ok();
}

// ---- requests
// ----------------------------------------------------------------

/// A reply and the descriptor that came with it, if one did.
struct ControlClient::Answer {
  Reply reply;
  UniqueFd fd;
};

template <typename Request>
Result<ControlClient::Answer> ControlClient::Ask(Request request) {
  request.header.sequence = next_sequence_++;
  if (next_sequence_ == 0) next_sequence_ = 1;  // 0 answers nobody
  CHI_RETURN_IF_ERROR(SendMessage(socket_.get(), request));
  const u64 deadline_ns =
      DeadlineNs(SystemClock::Get().NowNs(), kRequestTimeoutNs);
  return ReceiveAnswer(request.header.sequence, deadline_ns);
}

Result<ControlClient::Answer> ControlClient::ReceiveAnswer(u32 sequence,
                                                           u64 deadline_ns) {
  for (;;) {
    Packet packet;
    CHI_RETURN_IF_ERROR(
        ReceiveBy(socket_.get(), runtime_dir_, &page(), deadline_ns, &packet));
    const Reply* reply = packet.As<Reply>();
    if (reply == nullptr || packet.fds.size() > 1) return RefusalOf(packet);
    // Said to nobody in particular: why this session is cut off.
    if (reply->header.sequence == 0) return RefusalOf(packet);
    // The late answer to a request that was given up.
    if (reply->header.sequence != sequence) continue;
    CHI_RETURN_IF_ERROR(StatusOf(*reply));
    Answer answer;
    answer.reply = *reply;
    if (!packet.fds.empty()) answer.fd = std::move(packet.fds[0]);
    return answer;
  }
}

Result<OwnedSegment> ControlClient::Grow(SegmentKind kind, u64 bytes) {
  CHI_RETURN_IF_ERROR(Check());
  const MutexLock lock(mu_);
  GrowSegmentRequest request;
  request.header.kind = static_cast<u32>(MessageKind::kGrowSegment);
  request.segment_kind = static_cast<u32>(kind);
  request.bytes = bytes;
  CHI_ASSIGN_OR_RETURN(Answer answer, Ask(request));
  const u32 id = answer.reply.value;
  if (id < kFirstGrownSegment || id > kMaxSessionSegments ||
      own_[id - 1].size.load(std::memory_order_relaxed) != 0) {
    return Status::ProtocolViolation(Format("grown segment of id {}", id));
  }
  CHI_RETURN_IF_ERROR(
      AddOwn(static_cast<u16>(id), std::move(answer.fd), answer.reply.size));
  return Own(static_cast<u16>(id));
}

Result<u32> ControlClient::AttachRing(u32 priority, ShmPtr ring, u32 capacity,
                                      pid_t tid) {
  CHI_RETURN_IF_ERROR(Check());
  const MutexLock lock(mu_);
  AttachRingRequest request;
  request.header.kind = static_cast<u32>(MessageKind::kAttachRing);
  request.priority = priority;
  request.capacity = capacity;
  request.ring = ring.bits_;
  request.pid = getpid();
  request.tid = tid;
  CHI_ASSIGN_OR_RETURN(const Answer answer, Ask(request));
  if (answer.reply.value >= num_workers()) {
    return Status::ProtocolViolation(
        Format("worker {} of {}", answer.reply.value, num_workers()));
  }
  return answer.reply.value;
}

const char* ControlClient::ResolveReadOnly(ShmPtr p, u64 size) {
  const u32 index = u32{p.segment()} - 1;
  if (index >= kMaxSessionSegments) return nullptr;
  SegmentRow& row = own_read_only_[index];
  const char* const at = row.Locate(p.offset(), size);
  if (at != nullptr) return at;
  const MutexLock lock(mu_);
  // Unless another thread was faster, or the bytes are outside anyway.
  if (row.size.load(std::memory_order_relaxed) == 0) {
    const char* const base = own_[index].base.load(std::memory_order_relaxed);
    const auto own = std::find_if(
        segments_->begin(), segments_->end(), [base](const Segment& segment) {
          return base != nullptr && segment.data() == base;
        });
    if (own == segments_->end()) return nullptr;
    UniqueFd fd(fcntl(own->fd(), F_DUPFD_CLOEXEC, 0));
    auto again = Segment::Map(std::move(fd), own->size(), Access::kReadOnly);
    if (!again.ok()) return nullptr;
    row.Publish(again->data(), again->size());
    segments_->push_back(*std::move(again));
  }
  return row.Locate(p.offset(), size);
}

char* ControlClient::ResolveSlow(ShmPtr p, u64 size) {
  const u16 id = p.segment();
  if (id < kFirstRuntimeSegment || id > kLastRuntimeSegment || !Check().ok()) {
    return nullptr;
  }
  const MutexLock lock(mu_);
  const SegmentRow& row = shared_.Row(id);
  // Unless another thread was faster, or the bytes are outside anyway.
  if (row.size.load(std::memory_order_relaxed) == 0) {
    GetRuntimeSegmentRequest request;
    request.header.kind = static_cast<u32>(MessageKind::kGetRuntimeSegment);
    request.id = id;
    Result<Answer> answer = Ask(request);
    if (!answer.ok()) return nullptr;
    if (!AddShared(id, std::move(answer->fd), answer->reply.size).ok()) {
      return nullptr;
    }
  }
  return row.Locate(p.offset(), size);
}

}  // namespace chi
