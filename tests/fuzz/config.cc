// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A configuration file, its pools with it. A refusal names the file.

#include "chimaera/core/config.h"

#include <string_view>

#include "chimaera/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const chi::u8* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = chi::RuntimeConfig::FromYaml(text, "some.yaml");
  CHI_CHECK(config.ok() || config.status().message().find("some.yaml") !=
                               std::string_view::npos,
            "{}", config.status());
  return 0;
}
