// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Which YAML becomes a tree, and that writing a tree gives it back.

#include "chimaera/core/yaml_tree.h"

#include <string>

#include "support/catch.h"

namespace chi {
namespace {

Result<YamlNode> Parse(std::string_view text) {
  return ParseYaml(text, "f", 1000, 5);
}

// As text, without lines, so that two trees can be compared.
std::string Show(const YamlNode& node) {
  std::string text;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "~";
    case YamlNode::Kind::kScalar:
      return "<" + node.scalar + (node.quoted ? ">q" : ">");
    case YamlNode::Kind::kList:
      for (const YamlNode& item : node.items) text += Show(item) + ",";
      return "[" + text + "]";
    case YamlNode::Kind::kMap:
      for (const YamlMember& member : node.members) {
        text += member.key + ":" + Show(member.value) + ",";
      }
      return "{" + text + "}";
  }
  return text;
}

TEST_CASE("YamlTree: maps, lists, words and nothing, with their lines") {
  const auto root = Parse("a: 1\nb: [x, 'y', ~]\nc:\n  d: {e: null}\nf:\n");
  REQUIRE(root.ok());
  CHECK(Show(*root) == "{a:<1>,b:[<x>,<y>q,~,],c:{d:{e:~,},},f:~,}");
  CHECK(root->members[0].line == 1);
  CHECK(root->members[1].value.items[0].line == 2);
  CHECK(root->members[2].value.members[0].line == 4);
}

TEST_CASE("YamlTree: text without a document is nothing") {
  for (const char* text : {"", "\n\n", "# only a comment\n"}) {
    const auto root = Parse(text);
    REQUIRE(root.ok());
    CHECK(root->kind == YamlNode::Kind::kNull);
  }
}

TEST_CASE("YamlTree: what was written reads as the same tree") {
  for (const char* text :
       {"a: 1", "- 1\n- [2, 3]\n- {x: y}", "a: '1'\nb: \"x: y\\n#\"",
        "x: \"\"\ny: 400.0\nz: \"400.0\"", "t: \"null\"\nu: 'true'\nv: ~",
        "'key with: colon': 1", "deep: {a: {b: [1, {c: d}]}}",
        "w: \"\xc3\xa9\""}) {
    INFO(text);
    const auto root = Parse(text);
    REQUIRE(root.ok());
    const auto again = Parse(WriteYaml(*root));
    REQUIRE(again.ok());
    CHECK(Show(*again) == Show(*root));
  }
}

TEST_CASE("YamlTree: what could mean two things, or grow, is refused") {
  const std::pair<std::string, std::string> cases[] = {
      {"a: &x 1\nb: *x", "f:1: anchors are not allowed here"},
      {"a: 1\nb: {c: *x}", "f:2: the referenced anchor is not defined"},
      {"a: 1\na: 2", "f:2: key 'a' stands in line 1 already"},
      {"a: 1\n---\nb: 2", "f:2: a second document"},
      {"a: !!binary zz", "f:1: tags are not allowed here"},
      {"a: !mine b", "f:1: tags are not allowed here"},
      {"? [a, b]\n: c", "f:1: a key must be a word"},
      {"a:\n  {b: {c: {d: {e: {f: 1}}}}}", "f:2: nested more than 5 deep"},
      {std::string("a: 1\nb: x\0y", 11), "f:2: a zero byte"},
      {std::string(1001, ' '), "f:1: 1001 bytes, at most 1000 are read"},
      {"a: [1, 2", "f:1: "},
      {"a: 1\n b: 2", "f:2: "},
      {"\ta: 1", "f:1: "},
      {"a: 'open", "f:1: "},
      {std::string(300, 'k') + ": 1", "f:1: a key of 300 bytes"},
  };
  for (const auto& [text, message] : cases) {
    INFO(text);
    const auto root = Parse(text);
    REQUIRE_FALSE(root.ok());
    CHECK(root.status().code() == StatusCode::kBadRequest);
    CHECK_THAT(root.status().ToString(), Catch::Contains(message));
  }
}

TEST_CASE("YamlTree: a map has a bounded number of keys") {
  std::string text;
  for (int i = 0; i < 1025; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const auto root = ParseYaml(text, "f", kMiB, 5);
  CHECK(root.status().message() == "f:1025: a map of more than 1024 keys");
}

}  // namespace
}  // namespace chi
