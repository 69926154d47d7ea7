// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the service thread does with each message. Every function that answers
// may end the connection, so none touches it afterwards.

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/base/log.h"
#include "chimaera/ipc/abi.h"
#include "ipc/control_service.h"

namespace chi {

namespace {

/// What every version sends first; see control.h.
struct HelloPrefix {
  MessageHeader header;
  u64 magic;
  u32 protocol_major;
  u32 protocol_minor;
};
static_assert(sizeof(HelloPrefix) == offsetof(Hello, abi_hash));

u32 SequenceOf(const Packet& packet) {
  MessageHeader header;
  if (packet.size < sizeof(header)) return 0;
  std::memcpy(&header, packet.bytes, sizeof(header));
  return header.sequence;
}

Status CheckSize(const char* what, u32 have, u32 want) {
  if (have == want) return Status::Ok();
  return Status::VersionMismatch(
      Format("have {} of {} bytes (runtime), want {} (client); use a client "
             "and a runtime of one build",
             what, have, want));
}

Status CheckLayout(const Hello& hello) {
  constexpr AbiSizes kOurs = ThisAbiSizes();
  const AbiSizes& theirs = hello.sizes;
  CHI_RETURN_IF_ERROR(CheckSize("a task", kOurs.task, theirs.task));
  CHI_RETURN_IF_ERROR(CheckSize("a string", kOurs.string, theirs.string));
  CHI_RETURN_IF_ERROR(CheckSize("a vector", kOurs.vector, theirs.vector));
  CHI_RETURN_IF_ERROR(
      CheckSize("a ring slot", kOurs.ring_slot, theirs.ring_slot));
  CHI_RETURN_IF_ERROR(CheckSize("a page", kOurs.page, theirs.page));
  CHI_RETURN_IF_ERROR(
      CheckSize("a cache line", kOurs.cache_line, theirs.cache_line));
  if (hello.abi_hash == AbiHash()) return Status::Ok();
  return Status::VersionMismatch(
      Format("have layout {} (runtime), want layout {} (client); use a client "
             "and a runtime of one build",
             AbiHash(), hello.abi_hash));
}

}  // namespace

void ControlService::Answer(Connection& connection, const Reply& reply,
                            const std::vector<int>& fds) {
  const Status sent = SendMessage(connection.socket.get(), reply, fds);
  if (!sent.ok()) End(connection.id, std::string(sent.message()));
}

void ControlService::Refuse(Connection& connection, u32 sequence,
                            const Status& why) {
  // The client hears it; at a higher level a flood of them would fill the log.
  CHI_LOG(kDebug, "process {} is refused: {}", connection.peer.pid, why);
  const Status sent =
      SendMessage(connection.socket.get(), MakeReply(sequence, why));
  End(connection.id, std::string((sent.ok() ? why : sent).message()));
}

void ControlService::Dispatch(Connection& connection, const Packet& packet) {
  if (connection.session == nullptr) {
    OnHello(connection, packet);
    return;
  }
  MessageHeader header;
  if (packet.size >= sizeof(header)) {
    std::memcpy(&header, packet.bytes, sizeof(header));
  }
  switch (static_cast<MessageKind>(header.kind)) {
    case MessageKind::kGrowSegment:
      if (const auto* request = packet.As<GrowSegmentRequest>()) {
        return OnGrow(connection, *request);
      }
      break;
    case MessageKind::kAttachRing:
      if (const auto* request = packet.As<AttachRingRequest>()) {
        return OnAttach(connection, *request);
      }
      break;
    case MessageKind::kGetRuntimeSegment:
      if (const auto* request = packet.As<GetRuntimeSegmentRequest>()) {
        return OnGetSegment(connection, *request);
      }
      break;
    case MessageKind::kGoodbye:
      if (packet.As<MessageHeader>() != nullptr) {
        return End(connection.id, "it said goodbye");
      }
      break;
    default:
      break;
  }
  const Status why = Status::ProtocolViolation(
      Format("message of kind {} and {} bytes{}", header.kind, packet.size,
             packet.truncated ? " or more" : ""));
  connection.session->Violation(why);
  Refuse(connection, SequenceOf(packet), why);
}

// ---- the handshake
// -----------------------------------------------------------

Status ControlService::CheckHello(const Connection& connection,
                                  const Packet& packet) {
  HelloPrefix prefix;
  if (packet.size < sizeof(prefix)) {
    return Status::ProtocolViolation(
        Format("a hello of {} bytes", packet.size));
  }
  std::memcpy(&prefix, packet.bytes, sizeof(prefix));
  if (prefix.header.kind != static_cast<u32>(MessageKind::kHello) ||
      prefix.magic != kControlMagic) {
    return Status::ProtocolViolation("the first message is no hello");
  }
  if (prefix.protocol_major != kProtocolMajor ||
      prefix.protocol_minor != kProtocolMinor) {
    return Status::VersionMismatch(Format(
        "have protocol {}.{} (runtime), want {}.{} (client)", kProtocolMajor,
        kProtocolMinor, prefix.protocol_major, prefix.protocol_minor));
  }
  const Hello* hello = packet.As<Hello>();
  if (hello == nullptr) {
    return Status::ProtocolViolation(
        Format("a hello of {} bytes{}, not {}", packet.size,
               packet.truncated ? " or more" : "", sizeof(Hello)));
  }
  CHI_RETURN_IF_ERROR(CheckLayout(*hello));
  if (hello->pid != connection.peer.pid || hello->pid <= 0) {
    return Status::PermissionDenied(
        Format("the client is process {} for itself and {} for the runtime: "
               "it forked after connecting, or lives in another pid "
               "namespace, which is not supported",
               hello->pid, connection.peer.pid));
  }
  if (!admitting_.load(std::memory_order_relaxed)) {
    return Status::RuntimeDied("the runtime is stopping");
  }
  if (num_sessions_ >= options_.max_sessions) {
    return Status::Overloaded(Format("the runtime has {} of {} sessions",
                                     num_sessions_, options_.max_sessions));
  }
  return Status::Ok();
}

void ControlService::OnHello(Connection& connection, const Packet& packet) {
  const u32 sequence = SequenceOf(packet);
  Status status = CheckHello(connection, packet);
  if (status.ok()) {
    Result<UniqueFd> pidfd =
        OpenPeerPidfd(connection.socket.get(), connection.peer);
    status = pidfd.status();
    if (pidfd.ok()) connection.pidfd = std::move(pidfd).value();
  }
  if (!status.ok()) return Refuse(connection, sequence, status);

  ++num_sessions_;
  SetBusy(connection, true);
  const Session::Identity identity = {connection.id, connection.peer.pid,
                                      connection.peer.uid};
  // A session may outlive this object: it shares the queue, not `this`. What
  // it posts runs only while the service thread does.
  auto cut_off = [this, posts = posts_](u64 id) {
    posts->Post([this, id] { End(id, "it was cut off"); });
  };
  memory_->Post([this, identity, sequence, cut_off] {
    Result<std::unique_ptr<Session>> made =
        Session::Create(identity, options_.limits, options_.main_segment_bytes,
                        options_.client_data_segment_bytes,
                        options_.num_workers, commons_, cut_off);
    Result<std::shared_ptr<Session>> shared =
        made.ok() ? Result<std::shared_ptr<Session>>(
                        MakeShared(std::move(made).value()))
                  : Result<std::shared_ptr<Session>>(made.status());
    posts_->Post([this, identity, sequence, shared = std::move(shared)] {
      OnSessionMade(identity.id, sequence, shared);
    });
  });
}

std::shared_ptr<Session> ControlService::MakeShared(
    std::unique_ptr<Session> session) {
  // Whoever lets go last hands the work to the memory thread; when that has
  // stopped, there are no workers that could be held up.
  return std::shared_ptr<Session>(session.release(),
                                  [memory = memory_](Session* last) {
                                    if (!memory->Post([last] { delete last; }))
                                      delete last;
                                  });
}

void ControlService::OnSessionMade(
    u64 id, u32 sequence, const Result<std::shared_ptr<Session>>& made) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) {
    // The client did not wait for it.
    --num_sessions_;
    stat_refused_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  Connection& connection = *found->second;
  SetBusy(connection, false);
  if (!made.ok()) {
    --num_sessions_;
    return Refuse(connection, sequence, made.status());
  }
  --num_handshakes_;
  connection.session = *made;
  {
    const MutexLock lock(sessions_mu_);
    sessions_.push_back(*made);
  }
  stat_sessions_.fetch_add(1, std::memory_order_relaxed);
  stat_sessions_total_.fetch_add(1, std::memory_order_relaxed);
  // Readable at once if the process has ended meanwhile.
  const Status watched = WatchProcess(connection);
  if (!watched.ok()) return Refuse(connection, sequence, watched);
  SendWelcome(connection, sequence);
}

void ControlService::SendWelcome(Connection& connection, u32 sequence) {
  const Session& session = *connection.session;
  Welcome welcome;
  welcome.header.kind = static_cast<u32>(MessageKind::kWelcome);
  welcome.header.sequence = sequence;
  welcome.session_id = session.id();
  welcome.incarnation = page().incarnation;
  welcome.limits = session.limits();
  welcome.main_size = session.segment_size(kMainSegment);
  welcome.client_data_size = session.segment_size(kClientDataSegment);
  welcome.num_workers = options_.num_workers;
  std::vector<int> fds = {page_segment_.fd(), session.segment_fd(kMainSegment),
                          session.segment_fd(kClientDataSegment)};
  const std::vector<RuntimeSegments::Shared> shared =
      commons_->segments.ShareWelcome(kMaxWelcomeSegments);
  for (const RuntimeSegments::Shared& segment : shared) {
    SegmentInfo& info =
        welcome.runtime_segments[welcome.num_runtime_segments++];
    info.id = segment.id;
    info.size = segment.size;
    fds.push_back(segment.fd.get());
  }
  for (u32 worker = 0; worker < options_.num_workers; ++worker) {
    fds.push_back(session.worker_eventfd(worker));
  }
  const Status sent = SendMessage(connection.socket.get(), welcome, fds);
  if (!sent.ok()) End(connection.id, std::string(sent.message()));
}

// ---- requests
// ----------------------------------------------------------------

void ControlService::OnGrow(Connection& connection,
                            const GrowSegmentRequest& request) {
  SetBusy(connection, true);
  memory_->Post([this, session = connection.session, request] {
    const Result<Session::NewSegment> made = session->AddSegment(
        static_cast<SegmentKind>(request.segment_kind), request.bytes);
    posts_->Post([this, id = session->id(), sequence = request.header.sequence,
                  made] { OnGrown(id, sequence, made); });
  });
}

void ControlService::OnGrown(u64 id, u32 sequence,
                             const Result<Session::NewSegment>& made) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  SetBusy(connection, false);
  Reply reply = MakeReply(sequence, made.status());
  if (!made.ok()) return Answer(connection, reply);
  reply.value = made->id;
  reply.size = made->size;
  Answer(connection, reply, {made->fd});
}

void ControlService::OnAttach(Connection& connection,
                              const AttachRingRequest& request) {
  const u32 sequence = request.header.sequence;
  if (!admitting_.load(std::memory_order_relaxed)) {
    const Status why = Status::RuntimeDied("the runtime is stopping");
    return Answer(connection, MakeReply(sequence, why));
  }
  const std::shared_ptr<Session> session = connection.session;
  const Result<char*> memory = session->AdmitRing(request);
  if (!memory.ok()) {
    return Answer(connection, MakeReply(sequence, memory.status()));
  }
  RingRequest ring;
  ring.priority = request.priority;
  ring.capacity = request.capacity;
  ring.ring = ShmPtr::FromBits(request.ring);
  ring.memory = *memory;
  ring.pid = request.pid;
  ring.tid = request.tid;
  const Result<u32> worker = events_.OnAttachRing(session, ring);
  if (!worker.ok()) session->ForgetRing();
  Reply reply = MakeReply(sequence, worker.status());
  if (worker.ok()) reply.value = *worker;
  Answer(connection, reply);
}

void ControlService::OnGetSegment(Connection& connection,
                                  const GetRuntimeSegmentRequest& request) {
  const u32 sequence = request.header.sequence;
  const Result<RuntimeSegments::Shared> shared =
      request.id > kLastRuntimeSegment
          ? Status::NotFound(Format("runtime-wide segment {}", request.id))
          : commons_->segments.Share(static_cast<u16>(request.id));
  Reply reply = MakeReply(sequence, shared.status());
  if (!shared.ok()) return Answer(connection, reply);
  reply.value = shared->id;
  reply.size = shared->size;
  Answer(connection, reply, {shared->fd.get()});
}

}  // namespace chi
