// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See session_harness.h.

#include "ipc/session_harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "chimaera/ipc/abi.h"

namespace chi::test {

namespace {

std::string PeerPath() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() /
         "chi_session_peer";
}

}  // namespace

TempDir::TempDir() : path_("/tmp/chi-test-XXXXXX") {
  CHI_CHECK(mkdtemp(path_.data()) != nullptr);
}

TempDir::~TempDir() {
  std::error_code ignored;  // a test may have removed it
  std::filesystem::remove_all(path_, ignored);
}

Result<u32> RecordingEvents::OnAttachRing(
    const std::shared_ptr<Session>& session, const RingRequest& ring) {
  const MutexLock lock(mu_);
  if (refuse_) return Status::Overloaded("no worker takes it");
  rings_.push_back(ring);
  last_ = session;
  return 0u;
}

void RecordingEvents::OnSessionGone(const std::shared_ptr<Session>& session) {
  const MutexLock lock(mu_);
  gone_.push_back(session->id());
}

void RecordingEvents::RefuseRings(bool refuse) {
  const MutexLock lock(mu_);
  refuse_ = refuse;
}

std::vector<RingRequest> RecordingEvents::rings() const {
  const MutexLock lock(mu_);
  return rings_;
}

std::vector<u64> RecordingEvents::gone() const {
  const MutexLock lock(mu_);
  return gone_;
}

std::shared_ptr<Session> RecordingEvents::last_session() const {
  const MutexLock lock(mu_);
  return last_;
}

void RecordingEvents::ForgetSession() {
  std::shared_ptr<Session> last;
  const MutexLock lock(mu_);
  last.swap(last_);
}

ControlServerOptions SmallOptions() {
  ControlServerOptions options;
  options.num_workers = 2;
  options.main_segment_bytes = 256 * kKiB;
  options.client_data_segment_bytes = 256 * kKiB;
  options.runtime_data.segment_bytes = 256 * kKiB;
  options.runtime_data.max_bytes = 4 * kMiB;
  options.limits.max_bytes = 4 * kMiB;
  options.limits.max_result_bytes = 1 * kMiB;
  options.limits.max_segments = 6;
  options.limits.max_rings = 4;
  options.limits.max_ring_capacity = 1024;
  return options;
}

TestServer::TestServer(ControlServerOptions options) {
  options.runtime_dir = temp.path();
  Result<std::unique_ptr<ControlServer>> started =
      ControlServer::Start(options, events);
  CHI_CHECK_OK(started.status());
  server = std::move(started).value();
}

Hello GoodHello() {
  Hello hello;
  hello.header.kind = static_cast<u32>(MessageKind::kHello);
  hello.header.sequence = 7;
  hello.abi_hash = AbiHash();
  hello.sizes = ThisAbiSizes();
  hello.pid = getpid();
  return hello;
}

RawClient::RawClient(const std::string& dir) {
  Result<UniqueFd> socket = ConnectIn(dir, kHangNs);
  CHI_CHECK_OK(socket.status());
  socket_ = std::move(socket).value();
}

void RawClient::Send(const void* bytes, u32 size, const std::vector<int>& fds) {
  // The server may have closed: what it said is what the test looks at.
  static_cast<void>(SendPacket(socket_.get(), bytes, size, fds));
}

Packet RawClient::Receive() {
  Packet packet;
  int errors = 0;
  const bool ended = WaitUntil([&] {
    switch (ReceivePacket(socket_.get(), true, &packet)) {
      case ReceiveResult::kPacket:
        return true;
      case ReceiveResult::kNothingYet:
        return false;
      case ReceiveResult::kClosed:
        packet.size = 0;
        return ++errors == 2;  // the first may hide a reply
    }
    return false;
  });
  CHI_CHECK(ended, "the server neither answered nor closed");
  return packet;
}

Status RawClient::ReceiveStatus() {
  const Packet packet = Receive();
  if (packet.size == 0) return Status::Stale("closed");
  const Reply* reply = packet.As<Reply>();
  if (reply == nullptr) return Status::ProtocolViolation("no reply");
  return StatusOf(*reply);
}

bool RawClient::IsClosed() { return Receive().size == 0; }

PeerProcess::PeerProcess(const std::vector<std::string>& arguments,
                         int inherited) {
  int to_child[2];
  int from_child[2];
  CHI_CHECK(pipe2(to_child, O_CLOEXEC) == 0);
  CHI_CHECK(pipe2(from_child, O_CLOEXEC) == 0);
  input_.Reset(to_child[1]);
  output_.Reset(from_child[0]);
  const UniqueFd child_input(to_child[0]);
  const UniqueFd child_output(from_child[1]);

  const std::string path = PeerPath();
  std::vector<std::string> words = arguments;
  words.insert(words.begin(), path);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_input.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, child_output.get(), 1);
  if (inherited >= 0) {  // onto itself: clears its close-on-exec flag
    posix_spawn_file_actions_adddup2(&actions, inherited, inherited);
  }
  const int error =
      posix_spawn(&pid_, path.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  CHI_CHECK(error == 0, "cannot start {}: errno {}", path, error);
}

PeerProcess::~PeerProcess() {
  if (pid_ < 0) return;
  Kill();
  Reap();
}

std::string PeerProcess::ReadLine() {
  std::string line;
  const u64 deadline_ns = SystemClock::Get().NowNs() + kHangNs;
  for (;;) {
    const u64 now_ns = SystemClock::Get().NowNs();
    CHI_CHECK(now_ns < deadline_ns, "no line from process {}", pid_);
    pollfd wait = {output_.get(), POLLIN, 0};
    if (poll(&wait, 1, 1000) <= 0) continue;
    char letter;
    if (read(output_.get(), &letter, 1) != 1) return line;
    if (letter == '\n') return line;
    line.push_back(letter);
  }
}

void PeerProcess::Kill() { kill(pid_, SIGKILL); }

int PeerProcess::Reap() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

u64 CountOpenFds() {
  u64 count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd")) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

u64 CountMappings(const std::string& text) {
  std::ifstream maps("/proc/self/maps");
  u64 count = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find(text) != std::string::npos) ++count;
  }
  return count;
}

}  // namespace chi::test
