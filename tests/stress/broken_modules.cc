// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Files that a running daemon is asked to load as modules and that are none:
// a module cut short, with another header, without stamp, of another ABI, of
// another user. Each is refused with its name, and the daemon goes on.

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/echo/echo_client.h"
#include "harness.h"

namespace chi::stress {
namespace {

namespace echo = ::chimaera::echo;
namespace fs = std::filesystem;

constexpr int kCuts = 32;
constexpr uid_t kSomebody = 4711;

class BrokenModules {
 public:
  BrokenModules() {
    char name[] = "/tmp/chimaera-broken-XXXXXX";
    CHI_CHECK(mkdtemp(name) != nullptr);
    dir_ = name;
    Cut();
    ChangeHeaders();
    for (const char* kind :
         {"no_stamp", "wrong_abi", "wrong_name", "no_alloc", "short_stamp",
          "wrong_magic", "missing_function", "borrowed_stamp"}) {
      fs::copy_file(FileIn(CHI_TEST_BROKEN_DIR, kind), New(kind));
    }
    std::ofstream(New("text")) << "this is no library\n";
    std::ofstream(New("empty"));
    std::ofstream(New("magic_only")) << "\x7f"
                                     << "ELF";
    fs::create_directory(New("directory"));
    fs::create_symlink("/nowhere/at/all", New("dangling"));
    fs::create_symlink(FileIn(dir_, "loop"), New("loop"));
    CHI_CHECK(chmod(CopyOfGood("for_all").c_str(), 0666) == 0);
    if (geteuid() == 0) {
      const fs::path file = CopyOfGood("of_somebody");
      CHI_CHECK(chown(file.c_str(), kSomebody, 0) == 0);
    }
    names_.emplace_back("missing");
  }
  BrokenModules(const BrokenModules&) = delete;
  BrokenModules& operator=(const BrokenModules&) = delete;
  ~BrokenModules() {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  [[nodiscard]] const std::string& dir() const { return dir_; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  static fs::path FileIn(const std::string& dir, const std::string& name) {
    return fs::path(dir) / ("lib" + name + "_runtime.so");
  }
  fs::path New(const std::string& name) {
    names_.push_back(name);
    return FileIn(dir_, name);
  }
  fs::path CopyOfGood(const std::string& name) {
    const fs::path file = New(name);
    fs::copy_file(FileIn(CHI_TEST_LIBRARY_DIR, "chimaera_echo"), file);
    return file;
  }

  void Cut() {
    for (int part = 0; part < kCuts; ++part) {
      const fs::path file = CopyOfGood(Format("cut_{}", part));
      fs::resize_file(file, fs::file_size(file) * part / kCuts + 7);
    }
  }

  // Class, byte order, type and machine of the ELF header.
  void ChangeHeaders() {
    for (const int at : {4, 5, 16, 18}) {
      const fs::path file = CopyOfGood(Format("header_{}", at));
      std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
      bytes.seekp(at);
      bytes.put('\x09');
    }
  }

  std::string dir_;
  std::vector<std::string> names_;
};

// How many were refused as they must be.
u64 AskForAll(const BrokenModules& modules) {
  u64 refused = 0;
  for (const std::string& name : modules.names()) {
    PoolConfig config;
    config.mod_name_ = name;
    config.pool_name_ = name;
    config.pool_id_ = PoolId(9500, 0);
    const auto made = CHI_ADMIN->CreatePool(HSHM_MCTX, config);
    const std::string text = made.ok() ? "made" : made.status().ToString();
    if (!made.ok() && text.find(name) != text.npos &&
        text.find(modules.dir()) != text.npos) {
      ++refused;
    } else {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), text.c_str());
    }
  }
  return refused;
}

int Run(const Args& args) {
  Summary summary;
  summary.name = "broken_modules";
  const BrokenModules modules;
  const u64 rounds = args.Number("count");
  summary.asked = rounds * modules.names().size();
  DaemonOptions options;
  options.module_dir =
      Format("{}, {}", modules.dir(), std::string(CHI_TEST_LIBRARY_DIR));
  Daemon daemon(options);
  daemon.Start();
  const Inventory before = QuietInventory(daemon);
  const Shared<u64> refused;
  const int how = Reap(Spawn([&] {
    const auto client = AttachTo(daemon.dir());
    const auto pools = CHI_ADMIN->ListPools(HSHM_MCTX);
    for (u64 i = 0; i < rounds; ++i) *refused += AskForAll(modules);
    const auto after = CHI_ADMIN->ListPools(HSHM_MCTX);
    const bool same =
        pools.ok() && after.ok() && pools->size() == after->size();
    return same && echo::Client(kEchoPool)
                       .Null(HSHM_MCTX, PoolQuery::Local())
                       .ok()
               ? 0
               : 1;
  }));
  summary.done = *refused;
  summary.Expect(how == 0, Format("the client ended with {}", how));
  summary.Add("variants", modules.names().size());
  ExpectSameInventory(daemon, before, &summary);
  summary.Expect(daemon.Stop() == 0, "the daemon did not stop in order");
  return summary.Finish();
}

}  // namespace
}  // namespace chi::stress

int main(int argc, char** argv) {
  return chi::stress::Run({argc, argv, {{"seed", "1"}, {"count", "1"}}});
}
