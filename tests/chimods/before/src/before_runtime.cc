// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module before: methods that hardly do anything.

#include <testing/before/before_runtime.h>

namespace testing::before {

class Runtime : public RuntimeBase {
 public:
  chi::Status Same(const SameIn& in, SameOut& out, chi::RunContext&) override {
    out.y = in.x + 1;
    return {};
  }
  chi::Status Told(const ToldIn& in, ToldOut& out, chi::RunContext&) override {
    out.total = in.number;
    return {};
  }
  chi::Status Grown(const GrownIn&, GrownOut&, chi::RunContext&) override {
    return {};
  }
  chi::Status Retyped(const RetypedIn&, RetypedOut&,
                      chi::RunContext&) override {
    return {};
  }
  chi::Status Turned(const TurnedIn&, TurnedOut&, chi::RunContext&) override {
    return {};
  }
  chi::Status Swapped(const SwappedIn&, SwappedOut&,
                      chi::RunContext&) override {
    return {};
  }
  chi::Status Choose(const ChooseIn&, ChooseOut&, chi::RunContext&) override {
    return {};
  }
  chi::Status Gone(const GoneIn&, GoneOut&, chi::RunContext&) override {
    return {};
  }
  chi::Status OldName(const OldNameIn& in, OldNameOut& out,
                      chi::RunContext&) override {
    out.y = in.x + 2;
    return {};
  }
  chi::Status Filled(const FilledIn&, FilledOut&, chi::RunContext&) override {
    return {};
  }
  chi::Status Deeper(const DeeperIn&, DeeperOut&, chi::RunContext&) override {
    return {};
  }
};

}  // namespace testing::before

CHI_TASK_CC(testing::before::Runtime);
