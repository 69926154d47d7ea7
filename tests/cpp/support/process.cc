// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See process.h.

#include "support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "chimaera/base/check.h"
#include "support/wait_until.h"

namespace chi::test {

TempDir::TempDir() : path_("/tmp/chi-test-XXXXXX") {
  CHI_CHECK(mkdtemp(path_.data()) != nullptr);
}

TempDir::~TempDir() {
  std::error_code ignored;  // a test may have removed it
  std::filesystem::remove_all(path_, ignored);
}

Process::Process(const std::string& program,
                 const std::vector<std::string>& arguments, int inherited) {
  int to_child[2];
  int from_child[2];
  CHI_CHECK(pipe2(to_child, O_CLOEXEC) == 0);
  CHI_CHECK(pipe2(from_child, O_CLOEXEC) == 0);
  input_.Reset(to_child[1]);
  output_.Reset(from_child[0]);
  const UniqueFd child_input(to_child[0]);
  const UniqueFd child_output(from_child[1]);

  const std::string path =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / program;
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

Process::~Process() {
  if (pid_ < 0) return;
  Kill();
  Reap();
}

std::string Process::ReadLine() {
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

void Process::WriteLine(const std::string& line) {
  const std::string bytes = line + "\n";
  const ssize_t written = write(input_.get(), bytes.data(), bytes.size());
  CHI_CHECK(written == static_cast<ssize_t>(bytes.size()), "process {}", pid_);
}

void Process::Signal(int number) { kill(pid_, number); }

int Process::Reap() {
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
