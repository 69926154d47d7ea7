// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// chi_test_client <dir> <command> <arguments...>: a client in a process of its
// own, for what a test cannot do itself: die, be forked, be one of several. It
// talks to the echo pool 300.0, which it makes if it is not there.
//
//   load <threads> <tasks>   echoes from each thread, checked; "ok <tasks>"
//   hold <tasks> <bytes>     parks tasks for an hour, keeps a buffer and a
//                            grown result of that size; "held", then waits
//   wait <threads> <tasks>   waits for tasks of an hour; "waiting", then, when
//                            all have ended, their outcomes: "<status>=<n>..."
//   lock <tasks>             takes echo's mutex for an hour, and waits for it
//                            with the other tasks; "locked", then waits
//   busy <tasks> <ns>        submits tasks that compute for so long;
//                            "submitted", then waits for them
//   fork                     what parent and child can do after a fork; one
//                            line each

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/chimaera.h"
#include "chimaera/echo/echo_client.h"

namespace {

using chi::PoolQuery;
using chi::Status;
using chi::u64;

constexpr u64 kHourNs = 3'600 * chi::kNsPerSec;

void Say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

std::unique_ptr<chi::Chimaera> Attach(const std::string& dir) {
  chi::ClientConfig config;
  config.runtime_dir = dir;
  auto client = chi::Chimaera::Attach(config);
  if (!client.ok()) Say(client.status().ToString());
  return client.ok() ? *std::move(client) : nullptr;
}

chimaera::echo::Client MakeEcho() {
  chimaera::echo::Client echo;
  echo.Create(HSHM_MCTX, PoolQuery::Dynamic(), "echo", chi::PoolId(300, 0));
  return echo;
}

int Busy(u64 tasks, u64 duration_ns) {
  chimaera::echo::Client echo = MakeEcho();
  std::vector<chi::Future<chimaera::echo::BusyTask>> busy;
  for (u64 i = 0; i < tasks; ++i) {
    busy.push_back(echo.AsyncBusy(HSHM_MCTX, PoolQuery::Local(), duration_ns));
  }
  Say("submitted");
  for (auto& each : busy) each.Wait();
  return 0;
}

void WaitForEnd() {
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

// Tasks that came back as they were sent, of one thread with eight in flight.
u64 EchoMany(chimaera::echo::Client echo, u64 tasks, u64 seed) {
  constexpr u64 kInFlight = 8;
  std::vector<chi::Future<chimaera::echo::EchoTask>> futures(kInFlight);
  std::vector<std::string> texts(kInFlight);
  u64 right = 0;
  for (u64 i = 0; i < tasks + kInFlight; ++i) {
    auto& future = futures[i % kInFlight];
    std::string& text = texts[i % kInFlight];
    if (!future.IsNull() && future.Get().ok() && future->text_ == text &&
        future->number_ == i - kInFlight) {
      ++right;
    }
    if (i >= tasks) continue;
    text =
        std::string((seed * 31 + i * 7) % 300, static_cast<char>('a' + i % 26));
    future = echo.AsyncEcho(HSHM_MCTX, PoolQuery::Local(), text, {seed, i}, i);
  }
  return right;
}

int Load(u64 threads, u64 tasks) {
  const chimaera::echo::Client echo = MakeEcho();
  std::atomic<u64> right{0};
  std::vector<std::thread> all;
  for (u64 t = 0; t < threads; ++t) {
    all.emplace_back([&, t] { right += EchoMany(echo, tasks, t); });
  }
  for (std::thread& thread : all) thread.join();
  Say("ok " + std::to_string(right));
  return 0;
}

int Hold(u64 tasks, u64 bytes) {
  chimaera::echo::Client echo = MakeEcho();
  std::vector<chi::Future<chimaera::echo::SleepTask>> sleeps;
  for (u64 i = 0; i < tasks; ++i) {
    sleeps.push_back(echo.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), kHourNs));
  }
  const auto buffer = CHI_IPC->AllocateBuffer(bytes);
  auto grown = echo.AsyncGrow(HSHM_MCTX, PoolQuery::Local(), bytes);
  const bool held = !buffer.IsNull() && grown.Get().ok() &&
                    echo.Null(HSHM_MCTX, PoolQuery::Local()).ok();
  Say(held ? "held" : "cannot hold");
  WaitForEnd();
  return 0;
}

int Lock(u64 tasks) {
  chimaera::echo::Client echo = MakeEcho();
  std::vector<chi::Future<chimaera::echo::LockTask>> locks;
  for (u64 i = 0; i < tasks; ++i) {
    locks.push_back(echo.AsyncLock(HSHM_MCTX, PoolQuery::Local(),
                                   chimaera::echo::LockMode::kMutex, kHourNs));
  }
  // In the same ring behind them.
  Say(echo.Null(HSHM_MCTX, PoolQuery::Local()).ok() ? "locked" : "not locked");
  WaitForEnd();
  return 0;
}

int Wait(u64 threads, u64 tasks) {
  chimaera::echo::Client echo = MakeEcho();
  std::mutex mutex;
  std::map<std::string, u64> outcomes;
  std::atomic<u64> waiting{0};
  std::vector<std::thread> all;
  for (u64 t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      chimaera::echo::Client mine = echo;
      std::vector<chi::Future<chimaera::echo::SleepTask>> futures;
      for (u64 i = 0; i < tasks; ++i) {
        futures.push_back(
            mine.AsyncSleep(HSHM_MCTX, PoolQuery::Local(), kHourNs));
      }
      ++waiting;
      for (auto& future : futures) {
        const Status status = future.Get();
        const std::lock_guard<std::mutex> lock(mutex);
        ++outcomes[std::to_string(status.code_value())];
      }
    });
  }
  while (waiting < threads) sched_yield();
  Say("waiting");
  for (std::thread& thread : all) thread.join();
  std::string line;
  for (const auto& [code, count] : outcomes) {
    line += (line.empty() ? "" : " ") + code + "=" + std::to_string(count);
  }
  Say(line);
  return 0;
}

int Fork(const std::string& dir, std::unique_ptr<chi::Chimaera> client) {
  chimaera::echo::Client echo = MakeEcho();
  auto in_flight = echo.AsyncEcho(HSHM_MCTX, PoolQuery::Local(), "mine");
  const pid_t child = fork();
  if (child == 0) {
    const Status old = echo.Null(HSHM_MCTX, PoolQuery::Local()).status();
    const bool no_buffer = client->ipc().AllocateBuffer(64).IsNull();
    auto fresh = Attach(dir);
    const Status anew = MakeEcho().Null(HSHM_MCTX, PoolQuery::Local()).status();
    Say(chi::Format("child {} {} {}", old.code_value(), no_buffer ? 1 : 0,
                    anew.code_value()));
    fresh.reset();
    client.reset();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const bool same = in_flight.Get().ok() && in_flight->text_ == "mine";
  const Status after = echo.Null(HSHM_MCTX, PoolQuery::Local()).status();
  Say(chi::Format("parent {} {} {}", status, same ? 1 : 0, after.code_value()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string command = argv[2];
  const auto number = [&](int i) {
    return i < argc ? std::stoull(argv[i]) : 0;
  };
  chi::SetLogLevel(chi::LogLevel::kError);
  auto client = Attach(argv[1]);
  if (client == nullptr) return 1;
  if (command == "load") return Load(number(3), number(4));
  if (command == "hold") return Hold(number(3), number(4));
  if (command == "lock") return Lock(number(3));
  if (command == "wait") return Wait(number(3), number(4));
  if (command == "busy") return Busy(number(3), number(4));
  if (command == "fork") return Fork(argv[1], std::move(client));
  return 2;
}
