// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The one file that knows yaml-cpp; its exceptions end here.

#include "chimaera/core/yaml_tree.h"

#include <yaml-cpp/emitter.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <new>
#include <sstream>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/heap_accounts.h"
#include "chimaera/base/status.h"

namespace chi {
namespace {

constexpr u64 kMaxMembers = 1024;
constexpr u64 kMaxKeyBytes = 256;

u32 LineOf(const YAML::Mark& mark) {
  return mark.line < 0 ? 1 : static_cast<u32>(mark.line) + 1;
}

// Builds the tree from the parser's events. Errors are thrown through the
// parser as its own kind of exception, with the place.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(u32 max_depth) : max_depth_(max_depth) {}

  YamlNode TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) throw YAML::ParserException(mark, "a second document");
    started_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(mark, anchor, YamlNode::Kind::kNull);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not allowed here");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    CheckTag(mark, tag);
    const bool quoted = tag == "!";
    if (AwaitsKey()) {
      CheckAnchor(mark, anchor);
      AddKey(mark, value);
      return;
    }
    const bool null =
        !quoted && (value.empty() || value == "~" || value == "null" ||
                    value == "Null" || value == "NULL");
    YamlNode& node = Add(
        mark, anchor, null ? YamlNode::Kind::kNull : YamlNode::Kind::kScalar);
    node.scalar = null ? std::string() : value;
    node.quoted = quoted;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    Open(mark, Add(mark, anchor, YamlNode::Kind::kList));
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    Open(mark, Add(mark, anchor, YamlNode::Kind::kMap));
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct OpenNode {
    YamlNode* node;
    bool key_read;
  };

  static void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw YAML::ParserException(mark, "tags are not allowed here: " + tag);
  }
  static void CheckAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor == YAML::NullAnchor) return;
    throw YAML::ParserException(mark, "anchors are not allowed here");
  }

  bool AwaitsKey() const {
    return !open_.empty() && open_.back().node->kind == YamlNode::Kind::kMap &&
           !open_.back().key_read;
  }

  void AddKey(const YAML::Mark& mark, const std::string& key) {
    std::vector<YamlMember>& members = open_.back().node->members;
    // Which also bounds the search for the same key.
    if (members.size() >= kMaxMembers) {
      throw YAML::ParserException(
          mark, Format("a map of more than {} keys", kMaxMembers));
    }
    if (key.size() > kMaxKeyBytes) {
      throw YAML::ParserException(mark,
                                  Format("a key of {} bytes", key.size()));
    }
    for (const YamlMember& member : members) {
      if (member.key == key) {
        throw YAML::ParserException(
            mark,
            Format("key '{}' stands in line {} already", key, member.line));
      }
    }
    members.push_back({key, LineOf(mark), {}});
    open_.back().key_read = true;
  }

  // Pointers in open_ stay valid: nothing is added beside a node before its
  // children are complete.
  YamlNode& Add(const YAML::Mark& mark, YAML::anchor_t anchor,
                YamlNode::Kind kind) {
    CheckAnchor(mark, anchor);
    if (AwaitsKey()) throw YAML::ParserException(mark, "a key must be a word");
    YamlNode* node = &root_;
    if (!open_.empty()) {
      OpenNode& parent = open_.back();
      if (parent.node->kind == YamlNode::Kind::kMap) {
        node = &parent.node->members.back().value;
        parent.key_read = false;
      } else {
        node = &parent.node->items.emplace_back();
      }
    }
    node->kind = kind;
    node->line = LineOf(mark);
    return *node;
  }

  void Open(const YAML::Mark& mark, YamlNode& node) {
    if (open_.size() >= max_depth_) {
      throw YAML::ParserException(
          mark, Format("nested more than {} deep", max_depth_));
    }
    open_.push_back({&node, false});
  }

  const u32 max_depth_;
  bool started_ = false;
  YamlNode root_;
  std::vector<OpenNode> open_;
};

Status CheckBytes(std::string_view text, std::string_view origin,
                  u64 max_bytes) {
  if (text.size() > max_bytes) {
    return Status::BadRequest(Format("{}:1: {} bytes, at most {} are read",
                                     origin, text.size(), max_bytes));
  }
  const size_t zero = text.find('\0');
  if (zero == std::string_view::npos) return Status();
  const auto line =
      1 +
      std::count(text.begin(), text.begin() + static_cast<long>(zero), '\n');
  return Status::BadRequest(
      Format("{}:{}: a zero byte; this is no text", origin, line));
}

void Emit(YAML::Emitter& out, const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      out << YAML::Null;
      return;
    case YamlNode::Kind::kScalar:
      if (node.quoted) out << YAML::DoubleQuoted;
      out << node.scalar;
      return;
    case YamlNode::Kind::kList:
      out << YAML::BeginSeq;
      for (const YamlNode& item : node.items) Emit(out, item);
      out << YAML::EndSeq;
      return;
    case YamlNode::Kind::kMap:
      out << YAML::BeginMap;
      for (const YamlMember& member : node.members) {
        out << YAML::Key << member.key << YAML::Value;
        Emit(out, member.value);
      }
      out << YAML::EndMap;
      return;
  }
}

}  // namespace

Result<YamlNode> ParseYaml(std::string_view text, std::string_view origin,
                           u64 max_bytes, u32 max_depth) {
  const HeapScope heap;  // yaml-cpp keeps tables from its first use on
  CHI_RETURN_IF_ERROR(CheckBytes(text, origin, max_bytes));
  TreeBuilder builder(max_depth);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.TakeRoot();
  } catch (const YAML::Exception& error) {
    return Status::BadRequest(
        Format("{}:{}: {}", origin, LineOf(error.mark), error.msg));
  } catch (const std::bad_alloc&) {
    return Status::NoMemory(std::string(origin) + ": no memory to read it");
  } catch (const std::exception& error) {
    return Status::BadRequest(Format("{}:1: {}", origin, error.what()));
  }
}

std::string WriteYaml(const YamlNode& node) {
  YAML::Emitter out;
  Emit(out, node);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace chi
