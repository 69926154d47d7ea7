// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See compose.h.

#include "chimaera/core/compose.h"

#include <algorithm>
#include <array>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/core/yaml_tree.h"

namespace chi {
namespace {

constexpr std::array<std::string_view, 5> kCommonKeys = {
    "mod_name", "pool_name", "pool_id", "pool_query", "num_containers"};

bool IsCommon(std::string_view key) {
  return std::find(kCommonKeys.begin(), kCommonKeys.end(), key) !=
         kCommonKeys.end();
}

// All values are texts to their readers, who need quotes for few.
void DropQuotes(YamlNode* node) {
  const std::string& text = node->scalar;
  node->quoted =
      node->quoted && (text.empty() || text == "~" || text == "null" ||
                       text == "Null" || text == "NULL");
  for (YamlNode& item : node->items) DropQuotes(&item);
  for (YamlMember& member : node->members) DropQuotes(&member.value);
}

Result<YamlNode> ParseEntry(std::string_view config) {
  CHI_ASSIGN_OR_RETURN(YamlNode node,
                       ParseYaml(config, "entry", RuntimeConfig::kMaxBytes,
                                 RuntimeConfig::kMaxDepth));
  if (node.kind != YamlNode::Kind::kMap && node.kind != YamlNode::Kind::kNull) {
    return Status::BadRequest("an entry must be a map of keys");
  }
  node.kind = YamlNode::Kind::kMap;
  DropQuotes(&node);
  return node;
}

YamlMember TextMember(std::string_view key, std::string text) {
  YamlMember member;
  member.key = key;
  member.value.kind = YamlNode::Kind::kScalar;
  member.value.scalar = std::move(text);
  return member;
}

// A line of a module's message, "pool 'x':1: capacity: what": where that is in
// the file.
ConfigError PlaceError(const PoolConfig& pool, size_t index,
                       std::string_view line) {
  const std::string start = Format("pool '{}'", pool.pool_name_);
  // Both the module and its caller name the pool; the line within the entry
  // means nothing to the reader of a file.
  while (line.substr(0, start.size()) == start) {
    line.remove_prefix(start.size());
    line.remove_prefix(
        std::min(line.find_first_not_of(":0123456789"), line.size()));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  }
  ConfigError error;
  error.origin = pool.origin_;
  error.key = Format("compose[{}]", index);
  const auto entry = pool.lines_.find("");
  if (entry != pool.lines_.end()) error.line = entry->second;
  const size_t colon = line.find(": ");
  if (colon != std::string_view::npos) {
    const auto found = pool.lines_.find(std::string(line.substr(0, colon)));
    if (found != pool.lines_.end() && colon != 0) {
      error.line = found->second;
      error.key += "." + found->first;
      line.remove_prefix(colon + 2);
    }
  }
  error.what = line;
  return error;
}

}  // namespace

Result<std::string> OwnSettings(std::string_view config) {
  CHI_ASSIGN_OR_RETURN(YamlNode node, ParseEntry(config));
  std::vector<YamlMember>& members = node.members;
  members.erase(
      std::remove_if(members.begin(), members.end(),
                     [](const YamlMember& each) { return IsCommon(each.key); }),
      members.end());
  std::sort(
      members.begin(), members.end(),
      [](const YamlMember& a, const YamlMember& b) { return a.key < b.key; });
  return WriteYaml(node);
}

std::vector<std::string> CheckCompose(const std::vector<PoolConfig>& compose,
                                      const ParametersReader& read,
                                      std::vector<ConfigError>* errors) {
  std::vector<std::string> all;
  for (size_t i = 0; i < compose.size(); ++i) {
    const PoolConfig& pool = compose[i];
    all.emplace_back();
    if (pool.mod_name_.empty()) continue;  // told already
    Result<std::string> settings = read(pool);
    if (settings.ok()) {
      all.back() = *std::move(settings);
      continue;
    }
    std::string text(settings.status().message());
    if (settings.status().code() == StatusCode::kNotFound) {
      text = "mod_name: " + text;
    }
    for (std::string_view rest = text; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      errors->push_back(PlaceError(pool, i, rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  std::stable_sort(errors->begin(), errors->end(),
                   [](const ConfigError& a, const ConfigError& b) {
                     return a.line < b.line;
                   });
  return all;
}

Result<std::string> WriteCompose(const std::vector<PoolConfig>& compose) {
  std::string text = "compose:";
  if (compose.empty()) return text + " []\n";
  for (const PoolConfig& pool : compose) {
    CHI_ASSIGN_OR_RETURN(YamlNode entry, ParseEntry(pool.config_));
    YamlNode written;
    written.kind = YamlNode::Kind::kMap;
    written.members = {TextMember("mod_name", pool.mod_name_),
                       TextMember("pool_name", pool.pool_name_),
                       TextMember("pool_id", Format("{}", pool.pool_id_))};
    if (pool.num_containers_ != 1) {
      written.members.push_back(
          TextMember("num_containers", Format("{}", pool.num_containers_)));
    }
    for (YamlMember& member : entry.members) {
      if (!IsCommon(member.key) || member.key == "pool_query") {
        written.members.push_back(std::move(member));
      }
    }
    // A map has a line for each key: two spaces in, the first behind a dash.
    text += "\n";
    if (pool.config_.empty()) {
      text += "  # Made by a program; its module's settings are not known.\n";
    }
    std::string indent = "  - ";
    std::string lines = WriteYaml(written);
    while (!lines.empty() && lines.back() == '\n') lines.pop_back();
    for (size_t at = 0; at != std::string::npos;) {
      const size_t end = lines.find('\n', at);
      if (at != 0) text += "\n";
      text +=
          indent + lines.substr(at, end == std::string::npos ? end : end - at);
      indent = "    ";
      at = end == std::string::npos ? end : end + 1;
    }
  }
  return text + "\n";
}

}  // namespace chi
