// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The root object: a runtime, a client of one, or both, in this process. It
// owns everything; members are declared in the order in which they start, so
// they are destroyed in the reverse one.

#ifndef CHIMAERA_RUNTIME_RUNTIME_H_
#define CHIMAERA_RUNTIME_RUNTIME_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/core/config.h"
#include "chimaera/ipc/ipc_manager.h"

namespace chi {

class ClientCore;
class ControlServer;
class ModuleManager;
class PoolManager;
class RuntimeDir;
class RuntimeSegments;
class Server;
class TaskErrors;
class Watchdog;
class WorkOrchestrator;

/// What CHIMAERA_INIT starts.
enum class ChimaeraMode : u32 {
  kClient = 0,  ///< A client; with an embedded runtime if asked for.
  kServer = 1,  ///< A runtime, and no client.
};

/// How a client finds its runtime.
struct ClientConfig {
  /// Empty: found as `RuntimeDir::Locate(name)` says.
  std::string runtime_dir;
  /// Of a runtime started with --name; empty for the usual one.
  std::string name;
  u64 connect_timeout_ns = 10'000'000'000;
};

/// At most one exists in a process: making another gives kAlreadyExists.
class Chimaera {
 public:
  /// Starts a runtime in this process. `runtime_dir` empty: as configured.
  /// On error nothing is left running.
  static Result<std::unique_ptr<Chimaera>> StartServer(
      const RuntimeConfig& config, const std::string& runtime_dir = "");

  /// Attaches to the runtime already on this node.
  static Result<std::unique_ptr<Chimaera>> Attach(const ClientConfig& config);

  /// Starts a runtime in a private directory and attaches to it.
  static Result<std::unique_ptr<Chimaera>> StartEmbedded(
      const RuntimeConfig& config);

  /// The instance of this process, from the moment its start begins, so that
  /// modules find it. REQUIRES: there is one (CHI_CHECK otherwise).
  static Chimaera& Get() {
    Chimaera* const found = instance_.load(std::memory_order_acquire);
    return __builtin_expect(found != nullptr, 1) ? *found : GetInherited();
  }
  static bool Exists();

  /// Nothing that came from it may be in use. A runtime's methods are given
  /// `stop_timeout_ns` of the configuration to end. If some do not, since a
  /// disk does not answer for instance, the log names them, and their workers
  /// and memory stay as long as the process: then Exists() is still true, and
  /// no other instance can be made.
  ~Chimaera();
  Chimaera(const Chimaera&) = delete;
  Chimaera& operator=(const Chimaera&) = delete;

  bool is_server() const { return server_ != nullptr; }
  bool is_client() const { return client_ != nullptr; }

  IpcManager& ipc() { return *ipc_; }
  /// REQUIRES, for all of these: is_server().
  PoolManager& pools();
  ModuleManager& modules();
  WorkOrchestrator& workers();
  Watchdog& watchdog();
  ControlServer& control();
  RuntimeSegments& segments();
  const RuntimeConfig& config() const;
  const TaskErrors& errors() const;
  u64 uptime_ns() const;
  /// "ok", "busy": a method holds a worker, or "stopping".
  const char* health() const;
  /// REQUIRES: is_client().
  ClientCore& client();

  /// Asks the runtime to stop: WaitForStop returns. Any thread, also a worker.
  void RequestStop();
  /// Blocks until RequestStop, or `timeout_ns` is over (false). Not a worker.
  bool WaitForStop(u64 timeout_ns);

  /// The directory of the runtime that is run or attached to.
  const std::string& runtime_dir() const;

 private:
  Chimaera();
  static Result<std::unique_ptr<Chimaera>> Make();
  static Result<std::unique_ptr<Chimaera>> StartIn(const RuntimeConfig& config,
                                                   RuntimeDir dir);
  Status Connect(const std::string& runtime_dir, u64 timeout_ns);

  static Chimaera& GetInherited();
  static void ForgetInChild();
  void StayBehind();

  static std::atomic<Chimaera*> instance_;

  std::unique_ptr<IpcManager> ipc_;
  std::unique_ptr<Server> server_;      // null in a mere client
  std::unique_ptr<ClientCore> client_;  // null in a mere server
};

/// Starts what `mode` says, configured by CHI_SERVER_CONF, and keeps it until
/// Finalize or the end of the process.
/// kClient: attaches, or with `embedded_runtime` starts a runtime of its own
/// and attaches to that. kServer: starts a runtime. Errors: kNoRuntime,
/// kAlreadyExists (this process has one, or a runtime holds the directory),
/// kVersionMismatch (a client library of another build is loaded), and what the
/// configuration gives rise to.
Status Init(ChimaeraMode mode, bool embedded_runtime);

/// Ends what Init has made. Nothing of it may be in use.
void Finalize();

/// The module guide's entry points: as Init, with the error logged. A second
/// call is true if it asks for what there is.
bool CHIMAERA_INIT(ChimaeraMode mode, bool embedded_runtime = false);
bool CHIMAERA_CLIENT_INIT();
bool CHIMAERA_RUNTIME_INIT();  ///< Client and runtime in one process.
void CHIMAERA_FINALIZE();

}  // namespace chi

#endif  // CHIMAERA_RUNTIME_RUNTIME_H_
