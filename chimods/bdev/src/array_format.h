// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What stands in the attributes of an array's object: JSON, with a version, the
// same that Python writes (array_layout.py). Chunks that nobody has written
// have no block and are zeros; which they are is a bit mask.

#ifndef CHIMAERA_BDEV_SRC_ARRAY_FORMAT_H_
#define CHIMAERA_BDEV_SRC_ARRAY_FORMAT_H_

#include <string>
#include <string_view>
#include <vector>

#include "chimaera/bdev/array_layout.h"
#include "chimaera/bdev/block.h"
#include "chimaera/core/yaml_tree.h"

namespace chimaera::bdev {

/// An array as it lies on a device.
struct StoredArray {
  ArrayLayout layout;
  /// One for each chunk; block_id_ is 0 where there is none.
  std::vector<Block> blocks;

  bool Has(chi::u64 chunk) const { return blocks[chunk].block_id_ != 0; }
  /// Whether every chunk has one.
  bool IsFull() const;
  /// Those that there are, in the order of their chunks.
  std::vector<Block> Existing() const;
};

/// An array of zeros. kBadRequest: more chunks than attributes can tell apart.
chi::Result<StoredArray> MakeStored(ArrayLayout layout);

std::string EncodeArray(const StoredArray& stored);

/// What EncodeArray, or Python, wrote, and the blocks of the object.
/// kBadRequest: it is no array, or not a sound one; kVersionMismatch: another
/// version wrote it.
chi::Result<StoredArray> DecodeArray(const std::string& attributes,
                                     const std::vector<Block>& blocks);

/// JSON of a type, parsed.
chi::Result<ElementType> TypeFromTree(const chi::YamlNode& node);
/// A list of sizes, parsed.
chi::Result<std::vector<chi::u64>> SizesFromTree(const chi::YamlNode& node,
                                                 std::string_view name);

/// a * b, or the largest number.
chi::u64 BoundedProduct(chi::u64 a, chi::u64 b);
/// The same for all sizes, and bytes of one element.
chi::u64 BytesOf(const std::vector<chi::u64>& shape, chi::u64 item);
/// "(3, 4)", for messages.
std::string TextOf(const std::vector<chi::u64>& sizes);

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_SRC_ARRAY_FORMAT_H_
