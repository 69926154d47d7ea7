// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A runtime inside the test process, with this process as its client.

#ifndef CHIMAERA_TESTS_CHIMODS_EMBEDDED_H_
#define CHIMAERA_TESTS_CHIMODS_EMBEDDED_H_

#include <memory>
#include <string>
#include <utility>

#include "chimaera/chimaera.h"
#include "support/catch.h"

namespace chi::test {

/// Two workers; modules from the build. Ends with the scope.
class Embedded {
 public:
  explicit Embedded(const std::string& yaml = "") {
    auto config = yaml.empty() ? Result<RuntimeConfig>(RuntimeConfig())
                               : RuntimeConfig::FromYaml(yaml, "test");
    INFO(config.status());
    REQUIRE(config.ok());
    config->num_threads = 2;
    config->pin_workers = false;
    SetLogLevel(LogLevel::kWarning);
    config->module_paths.emplace_back(CHI_TEST_LIBRARY_DIR);
    auto started = Chimaera::StartEmbedded(*config);
    INFO(started.status());
    REQUIRE(started.ok());
    runtime_ = *std::move(started);
  }
  Embedded(const Embedded&) = delete;
  Embedded& operator=(const Embedded&) = delete;

 private:
  std::unique_ptr<Chimaera> runtime_;
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_CHIMODS_EMBEDDED_H_
