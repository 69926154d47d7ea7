// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Arrays on block devices, in a runtime: in memory and in a file. For those
// that Python shares see tests/python/test_cpp_arrays.py.

#include "chimaera/bdev/array.h"

#include <complex>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "chimaera/admin/admin_client.h"
#include "chimaera/base/random.h"
#include "embedded.h"
#include "support/process.h"
#include "support/wait_until.h"

using chi::PoolId;
using chi::PoolQuery;
using chi::Status;
using chi::StatusCode;
using chi::u32;
using chi::u64;
using chi::u8;
using chi::test::Embedded;
using chi::test::TempDir;
using chimaera::bdev::Array;
using chimaera::bdev::BdevType;
using chimaera::bdev::Block;
using chimaera::bdev::Box;
using chimaera::bdev::Client;
using chimaera::bdev::DtypeOf;
using chimaera::bdev::ElementType;

namespace {

constexpr u64 kSize = 16 * chi::kMiB;

Client OpenDevice(const std::string& path) {
  Client device;
  const chimaera::Outcome outcome =
      device.Create(HSHM_MCTX, PoolQuery::Local(), path, PoolId(200, 0),
                    path[0] == '/' ? BdevType::kFile : BdevType::kRam, kSize);
  INFO(outcome);
  REQUIRE(outcome.ok());
  return device;
}

void CloseDevice() {
  REQUIRE(
      CHI_ADMIN->DestroyPool(HSHM_MCTX, PoolQuery::Local(), PoolId(200, 0)));
}

// Soon: the scrubber may look at blocks that are given up.
bool IsAllFree(Client& device) {
  return chi::test::WaitUntil([&] {
    u64 remaining = 0;
    device.GetStats(HSHM_MCTX, remaining);
    return remaining == kSize;
  });
}

Array Made(const Client& device, const std::vector<u64>& shape,
           const std::string& dtype, const std::vector<u64>& chunks = {}) {
  auto array = Array::Create(device, "it", shape, dtype, chunks);
  INFO(array.status());
  REQUIRE(array.ok());
  return *array;
}

void CheckOk(const Status& status) {
  INFO(status);
  REQUIRE(status.ok());
}

template <class T>
std::vector<T> ReadAll(Array& array) {
  auto found = array.Read<T>(array.whole());
  CheckOk(found.status());
  return *std::move(found);
}

std::vector<u32> Counted(u64 count, u32 first) {
  std::vector<u32> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

StatusCode CodeOf(const Status& status) { return status.code(); }

// What the attributes of an object may say and not be an array.
Status Opened(Client& device, const std::string& attributes,
              const std::vector<Block>& blocks = {}) {
  CheckOk(device.PutObject(HSHM_MCTX, "array/it", blocks, attributes, true));
  return Array::Open(device, "it").status();
}

std::string Attributes(const std::string& shape, const std::string& chunks,
                       const std::string& stored = "\"\"",
                       const std::string& dtype = "\"<f8\"",
                       const std::string& version = "1") {
  return R"({"format":"chimaera array","version":)" + version + R"(,"shape":)" +
         shape + R"(,"dtype":)" + dtype + R"(,"chunks":)" + chunks +
         R"(,"stored":)" + stored + "}";
}

}  // namespace

TEST_CASE("array: boxes are written and read, in memory and in a file") {
  const TempDir dir;
  Embedded runtime;
  for (const std::string& path : {std::string("ram"), dir / "device"}) {
    Client device = OpenDevice(path);
    // Chunks stick out along both axes.
    Array array = Made(device, {10, 7}, "<u4", {4, 3});
    CHECK(ReadAll<u32>(array) == std::vector<u32>(70));
    CHECK(IsAllFree(device));

    std::vector<u32> wanted(70);
    chi::SeededRandom random(5);
    for (u32 turn = 0; turn < 40; ++turn) {
      Box box;
      for (const u64 size : array.shape()) {
        box.offset.push_back(random.Below(size));
        box.count.push_back(1 + random.Below(size - box.offset.back()));
      }
      const auto values = Counted(box.count[0] * box.count[1], turn * 100);
      CheckOk(array.Write(box, values));
      for (u64 i = 0; i < values.size(); ++i) {
        wanted[(box.offset[0] + i / box.count[1]) * 7 + box.offset[1] +
               i % box.count[1]] = values[i];
      }
      REQUIRE(ReadAll<u32>(array) == wanted);
      REQUIRE(array.Read<u32>(box).value() == values);
    }
    auto again = Array::Open(device, "it");
    CheckOk(again.status());
    CHECK(again->chunks() == std::vector<u64>{4, 3});
    CHECK(ReadAll<u32>(*again) == wanted);
    CheckOk(again->Delete());
    CHECK(IsAllFree(device));
    CHECK(CodeOf(array.Read<u32>(array.whole()).status()) ==
          StatusCode::kNotFound);
    CHECK(CodeOf(again->Delete()) == StatusCode::kNotFound);
    CloseDevice();
  }
}

TEST_CASE("array: no axes, no elements, and chunks larger than they need be") {
  Embedded runtime;
  Client device = OpenDevice("ram");
  Array scalar = Made(device, {}, DtypeOf<double>());
  CheckOk(scalar.Write(scalar.whole(), std::vector<double>{2.5}));
  CHECK(ReadAll<double>(scalar) == std::vector<double>{2.5});
  CheckOk(scalar.Delete());
  for (const std::vector<u64>& shape :
       {std::vector<u64>{0}, {3, 0, u64{1} << 62}}) {
    Array empty = Made(device, shape, "f4");
    CHECK(empty.size_bytes() == 0);
    CHECK(ReadAll<float>(empty).empty());
    CheckOk(empty.Write(empty.whole(), std::vector<float>()));
    CheckOk(Array::Open(device, "it").status());
    CheckOk(empty.Delete());
  }
  Array clipped = Made(device, {3, 5}, "u1", {100, 2});
  CHECK(clipped.chunks() == std::vector<u64>{3, 2});
  CheckOk(clipped.Delete());
  Array rows = Made(device, {10, 1024, 1024}, "f4");
  CHECK(rows.chunks() == std::vector<u64>{1, 1024, 1024});
}

TEST_CASE("array: many chunks in flight, and chunks larger than a task") {
  const TempDir dir;
  Embedded runtime;
  for (const std::string& path : {std::string("ram"), dir / "device"}) {
    Client device = OpenDevice(path);
    for (const std::vector<u64>& chunks :
         {std::vector<u64>{3, 256}, {64, 64}, {4000, 256}}) {
      Array array = Made(device, {6000, 256}, "<u4", chunks);
      auto wanted = Counted(6000 * 256, 1);
      CheckOk(array.Write(array.whole(), wanted));
      REQUIRE(ReadAll<u32>(array) == wanted);
      // A column: a part of every chunk, or of every one along its axis.
      const auto column = Counted(6000, 7);
      CheckOk(array.Write({{0, 100}, {6000, 1}}, column));
      for (u64 i = 0; i < column.size(); ++i) wanted[i * 256 + 100] = column[i];
      REQUIRE(ReadAll<u32>(array) == wanted);
      REQUIRE(array.Read<u32>({{0, 100}, {6000, 1}}).value() == column);
      CheckOk(array.Delete());
      REQUIRE(IsAllFree(device));
    }
    CloseDevice();
  }
}

TEST_CASE("array: elements may lie apart in memory") {
  Embedded runtime;
  Client device = OpenDevice("ram");
  Array array = Made(device, {4, 4}, "<u4", {3, 3});
  // The inner part of a grid with a margin of one.
  std::vector<u32> grid = Counted(36, 0);
  const std::vector<u64> strides{6 * sizeof(u32), sizeof(u32)};
  const u64 size = (36 - 7) * sizeof(u32);
  const u64 timeout_ns = chi::kDefaultTimeoutNs;
  CheckOk(array.Write(array.whole(), &grid[7], size, timeout_ns, strides));
  CHECK(array.Read<u32>({{1, 0}, {1, 4}}).value() ==
        std::vector<u32>{13, 14, 15, 16});
  std::vector<u32> copy(36, 1000);
  CheckOk(array.Read(array.whole(), &copy[7], size, timeout_ns, strides));
  CHECK(copy[7] == 7);
  CHECK(copy[28] == 28);
  CHECK(copy[11] == 1000);
  CHECK(copy[29] == 1000);
  for (const std::vector<u64>& wrong :
       {std::vector<u64>{4}, {1000, 4}, {~u64{0}, 4}, {24, ~u64{0} / 3}}) {
    CHECK(CodeOf(array.Read(array.whole(), copy.data(), size, timeout_ns,
                            wrong)) == StatusCode::kBadRequest);
  }
}

TEST_CASE("array: handles see what others write, and what they are") {
  Embedded runtime;
  Client device = OpenDevice("ram");
  Array array = Made(device, {6}, "<u4", {2});
  Array other = Array::Open(device, "it").value();
  CheckOk(array.Write({{0}, {2}}, Counted(2, 1)));
  CHECK(ReadAll<u32>(other) == std::vector<u32>{1, 2, 0, 0, 0, 0});
  CheckOk(other.Write({{1}, {5}}, Counted(5, 10)));
  CHECK(ReadAll<u32>(array) == std::vector<u32>{1, 10, 11, 12, 13, 14});
  CheckOk(array.Write({{0}, {1}}, Counted(1, 5)));
  CHECK(ReadAll<u32>(other) == std::vector<u32>{5, 10, 11, 12, 13, 14});
  // Making it once more opens it, if it is the same.
  CHECK(Array::Create(device, "it", {6}, "u4").ok());
  for (const auto& made : {Array::Create(device, "it", {7}, "u4"),
                           Array::Create(device, "it", {6}, ">u4"),
                           Array::Create(device, "it", {6}, "u4", {3})}) {
    CHECK(CodeOf(made.status()) == StatusCode::kAlreadyExists);
  }
  CheckOk(array.Delete());
  Made(device, {7}, "<u4", {2});
  CHECK(CodeOf(other.Read<u32>(other.whole()).status()) == StatusCode::kStale);
  CHECK(CodeOf(other.Write({{0}, {1}}, Counted(1, 5))) == StatusCode::kStale);
}

TEST_CASE("array: what cannot be is an error, and changes nothing") {
  Embedded runtime;
  Client device = OpenDevice("ram");
  CHECK(CodeOf(Array::Open(device, "it").status()) == StatusCode::kNotFound);
  for (const auto& refused :
       {Array::Create(device, "it", {2}, "f3"),
        Array::Create(device, "it", {2}, "f8", {1, 1}),
        Array::Create(device, "it", {2}, "f8", {0}),
        Array::Create(device, "it", {u64{1} << 62}, "u1", {1}),
        Array::Create(device, "it", {u64{1} << 50}, "u1", {1}),
        Array::Create(device, "it", {u64{1} << 40, u64{1} << 40}, "u1"),
        Array::Create(device, "it", std::vector<u64>(65, 1), "u1"),
        Array::Create(device, std::string(255, 'x'), {2}, "f8")}) {
    CHECK(CodeOf(refused.status()) == StatusCode::kBadRequest);
  }
  Array array = Made(device, {4 * chi::kMiB}, "u1", {chi::kMiB});
  CHECK(CodeOf(array.Read<double>({{0}, {1}}).status()) ==
        StatusCode::kBadRequest);
  for (const Box& box :
       {Box{{0}, {4 * chi::kMiB + 1}}, Box{{5}, {~u64{0}}}, Box{{}, {}},
        Box{{0, 0}, {1, 1}}, Box{{4 * chi::kMiB + 1}, {0}}}) {
    CHECK(CodeOf(array.Read<u8>(box).status()) == StatusCode::kBadRequest);
  }
  u8 byte = 7;
  CHECK(CodeOf(array.Write({{0}, {2}}, &byte, 1)) == StatusCode::kBadRequest);

  // There is room for one copy of what lies on the device, not for two.
  CheckOk(array.Write(array.whole(), std::vector<u8>(4 * chi::kMiB, 1)));
  const auto rest = device.Allocate(HSHM_MCTX, kSize - 6 * chi::kMiB);
  CheckOk(rest.status());
  const Status full =
      array.Write(array.whole(), std::vector<u8>(4 * chi::kMiB, 2));
  INFO(full);
  CHECK(CodeOf(full) == StatusCode::kNoSpace);
  CHECK(full.message().find("array 'it' of pool 200.0") == 0);
  CheckOk(device.Free(HSHM_MCTX, *rest));
  CHECK(ReadAll<u8>(array) == std::vector<u8>(4 * chi::kMiB, 1));

  // Who has it on loan keeps writers out until their time is over.
  const auto loan = device.Borrow(HSHM_MCTX, "array/it");
  CheckOk(loan.status());
  const Status late = array.Write({{0}, {1}}, &byte, 1, chi::kNsPerMs);
  CHECK(CodeOf(late) == StatusCode::kDeadlineExceeded);
  CheckOk(device.ReturnLoan(HSHM_MCTX, "array/it", *loan));
  CheckOk(array.Write({{0}, {1}}, &byte, 1));
  CHECK(array.Read<u8>({{0}, {2}}).value() == std::vector<u8>{7, 1});
}

TEST_CASE("array: types are written as NumPy writes them") {
  CHECK(DtypeOf<double>() == "<f8");
  CHECK(DtypeOf<bool>() == "|b1");
  CHECK(DtypeOf<chi::i8>() == "|i1");
  CHECK(DtypeOf<std::complex<float>>() == "<c8");
  struct Case {
    std::string text;
    std::string canonical;
    u64 size;
  };
  for (const Case& each : std::vector<Case>{
           {"f8", "<f8", 8},
           {">i4", ">i4", 4},
           {">u1", "|u1", 1},
           {"=f2", "<f2", 2},
           {"S5", "|S5", 5},
           {"<U3", "<U3", 12},
           {"<M8[ns]", "<M8[ns]", 8},
           {"c16", "<c16", 16},
           {R"([["x","f8"]])", R"([["x", "f8"]])", 8},
           {R"([["",  "|V4"],["a\"b",[["y","<i2",3]]],[["t","n"],"S1",[2,2]]])",
            R"([["", "|V4"], ["a\"b", [["y", "<i2", 3]]], )"
            R"([["t", "n"], "S1", [2, 2]]])",
            14}}) {
    const auto type = ElementType::Parse(each.text);
    INFO(each.text << ": " << type.status());
    REQUIRE(type.ok());
    CHECK(type->text == each.canonical);
    CHECK(type->size == each.size);
  }
  for (const char* text : {"",
                           "f",
                           "f3",
                           "i16",
                           "O",
                           "|O8",
                           "x8",
                           "<f8x",
                           "S0",
                           "f8[ns]",
                           "<M8[\"]",
                           "U4294967295",
                           "[]",
                           "[[\"x\"]]",
                           "[[\"x\",\"O\"]]",
                           "[[\"x\",\"f8\",[0]]]",
                           "[[\"x\",\"f8\",[-1]]]",
                           "[{}]",
                           "[[",
                           "[[\"x\",\"f8\",[4294967296,4294967296]]]"}) {
    INFO(text);
    CHECK(CodeOf(ElementType::Parse(text).status()) == StatusCode::kBadRequest);
  }
}

TEST_CASE("array: attributes that make no sense are an error") {
  Embedded runtime;
  Client device = OpenDevice("ram");
  CheckOk(Opened(device, Attributes("[9]", "[1]", "\"AAA=\"")));
  CheckOk(Opened(device, Attributes("[]", "[]", "\"AA==\"")));
  CheckOk(Opened(device, Attributes("[0]", "[1]", "\"all\"")));
  CHECK(CodeOf(Opened(device,
                      Attributes("[0]", "[1]", "\"all\"", "\"<f8\"", "2"))) ==
        StatusCode::kVersionMismatch);
  for (const std::string& attributes :
       {std::string(),
        std::string("{"),
        std::string("[1]"),
        std::string("7"),
        std::string(R"({"format":"table"})"),
        std::string(60000, '['),
        std::string("{\"format\":\"chimaera array\"}"),
        Attributes("[9]", "[1]", "\"AA==\""),
        Attributes("[9]", "[1]", "\"AAAA\""),
        Attributes("[9]", "[1]", "\"**\""),
        Attributes("[9]", "[1]", "\"gAA=\""),
        Attributes("[9]", "[1]", "\"all\""),
        Attributes("[9]", "[1]", "7"),
        Attributes("[-1]", "[1]"),
        Attributes("[1.5]", "[1]"),
        Attributes("[\"9\"]", "[1]"),
        Attributes("9", "9"),
        Attributes("[9]", "[0]", "\"AAA=\""),
        Attributes("[9]", "[1,1]", "\"AAA=\""),
        Attributes("[9]", "[1]", "\"AAA=\"", "\"<f9\""),
        Attributes("[9]", "[1]", "\"AAA=\"", "{}"),
        Attributes("[9]", "[1]", "\"AAA=\"", "\"<f8\"", "\"x\""),
        Attributes("[4294967296,4294967296,4294967296]", "[1,1,1]"),
        Attributes("[18446744073709551615]", "[18446744073709551615]"),
        Attributes("[18446744073709551616]", "[1]")}) {
    const Status opened = Opened(device, attributes);
    INFO(attributes.substr(0, 200) << ": " << opened);
    CHECK(CodeOf(opened) == StatusCode::kBadRequest);
  }
  // A block that is too short for its chunk.
  const auto block = device.Allocate(HSHM_MCTX, 7);
  CheckOk(block.status());
  CHECK(CodeOf(Opened(device, Attributes("[1]", "[1]", "\"all\""), {*block})) ==
        StatusCode::kBadRequest);
}

TEST_CASE("array: a view is what the array was, and keeps its chunk") {
  const TempDir dir;
  Embedded runtime;
  Client device = OpenDevice("ram");
  Array array = Made(device, {6, 4}, "<u4", {3, 4});
  CHECK(CodeOf(array.View({{0, 0}, {1, 1}}).status()) ==
        StatusCode::kBadRequest);  // nobody has written it
  CheckOk(array.Write(array.whole(), Counted(24, 0)));
  {
    auto found = array.View({{4, 1}, {2, 2}});
    CheckOk(found.status());
    const auto view = *std::move(found);
    CHECK(view.shape() == std::vector<u64>{2, 2});
    CHECK(view.strides() == std::vector<u64>{16, 4});
    CheckOk(array.Write(array.whole(), Counted(24, 100)));
    CheckOk(array.Delete());
    const auto* const elements = static_cast<const u32*>(view.data());
    CHECK(elements[0] == 17);
    CHECK(elements[5] == 22);
  }
  CHECK(IsAllFree(device));
  Array two = Made(device, {6, 4}, "<u4", {3, 4});
  CheckOk(two.Write(two.whole(), Counted(24, 0)));
  for (const Box& box : {two.whole(), Box{{0, 0}, {0, 4}}, Box{{2, 0}, {2, 1}},
                         Box{{5, 0}, {2, 1}}, Box{{0}, {1}}}) {
    CHECK(CodeOf(two.View(box).status()) == StatusCode::kBadRequest);
  }
  CloseDevice();
  Client file = OpenDevice(dir / "device");
  Array stored = Made(file, {4}, "<u4");
  CheckOk(stored.Write(stored.whole(), Counted(4, 0)));
  CHECK(CodeOf(stored.View(stored.whole()).status()) ==
        StatusCode::kUnimplemented);
}

TEST_CASE("array: a loan is sealed as a whole, or leaves nothing") {
  const TempDir dir;
  Embedded runtime;
  for (const std::string& path : {std::string("ram"), dir / "device"}) {
    Client device = OpenDevice(path);
    // Chunks of whole rows go from where they lie, others are put together.
    for (const std::vector<u64>& chunks :
         {std::vector<u64>{30, 512}, {64, 100}}) {
      Array array = Made(device, {1000, 512}, "<u4", chunks);
      const auto values = Counted(1000 * 512, 9);
      {
        auto loan = array.Loan();
        CheckOk(loan.status());
        std::memcpy(loan->data(), values.data(), array.size_bytes());
        CHECK(CodeOf(array.Loan(chi::kNsPerMs).status()) ==
              StatusCode::kDeadlineExceeded);
        CHECK(CodeOf(array.Write({{0, 0}, {1, 1}}, Counted(1, 5),
                                 chi::kNsPerMs)) ==
              StatusCode::kDeadlineExceeded);
        CHECK(array.Read<u32>({{7, 7}, {1, 1}}).value()[0] == 0);
      }
      CHECK(IsAllFree(device));
      auto loan = array.Loan();
      CheckOk(loan.status());
      std::memcpy(loan->data(), values.data(), array.size_bytes());
      CheckOk(loan->Seal());
      CHECK(loan->data() == nullptr);
      CHECK(CodeOf(loan->Seal()) == StatusCode::kBadRequest);
      REQUIRE(ReadAll<u32>(array) == values);
      CheckOk(array.Write({{0, 0}, {1, 1}}, Counted(1, 5)));
      CheckOk(array.Delete());
      CHECK(IsAllFree(device));
    }
    CloseDevice();
  }
}

TEST_CASE("array: a loan in parts is made of what others give") {
  Embedded runtime;
  Client device = OpenDevice("ram");
  Array array = Made(device, {5, 2}, "<u4", {2, 2});
  Array helper = Array::Open(device, "it").value();
  const auto give = [&](u64 loan, u64 row, u64 rows, u32 first) {
    const auto values = Counted(rows * 2, first);
    return helper.Give(loan, {{row, 0}, {rows, 2}}, values.data(),
                       values.size() * sizeof(u32));
  };
  u64 id = 0;
  {
    auto loan = array.LoanInParts();
    CheckOk(loan.status());
    CHECK(loan->data() == nullptr);
    id = loan->id();
    CheckOk(give(id, 2, 3, 10));
    CHECK(CodeOf(give(id, 2, 2, 20)) == StatusCode::kAlreadyExists);
    CHECK(CodeOf(give(id, 1, 1, 20)) == StatusCode::kBadRequest);
    CHECK(CodeOf(loan->Seal()) == StatusCode::kBadRequest);
    CHECK(ReadAll<u32>(array) == std::vector<u32>(10));
  }
  // It has ended without a trace.
  CHECK(CodeOf(give(id, 0, 2, 1)) == StatusCode::kStale);
  CHECK(IsAllFree(device));
  auto loan = array.LoanInParts();
  CheckOk(loan.status());
  CheckOk(give(loan->id(), 4, 1, 8));
  CheckOk(give(loan->id(), 0, 4, 0));
  CheckOk(loan->Seal());
  CHECK(ReadAll<u32>(array) == Counted(10, 0));
}
