// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The list of pools in a configuration. Of an entry's keys those that every
// pool has are read here, the others by its module (compose.h).

#include "core/config_compose.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "chimaera/base/format.h"

namespace chi {
namespace {

constexpr u32 kMaxPoolContainers = 4096;

// A required word of a compose entry.
void ReadWord(ConfigReader& reader, std::string_view key, std::string* out) {
  if (reader.Require(key) == nullptr) return;
  const std::string* text = reader.FindScalar(key);
  if (text == nullptr) return;
  if (text->empty()) reader.Fail(key, "must not be empty");
  *out = *text;
}

PoolConfig ReadPool(const YamlNode& node, const std::string& path,
                    ConfigErrors& errors) {
  PoolConfig pool;
  ConfigReader reader(node, path, errors);
  ReadWord(reader, "mod_name", &pool.mod_name_);
  ReadWord(reader, "pool_name", &pool.pool_name_);
  std::string id;
  ReadWord(reader, "pool_id", &id);
  if (!id.empty()) {
    const std::optional<PoolId> parsed = PoolId::Parse(id);
    if (!parsed) {
      reader.Fail("pool_id", Format("'{}' is no pool id, as 200.0 is", id));
    } else if (parsed->IsNull()) {
      reader.Fail("pool_id", "0.0 is the null pool id");
    } else if (*parsed == kAdminPoolId) {
      reader.Fail("pool_id", Format("{} is the admin pool's", *parsed));
    } else {
      pool.pool_id_ = *parsed;
    }
  }
  if (const std::string* word = reader.FindScalar("pool_query")) {
    const std::optional<PoolQuery> query = PoolQuery::Parse(*word);
    if (query) {
      pool.pool_query_ = *query;
    } else {
      reader.Fail("pool_query",
                  Format("'{}' is none of local, dynamic, broadcast", *word));
    }
  }
  reader.ReadNumber("num_containers", 1, kMaxPoolContainers,
                    &pool.num_containers_);
  reader.FinishOpen();
  pool.config_ = WriteYaml(node);
  pool.origin_ = errors.origin();
  pool.lines_[""] = node.line;
  for (const YamlMember& member : node.members) {
    pool.lines_[member.key] = member.line;
  }
  return pool;
}

}  // namespace

void ReadCompose(const YamlNode& list, ConfigErrors& errors,
                 std::vector<PoolConfig>* compose) {
  if (list.kind == YamlNode::Kind::kNull) return;
  if (list.kind != YamlNode::Kind::kList) {
    errors.Add(list.line, "compose", "must be a list of pools");
    return;
  }
  std::map<PoolId, u32> lines_of_ids;
  std::map<std::string, u32> lines_of_names;
  for (size_t i = 0; i < list.items.size(); ++i) {
    const YamlNode& item = list.items[i];
    const std::string path = Format("compose[{}].", i);
    if (item.kind == YamlNode::Kind::kNull) {
      errors.Add(item.line, Format("compose[{}]", i), "is empty");
      continue;
    }
    PoolConfig pool = ReadPool(item, path, errors);
    const auto claim = [&](auto& lines, const auto& value, const char* key) {
      const u32 line = pool.lines_[key];
      const auto first = lines.emplace(value, line);
      if (first.second) return;
      errors.Add(line, path + key,
                 Format("'{}' belongs to the pool in line {} already", value,
                        first.first->second));
    };
    if (!pool.pool_id_.IsNull()) {
      claim(lines_of_ids, pool.pool_id_, "pool_id");
    }
    if (!pool.pool_name_.empty()) {
      claim(lines_of_names, pool.pool_name_, "pool_name");
    }
    compose->push_back(std::move(pool));
  }
}

}  // namespace chi
