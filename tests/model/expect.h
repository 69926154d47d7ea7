// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests claim of a world, with the figures printed.

#ifndef CHIMAERA_TESTS_MODEL_EXPECT_H_
#define CHIMAERA_TESTS_MODEL_EXPECT_H_

#include <cstdio>
#include <string>

#include "explorer.h"
#include "support/catch.h"

namespace chi::model {

template <class WorldT>
Report ExploreAndPrint(Model model, const char* name) {
  Report report = Explore<WorldT>(model);
  std::printf("%s, %s: %s\n", name, model == Model::kTso ? "x86-TSO" : "C++",
              report.ToString().c_str());
  return report;
}

/// Under `model` every interleaving is right.
template <class WorldT>
void ExpectRight(Model model, const char* name) {
  CHECK(ExploreAndPrint<WorldT>(model, name).violation == "");
}

/// Under both memory models every interleaving is right.
template <class WorldT>
void ExpectRight(const char* name) {
  ExpectRight<WorldT>(Model::kTso, name);
  ExpectRight<WorldT>(Model::kCpp, name);
}

/// `model` has an interleaving that goes wrong, in a way that begins like this.
template <class WorldT>
void ExpectFound(Model model, const char* name, const std::string& violation) {
  const Report report = ExploreAndPrint<WorldT>(model, name);
  CHECK(report.violation.substr(0, violation.size()) == violation);
  CHECK_FALSE(report.steps.empty());
}

}  // namespace chi::model

#endif  // CHIMAERA_TESTS_MODEL_EXPECT_H_
