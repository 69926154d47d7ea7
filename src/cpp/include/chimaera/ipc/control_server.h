// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The runtime's side of the control socket: admits clients of the same user
// and the same build, hands them memory as descriptors, answers their few
// requests, and notices when they leave, die or have to be thrown out.
//
// Two threads. The service thread runs an epoll loop over non-blocking sockets
// and the clients' pidfds; nothing a client does or leaves undone can hold it
// up. The memory thread makes and unmaps segments, which takes milliseconds to
// seconds. A third one, in LifeWord, sleeps.

#ifndef CHIMAERA_IPC_CONTROL_SERVER_H_
#define CHIMAERA_IPC_CONTROL_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/result.h"
#include "chimaera/base/types.h"
#include "chimaera/ipc/control.h"
#include "chimaera/ipc/runtime_data.h"
#include "chimaera/ipc/session.h"

namespace chi {

struct ControlServerOptions {
  /// A directory held by RuntimeDir, without a control.sock in it.
  std::string runtime_dir;
  /// 1 to kMaxWorkers.
  u32 num_workers = 1;
  /// First segments of a session, bytes; multiples of the page size.
  u64 main_segment_bytes = 4 * kMiB;
  u64 client_data_segment_bytes = 16 * kMiB;
  RuntimeDataOptions runtime_data;
  /// Sessions at a time.
  u32 max_sessions = 1024;
  /// Connections at a time that have not finished their handshake.
  u32 max_handshakes = 64;
  /// From accept to a complete Hello.
  u64 handshake_timeout_ns = 5 * kNsPerSec;
  SessionLimits limits;
  /// False: clients that connect wait in the socket's queue until Admit.
  bool admit_at_once = true;
};

/// A ring that a client announces, checked: it lies whole, aligned, in one of
/// the session's main segments.
struct RingRequest {
  u32 priority = 0;
  u32 capacity = 0;  ///< Slots, a power of two.
  ShmPtr ring;
  char* memory = nullptr;  ///< Where it lies in this process.
  i32 pid = 0;             ///< As the client says: for choosing a worker only.
  i32 tid = 0;
};

/// What the server tells its owner, on the service thread, one call at a time.
/// Must not block and must not call Stop.
class SessionEvents {
 public:
  virtual ~SessionEvents() = default;

  /// A client's ring: the owner gives it to a worker and returns its index. A
  /// failure is told to the client and the ring forgotten.
  virtual Result<u32> OnAttachRing(const std::shared_ptr<Session>& session,
                                   const RingRequest& ring) = 0;

  /// The client has left, died or been cut off: take its rings from the
  /// workers, withdraw its tasks, let go of the session. Called once for each
  /// session that was admitted.
  virtual void OnSessionGone(const std::shared_ptr<Session>& session) = 0;
};

class ControlService;

/// Start, Stop and destruction by one thread; the rest from any thread.
class ControlServer {
 public:
  /// Clients can connect when this returns. `events` must outlive the server.
  static Result<std::unique_ptr<ControlServer>> Start(
      const ControlServerOptions& options, SessionEvents& events);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  /// Stops. Sessions that workers still hold are then freed by whoever lets
  /// go last. In a forked child it touches nothing that the parent shares.
  ~ControlServer();

  /// The owner is ready: clients that wait and those to come are admitted.
  /// Once, and only without admit_at_once.
  void Admit();

  /// From now on new clients and new rings are refused (kRuntimeDied: "is
  /// stopping"). First half of an orderly stop: then answer what is in flight.
  void StopAdmitting();

  /// Marks the life word stopped, which wakes every client that waits, ends
  /// all sessions (OnSessionGone for each) and both threads. Idempotent.
  void Stop();

  /// Runs `task` soon on the service thread, after what was posted before.
  /// False, and `task` dropped, once the server has stopped.
  bool Post(std::function<void()> task);

  /// Ends a session as its cut-off does. Nothing happens if it is gone.
  void CloseSession(u64 session_id, std::string reason);

  /// The page that clients see; workers write their lines into it.
  [[nodiscard]] ControlPage& page();
  [[nodiscard]] Incarnation incarnation() const;
  /// Where RAM devices register their memory.
  [[nodiscard]] RuntimeSegments& runtime_segments();
  [[nodiscard]] RuntimeData& runtime_data();
  [[nodiscard]] SessionCommons& commons();

  struct Stats {
    u32 sessions = 0;        ///< Admitted and not gone.
    u64 sessions_total = 0;  ///< Admitted in this incarnation.
    u64 refused = 0;         ///< Handshakes that ended without a session.
    u64 cut_off = 0;         ///< Sessions ended for a violation.
  };
  [[nodiscard]] Stats stats() const;

  /// Those that are attached, by age.
  [[nodiscard]] std::vector<std::shared_ptr<Session>> Sessions() const;

 private:
  explicit ControlServer(std::unique_ptr<ControlService> service);

  std::unique_ptr<ControlService> service_;
};

}  // namespace chi

#endif  // CHIMAERA_IPC_CONTROL_SERVER_H_
