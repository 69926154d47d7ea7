// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Types of elements: only their sizes matter here, the rest is kept as it is.

#include <algorithm>
#include <charconv>
#include <utility>

#include "array_format.h"
#include "chimaera/base/format.h"
#include "chimaera/base/json_writer.h"
#include "chimaera/bdev/object_tasks.h"

namespace chimaera::bdev {
namespace {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u32;
using chi::u64;
using chi::YamlNode;

constexpr u64 kMaxElementBytes = u64{1} << 31;
constexpr u32 kMaxDepth = 64;

Status NoType(std::string_view text) {
  return Status::BadRequest(Format("dtype {}: NumPy has no such type", text));
}

// Whether elements of a kind can have `number` bytes; letters, for U.
bool IsPossible(char kind, u64 number) {
  const bool power = (number & (number - 1)) == 0;
  switch (kind) {
    case 'b':
      return number == 1;
    case 'i':
    case 'u':
      return power && number >= 1 && number <= 8;
    case 'f':
      return (power && number >= 2 && number <= 16) || number == 12;
    case 'c':
      return (power && number >= 8 && number <= 32) || number == 24;
    case 'm':
    case 'M':
      return number == 8;
    case 'S':
    case 'U':
    case 'V':
      return number >= 1 && number <= kMaxElementBytes / 4;
    default:
      return false;
  }
}

// "[ns]", "[25s]": of a time.
bool IsUnit(char kind, const std::string& text) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '/';
  };
  return (kind == 'm' || kind == 'M') && text.size() > 2 &&
         text.front() == '[' && text.back() == ']' &&
         std::all_of(text.begin() + 1, text.end() - 1, is_plain);
}

Result<ElementType> PlainType(std::string_view text) {
  std::string_view rest = text;
  char order = '=';
  if (!rest.empty() &&
      std::string_view("<>=|").find(rest[0]) != std::string_view::npos) {
    order = rest[0];
    rest.remove_prefix(1);
  }
  const char kind = rest.empty() ? ' ' : rest[0];
  if (!rest.empty()) rest.remove_prefix(1);
  u64 number = 0;
  const auto [end, error] =
      std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || !IsPossible(kind, number)) return NoType(text);
  const std::string unit(end, rest.data() + rest.size());
  if (!unit.empty() && !IsUnit(kind, unit)) return NoType(text);
  const bool has_order =
      kind == 'U' || (kind != 'S' && kind != 'V' && number > 1);
  if (!has_order) {
    order = '|';
  } else if (order != '<' && order != '>') {
    order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
  }
  return ElementType{Format("{}{}{}{}", order, kind, number, unit),
                     kind == 'U' ? 4 * number : number};
}

// Bytes of one field: [name, type] or [name, type, shape].
Result<u64> FieldSize(const YamlNode& field) {
  if (field.kind != YamlNode::Kind::kList || field.items.size() < 2 ||
      field.items.size() > 3) {
    return Status::BadRequest("dtype: a field has a name, a type, and a shape");
  }
  CHI_ASSIGN_OR_RETURN(const ElementType type, TypeFromTree(field.items[1]));
  if (field.items.size() == 2) return type.size;
  const YamlNode& shape = field.items[2];
  YamlNode list;
  list.kind = YamlNode::Kind::kList;
  list.items.push_back(shape);
  CHI_ASSIGN_OR_RETURN(
      const std::vector<u64> sizes,
      SizesFromTree(shape.kind == YamlNode::Kind::kScalar ? list : shape,
                    "dtype"));
  return BytesOf(sizes, type.size);
}

// The JSON that it was.
void Write(const YamlNode& node, chi::JsonWriter* json) {
  if (node.kind == YamlNode::Kind::kList) {
    json->BeginList();
    for (const YamlNode& item : node.items) Write(item, json);
    json->EndList();
    return;
  }
  u64 number = 0;
  const char* const end = node.scalar.data() + node.scalar.size();
  const bool is_number =
      !node.quoted &&
      std::from_chars(node.scalar.data(), end, number).ptr == end;
  if (is_number) {
    json->Number(number);
  } else {
    json->Text(node.scalar);
  }
}

}  // namespace

Result<ElementType> TypeFromTree(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar) return PlainType(node.scalar);
  if (node.kind != YamlNode::Kind::kList) {
    return Status::BadRequest("dtype: neither a name nor a list of fields");
  }
  u64 size = 0;
  for (const YamlNode& field : node.items) {
    CHI_ASSIGN_OR_RETURN(const u64 more, FieldSize(field));
    if (more > kMaxElementBytes - size) {
      return Status::BadRequest(
          Format("dtype: elements of more than {} bytes", kMaxElementBytes));
    }
    size += more;
  }
  if (size == 0) return Status::BadRequest("dtype: elements without bytes");
  chi::JsonWriter json;
  Write(node, &json);
  return ElementType{std::move(json).Take(), size};
}

Result<ElementType> ElementType::Parse(std::string_view text) {
  if (text.empty() || text[0] != '[') return PlainType(text);
  CHI_ASSIGN_OR_RETURN(
      const YamlNode node,
      chi::ParseYaml(text, "dtype", kMaxObjectAttributes, kMaxDepth));
  return TypeFromTree(node);
}

}  // namespace chimaera::bdev
