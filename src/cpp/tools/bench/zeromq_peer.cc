// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The one place that includes ZeroMQ.

#include <unistd.h>
#include <zmq.h>

#include "blocking_peers.h"
#include "chimaera/base/format.h"

namespace chi::bench {
namespace {

constexpr int kTimeoutMs = 10'000;

void Serve(const std::string& address) {
  void* context = zmq_ctx_new();
  void* socket = zmq_socket(context, ZMQ_REP);
  CHI_CHECK(zmq_bind(socket, address.c_str()) == 0, "{}", address);
  char byte = 0;
  while (zmq_recv(socket, &byte, 1, 0) == 1) zmq_send(socket, &byte, 1, 0);
}

}  // namespace

ZeroMqPeer::ZeroMqPeer(i32 peer_cpu)
    : path_(Format("/tmp/chimaera-bench-{}.zmq", getpid())),
      child_(peer_cpu, [this] { Serve("ipc://" + path_); }) {}

ZeroMqPeer::~ZeroMqPeer() {
  if (socket_ != nullptr) zmq_close(socket_);
  if (context_ != nullptr) zmq_ctx_term(context_);
  unlink(path_.c_str());
}

Samples ZeroMqPeer::RoundTrips(u64 slice_ns) {
  if (socket_ == nullptr) {
    context_ = zmq_ctx_new();
    socket_ = zmq_socket(context_, ZMQ_REQ);
    const int linger_ms = 0;
    zmq_setsockopt(socket_, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
    zmq_setsockopt(socket_, ZMQ_RCVTIMEO, &kTimeoutMs, sizeof(kTimeoutMs));
    CHI_CHECK(zmq_connect(socket_, ("ipc://" + path_).c_str()) == 0);
  }
  return TimeEach(slice_ns, [this] {
    char byte = 0;
    CHI_CHECK(zmq_send(socket_, &byte, 1, 0) == 1);
    CHI_CHECK(zmq_recv(socket_, &byte, 1, 0) == 1, "no answer in {} ms",
              kTimeoutMs);
  });
}

}  // namespace chi::bench
