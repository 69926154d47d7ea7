// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The service thread: epoll loop, accepting, leaving. See control_service.h.

#include "ipc/control_service.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/format.h"
#include "chimaera/base/log.h"
#include "chimaera/base/start_thread.h"
#include "chimaera/ipc/abi.h"

namespace chi {

namespace {

// Keys of the epoll set: twice a connection's number, plus 1 for its pidfd.
// Connections count from 1, so 0 and 1 are free.
constexpr u64 kListenerKey = 0;
constexpr u64 kPostsKey = 1;
constexpr u64 SocketKey(u64 id) { return 2 * id; }
constexpr u64 PidfdKey(u64 id) { return 2 * id + 1; }

constexpr int kMaxEvents = 64;
// Connections accepted in a row before others get their turn.
constexpr int kMaxAccepts = 16;
// The loop looks around at least this often, ms.
constexpr int kMaxWaitMs = 10'000;

Result<Segment> MakePage(u32 num_workers) {
  CHI_ASSIGN_OR_RETURN(Segment segment,
                       Segment::Create("chimaera-control", kControlPageBytes,
                                       SegmentSeal::kReadOnlyForOthers));
  auto* page = new (segment.data()) ControlPage();
  page->abi_hash = AbiHash();
  page->incarnation = Incarnation::Make(SystemRandom::Get());
  page->pid = getpid();
  page->num_workers = num_workers;
  return segment;
}

}  // namespace

// ---- start and stop
// ----------------------------------------------------------

ControlService::ControlService(const ControlServerOptions& options,
                               SessionEvents& events, Segment page,
                               std::shared_ptr<PostQueue> posts)
    : options_(options),
      events_(events),
      owner_pid_(getpid()),
      page_segment_(std::move(page)),
      commons_(std::make_shared<SessionCommons>()),
      posts_(std::move(posts)),
      memory_(std::make_shared<WorkThread>("chi-memory")) {}

Result<std::unique_ptr<ControlService>> ControlService::Start(
    const ControlServerOptions& options, SessionEvents& events) {
  if (options.num_workers == 0 || options.num_workers > kMaxWorkers) {
    return Status::BadRequest(Format("{} workers; 1 to {} are possible",
                                     options.num_workers, kMaxWorkers));
  }
  UniqueFd posts(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!posts.valid()) return Status::FromErrno(errno, "eventfd");
  CHI_ASSIGN_OR_RETURN(Segment page, MakePage(options.num_workers));
  std::unique_ptr<ControlService> service(
      new ControlService(options, events, std::move(page),
                         std::make_shared<PostQueue>(std::move(posts))));
  CHI_RETURN_IF_ERROR(service->Prepare());
  service->thread_ = StartThread([self = service.get()] { self->Run(); });
  pthread_setname_np(service->thread_.native_handle(), "chi-control");
  return service;
}

Status ControlService::Prepare() {
  CHI_ASSIGN_OR_RETURN(
      commons_->data,
      RuntimeData::Create(commons_->segments, options_.runtime_data));
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return Status::FromErrno(errno, "epoll_create1");
  spare_fd_.Reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHI_ASSIGN_OR_RETURN(life_, LifeWord::Take(&page()));
  // Last: from here on clients connect.
  CHI_ASSIGN_OR_RETURN(listener_, ListenIn(options_.runtime_dir));
  CHI_RETURN_IF_ERROR(Watch(posts_->eventfd(), kPostsKey, EPOLLIN));
  if (!options_.admit_at_once) return Status();
  return Watch(listener_.get(), kListenerKey, EPOLLIN);
}

void ControlService::Admit() {
  Post([this] {
    if (!listener_.valid()) return;  // stopped meanwhile
    const Status watched = Watch(listener_.get(), kListenerKey, EPOLLIN);
    if (!watched.ok()) CHI_LOG(kError, "control socket: {}", watched);
  });
}

ControlService::~ControlService() { Stop(); }

bool ControlService::InForkedChild() const { return getpid() != owner_pid_; }

void ControlService::Stop() {
  if (life_ != nullptr) life_->Stop();
  if (thread_.joinable()) {
    quit_.store(true, std::memory_order_relaxed);
    posts_->Post([] {});  // wakes the loop; its lock orders the flag
    thread_.join();
    unlink((options_.runtime_dir + "/" + kControlSocketName).c_str());
  }
  posts_->Close();
  memory_->Stop();
}

void ControlService::CloseSession(u64 id, std::string reason) {
  Post([this, id, reason = std::move(reason)] { End(id, reason); });
}

std::vector<std::shared_ptr<Session>> ControlService::Sessions() const {
  const MutexLock lock(sessions_mu_);
  return sessions_;
}

ControlServer::Stats ControlService::stats() const {
  ControlServer::Stats stats;
  stats.sessions = stat_sessions_.load(std::memory_order_relaxed);
  stats.sessions_total = stat_sessions_total_.load(std::memory_order_relaxed);
  stats.refused = stat_refused_.load(std::memory_order_relaxed);
  stats.cut_off = stat_cut_off_.load(std::memory_order_relaxed);
  return stats;
}

// ---- the loop
// ----------------------------------------------------------------

void ControlService::Run() {
  while (!quit_.load(std::memory_order_relaxed)) {
    Wait();
    EndLateHandshakes();
  }
  listener_.Reset();
  std::vector<u64> ids;
  for (const auto& [id, connection] : connections_) ids.push_back(id);
  for (const u64 id : ids) End(id, "the runtime stops");
}

void ControlService::Wait() {
  epoll_event ready[kMaxEvents];
  const int count = epoll_wait(epoll_.get(), ready, kMaxEvents, WaitLimitMs());
  for (int i = 0; i < count; ++i) {
    const u64 key = ready[i].data.u64;
    if (key == kListenerKey) {
      Accept();
    } else if (key == kPostsKey) {
      posts_->RunAll();
    } else {
      // An earlier event of this round may have ended the connection.
      const auto found = connections_.find(key / 2);
      if (found == connections_.end()) continue;
      if (key % 2 == 1) {
        End(key / 2, "its process ended");
      } else {
        OnSocket(*found->second, ready[i].events);
      }
    }
  }
}

int ControlService::WaitLimitMs() const {
  if (handshakes_.empty()) return kMaxWaitMs;
  const u64 now_ns = SystemClock::Get().NowNs();
  const u64 deadline_ns = handshakes_.front().first;
  if (deadline_ns <= now_ns) return 0;
  const u64 left_ms = (deadline_ns - now_ns) / kNsPerMs + 1;
  return static_cast<int>(std::min<u64>(left_ms, kMaxWaitMs));
}

void ControlService::EndLateHandshakes() {
  const u64 now_ns = SystemClock::Get().NowNs();
  while (!handshakes_.empty() && handshakes_.front().first <= now_ns) {
    const u64 id = handshakes_.front().second;
    handshakes_.pop_front();
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    // Once Hello has come, it is we who take the time.
    Connection& connection = *found->second;
    if (connection.session == nullptr && !connection.busy) {
      Refuse(connection, 0, Status::DeadlineExceeded("no hello in time"));
    }
  }
}

Status ControlService::Watch(int fd, u64 key, u32 events) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = key;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return Status::FromErrno(errno, "epoll_ctl");
  }
  return Status::Ok();
}

Status ControlService::WatchProcess(const Connection& connection) {
  return Watch(connection.pidfd.get(), PidfdKey(connection.id), EPOLLIN);
}

void ControlService::SetBusy(Connection& connection, bool busy) {
  connection.busy = busy;
  epoll_event event = {};
  // The end of the other side is told either way.
  event.events = busy ? 0u : u32{EPOLLIN | EPOLLRDHUP};
  event.data.u64 = SocketKey(connection.id);
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.socket.get(), &event);
}

// ---- accepting
// ---------------------------------------------------------------

void ControlService::Accept() {
  for (int i = 0; i < kMaxAccepts && AcceptOne(); ++i) {
  }
}

bool ControlService::AcceptOne() {
  UniqueFd socket(
      accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.valid()) {
    const int error = errno;
    if (error == EMFILE || error == ENFILE) AcceptWithoutDescriptors();
    // These concern a client that is gone already; others may be waiting.
    return error == ECONNABORTED || error == EINTR;
  }
  const Result<PeerIdentity> peer = GetPeer(socket.get());
  if (!peer.ok()) return true;
  if (peer->uid != geteuid()) {
    RefuseAtOnce(
        std::move(socket),
        Status::PermissionDenied(Format(
            "this runtime serves user {}, not user {}", geteuid(), peer->uid)));
    return true;
  }
  if (num_handshakes_ >= options_.max_handshakes) {
    RefuseAtOnce(std::move(socket),
                 Status::Overloaded(Format("{} clients are connecting already",
                                           num_handshakes_)));
    return true;
  }
  auto connection = std::make_unique<Connection>();
  connection->id = next_id_++;
  connection->socket = std::move(socket);
  connection->peer = *peer;
  const u64 id = connection->id;
  if (!Watch(connection->socket.get(), SocketKey(id), EPOLLIN | EPOLLRDHUP)
           .ok()) {
    return true;
  }
  const u64 now_ns = SystemClock::Get().NowNs();
  handshakes_.emplace_back(DeadlineNs(now_ns, options_.handshake_timeout_ns),
                           id);
  ++num_handshakes_;
  connections_.emplace(id, std::move(connection));
  return true;
}

void ControlService::AcceptWithoutDescriptors() {
  // A connection that is not accepted would wake the loop without end. The
  // spare descriptor makes room for taking it and closing it.
  if (!spare_fd_.valid()) return;
  spare_fd_.Reset();
  UniqueFd socket(
      accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.valid()) {
    RefuseAtOnce(std::move(socket),
                 Status::Overloaded("the runtime is out of descriptors; raise "
                                    "its limit with `ulimit -n`"));
  }
  spare_fd_.Reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

void ControlService::RefuseAtOnce(UniqueFd socket, const Status& why) {
  stat_refused_.fetch_add(1, std::memory_order_relaxed);
  CHI_LOG(kDebug, "connection refused: {}", why);
  // Best effort: what cannot be sent is not sent.
  const Status sent = SendMessage(socket.get(), MakeReply(0, why));
  // Closing with unread bytes would give the client an error before the reply.
  Packet unread;
  if (sent.ok()) ReceivePacket(socket.get(), false, &unread);
}

// ---- connections
// -------------------------------------------------------------

void ControlService::OnSocket(Connection& connection, u32 events) {
  const u64 id = connection.id;
  if (connection.busy) {
    // Only EPOLLHUP and EPOLLERR are told now.
    End(id, "it closed its socket");
    return;
  }
  Packet packet;
  switch (ReceivePacket(connection.socket.get(), false, &packet)) {
    case ReceiveResult::kPacket:
      Dispatch(connection, packet);
      return;
    case ReceiveResult::kNothingYet:
      if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) == 0) return;
      [[fallthrough]];
    case ReceiveResult::kClosed:
      End(id, "it closed its socket");
  }
}

void ControlService::End(u64 id, const std::string& reason) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const std::unique_ptr<Connection> connection = std::move(found->second);
  connections_.erase(found);
  const std::shared_ptr<Session> session = std::move(connection->session);
  if (session == nullptr) {
    --num_handshakes_;
    // In the making: OnSessionMade finds the connection gone and counts.
    if (!connection->busy) {
      stat_refused_.fetch_add(1, std::memory_order_relaxed);
    }
    return;
  }
  CHI_LOG(kDebug, "session {} (process {}) ends: {}", id, session->pid(),
          reason);
  {
    const MutexLock lock(sessions_mu_);
    sessions_.erase(std::find(sessions_.begin(), sessions_.end(), session));
  }
  --num_sessions_;
  stat_sessions_.fetch_sub(1, std::memory_order_relaxed);
  if (session->cut_off()) {
    stat_cut_off_.fetch_add(1, std::memory_order_relaxed);
  }
  events_.OnSessionGone(session);
}

}  // namespace chi
