// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Good and broken shared libraries. The broken ones are made here, from a good
// one or from nothing, or were built so (broken_module.cc); each must be
// refused with its path and the reason, and leave no module behind.

#include "chimaera/core/module_manager.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/fixture.h"
#include "support/catch.h"

namespace chi {
namespace {

namespace fs = std::filesystem;

// An empty directory for the length of a test.
class TempDir {
 public:
  TempDir() {
    std::string name = (fs::temp_directory_path() / "core-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempDir() {
    chmod(path_.c_str(), 0700);
    fs::remove_all(path_);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string path() const { return path_.string(); }
  /// Where module `name` is looked for in this directory.
  fs::path FileOf(const std::string& name) const {
    return path_ / ("lib" + name + "_runtime.so");
  }
  fs::path Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(FileOf(name), std::ios::binary) << bytes;
    return FileOf(name);
  }
  fs::path CopyGood(const std::string& name) const {
    fs::copy_file(Good(), FileOf(name));
    return FileOf(name);
  }
  static fs::path Good() {
    return fs::path(CORE_TEST_MODULE_DIR) / "libprobe_a_runtime.so";
  }

 private:
  fs::path path_;
};

void CheckRefused(ModuleManager& manager, const std::string& name,
                  StatusCode code, const std::string& reason) {
  const auto module = manager.Find(name);
  INFO(name);
  REQUIRE_FALSE(module.ok());
  CHECK(module.status().code() == code);
  CHECK_THAT(module.status().ToString(), Catch::Contains(reason));
  CHECK_THAT(module.status().ToString(), Catch::Contains(name));
  CHECK(manager.GetChiMod(name) == nullptr);
  CHECK(manager.List().empty());
}

TEST_CASE("ModuleManager: a module is loaded once, on demand") {
  ModuleManager manager({CORE_TEST_MODULE_DIR});
  CHECK(manager.GetChiMod("probe_a") == nullptr);
  const auto module = manager.Find("probe_a");
  REQUIRE(module.ok());
  CHECK((*module)->name() == "probe_a");
  CHECK((*module)->path() == TempDir::Good().string());
  CHECK(*manager.Find("probe_a") == *module);
  CHECK(manager.GetChiMod("probe_a") == *module);
  REQUIRE(manager.Find("probe_b").ok());
  CHECK(manager.List().size() == 2);
  CHECK(manager.List()[1]->name() == "probe_b");
}

TEST_CASE("ModuleManager: two modules in one process keep their own methods") {
  ModuleManager manager({CORE_TEST_MODULE_DIR});
  const auto a = (*manager.Find("probe_a"))->NewContainer();
  const auto b = (*manager.Find("probe_b"))->NewContainer();
  CHECK(std::string((*a)->module_name()) == "probe_a");
  CHECK(std::string((*b)->module_name()) == "probe_b");
  CHECK(&(*a)->methods() != &(*b)->methods());
}

TEST_CASE("ModuleManager: a constructor that throws is the module's error") {
  ModuleManager manager({CORE_TEST_MODULE_DIR});
  const auto container = (*manager.Find("probe_throws"))->NewContainer();
  REQUIRE_FALSE(container.ok());
  CHECK(container.status().ToString() ==
        "ModuleException: probe_throws: constructor: no probe today");
}

TEST_CASE("ModuleManager: libraries that are no modules are refused") {
  ModuleManager manager({CORE_TEST_MODULE_DIR});
  constexpr StatusCode kMismatch = StatusCode::kVersionMismatch;
  CheckRefused(manager, "no_stamp", kMismatch, "has no chi_module_stamp");
  CheckRefused(manager, "borrowed_stamp", kMismatch, "has no chi_module_stamp");
  CheckRefused(manager, "short_stamp", kMismatch, "has no chi_module_stamp");
  CheckRefused(manager, "wrong_magic", kMismatch, "is not that of a module");
  CheckRefused(manager, "wrong_abi", kMismatch, "build the module again");
  CheckRefused(manager, "no_alloc", kMismatch, "has no alloc_chimod");
  CheckRefused(manager, "wrong_name", StatusCode::kBadRequest,
               "holds the module 'somebody_else', not 'wrong_name'");
  CheckRefused(manager, "missing_function", StatusCode::kIo,
               "a_function_that_nobody_has");
}

TEST_CASE("ModuleManager: files that are no libraries are refused") {
  const TempDir dir;
  ModuleManager manager({dir.path()});
  dir.Write("text", "this is no library\n");
  dir.Write("empty", "");
  dir.Write("elf",
            "\x7f"
            "ELF");
  fs::create_directory(dir.FileOf("directory"));
  fs::create_symlink("/nowhere/at/all", dir.FileOf("dangling"));
  fs::create_symlink(dir.FileOf("loop"), dir.FileOf("loop"));
  constexpr StatusCode kIo = StatusCode::kIo;
  CheckRefused(manager, "text", kIo, "is no shared library");
  CheckRefused(manager, "empty", kIo, "is no shared library");
  CheckRefused(manager, "elf", kIo, "is no shared library");
  CheckRefused(manager, "directory", StatusCode::kBadRequest,
               "is no regular file");
  CheckRefused(manager, "dangling", StatusCode::kNotFound, "no such file");
  CheckRefused(manager, "loop", kIo, "Too many levels of symbolic links");
}

TEST_CASE("ModuleManager: a library cut short anywhere is refused") {
  const TempDir dir;
  ModuleManager manager({dir.path()});
  const u64 size = fs::file_size(TempDir::Good());
  for (u64 part = 1; part < 16; ++part) {
    const std::string name = "cut" + std::to_string(part);
    fs::resize_file(dir.CopyGood(name), size * part / 16);
    const auto module = manager.Find(name);
    INFO(name);
    // The last parts hold symbols for debuggers only: then the loader is
    // content, and the name in the stamp is the wrong one.
    CHECK_FALSE(module.ok());
  }
  CHECK(manager.List().empty());
}

TEST_CASE("ModuleManager: a file that others may write is refused") {
  const TempDir dir;
  ModuleManager manager({dir.path()});
  chmod(dir.CopyGood("probe_a").c_str(), 0666);
  CheckRefused(manager, "probe_a", StatusCode::kPermissionDenied,
               "may be written by everybody");
  chmod(dir.FileOf("probe_a").c_str(), 0755);
  chmod(dir.path().c_str(), 0777);
  CheckRefused(manager, "probe_a", StatusCode::kPermissionDenied,
               "its directory may be written by everybody");
  chmod(dir.path().c_str(), 01777);
  CHECK(manager.Find("probe_a").ok());
}

TEST_CASE("ModuleManager: a file of another user is refused") {
  if (geteuid() != 0) return;  // only root can give a file away
  const TempDir dir;
  ModuleManager manager({dir.path()});
  REQUIRE(chown(dir.CopyGood("probe_a").c_str(), 4711, 0) == 0);
  CheckRefused(manager, "probe_a", StatusCode::kPermissionDenied,
               "belongs to user 4711");
}

TEST_CASE("ModuleManager: a missing module names where it was looked for") {
  const TempDir dir;
  ModuleManager manager({dir.path(), CORE_TEST_MODULE_DIR});
  CheckRefused(manager, "nobody", StatusCode::kNotFound, dir.path());
  CheckRefused(manager, "nobody", StatusCode::kNotFound, CORE_TEST_MODULE_DIR);
  CheckRefused(manager, "nobody", StatusCode::kNotFound,
               "libnobody_runtime.so");
}

TEST_CASE("ModuleManager: a name with a path in it is refused") {
  ModuleManager manager({CORE_TEST_MODULE_DIR});
  for (const std::string& name :
       {std::string("../probe_a"), std::string("a/b"), std::string("a b"),
        std::string("a.b"), std::string(120, 'x'), std::string("probe_a\0x", 9),
        std::string()}) {
    CHECK(manager.Find(name).status().code() == StatusCode::kBadRequest);
  }
  CHECK(manager.List().empty());
}

TEST_CASE("ModuleManager: a file mended after an error is loaded") {
  const TempDir dir;
  ModuleManager manager({dir.path()});
  dir.Write("probe_a", "half a file");
  CHECK_FALSE(manager.Find("probe_a").ok());
  fs::remove(dir.FileOf("probe_a"));
  dir.CopyGood("probe_a");
  CHECK(manager.Find("probe_a").ok());
}

TEST_CASE("ModuleManager: configured paths come before the environment") {
  const TempDir first;
  const TempDir second;
  const std::string list =
      second.path() + ":" + first.path() + "::" + second.path();
  REQUIRE(setenv("CHI_REPO_PATH", list.c_str(), 1) == 0);
  const ModuleManager manager({first.path()});
  unsetenv("CHI_REPO_PATH");
  REQUIRE(manager.directories().size() >= 3);
  CHECK(manager.directories()[0] == first.path());
  CHECK(manager.directories()[1] == second.path());
  // The library's own directory follows.
  CHECK(fs::exists(manager.directories()[2] + "/libchimaera.so"));
}

TEST_CASE("ModuleManager: threads that want the same module get the same") {
  ModuleManager manager({CORE_TEST_MODULE_DIR});
  std::vector<const Module*> found(8);
  std::vector<std::thread> threads;
  for (const Module*& slot : found) {
    threads.emplace_back([&] { slot = *manager.Find("probe_a"); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Module* module : found) CHECK(module == found[0]);
  CHECK(manager.List().size() == 1);
}

}  // namespace
}  // namespace chi
