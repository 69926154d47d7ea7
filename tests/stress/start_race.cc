// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Many daemons start in one directory at the same moment. Exactly one may win;
// every other one must end with code 2 and name the winner and the directory.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "harness.h"

namespace chi::stress {
namespace {

constexpr int kBusyExit = 2;

struct Starter {
  pid_t pid = -1;
  UniqueFd out;  ///< Its standard error and its ready line.
  std::string text;
  int code = -1;
  bool ended = false;
};

class Race {
 public:
  Race() {
    char name[] = "/tmp/chimaera-race-XXXXXX";
    CHI_CHECK(mkdtemp(name) != nullptr);
    base_ = name;
    dir_ = base_ + "/runtime";
    std::ofstream(base_ + "/config.yaml")
        << "runtime: {num_threads: 1}\n"
        << "memory: {runtime_data_segment: 1MB}\n"
        << "logging: {level: fatal}\n"
        << "modules: {paths: [" << CHI_TEST_LIBRARY_DIR << "]}\n";
  }
  ~Race() {
    std::error_code ignored;
    std::filesystem::remove_all(base_, ignored);
  }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  void Round(u64 count, Summary* summary) {
    int gate[2];
    CHI_CHECK(pipe2(gate, O_CLOEXEC) == 0);
    std::vector<Starter> starters(count);
    for (Starter& starter : starters) Launch(gate, &starter);
    close(gate[0]);
    close(gate[1]);  // go
    u64 left = count;
    const bool all_but_one = WaitUntil(
        [&] {
          for (Starter& starter : starters) left -= Collect(&starter);
          return left <= 1;
        },
        60 * kNsPerSec);
    Starter* winner = nullptr;
    u64 winners = 0;
    for (Starter& starter : starters) {
      Read(&starter);
      if (starter.ended) continue;
      ++winners;
      winner = &starter;
    }
    if (!all_but_one) summary->hung += left - 1;
    summary->Expect(winners == 1, Format("{} winners", winners));
    if (winner != nullptr) Check(starters, winner, summary);
    for (Starter& starter : starters) {
      if (!starter.ended) End(&starter, summary);
    }
    const u64 files = CountEntries(dir_);
    summary->Expect(files == 0, Format("{} files were left", files));
  }

 private:
  void Launch(const int gate[2], Starter* starter) {
    int out[2];
    CHI_CHECK(pipe2(out, O_CLOEXEC | O_NONBLOCK) == 0);
    starter->pid = Spawn([&]() -> int {
      close(gate[1]);
      char byte;
      while (read(gate[0], &byte, 1) > 0) {
      }
      dup2(out[1], STDERR_FILENO);
      const std::string config = base_ + "/config.yaml";
      const std::string program = DaemonProgram();
      execl(program.c_str(), program.c_str(), "--runtime-dir", dir_.c_str(),
            "--config", config.c_str(), "--ready-fd", "2", nullptr);
      return 127;
    });
    close(out[1]);
    starter->out.Reset(out[0]);
  }

  static void Read(Starter* starter) {
    char bytes[1024];
    for (;;) {
      const ssize_t got = read(starter->out.get(), bytes, sizeof(bytes));
      if (got <= 0) return;
      starter->text.append(bytes, static_cast<size_t>(got));
    }
  }

  // 1 if it has ended since the last look.
  static u64 Collect(Starter* starter) {
    if (starter->ended) return 0;
    int status = 0;
    if (waitpid(starter->pid, &status, WNOHANG) != starter->pid) return 0;
    starter->ended = true;
    starter->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return 1;
  }

  void Check(const std::vector<Starter>& starters, Starter* winner,
             Summary* summary) {
    const bool ready = WaitUntil([winner] {
      Read(winner);
      return winner->text.find("ready ") != std::string::npos;
    });
    summary->Expect(ready, "the winner did not get ready: " + winner->text);
    const std::string holder = Format("pid {} ", winner->pid);
    for (const Starter& starter : starters) {
      if (&starter == winner) continue;
      const bool named = starter.text.find(holder) != std::string::npos &&
                         starter.text.find(dir_) != std::string::npos;
      summary->Expect(starter.code == kBusyExit && named,
                      Format("exit {}: {}", starter.code, starter.text));
      if (starter.code == kBusyExit && named) ++summary->done;
    }
    ++summary->done;
  }

  static void End(Starter* starter, Summary* summary) {
    kill(starter->pid, SIGTERM);
    const int how = Reap(starter->pid);
    summary->Expect(how == 0, Format("a winner ended with {}", how));
  }

  std::string base_;
  std::string dir_;
};

int Run(const Args& args) {
  Summary summary;
  summary.name = "start_race";
  const u64 rounds = args.Number("count");
  const u64 parallel = args.Number("parallel");
  summary.asked = rounds * parallel;
  Race race;
  for (u64 i = 0; i < rounds && summary.failures == 0; ++i) {
    race.Round(parallel, &summary);
  }
  summary.Add("rounds", rounds);
  summary.Add("parallel", parallel);
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run(
      {argc, argv, {{"seed", "1"}, {"count", "20"}, {"parallel", "10"}}});
}
