// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Modules go out of memory, and come back from their file as it is then. What
// the loader says is asked of the loader, not of the code under test. With
// workers, and tasks in flight: tests/cpp/runtime/unload_test.cc.

#include <dlfcn.h>
#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/code_uses.h"
#include "core/fixture.h"
#include "support/catch.h"

namespace chi::test {
namespace {

namespace fs = std::filesystem;

constexpr PoolId kId{512, 0};
constexpr char kPlain[] = "probe_plain";

// A directory of module files that the test may exchange, and a manager.
class Shelf {
 public:
  explicit Shelf(PoolManagerOptions options = {}) {
    std::string name = (fs::temp_directory_path() / "unload-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    dir_ = name;
    modules_.emplace(std::vector<std::string>{name});
    pools_.emplace(*modules_, NodeSet(), std::move(options));
  }
  ~Shelf() {
    pools_.reset();
    modules_.reset();
    fs::remove_all(dir_);
  }
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;

  /// Puts the file that was built as `from` where module `name` is looked for.
  void Put(const std::string& name, const std::string& from) {
    const fs::path fresh = dir_ / "fresh";
    fs::copy_file(fs::path(CORE_TEST_MODULE_DIR) / FileOf(from), fresh);
    fs::rename(fresh, dir_ / FileOf(name));
  }
  bool IsLoaded(const std::string& name) const {
    const fs::path path = dir_ / FileOf(name);
    void* const open = dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (open != nullptr) dlclose(open);
    return open != nullptr;
  }

  ModuleManager& modules() { return *modules_; }
  PoolManager& pools() { return *pools_; }
  Result<PoolId> Create(const std::string& module) {
    RunContext ctx;
    return pools().GetOrCreate(Request(module, "p", kId), {}, ctx);
  }
  Status Destroy() {
    RunContext ctx;
    return pools().Destroy(kId, {}, ctx);
  }
  Result<bool> Unload(const std::string& name) {
    return pools().UnloadModule(name);
  }
  /// Of the pool's module.
  std::string Version() {
    return pools().Find(kId)->local_container(0)->methods().version();
  }

 private:
  static std::string FileOf(const std::string& name) {
    return "lib" + name + "_runtime.so";
  }

  fs::path dir_;
  std::optional<ModuleManager> modules_;
  std::optional<PoolManager> pools_;
};

void CheckFails(const Result<bool>& result, StatusCode code,
                const std::string& text) {
  REQUIRE_FALSE(result.ok());
  CHECK(result.status().code() == code);
  CHECK_THAT(result.status().ToString(), Catch::Contains(text));
}

PoolManagerOptions Impatient(ManualClock& clock) {
  PoolManagerOptions options;
  options.clock = &clock;
  options.pause = [&clock](u64) { clock.Advance(10 * kNsPerMs); };
  options.destroy_timeout_ns = 50 * kNsPerMs;
  options.create_timeout_ns = 50 * kNsPerMs;
  return options;
}

TEST_CASE("Unload: a module stays without pools, goes, and comes back") {
  Shelf shelf;
  shelf.Put(kPlain, kPlain);
  REQUIRE(shelf.Create(kPlain).ok());
  CHECK(shelf.Version() == "1.0");
  REQUIRE(shelf.Destroy().ok());
  CHECK(shelf.IsLoaded(kPlain));

  const Result<bool> gone = shelf.Unload(kPlain);
  REQUIRE(gone.ok());
  CHECK(*gone);
  CHECK_FALSE(shelf.IsLoaded(kPlain));
  CHECK(shelf.modules().GetChiMod(kPlain) == nullptr);
  CheckFails(shelf.Unload(kPlain), StatusCode::kNotFound,
             "module 'probe_plain' is not loaded");

  REQUIRE(shelf.Create(kPlain).ok());
  CHECK(shelf.Version() == "1.0");
}

TEST_CASE("Unload: what is loaded afterwards is the file as it is then") {
  Shelf shelf;
  shelf.Put(kPlain, kPlain);
  REQUIRE(shelf.Create(kPlain).ok());
  REQUIRE(shelf.Destroy().ok());
  shelf.Put(kPlain, "probe_plain_v2");
  REQUIRE(shelf.Create(kPlain).ok());
  CHECK(shelf.Version() == "1.0");
  REQUIRE(shelf.Destroy().ok());
  REQUIRE(*shelf.Unload(kPlain));
  REQUIRE(shelf.Create(kPlain).ok());
  CHECK(shelf.Version() == "2.0");
}

TEST_CASE("Unload: refused while a pool of the module exists") {
  ManualClock clock;
  Shelf shelf(Impatient(clock));
  shelf.Put(kPlain, kPlain);
  REQUIRE(shelf.Create(kPlain).ok());
  CheckFails(shelf.Unload(kPlain), StatusCode::kBadRequest,
             "module probe_plain cannot be unloaded: pool 512.0 'p' of it is "
             "live");
  Pool* const pool = shelf.pools().Find(kId);
  pool->HoldRun();
  REQUIRE(shelf.Destroy().code() == StatusCode::kDeadlineExceeded);
  CheckFails(shelf.Unload(kPlain), StatusCode::kBadRequest, "is destroying");
  CHECK(shelf.IsLoaded(kPlain));
  pool->ReleaseRun();
  REQUIRE(shelf.Destroy().ok());
  CHECK(*shelf.Unload(kPlain));
}

TEST_CASE("Unload: all workers pass first, and pools of it wait meanwhile") {
  ManualClock clock;
  Shelf* seen = nullptr;
  u32 calls = 0;
  bool unloading = false;
  PoolManagerOptions options = Impatient(clock);
  options.quiesce = [&] {
    if (!unloading) return;
    ++calls;
    CHECK(seen->IsLoaded(kPlain));
    CHECK(seen->Create(kPlain).status().code() ==
          StatusCode::kDeadlineExceeded);
    CheckFails(seen->Unload(kPlain), StatusCode::kBadRequest,
               "is being unloaded by somebody else");
  };
  Shelf shelf(std::move(options));
  seen = &shelf;
  shelf.Put(kPlain, kPlain);
  REQUIRE(shelf.Create(kPlain).ok());
  REQUIRE(shelf.Destroy().ok());
  unloading = true;
  CHECK(*shelf.Unload(kPlain));
  unloading = false;
  CHECK(calls == 1);
  CHECK(shelf.Create(kPlain).ok());
}

TEST_CASE("Unload: waits for tasks that only the module can free") {
  ManualClock clock;
  Shelf shelf(Impatient(clock));
  shelf.Put(kPlain, kPlain);
  REQUIRE(shelf.Create(kPlain).ok());
  const void* const inside =
      shelf.pools().Find(kId)->local_container(0)->methods().begin();
  CodeUses::Begin(inside);
  REQUIRE(shelf.Destroy().ok());
  CheckFails(shelf.Unload(kPlain), StatusCode::kDeadlineExceeded,
             "1 tasks that it has made for others are not over after 50 ms");
  CHECK(shelf.IsLoaded(kPlain));
  CodeUses::End(inside);
  CHECK(*shelf.Unload(kPlain));
}

TEST_CASE("Unload: a wait that throws leaves everything as it was") {
  bool throws = true;
  PoolManagerOptions options;
  options.pause = [&throws](u64) {
    if (throws) throw StatusError(Status::Cancelled("by its client"));
  };
  Shelf shelf(std::move(options));
  shelf.Put(kPlain, kPlain);
  REQUIRE(shelf.Create(kPlain).ok());
  Pool* const pool = shelf.pools().Find(kId);
  const void* const inside = pool->local_container(0)->methods().begin();
  CodeUses::Begin(inside);
  pool->HoldRun();
  CHECK_THROWS_AS(shelf.Destroy(), StatusError);
  pool->ReleaseRun();
  REQUIRE(shelf.Destroy().ok());
  CHECK_THROWS_AS(shelf.Unload(kPlain), StatusError);
  CodeUses::End(inside);
  CHECK(*shelf.Unload(kPlain));
}

TEST_CASE("Unload: what the loader keeps is said to stay") {
  Shelf shelf;
  shelf.Put("probe_thread", "probe_thread");
  std::thread([&] { REQUIRE(shelf.Create("probe_thread").ok()); }).join();
  REQUIRE(shelf.Destroy().ok());
  CHECK(*shelf.Unload("probe_thread"));
  // This thread lives on, and has something of the library's to destroy.
  REQUIRE(shelf.Create("probe_thread").ok());
  REQUIRE(shelf.Destroy().ok());
  const Result<bool> gone = shelf.Unload("probe_thread");
  REQUIRE(gone.ok());
  CHECK_FALSE(*gone);
  CHECK(shelf.IsLoaded("probe_thread"));
  CHECK(shelf.Create("probe_thread").ok());
}

TEST_CASE("Unload: of one with symbols unique in the process no lie is told") {
  Shelf shelf;
  shelf.Put("probe_a", "probe_a");
  REQUIRE(shelf.Create("probe_a").ok());
  REQUIRE(shelf.Destroy().ok());
  const Result<bool> gone = shelf.Unload("probe_a");
  REQUIRE(gone.ok());
  // The library stays, unless another one with these symbols came first.
  CHECK(*gone == !shelf.IsLoaded("probe_a"));
  CHECK(shelf.Create("probe_a").ok());
}

TEST_CASE("Unload: what an earlier runtime of the process left loaded, too") {
  Shelf shelf;
  shelf.Put(kPlain, kPlain);
  {
    ModuleManager earlier(shelf.modules().directories());
    REQUIRE(earlier.Find(kPlain).ok());
  }
  CHECK(shelf.IsLoaded(kPlain));
  REQUIRE(shelf.modules().Find(kPlain).ok());
  CHECK(*shelf.Unload(kPlain));
  CHECK_FALSE(shelf.IsLoaded(kPlain));
}

}  // namespace
}  // namespace chi::test
