// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Format: placeholders, escapes, mistakes, types.

#include "chimaera/base/format.h"

#include <atomic>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "chimaera/base/json_writer.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "support/catch.h"

namespace chi {
namespace {

TEST_CASE("Format: no placeholder gives the text as it is") {
  CHECK(Format("") == "");
  CHECK(Format("plain") == "plain");
}

TEST_CASE("Format: replaces placeholders in order") {
  CHECK(Format("pool {}: container {} of {}", "512.0", 3, 2u) ==
        "pool 512.0: container 3 of 2");
}

TEST_CASE("Format: doubled braces are braces") {
  CHECK(Format("{{}} {{{}}}", 1) == "{} {1}");
}

TEST_CASE("Format: an argument may hold braces") {
  CHECK(Format("{} {}", "{}", "}}") == "{} }}");
}

TEST_CASE("Format: missing arguments leave their placeholders") {
  CHECK(Format("{} and {}", 1) == "1 and {}");
}

TEST_CASE("Format: surplus arguments are appended") {
  CHECK(Format("{}", 1, 2, "three") == "1 (2, three)");
}

TEST_CASE("Format: lone or filled braces are only text") {
  CHECK(Format("{ {x} }", 1) == "{ {x} } (1)");
  CHECK(Format("end {") == "end {");
  CHECK(Format("end }") == "end }");
}

TEST_CASE("Format: u8 and i8 are numbers, char is a letter") {
  CHECK(Format("{} {} {}", u8{65}, i8{-1}, 'A') == "65 -1 A");
}

TEST_CASE("Format: the extremes of u64 and i64") {
  CHECK(Format("{} {}", std::numeric_limits<u64>::max(),
               std::numeric_limits<i64>::min()) ==
        "18446744073709551615 -9223372036854775808");
}

TEST_CASE("Format: booleans, strings, null text, enums, statuses, atomics") {
  enum class Plain : u8 { kSeven = 7 };
  const char* null_text = nullptr;
  const std::atomic<int> number{9};
  CHECK(Format("{}", true) == "true");
  CHECK(Format("{}{}", std::string("a"), std::string_view("b")) == "ab");
  CHECK(Format("{}", null_text) == "(null)");
  CHECK(Format("{}", Plain::kSeven) == "7");
  CHECK(Format("{}", Status::Io("x")) == "Io: x");
  CHECK(Format("{}", number) == "9");
}

TEST_CASE("JsonWriter: commas, quotes and what is no number") {
  JsonWriter json;
  json.BeginObject().Member("a", u32{1}).Member("b", true).Key("c").BeginList();
  json.Number(0.5).Null().Number(1 / std::numeric_limits<f64>::denorm_min());
  json.BeginObject().EndObject().EndList();
  json.Seconds("d", 1'500'000'000).Member("e", std::string("x")).EndObject();
  CHECK(std::move(json).Take() ==
        "{\"a\": 1, \"b\": true, \"c\": [0.5, null, null, {}], "
        "\"d\": 1.5, \"e\": \"x\"}");
}

TEST_CASE("JsonWriter: text is escaped, and always UTF-8") {
  const auto written = [](std::string_view text) {
    JsonWriter json;
    json.Text(text);
    return std::move(json).Take();
  };
  CHECK(written("a\"b\\c\n\x01") == "\"a\\\"b\\\\c\\u000a\\u0001\"");
  CHECK(written("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") ==
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  // Lone, cut, overlong, a surrogate, beyond the last.
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xff"}) {
    CHECK(written(bad).find("\\ufffd") == 1);
  }
  CHECK(written("\xed\xa0\x80") == "\"\\ufffd\\ufffd\\ufffd\"");
}

}  // namespace
}  // namespace chi
