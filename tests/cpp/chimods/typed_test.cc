// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Typed methods in a runtime, by the generated client: module sample of
// tests/chimods has one of each kind.

#include <dlfcn.h>
#include <testing/sample/autogen/sample_fake.h>
#include <testing/sample/sample_client.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "chimaera/echo/echo_client.h"
#include "chimaera/ipc/method_description.h"
#include "chimaera/ipc/task_batch.h"
#include "embedded.h"

using chi::f32;
using chi::f64;
using chi::PoolId;
using chi::PoolQuery;
using chi::StatusCode;
using chi::u32;
using chi::u64;
using chi::u8;
using chi::test::Embedded;
namespace sample = testing::sample;

namespace {

constexpr u32 kContainers = 4;

struct Fixture {
  Fixture() {
    const auto created =
        client.Create(HSHM_MCTX, PoolQuery::Dynamic(), "sample", PoolId(300, 0),
                      sample::CreateParams(), kContainers);
    INFO(created);
    REQUIRE(created);
  }
  Embedded runtime;
  sample::Client client;
};

// Numbers in memory that the runtime sees.
template <class T>
struct Buffer {
  explicit Buffer(const std::vector<T>& numbers)
      : size(numbers.size() * sizeof(T)),
        memory(CHI_IPC->AllocateBuffer(size)) {
    REQUIRE(!memory.IsNull());
    std::memcpy(memory.ptr_, numbers.data(), size);
  }
  ~Buffer() { CHI_IPC->FreeBuffer(memory); }
  T operator[](u64 index) const {
    return reinterpret_cast<const T*>(memory.ptr_)[index];
  }
  const u64 size;
  const hipc::FullPtr<char> memory;
};

bool Says(const chi::Status& status, StatusCode code, const char* text) {
  INFO(status);
  CHECK(status.code() == code);
  return std::string(status.message()).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("Typed: arrays are worked on where they lie") {
  Fixture f;
  const Buffer<f64> values({1, 2, 3, 4, 5, 6});
  const Buffer<f32> weights({1, 10});
  const auto result =
      f.client.Scale(HSHM_MCTX, PoolQuery::Local(), {values.memory, {3, 2}},
                     {weights.memory, {2}}, 3);
  INFO(result.status());
  REQUIRE(result.ok());
  CHECK(result->total == 3 * (1 + 3 + 5) + 30 * (2 + 4 + 6));
  CHECK(values[5] == 18);

  // Without weights, and by its old name; the factor is 2 by default.
  const auto again = f.client.Multiply(
      HSHM_MCTX, PoolQuery::Dynamic(),
      chi::Array<f64, 2>(values.memory, {3, 2}), chi::Array<const f32, 1>());
  REQUIRE(again.ok());
  CHECK(again->total == 6 * 21);
  CHECK(sample::Method::kMultiply == sample::Method::kScale);
}

TEST_CASE("Typed: an array that is not the caller's is refused") {
  Fixture f;
  const Buffer<f64> values({1, 2, 3, 4});
  const u64 big = u64{1} << 40;
  for (const auto& shape :
       {std::array<u64, 2>{big, big}, std::array<u64, 2>{1, ~u64{0}}}) {
    const auto result = f.client.Scale(HSHM_MCTX, PoolQuery::Local(),
                                       {values.memory, shape}, {});
    CHECK(!result.ok());
  }
  // Not aligned to its numbers.
  auto off = values.memory;
  off.shm_.bits_ += 4;
  CHECK(Says(
      f.client.Scale(HSHM_MCTX, PoolQuery::Local(), {off, {1, 1}}, {}).status(),
      StatusCode::kBadRequest, "Scale: the 8 bytes of 'values'"));
  // No numbers need no memory.
  CHECK(f.client.Scale(HSHM_MCTX, PoolQuery::Local(), {}, {}).ok());
}

TEST_CASE("Typed: values of all types go there and back, and have defaults") {
  Fixture f;
  auto* ipc = CHI_IPC;
  auto task = ipc->NewTask<sample::EchoTask>(
      chi::CreateTaskId(), f.client.pool_id_, PoolQuery::Local());
  REQUIRE(ipc->Submit(task).Get().ok());

  sample::Summary summary;
  summary.count = 7;
  summary.mode = sample::Mode::kExact;
  summary.at.y = 2.5;
  const std::string text(1000, 'x');
  const std::string data("\0\xff", 2);
  const std::vector<chimaera::bdev::Block> blocks(3);
  const auto result =
      f.client.Echo(HSHM_MCTX, PoolQuery::DirectId(3), true, 1, 2, 3, 4, -1,
                    text, data, sample::Mode::kFast, {5, 6}, summary,
                    {summary, summary}, {PoolId(9, 8), blocks});
  INFO(result.status());
  REQUIRE(result.ok());
  CHECK(result->flag);
  CHECK(result->small == 1);
  CHECK(result->large == 2);
  CHECK(result->signed_large == 3);
  CHECK(result->real == 4);
  CHECK(result->limit == -1);
  CHECK(result->text.str() == text);
  CHECK(result->data.str() == data);
  CHECK(result->mode == sample::Mode::kFast);
  REQUIRE(result->numbers.size() == 2);
  CHECK(result->numbers[1] == 6);
  CHECK(result->summary.at.y == 2.5);
  REQUIRE(result->summaries.size() == 2);
  CHECK(result->summaries[1].count == 7);
  CHECK(result->blocks.pool == PoolId(9, 8));
  CHECK(result->blocks.blocks.size() == 3);
}

TEST_CASE("Typed: a task begins with its defaults and its deadline") {
  Fixture f;
  auto* ipc = CHI_IPC;
  const auto task = ipc->NewTask<sample::EchoTask>(
      chi::CreateTaskId(), f.client.pool_id_, PoolQuery::Local());
  const sample::EchoOut& begin = task->out_;
  CHECK(!begin.flag);
  CHECK(begin.small == -128);
  CHECK(begin.large == std::numeric_limits<u64>::max());
  CHECK(begin.signed_large == std::numeric_limits<chi::i64>::min());
  CHECK(begin.real == 0.5);
  CHECK(std::isinf(begin.limit));
  CHECK(begin.text.str() == "a \"quoted\" \xc3\xbc\n?");
  CHECK(begin.mode == sample::Mode::kExact);
  CHECK(task->timeout_ms_ == 0);
  ipc->DelTask(task);
  const auto scale = ipc->NewTask<sample::ScaleTask>(
      chi::CreateTaskId(), f.client.pool_id_, PoolQuery::Local());
  CHECK(scale->timeout_ms_ == 20'000);
  ipc->DelTask(scale);
}

TEST_CASE("Typed: bytes that are no value of their type are refused") {
  Fixture f;
  auto* ipc = CHI_IPC;
  const auto send = [&](auto change) {
    auto task = ipc->NewTask<sample::EchoTask>(
        chi::CreateTaskId(), f.client.pool_id_, PoolQuery::Local());
    change(task->out_);
    return ipc->Submit(task).Get();
  };
  const auto set = [](auto& place, u8 byte) { std::memcpy(&place, &byte, 1); };
  CHECK(send([](sample::EchoOut&) {}).ok());
  CHECK(Says(send([&](sample::EchoOut& out) { set(out.flag, 2); }),
             StatusCode::kBadRequest, "Echo: 'flag' has a value"));
  CHECK(Says(send([&](sample::EchoOut& out) { set(out.mode, 1); }),
             StatusCode::kBadRequest, "'mode'"));
  CHECK(Says(send([&](sample::EchoOut& out) { set(out.summary.mode, 4); }),
             StatusCode::kBadRequest, "'summary'"));
  CHECK(Says(send([&](sample::EchoOut& out) {
               out.summaries.resize(2);
               set(out.summaries[1].mode, 4);
             }),
             StatusCode::kBadRequest, "'summaries'"));
}

TEST_CASE("Typed: results of several containers are combined by the rules") {
  Fixture f;
  const auto all = f.client.Combine(HSHM_MCTX, PoolQuery::Broadcast(), -5);
  INFO(all.status());
  REQUIRE(all.ok());
  CHECK(all->sum == 4 * -5 + 6);
  CHECK(all->low == -5);
  CHECK(all->high == -2);
  CHECK(all->all.size() == kContainers);
  CHECK(all->text.size() == kContainers);
  CHECK(all->first >= 100);
  const auto votes = f.client.Vote(HSHM_MCTX, PoolQuery::Broadcast());
  REQUIRE(votes.ok());
  CHECK(votes->yes_votes == 1002);
}

TEST_CASE("Typed: an error of a method is the error of the call") {
  Fixture f;
  CHECK(f.client.Fail(HSHM_MCTX, PoolQuery::Local(), 0));
  CHECK(Says(f.client.Fail(HSHM_MCTX, PoolQuery::Local(), 10006, "full"),
             StatusCode::kNoSpace, "full"));
  const chi::Status own =
      f.client.Fail(HSHM_MCTX, PoolQuery::Local(), 77, "my");
  CHECK(own.code_value() == 77);
  CHECK(Says(f.client.Fail(HSHM_MCTX, PoolQuery::Local(), 0, "oh", true),
             StatusCode::kModuleException, "oh"));
}

TEST_CASE("Typed: many calls at once, each with its own result") {
  Fixture f;
  std::vector<sample::FailTask::Args> requests;
  for (u32 i = 0; i < 100; ++i) requests.emplace_back(i, "text", false);
  const auto results =
      f.client.FailMany(HSHM_MCTX, PoolQuery::Local(), requests);
  REQUIRE(results.size() == 100);
  for (u32 i = 0; i < 100; ++i) {
    CHECK(results[i].status().code_value() == i);
  }
  CHECK(f.client.FailMany(HSHM_MCTX, PoolQuery::Local(), {}).empty());
}

TEST_CASE("Typed: a task of another schema is refused before it is read") {
  Fixture f;
  auto* ipc = CHI_IPC;
  auto task = ipc->NewTask<sample::CombineTask>(
      chi::CreateTaskId(), f.client.pool_id_, PoolQuery::Local(), 1);
  task->method_ = sample::Method::kEcho;
  CHECK(Says(ipc->Submit(task).Get(), StatusCode::kVersionMismatch,
             "testing_sample 1.2.0: Echo has parameters of schema"));
  // A method without parameters takes any task without fields.
  auto plain = ipc->NewTask<chimaera::echo::NullTask>(
      chi::CreateTaskId(), f.client.pool_id_, PoolQuery::Local());
  plain->method_ = sample::Method::kNull;
  CHECK(ipc->Submit(plain).Get().ok());
}

TEST_CASE("Typed: a task goes into an archive and comes out again") {
  Fixture f;
  auto* ipc = CHI_IPC;
  const Buffer<f64> values({1, 2});
  auto task = ipc->NewTask<sample::ScaleTask>(
      chi::CreateTaskId(), f.client.pool_id_, PoolQuery::Local(),
      chi::Array<f64, 2>(values.memory, {1, 2}), chi::Array<const f32, 1>(),
      7.0);
  chi::TaskOutputArchive out(chi::ArchiveKind::kInputs);
  REQUIRE(out.Add(*task).ok());
  auto in = chi::TaskInputArchive::Parse(out.Finish());
  REQUIRE(in.ok());
  REQUIRE(in->bulk_transfers().size() == 2);
  CHECK(in->bulk_transfers()[0].size_ == 16);
  in->SetBulk(0, values.memory.shm_);
  auto copy = ipc->NewTask<sample::ScaleTask>(
      chi::CreateTaskId(), f.client.pool_id_, PoolQuery::Local());
  REQUIRE(in->Load(0, *copy).ok());
  CHECK(copy->in_.factor == 7);
  CHECK(copy->out_.values.shape(1) == 2);
  CHECK(chi::SchemaOf(*copy) == sample::ScaleTask::kSchema);
  ipc->DelTask(task);
  ipc->DelTask(copy);
}

TEST_CASE("Typed: settings of a pool come from a client") {
  Fixture f;
  const auto begin = f.client.TellSettings(HSHM_MCTX, PoolQuery::Local());
  REQUIRE(begin.ok());
  CHECK(begin->label.str() == "plain");
  CHECK(begin->offset == -1);
  CHECK(begin->mode == sample::Mode::kExact);

  sample::Client other;
  sample::CreateParams params("labelled", 5);
  params.ratio = 2;
  params.mode = sample::Mode::kFast;
  REQUIRE(
      other.Create(HSHM_MCTX, PoolQuery::Local(), "b", PoolId(301, 0), params));
  const auto told = other.TellSettings(HSHM_MCTX, PoolQuery::Local());
  REQUIRE(told.ok());
  CHECK(told->label.str() == "labelled");
  CHECK(told->limit == 5);
  CHECK(told->ratio == 2);
  CHECK(told->mode == sample::Mode::kFast);

  params.mode = static_cast<sample::Mode>(4);
  const auto create = [&](u32 id) {
    return sample::Client().Create(HSHM_MCTX, PoolQuery::Local(), "c",
                                   PoolId(id, 0), params);
  };
  CHECK(create(302).code() == StatusCode::kBadRequest);
  params = sample::CreateParams("bad");
  CHECK(Says(create(303), StatusCode::kBadRequest, "a bad label"));
}

TEST_CASE("Typed: a text that is written as a setting is a text") {
  chi::SettingsWriter writer;
  writer.Write("mode", "fast");
  writer.Write("strict", true);
  writer.Write("limit", 10);
  CHECK(writer.Finish() == "{mode: \"fast\", strict: true, limit: 10}");
}

TEST_CASE("Typed: settings of a pool come from a compose entry") {
  chi::PoolConfig config;
  config.mod_name_ = sample::CreateParams::chimod_lib_name;
  config.config_ =
      "label: x\nlimit: 2KB\noffset: -7\nratio: 1.5\nstrict: true\n"
      "mode: fast\nconfig: c\nreader: 3\nwriter: exact\nar: true\n"
      "ar_value: true\nstatus: -1\n";
  sample::CreateParams params;
  params.LoadConfig(config);
  CHECK(params.label == "x");
  CHECK(params.limit == 2048);
  CHECK(params.offset == -7);
  CHECK(params.ratio == 1.5);
  CHECK(params.strict);
  CHECK(params.mode == sample::Mode::kFast);
  CHECK(params.config == "c");
  CHECK(params.reader == 3);
  CHECK(params.writer == sample::Mode::kExact);
  CHECK(params.ar);
  CHECK(params.status == -1);

  // And back, whatever is in them.
  params.label = "a \"b\" \\ \n: #\x7f";
  params.ratio = std::numeric_limits<double>::infinity();
  config.config_ = params.ToConfig();
  sample::CreateParams again;
  again.LoadConfig(config);
  CHECK(again.label == params.label);
  CHECK(again.limit == 2048);
  CHECK(again.offset == -7);
  CHECK(std::isinf(again.ratio));
  CHECK(again.ToConfig() == params.ToConfig());
  const auto fails = [&](const char* text, const char* says) {
    config.config_ = text;
    try {
      sample::CreateParams().LoadConfig(config);
    } catch (const chi::StatusError& error) {
      return Says(error.status(), StatusCode::kBadRequest, says);
    }
    return false;
  };
  CHECK(fails("mode: fsat\n", "'fsat' is none of fast, exact"));
  CHECK(fails("offset: 1e3\n", "offset: '1e3' is no number of its type"));
  CHECK(fails("offset: 9999999999\n", "offset"));
  CHECK(fails("lable: x\n", "lable"));
}

TEST_CASE("Typed: a fake stands in for a module, without a runtime") {
  sample::Fake fake;
  fake.on_Combine = [](const sample::CombineIn& in, sample::CombineOut& out) {
    out.sum = in.number * 2;
    out.text = std::string(100, 'x');
    return chi::Status();
  };
  fake.on_Fail = [](const sample::FailIn& in, sample::FailOut&) {
    return chi::Status::FromCode(in.code, in.text.str());
  };
  const auto combined = fake.Combine(HSHM_MCTX, PoolQuery::Local(), 21);
  REQUIRE(combined.ok());
  CHECK(combined->sum == 42);
  CHECK(combined->text.size() == 100);
  CHECK(Says(fake.Fail(HSHM_MCTX, PoolQuery::Local(), 10006, "full"),
             StatusCode::kNoSpace, "full"));
  CHECK(Says(fake.Null(HSHM_MCTX, PoolQuery::Local()),
             StatusCode::kUnimplemented, "no such method"));
  CHECK(fake.num_calls() == 3);
}

// As Python does it: by the description alone.
TEST_CASE("Typed: a caller that knows no type finds all in the description") {
  Fixture f;
  using Describe = const chi::ModuleDescription* (*)();
  const std::string path =
      std::string(CHI_TEST_LIBRARY_DIR) + "/libtesting_sample_client.so";
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  const auto describe = reinterpret_cast<Describe>(
      ::dlsym(library, "chi_describe_testing_sample"));
  REQUIRE(describe != nullptr);
  const chi::ModuleDescription& module = *describe();
  CHECK(module.format == chi::kDescriptionFormat);
  CHECK(std::string(module.version) == "1.2.0");
  REQUIRE(module.method_count == 10);
  CHECK(module.setting_count == 12);
  REQUIRE(module.alias_count == 1);
  CHECK(module.aliases[0].value == sample::Method::kScale);
  const chi::MethodDescription& combine = module.methods[3];
  CHECK(std::string(combine.name) == "Combine");
  REQUIRE(combine.field_count == 7);

  auto* ipc = CHI_IPC;
  const auto task = combine.make(*ipc, f.client.pool_id_, PoolQuery::Local());
  *static_cast<chi::i32*>(combine.fields[0].of(*task)) = 41;
  ipc->Enqueue(task);
  REQUIRE(task->WaitFor(chi::kDefaultTimeoutNs).ok());
  CHECK(task->GetStatus().ok());
  const chi::FieldDescription& all = combine.fields[4];
  CHECK(all.type->kind == chi::TypeKind::kList);
  CHECK(all.type->element->size == 4);
  CHECK(all.type->sequence->size(all.of(*task)) == 1);
  CHECK(*static_cast<chi::i64*>(combine.fields[1].of(*task)) >= 41);
  combine.free(*ipc, task);
  ::dlclose(library);
}
