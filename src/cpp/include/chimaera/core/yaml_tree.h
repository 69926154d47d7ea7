// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// YAML text as a tree of plain values with line numbers. Narrower than YAML on
// purpose: no anchors, aliases, tags or second document, no key twice, bounded
// size and depth - nothing through which a small file becomes a large one or
// a line means two things.

#ifndef CHIMAERA_CORE_YAML_TREE_H_
#define CHIMAERA_CORE_YAML_TREE_H_

#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/base/types.h"

namespace chi {

struct YamlMember;

struct YamlNode {
  enum class Kind : u32 { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  u32 line = 1;         ///< Counts from 1.
  bool quoted = false;  ///< Of a scalar: it is a string whatever it says.
  std::string scalar;
  std::vector<YamlNode> items;      ///< Of a list.
  std::vector<YamlMember> members;  ///< Of a map, in the order of the text.
};

struct YamlMember {
  std::string key;
  u32 line = 1;
  YamlNode value;
};

/// Text without a document is a null node. kBadRequest "origin:line: what" for
/// text that is no YAML, or not of the narrow kind.
Result<YamlNode> ParseYaml(std::string_view text, std::string_view origin,
                           u64 max_bytes, u32 max_depth);

/// Text from which ParseYaml reads an equal tree, apart from its lines.
std::string WriteYaml(const YamlNode& node);

}  // namespace chi

#endif  // CHIMAERA_CORE_YAML_TREE_H_
