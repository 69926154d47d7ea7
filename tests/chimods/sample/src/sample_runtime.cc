// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The bodies of the methods of module sample.

#include <testing/sample/sample_runtime.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace testing::sample {

class Runtime : public RuntimeBase {
 public:
  chi::Status Create(const CreateParams& params, chi::RunContext&) override {
    if (params.label == "bad") return chi::Status::BadRequest("a bad label");
    params_ = params;
    return {};
  }

  chi::Status Null(const NullIn&, NullOut&, chi::RunContext&) override {
    return {};
  }

  chi::Status Scale(const ScaleIn& in, ScaleOut& out,
                    chi::RunContext&) override {
    if (!in.weights.empty() && in.weights.size() != out.values.shape(1)) {
      return chi::Status::BadRequest("one weight per column, please");
    }
    for (chi::u64 row = 0; row < out.values.shape(0); ++row) {
      for (chi::u64 column = 0; column < out.values.shape(1); ++column) {
        double& value = out.values(row, column);
        value *= in.factor;
        out.total += in.weights.empty() ? value : value * in.weights[column];
      }
    }
    return {};
  }

  chi::Status Echo(const EchoIn&, EchoOut&, chi::RunContext&) override {
    return {};
  }

  chi::Status Annotate(const AnnotateIn& in, AnnotateOut& out,
                       chi::RunContext&) override {
    out.first = in.note;
    std::vector<Note> notes = out.notes.get();
    notes.push_back(in.note.get());
    out.notes = notes;
    out.ids = std::vector<std::string>{std::to_string(container_id_)};
    return {};
  }

  void Monitor(chi::MonitorModeId mode, chi::MethodId method,
               hipc::FullPtr<chi::Task>, chi::RunContext&) override {
    if (mode == chi::MonitorModeId::kLocalSchedule) monitored_ |= 1u << method;
  }

  chi::Status TellMonitored(const TellMonitoredIn&, TellMonitoredOut& out,
                            chi::RunContext&) override {
    for (chi::u32 method = 0; method < 32; ++method) {
      if ((monitored_ >> method & 1) != 0) out.methods.push_back(method);
    }
    return {};
  }

  chi::Status Combine(const CombineIn& in, CombineOut& out,
                      chi::RunContext&) override {
    const auto id = static_cast<chi::i32>(container_id_);
    out.sum = in.number + id;
    out.low = in.number + id;
    out.high = in.number + id;
    out.all.push_back(container_id_);
    out.text = std::to_string(container_id_);
    out.first = container_id_ + 100;
    return {};
  }

  chi::Status Vote(const VoteIn&, VoteOut& out, chi::RunContext&) override {
    out.yes_votes = container_id_ % 2;
    return {};
  }

  chi::Status Fail(const FailIn& in, FailOut&, chi::RunContext&) override {
    if (in.throws) throw std::runtime_error(in.text.str());
    if (in.code == 0) return {};
    return chi::Status::FromCode(in.code, in.text.str());
  }

  chi::Status Wait(const WaitIn& in, WaitOut&, chi::RunContext&) override {
    chi::this_task::SleepFor(chi::u64{in.duration} * 1'000'000);
    return {};
  }

  chi::Status TellSettings(const TellSettingsIn&, TellSettingsOut& out,
                           chi::RunContext&) override {
    out.label = params_.label;
    out.limit = params_.limit;
    out.offset = params_.offset;
    out.ratio = params_.ratio;
    out.strict = params_.strict;
    out.mode = params_.mode;
    return {};
  }

 private:
  CreateParams params_;                 // constant after Create
  std::atomic<chi::u32> monitored_{0};  // a bit per method
};

void VoteTask::Aggregate(const hipc::FullPtr<VoteTask>& other) {
  if (chi::HasNoResults(*this)) out_.yes_votes = 1000;
  out_.yes_votes += other->out_.yes_votes;
}

}  // namespace testing::sample

CHI_TASK_CC(testing::sample::Runtime);
