// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Module after: methods that hardly do anything.

#include <testing/after/after_runtime.h>

namespace testing::after {

class Runtime : public RuntimeBase {
 public:
  chi::Status Same(const SameIn& in, SameOut& out, chi::RunContext&) override {
    out.y = in.x + 1;
    return {};
  }
  chi::Status Told(const ToldIn& in, ToldOut& out, chi::RunContext&) override {
    out.total = in.count;
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
  chi::Status NewName(const NewNameIn& in, NewNameOut& out,
                      chi::RunContext&) override {
    out.y = in.x + 2;
    return {};
  }
  chi::Status Added(const AddedIn&, AddedOut&, chi::RunContext&) override {
    return {};
  }
  chi::Status Filled(const FilledIn&, FilledOut&, chi::RunContext&) override {
    return {};
  }
  chi::Status Deeper(const DeeperIn&, DeeperOut&, chi::RunContext&) override {
    return {};
  }
};

}  // namespace testing::after

CHI_TASK_CC(testing::after::Runtime);
