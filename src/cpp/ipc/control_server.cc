// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The public face of ControlService.

#include "chimaera/ipc/control_server.h"

#include <utility>

#include "ipc/control_service.h"

namespace chi {

ControlServer::ControlServer(std::unique_ptr<ControlService> service)
    : service_(std::move(service)) {}

Result<std::unique_ptr<ControlServer>> ControlServer::Start(
    const ControlServerOptions& options, SessionEvents& events) {
  CHI_ASSIGN_OR_RETURN(std::unique_ptr<ControlService> service,
                       ControlService::Start(options, events));
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(service)));
}

ControlServer::~ControlServer() {
  // A forked child has the object but none of its threads, and shares the page
  // and the sockets with its parent: it must not stop anything.
  if (service_->InForkedChild()) static_cast<void>(service_.release());
}

void ControlServer::StopAdmitting() { service_->StopAdmitting(); }
void ControlServer::Stop() { service_->Stop(); }

bool ControlServer::Post(std::function<void()> task) {
  return service_->Post(std::move(task));
}

void ControlServer::CloseSession(u64 session_id, std::string reason) {
  service_->CloseSession(session_id, std::move(reason));
}

ControlPage& ControlServer::page() { return service_->page(); }
Incarnation ControlServer::incarnation() const {
  return service_->page().incarnation;
}
RuntimeSegments& ControlServer::runtime_segments() {
  return service_->commons().segments;
}
SessionCommons& ControlServer::commons() { return service_->commons(); }
void ControlServer::Admit() { service_->Admit(); }
RuntimeData& ControlServer::runtime_data() { return *service_->commons().data; }
std::vector<std::shared_ptr<Session>> ControlServer::Sessions() const {
  return service_->Sessions();
}
ControlServer::Stats ControlServer::stats() const { return service_->stats(); }

}  // namespace chi
