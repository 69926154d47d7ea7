// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Arrays to and from the attributes of objects. JSON is read as the YAML that
// it is, by the parser of the configuration.

#include "array_format.h"

#include <algorithm>
#include <cereal/external/base64.hpp>
#include <charconv>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/bdev/object_tasks.h"

namespace chimaera::bdev {
namespace {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u32;
using chi::u64;
using chi::u8;
using chi::YamlNode;

constexpr const char* kFormat = "chimaera array";
constexpr u64 kVersion = 1;
// Lists in types may lie in lists.
constexpr u32 kMaxDepth = 66;
// Six of them are a byte of the attributes, which hold little else.
constexpr u64 kMaxChunks = 6 * kMaxObjectAttributes;

Status NoArray(std::string_view what) {
  return Status::BadRequest(Format("the object is no array: {}", what));
}

Result<const YamlNode*> Find(const YamlNode& root, std::string_view key) {
  for (const chi::YamlMember& member : root.members) {
    if (member.key == key) return &member.value;
  }
  return NoArray(Format("no '{}'", key));
}

Result<u64> NumberFromTree(const YamlNode& node, std::string_view name) {
  u64 number = 0;
  const char* const end = node.scalar.data() + node.scalar.size();
  const auto found = std::from_chars(node.scalar.data(), end, number);
  if (node.kind == YamlNode::Kind::kScalar && !node.quoted &&
      found.ec == std::errc() && found.ptr == end) {
    return number;
  }
  return NoArray(Format("{}: '{}' is no size", name, node.scalar));
}

Status CheckVersion(const YamlNode& root) {
  CHI_ASSIGN_OR_RETURN(const YamlNode* const format, Find(root, "format"));
  if (format->scalar != kFormat) {
    return NoArray(Format("it is a '{}'", format->scalar));
  }
  CHI_ASSIGN_OR_RETURN(const YamlNode* const node, Find(root, "version"));
  CHI_ASSIGN_OR_RETURN(const u64 version, NumberFromTree(*node, "version"));
  if (version == kVersion) return Status();
  return Status::VersionMismatch(
      Format("an array of version {}, known is {}", version, kVersion));
}

std::string ListOf(const std::vector<u64>& sizes) {
  std::string text;
  for (const u64 size : sizes) {
    text += (text.empty() ? "" : ",") + std::to_string(size);
  }
  return "[" + text + "]";
}

// First bits first, as numpy.packbits has them.
std::string Pack(const std::vector<Block>& blocks) {
  std::string bytes((blocks.size() + 7) / 8, '\0');
  for (u64 i = 0; i < blocks.size(); ++i) {
    if (blocks[i].block_id_ != 0)
      bytes[i / 8] |= static_cast<char>(128 >> i % 8);
  }
  return cereal::base64::encode(reinterpret_cast<const u8*>(bytes.data()),
                                bytes.size());
}

// Which of `count` chunks have blocks; an error if it is another number of
// chunks, or of blocks.
Result<std::vector<bool>> Unpack(const std::string& text, u64 count,
                                 u64 num_blocks) {
  std::vector<bool> mask;
  if (text == "all") {
    if (count == num_blocks) mask.assign(count, true);
  } else {
    const std::string bytes = cereal::base64::decode(text);
    // What is not base64, it leaves out.
    const bool is_whole =
        text == cereal::base64::encode(
                    reinterpret_cast<const u8*>(bytes.data()), bytes.size());
    if (is_whole && bytes.size() == count / 8 + (count % 8 != 0 ? 1 : 0)) {
      for (u64 i = 0; i < count; ++i) {
        mask.push_back((bytes[i / 8] & 128 >> i % 8) != 0);
      }
    }
  }
  const auto found = std::count(mask.begin(), mask.end(), true);
  if (mask.size() == count && static_cast<u64>(found) == num_blocks) {
    return mask;
  }
  return NoArray(Format("{} blocks for {} chunks, of which '{}' are stored",
                        num_blocks, count, text.substr(0, 40)));
}

}  // namespace

bool StoredArray::IsFull() const {
  return std::all_of(blocks.begin(), blocks.end(),
                     [](const Block& block) { return block.block_id_ != 0; });
}

std::vector<Block> StoredArray::Existing() const {
  std::vector<Block> found;
  for (const Block& block : blocks) {
    if (block.block_id_ != 0) found.push_back(block);
  }
  return found;
}

Result<StoredArray> MakeStored(ArrayLayout layout) {
  const u64 count = layout.num_chunks();
  if (count > kMaxChunks) {
    return Status::BadRequest(
        Format("shape {} in chunks {}: {} chunks, at most {} are possible",
               TextOf(layout.shape), TextOf(layout.chunks), count, kMaxChunks));
  }
  return StoredArray{std::move(layout), std::vector<Block>(count)};
}

Result<std::vector<u64>> SizesFromTree(const YamlNode& node,
                                       std::string_view name) {
  if (node.kind != YamlNode::Kind::kList) {
    return NoArray(Format("{} is no list", name));
  }
  std::vector<u64> sizes;
  for (const YamlNode& item : node.items) {
    CHI_ASSIGN_OR_RETURN(const u64 size, NumberFromTree(item, name));
    sizes.push_back(size);
  }
  return sizes;
}

std::string EncodeArray(const StoredArray& stored) {
  const ArrayLayout& layout = stored.layout;
  // Nothing in it has to be escaped: names of fields are JSON already.
  const std::string& type = layout.type.text;
  return std::string("{\"format\":\"") + kFormat +
         "\",\"version\":" + std::to_string(kVersion) +
         ",\"shape\":" + ListOf(layout.shape) +
         ",\"dtype\":" + (type[0] == '[' ? type : "\"" + type + "\"") +
         ",\"chunks\":" + ListOf(layout.chunks) + ",\"stored\":\"" +
         (stored.IsFull() ? "all" : Pack(stored.blocks)) + "\"}";
}

Result<StoredArray> DecodeArray(const std::string& attributes,
                                const std::vector<Block>& blocks) {
  CHI_ASSIGN_OR_RETURN(const YamlNode root,
                       chi::ParseYaml(attributes, "attributes",
                                      kMaxObjectAttributes, kMaxDepth));
  CHI_RETURN_IF_ERROR(CheckVersion(root));
  StoredArray stored;
  ArrayLayout& layout = stored.layout;
  CHI_ASSIGN_OR_RETURN(const YamlNode* const shape, Find(root, "shape"));
  CHI_ASSIGN_OR_RETURN(layout.shape, SizesFromTree(*shape, "shape"));
  CHI_ASSIGN_OR_RETURN(const YamlNode* const chunks, Find(root, "chunks"));
  CHI_ASSIGN_OR_RETURN(layout.chunks, SizesFromTree(*chunks, "chunks"));
  CHI_ASSIGN_OR_RETURN(const YamlNode* const type, Find(root, "dtype"));
  CHI_ASSIGN_OR_RETURN(layout.type, TypeFromTree(*type));
  CHI_RETURN_IF_ERROR(layout.Check());
  CHI_ASSIGN_OR_RETURN(const YamlNode* const mask_text, Find(root, "stored"));
  CHI_ASSIGN_OR_RETURN(
      const std::vector<bool> mask,
      Unpack(mask_text->scalar, layout.num_chunks(), blocks.size()));
  stored.blocks.resize(mask.size());
  auto next = blocks.begin();
  for (u64 i = 0; i < mask.size(); ++i) {
    if (!mask[i]) continue;
    if (next->size_ != layout.chunk_bytes()) {
      return NoArray(Format("chunk {} of {} bytes has {}", i,
                            layout.chunk_bytes(), *next));
    }
    stored.blocks[i] = *next++;
  }
  return stored;
}

}  // namespace chimaera::bdev
