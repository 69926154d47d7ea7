// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Where a runtime lives, who may live there, and who lives there already.

#include "chimaera/ipc/runtime_dir.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "ipc/session_harness.h"
#include "support/catch.h"

namespace chi::test {
namespace {

/// Sets or unsets an environment variable for as long as it lives.
class ScopedEnv {
 public:
  ScopedEnv(const char* name, const char* value) : name_(name) {
    if (const char* old = getenv(name)) old_ = old;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~ScopedEnv() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* const name_;
  std::optional<std::string> old_;
};

Status ClaimStatus(const std::string& path) {
  return RuntimeDir::Claim(path).status();
}

bool Exists(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0;
}

TEST_CASE("RuntimeDir: the environment says where") {
  const TempDir temp;
  {
    const ScopedEnv dir("CHI_RUNTIME_DIR", "/somewhere");
    CHECK(*RuntimeDir::Locate("") == "/somewhere");
    CHECK(*RuntimeDir::Locate("two") == "/somewhere/two");
    CHECK(*RuntimeDir::Locate("/a/path") == "/a/path");
  }
  const ScopedEnv none("CHI_RUNTIME_DIR", nullptr);
  {
    const ScopedEnv xdg("XDG_RUNTIME_DIR", temp.path().c_str());
    CHECK(*RuntimeDir::Locate("") == temp / "chimaera");
    CHECK(*RuntimeDir::Locate("two") == temp / "chimaera-two");
  }
  const std::string fallback = "/tmp/chimaera-" + std::to_string(geteuid());
  const ScopedEnv missing("XDG_RUNTIME_DIR", "/does/not/exist");
  CHECK(*RuntimeDir::Locate("") == fallback);
  CHECK(*RuntimeDir::Locate("two") == fallback + "/two");
}

TEST_CASE("RuntimeDir: names that could lead elsewhere are refused") {
  for (const char* name :
       {".", "..", ".hidden", "a b", "a\nb", "caf\xc3\xa9"}) {
    INFO(name);
    CHECK(RuntimeDir::Locate(name).status().code() == StatusCode::kBadRequest);
  }
  CHECK_FALSE(RuntimeDir::Locate(std::string(65, 'a')).ok());
  CHECK(RuntimeDir::Locate(std::string(64, 'a')).ok());
}

TEST_CASE("RuntimeDir: claims, and leaves nothing") {
  const TempDir temp;
  const std::string path = temp / "rt";
  {
    const auto claimed = RuntimeDir::Claim(path);
    REQUIRE(claimed.status().ToString() == "OK");
    CHECK(claimed->path() == path);
    struct stat info;
    REQUIRE(stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0700);
    CHECK(RuntimeDir::CheckForClient(path).ok());
    std::ifstream lock(path + "/lock");
    int pid = 0;
    lock >> pid;
    CHECK(pid == getpid());
  }
  CHECK_FALSE(Exists(path));
  CHECK(RuntimeDir::CheckForClient(path).code() == StatusCode::kNoRuntime);
}

TEST_CASE("RuntimeDir: what others left in it stays") {
  const TempDir temp;
  const std::string path = temp / "rt";
  {
    const auto claimed = RuntimeDir::Claim(path);
    REQUIRE(claimed.ok());
    std::ofstream(path + "/runtime.log") << "line\n";
  }
  CHECK(Exists(path + "/runtime.log"));
  CHECK_FALSE(Exists(path + "/lock"));
  CHECK(ClaimStatus(path).ok());
}

TEST_CASE("RuntimeDir: a second claim names the process that holds it") {
  const TempDir temp;
  PeerProcess first({"claim", temp.path()});
  REQUIRE(first.ReadLine() == "OK");
  const Status second = ClaimStatus(temp.path());
  CHECK(second.code() == StatusCode::kAlreadyExists);
  CHECK(second.message() == "runtime of pid " + std::to_string(first.pid()) +
                                " already holds " + temp.path());
  first.Kill();
  first.Reap();
  CHECK(ClaimStatus(temp.path()).ok());
}

TEST_CASE("RuntimeDir: of many that start at once exactly one wins") {
  const TempDir temp;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::unique_ptr<PeerProcess>> peers;
    for (int i = 0; i < 12; ++i) {
      peers.push_back(std::make_unique<PeerProcess>(
          std::vector<std::string>{"claim", temp / "race"}));
    }
    int winners = 0;
    for (const auto& peer : peers) {
      const std::string line = peer->ReadLine();
      if (line == "OK")
        ++winners;
      else
        CHECK(line.rfind("AlreadyExists: runtime of pid ", 0) == 0);
    }
    CHECK(winners == 1);
  }
}

TEST_CASE("RuntimeDir: a stale socket is removed by who gets the lock") {
  const TempDir temp;
  std::ofstream(temp / "control.sock") << "stale";
  std::ofstream(temp / "lock") << "99999\n";
  const auto claimed = RuntimeDir::Claim(temp.path());
  REQUIRE(claimed.ok());
  CHECK_FALSE(Exists(temp / "control.sock"));
}

TEST_CASE("RuntimeDir: squatters are refused by name") {
  const TempDir temp;
  const std::string path = temp / "rt";
  const auto refused = [&](const std::string& why) {
    const Status status = ClaimStatus(path);
    INFO(status);
    CHECK(status.code() == StatusCode::kPermissionDenied);
    CHECK(status.message().find(path) != std::string_view::npos);
    CHECK(status.message().find(why) != std::string_view::npos);
    CHECK(RuntimeDir::CheckForClient(path).code() ==
          StatusCode::kPermissionDenied);
  };
  SECTION("a symbolic link to a good directory") {
    REQUIRE(mkdir((temp / "real").c_str(), 0700) == 0);
    REQUIRE(symlink((temp / "real").c_str(), path.c_str()) == 0);
    refused("symbolic link");
  }
  SECTION("a dangling symbolic link") {
    REQUIRE(symlink((temp / "nowhere").c_str(), path.c_str()) == 0);
    refused("symbolic link");
  }
  SECTION("a file") {
    std::ofstream(path) << "x";
    refused("not a directory");
  }
  SECTION("a pipe") {
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    refused("not a directory");
  }
  for (const mode_t mode : {0755, 0770, 0701, 01777}) {
    DYNAMIC_SECTION("mode " << std::oct << mode) {
      REQUIRE(mkdir(path.c_str(), 0700) == 0);
      REQUIRE(chmod(path.c_str(), mode) == 0);
      refused("chmod 700");
    }
  }
  if (geteuid() == 0) {
    SECTION("another user's directory") {
      REQUIRE(mkdir(path.c_str(), 0700) == 0);
      REQUIRE(chown(path.c_str(), 65534, 65534) == 0);
      refused("belongs to user 65534");
    }
  }
}

TEST_CASE("RuntimeDir: a lock that is a symbolic link is not followed") {
  const TempDir temp;
  std::ofstream(temp / "precious") << "precious";
  REQUIRE(symlink((temp / "precious").c_str(), (temp / "lock").c_str()) == 0);
  CHECK_FALSE(ClaimStatus(temp.path()).ok());
  CHECK(std::filesystem::file_size(temp / "precious") == 8);
}

TEST_CASE("RuntimeDir: a named runtime's parent is checked too") {
  const TempDir temp;
  const ScopedEnv env("CHI_RUNTIME_DIR", (temp / "base").c_str());
  CHECK(ClaimStatus("two").ok());
  REQUIRE(chmod((temp / "base").c_str(), 0755) == 0);
  CHECK(ClaimStatus("two").code() == StatusCode::kPermissionDenied);
}

TEST_CASE("RuntimeDir: private ones differ, and vanish") {
  const TempDir temp;
  const ScopedEnv env("CHI_RUNTIME_DIR", temp.path().c_str());
  std::string first_path;
  {
    const auto first = RuntimeDir::Private();
    const auto second = RuntimeDir::Private();
    REQUIRE(first.status().ToString() == "OK");
    REQUIRE(second.ok());
    CHECK(first->path() != second->path());
    first_path = first->path();
    std::ofstream(first_path + "/runtime.log") << "line\n";
  }
  CHECK_FALSE(Exists(first_path));
  CHECK(std::filesystem::is_empty(temp / "private"));
}

TEST_CASE("RuntimeDir: private ones of killed processes are removed") {
  const TempDir temp;
  const ScopedEnv env("CHI_RUNTIME_DIR", temp.path().c_str());
  PeerProcess peer({"claim-private"});
  REQUIRE(peer.ReadLine() == "OK");
  const std::string path = peer.ReadLine();
  { const auto other = RuntimeDir::Private(); }
  CHECK(Exists(path));  // its owner lives
  peer.Kill();
  peer.Reap();
  CHECK(Exists(path));
  { const auto other = RuntimeDir::Private(); }
  CHECK_FALSE(Exists(path));
}

TEST_CASE("RuntimeDir: can be moved") {
  const TempDir temp;
  auto first = RuntimeDir::Claim(temp / "one");
  REQUIRE(first.ok());
  RuntimeDir moved = std::move(*first);
  CHECK(Exists(temp / "one/lock"));
  auto second = RuntimeDir::Claim(temp / "two");
  REQUIRE(second.ok());
  moved = std::move(*second);
  CHECK_FALSE(Exists(temp / "one"));
  CHECK(moved.path() == temp / "two");
  CHECK(Exists(temp / "two/lock"));
}

}  // namespace
}  // namespace chi::test
