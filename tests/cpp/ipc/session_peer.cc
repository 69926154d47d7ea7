// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The other process of the control socket's tests. Says one line when it has
// done what its first argument asks, then waits for the end of its input.
//
//   hold DIR       connect; leave politely at the end
//   fork-hold DIR  connect, then fork a child that keeps everything open
//   fork-exit DIR  connect; a forked child destroys its copy and exits
//   wait DIR N     connect; N threads wait for a task that never completes
//   connect DIR    connect and say with which status
//   as UID DIR     the same as another user
//   as-raw UID DIR the same without the client's own checks
//   claim DIR      take the runtime directory
//   claim-private  take a private one and say where it is
//   hold-life FD   keep the life word of the control page in that memfd
//   serve DIR      be a runtime; stop in order at the end

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/ipc/control_client.h"
#include "chimaera/ipc/control_server.h"
#include "chimaera/ipc/life_word.h"
#include "chimaera/ipc/runtime_dir.h"
#include "chimaera/shm/segment.h"
#include "ipc/control_socket.h"

namespace {

using chi::ControlClient;
using chi::Result;
using chi::Status;

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void WaitForEndOfInput() {
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

/// Says with which status the connection came about; null if it did not.
std::unique_ptr<ControlClient> ConnectAndSay(const std::string& dir) {
  Result<std::unique_ptr<ControlClient>> client = ControlClient::Connect(dir);
  Say(client.status().ToString());
  return client.ok() ? std::move(client).value() : nullptr;
}

int Hold(const std::string& dir) {
  const auto client = ConnectAndSay(dir);
  WaitForEndOfInput();
  return client == nullptr;
}

int ForkHold(const std::string& dir) {
  Result<std::unique_ptr<ControlClient>> client = ControlClient::Connect(dir);
  if (!client.ok()) return 1;
  const pid_t child = fork();
  if (child == 0) {
    Say((*client)->Check().ToString());
    WaitForEndOfInput();  // outlives its parent, not the test
    _exit(0);
  }
  WaitForEndOfInput();
  return 0;
}

int ForkExit(const std::string& dir) {
  Result<std::unique_ptr<ControlClient>> client = ControlClient::Connect(dir);
  if (!client.ok()) return 1;
  const pid_t child = fork();
  if (child == 0) {
    client->reset();
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  Say((*client)->Grow(chi::SegmentKind::kMain, 4096).status().ToString());
  WaitForEndOfInput();
  return 0;
}

int Wait(const std::string& dir, int num_waits) {
  Result<std::unique_ptr<ControlClient>> client = ControlClient::Connect(dir);
  if (!client.ok()) return 1;
  std::atomic<chi::u32> word{1};
  std::atomic<int> died{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < num_waits; ++i) {
    threads.emplace_back([&] {
      chi::WaitOutcome outcome;
      do {
        outcome = chi::FutexWaitOnTask(&word, 1, &(*client)->page(),
                                       60 * chi::kNsPerSec);
      } while (outcome == chi::WaitOutcome::kLookAgain);
      if (outcome == chi::WaitOutcome::kRuntimeDied) ++died;
    });
  }
  Say("waiting");
  for (std::thread& thread : threads) thread.join();
  Say(std::to_string(died) + " died; " + (*client)->Check().ToString());
  return 0;
}

int ConnectAs(uid_t uid, const std::string& dir) {
  if (setgid(uid) != 0 || setuid(uid) != 0) return 1;
  ConnectAndSay(dir);
  return 0;
}

/// Skips what ControlClient checks before it connects.
int ConnectRawAs(uid_t uid, const std::string& dir) {
  if (setgid(uid) != 0 || setuid(uid) != 0) return 1;
  const Result<chi::UniqueFd> socket = chi::ConnectIn(dir, 10 * chi::kNsPerSec);
  if (!socket.ok()) {
    Say(socket.status().ToString());
    return 1;
  }
  pollfd wait = {socket->get(), POLLIN, 0};
  poll(&wait, 1, 30'000);
  chi::Packet packet;
  chi::ReceivePacket(socket->get(), true, &packet);
  const chi::Reply* reply = packet.As<chi::Reply>();
  Say((reply == nullptr ? "no reply" : chi::StatusOf(*reply).ToString()) +
      "; " + std::to_string(packet.fds.size()) + " descriptors");
  return 0;
}

int Claim(const std::string& dir) {
  const Result<chi::RuntimeDir> claimed = chi::RuntimeDir::Claim(dir);
  Say(claimed.status().ToString());
  WaitForEndOfInput();
  return claimed.ok() ? 0 : 2;
}

int ClaimPrivate() {
  const Result<chi::RuntimeDir> claimed = chi::RuntimeDir::Private();
  Say(claimed.status().ToString());
  if (!claimed.ok()) return 1;
  Say(claimed->path());
  WaitForEndOfInput();
  return 0;
}

int HoldLife(int fd) {
  Result<chi::Segment> segment = chi::Segment::Map(
      chi::UniqueFd(fd), chi::kControlPageBytes, chi::Access::kReadWrite);
  if (!segment.ok()) return 1;
  const auto life =
      chi::LifeWord::Take(reinterpret_cast<chi::ControlPage*>(segment->data()));
  Say(life.status().ToString());
  WaitForEndOfInput();
  return 0;
}

class NoEvents : public chi::SessionEvents {
 public:
  Result<chi::u32> OnAttachRing(const std::shared_ptr<chi::Session>&,
                                const chi::RingRequest&) override {
    return 0u;
  }
  void OnSessionGone(const std::shared_ptr<chi::Session>&) override {}
};

int Serve(const std::string& dir) {
  Result<chi::RuntimeDir> claimed = chi::RuntimeDir::Claim(dir);
  if (!claimed.ok()) {
    Say(claimed.status().ToString());
    return 2;
  }
  chi::ControlServerOptions options;
  options.runtime_dir = dir;
  options.main_segment_bytes = 256 * chi::kKiB;
  options.client_data_segment_bytes = 256 * chi::kKiB;
  NoEvents events;
  const auto server = chi::ControlServer::Start(options, events);
  Say(server.status().ToString());
  WaitForEndOfInput();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::string what = words.empty() ? "" : words[0];
  if (what == "hold" && words.size() == 2) return Hold(words[1]);
  if (what == "fork-hold" && words.size() == 2) return ForkHold(words[1]);
  if (what == "wait" && words.size() == 3) {
    return Wait(words[1], std::atoi(words[2].c_str()));
  }
  if (what == "fork-exit" && words.size() == 2) return ForkExit(words[1]);
  if (what == "claim-private") return ClaimPrivate();
  if (what == "hold-life" && words.size() == 2) {
    return HoldLife(std::atoi(words[1].c_str()));
  }
  if (what == "connect" && words.size() == 2) {
    return ConnectAndSay(words[1]) == nullptr;
  }
  if (what == "as" && words.size() == 3) {
    return ConnectAs(static_cast<uid_t>(std::atoi(words[1].c_str())), words[2]);
  }
  if (what == "as-raw" && words.size() == 3) {
    return ConnectRawAs(static_cast<uid_t>(std::atoi(words[1].c_str())),
                        words[2]);
  }
  if (what == "claim" && words.size() == 2) return Claim(words[1]);
  if (what == "serve" && words.size() == 2) return Serve(words[1]);
  std::fprintf(stderr, "session_peer: see the head of session_peer.cc\n");
  return 64;
}
