// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The root object and the one pointer behind Chimaera::Get.

#include <pthread.h>

#include <atomic>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/log.h"
#include "chimaera/ipc/client_core.h"
#include "chimaera/ipc/control_client.h"
#include "chimaera/runtime/runtime.h"
#include "runtime/server.h"

namespace chi {
namespace {

std::atomic<Chimaera*> inherited{nullptr};

}  // namespace

std::atomic<Chimaera*> Chimaera::instance_{nullptr};

// The child of a fork has the parent's instance but not its threads. It can
// make one of its own; until then the old one answers every task kForked.
void Chimaera::ForgetInChild() {
  Chimaera* const parents = instance_.exchange(nullptr);
  if (parents != nullptr) inherited.store(parents);
}

Chimaera::Chimaera() = default;

Result<std::unique_ptr<Chimaera>> Chimaera::Make() {
  static const int registered =
      pthread_atfork(nullptr, nullptr, &ForgetInChild);
  if (registered != 0) return Status::FromErrno(registered, "pthread_atfork");
  std::unique_ptr<Chimaera> chimaera(new Chimaera);
  Chimaera* expected = nullptr;
  if (!instance_.compare_exchange_strong(expected, chimaera.get())) {
    return Status::AlreadyExists("this process uses Chimaera already");
  }
  // Not before: it would take the threads' ports from the one that is there.
  chimaera->ipc_ = std::make_unique<IpcManager>();
  return chimaera;
}

Chimaera::~Chimaera() {
  if (instance_.load() != this) {
    Chimaera* expected = this;
    inherited.compare_exchange_strong(expected, nullptr);
    // Made without success, or inherited by a fork: then its parts belong to
    // threads that are not here.
    static_cast<void>(server_.release());
    static_cast<void>(client_.release());
    static_cast<void>(ipc_.release());
    return;
  }
  ipc_->SetPortSource(nullptr);
  if (server_ != nullptr) {
    if (server_->has_workers()) ipc_->SetPortSource(&server_->workers());
    const bool over = server_->Stop();  // while methods still find it here
    ipc_->SetPortSource(nullptr);
    if (!over) {
      StayBehind();
      return;
    }
  }
  // Not before: it is the storage of the whole process, the workers' too.
  client_.reset();
  server_.reset();
  instance_.store(nullptr);
}

// What the methods under way stand on stays as long as the process, and they
// still find it: a transfer may come back any time.
void Chimaera::StayBehind() {
  std::unique_ptr<Chimaera> rest(new Chimaera);
  rest->ipc_ = std::move(ipc_);
  rest->server_ = std::move(server_);
  rest->client_ = std::move(client_);
  instance_.store(rest.release());
}

Result<std::unique_ptr<Chimaera>> Chimaera::StartIn(const RuntimeConfig& config,
                                                    RuntimeDir dir) {
  Result<std::unique_ptr<Chimaera>> made = Make();
  if (!made.ok()) return made.status();
  std::unique_ptr<Chimaera> chimaera = std::move(*made);
  chimaera->server_ = std::make_unique<Server>(config, std::move(dir));
  CHI_RETURN_IF_ERROR(chimaera->server_->Start());
  chimaera->ipc_->SetPortSource(&chimaera->server_->workers());
  return chimaera;
}

Result<std::unique_ptr<Chimaera>> Chimaera::StartServer(
    const RuntimeConfig& config, const std::string& runtime_dir) {
  Result<RuntimeDir> dir = RuntimeDir::Claim(
      runtime_dir.empty() ? std::string_view(config.name) : runtime_dir);
  if (!dir.ok()) return dir.status();
  return StartIn(config, std::move(*dir));
}

Result<std::unique_ptr<Chimaera>> Chimaera::StartEmbedded(
    const RuntimeConfig& config) {
  Result<RuntimeDir> dir = RuntimeDir::Private();
  if (!dir.ok()) return dir.status();
  const std::string path = dir->path();
  Result<std::unique_ptr<Chimaera>> chimaera = StartIn(config, std::move(*dir));
  if (!chimaera.ok()) return chimaera.status();
  CHI_RETURN_IF_ERROR(
      (*chimaera)->Connect(path, ControlClient::kRequestTimeoutNs));
  return chimaera;
}

Result<std::unique_ptr<Chimaera>> Chimaera::Attach(const ClientConfig& config) {
  std::string path = config.runtime_dir;
  if (path.empty()) {
    CHI_ASSIGN_OR_RETURN(path, RuntimeDir::Locate(config.name));
  }
  Result<std::unique_ptr<Chimaera>> made = Make();
  if (!made.ok()) return made.status();
  CHI_RETURN_IF_ERROR((*made)->Connect(path, config.connect_timeout_ns));
  return made;
}

Status Chimaera::Connect(const std::string& path, u64 timeout_ns) {
  Result<std::unique_ptr<ControlClient>> control =
      ControlClient::Connect(path, timeout_ns);
  if (!control.ok()) return control.status();
  client_ = std::make_unique<ClientCore>(std::move(*control), ClientOptions());
  ipc_->SetPortSource(client_.get());
  return Status();
}

Chimaera& Chimaera::GetInherited() {
  Chimaera* const found = inherited.load(std::memory_order_acquire);
  CHI_CHECK(found != nullptr, "CHIMAERA_INIT has not succeeded");
  return *found;
}

bool Chimaera::Exists() { return instance_.load() != nullptr; }

PoolManager& Chimaera::pools() { return server_->pools(); }
ModuleManager& Chimaera::modules() { return server_->modules(); }
WorkOrchestrator& Chimaera::workers() { return server_->workers(); }
Watchdog& Chimaera::watchdog() { return server_->watchdog(); }
ControlServer& Chimaera::control() { return server_->control(); }
RuntimeSegments& Chimaera::segments() {
  return server_->control().runtime_segments();
}
const RuntimeConfig& Chimaera::config() const { return server_->config(); }
const TaskErrors& Chimaera::errors() const { return server_->errors(); }
u64 Chimaera::uptime_ns() const { return server_->uptime_ns(); }
const char* Chimaera::health() const { return server_->health(); }
ClientCore& Chimaera::client() { return *client_; }

void Chimaera::RequestStop() { server_->RequestStop(); }
bool Chimaera::WaitForStop(u64 timeout_ns) {
  return server_->WaitForStop(timeout_ns);
}

const std::string& Chimaera::runtime_dir() const {
  return server_ != nullptr ? server_->runtime_dir()
                            : client_->control().runtime_dir();
}

}  // namespace chi
