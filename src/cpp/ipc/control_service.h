// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The threads behind ControlServer and the state of each connection.
//
//   accepted --Hello--> in the making --Welcome--> session --+
//      |  refused, late      |  left                         | goodbye, closed,
//      +---------------------+-------------------------------+ died, cut off
//                                                            v
//                                            OnSessionGone, connection closed
//
// control_service.cc holds the threads and the epoll loop, control_requests.cc
// what is done with each message.

#ifndef CHIMAERA_IPC_CONTROL_SERVICE_H_
#define CHIMAERA_IPC_CONTROL_SERVICE_H_

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chimaera/base/mutex.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/base/unique_fd.h"
#include "chimaera/ipc/control.h"
#include "chimaera/ipc/control_server.h"
#include "chimaera/ipc/life_word.h"
#include "chimaera/ipc/session.h"
#include "chimaera/shm/segment.h"
#include "ipc/control_socket.h"
#include "ipc/work_queue.h"

namespace chi {

class ControlService {
 public:
  static Result<std::unique_ptr<ControlService>> Start(
      const ControlServerOptions& options, SessionEvents& events);
  ~ControlService();

  void Admit();
  void StopAdmitting() { admitting_.store(false, std::memory_order_relaxed); }
  void Stop();
  bool Post(std::function<void()> task) {
    return posts_->Post(std::move(task));
  }
  void CloseSession(u64 id, std::string reason);

  ControlPage& page() {
    return *reinterpret_cast<ControlPage*>(page_segment_.data());
  }
  SessionCommons& commons() { return *commons_; }
  ControlServer::Stats stats() const;
  std::vector<std::shared_ptr<Session>> Sessions() const;
  [[nodiscard]] bool InForkedChild() const;

 private:
  /// One client, from accept on. Its number is also its session's.
  struct Connection {
    u64 id = 0;
    UniqueFd socket;
    UniqueFd pidfd;
    PeerIdentity peer;
    std::shared_ptr<Session> session;  // null until admitted
    // The memory thread works for this client: nothing is read meanwhile.
    bool busy = false;
  };

  ControlService(const ControlServerOptions& options, SessionEvents& events,
                 Segment page, std::shared_ptr<PostQueue> posts);
  Status Prepare();
  void Run();
  void Wait();

  // Accepting and leaving (control_service.cc).
  void Accept();
  bool AcceptOne();
  void AcceptWithoutDescriptors();
  void RefuseAtOnce(UniqueFd socket, const Status& why);
  void OnSocket(Connection& connection, u32 events);
  void End(u64 id, const std::string& reason);
  void EndLateHandshakes();
  [[nodiscard]] int WaitLimitMs() const;
  Status Watch(int fd, u64 key, u32 events);
  Status WatchProcess(const Connection& connection);
  void SetBusy(Connection& connection, bool busy);

  // Messages (control_requests.cc).
  void Dispatch(Connection& connection, const Packet& packet);
  void Refuse(Connection& connection, u32 sequence, const Status& why);
  void Answer(Connection& connection, const Reply& reply,
              const std::vector<int>& fds = {});
  Status CheckHello(const Connection& connection, const Packet& packet);
  void OnHello(Connection& connection, const Packet& packet);
  std::shared_ptr<Session> MakeShared(std::unique_ptr<Session> session);
  void OnSessionMade(u64 id, u32 sequence,
                     const Result<std::shared_ptr<Session>>& made);
  void SendWelcome(Connection& connection, u32 sequence);
  void OnGrow(Connection& connection, const GrowSegmentRequest& request);
  void OnGrown(u64 id, u32 sequence, const Result<Session::NewSegment>& made);
  void OnAttach(Connection& connection, const AttachRingRequest& request);
  void OnGetSegment(Connection& connection,
                    const GetRuntimeSegmentRequest& request);

  // Constant after Prepare.
  const ControlServerOptions options_;
  SessionEvents& events_;
  const pid_t owner_pid_;
  const Segment page_segment_;
  const std::shared_ptr<SessionCommons> commons_;
  // Shared with the sessions, which may outlive this object.
  const std::shared_ptr<PostQueue> posts_;
  const std::shared_ptr<WorkThread> memory_;
  UniqueFd epoll_;
  UniqueFd listener_;
  std::unique_ptr<LifeWord> life_;

  // Owned by the service thread.
  std::unordered_map<u64, std::unique_ptr<Connection>> connections_;
  u64 next_id_ = 1;
  u32 num_sessions_ = 0;  // admitted or in the making
  // Handshakes by deadline, oldest first; may name connections that are gone.
  std::deque<std::pair<u64, u64>> handshakes_;
  u32 num_handshakes_ = 0;
  // Given up for a moment when the process is out of descriptors.
  UniqueFd spare_fd_;

  // What connections_ has, for other threads.
  mutable Mutex sessions_mu_;
  std::vector<std::shared_ptr<Session>> sessions_ CHI_GUARDED_BY(sessions_mu_);

  // Written by one thread, read by any; they order nothing else.
  std::atomic<bool> admitting_{true};
  std::atomic<bool> quit_{false};
  std::atomic<u32> stat_sessions_{0};
  std::atomic<u64> stat_sessions_total_{0};
  std::atomic<u64> stat_refused_{0};
  std::atomic<u64> stat_cut_off_{0};

  std::thread thread_;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_CONTROL_SERVICE_H_
