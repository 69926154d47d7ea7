// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Sizes of arrays. Numbers that others wrote come through here: products stop
// at the largest number instead of beginning again at 0.

#include "chimaera/bdev/array_layout.h"

#include <algorithm>
#include <utility>

#include "array_format.h"
#include "chimaera/base/format.h"

namespace chimaera::bdev {
namespace {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::u64;

// Of chunks that nobody has chosen; as in Python.
constexpr u64 kDefaultChunkBytes = 4 * chi::kMiB;

// Cuts the first axes, so that chunks are contiguous in the array.
std::vector<u64> DefaultChunks(const std::vector<u64>& shape, u64 item) {
  std::vector<u64> chunks;
  for (const u64 size : shape) chunks.push_back(std::max<u64>(size, 1));
  for (size_t axis = 0; axis < chunks.size(); ++axis) {
    u64 rest = item;
    for (size_t i = axis + 1; i < chunks.size(); ++i) {
      rest = BoundedProduct(rest, chunks[i]);
    }
    chunks[axis] = std::clamp<u64>(kDefaultChunkBytes / rest, 1, chunks[axis]);
    if (chunks[axis] > 1) break;
  }
  return chunks;
}

}  // namespace

u64 BoundedProduct(u64 a, u64 b) {
  u64 product = 0;
  return __builtin_mul_overflow(a, b, &product) ? ~u64{0} : product;
}

u64 BytesOf(const std::vector<u64>& shape, u64 item) {
  // In this order, what is empty is not too large.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  for (const u64 size : shape) item = BoundedProduct(item, size);
  return item;
}

std::string TextOf(const std::vector<u64>& sizes) {
  std::string text;
  for (const u64 size : sizes) {
    text += (text.empty() ? "" : ", ") + std::to_string(size);
  }
  return "(" + text + ")";
}

Result<ArrayLayout> ArrayLayout::Make(std::vector<u64> shape,
                                      std::string_view dtype,
                                      std::vector<u64> chunks) {
  ArrayLayout layout;
  CHI_ASSIGN_OR_RETURN(layout.type, ElementType::Parse(dtype));
  if (chunks.empty()) chunks = DefaultChunks(shape, layout.type.size);
  layout.shape = std::move(shape);
  layout.chunks = std::move(chunks);
  CHI_RETURN_IF_ERROR(layout.Check());
  for (size_t axis = 0; axis < layout.shape.size(); ++axis) {
    layout.chunks[axis] =
        std::min(layout.chunks[axis], std::max<u64>(layout.shape[axis], 1));
  }
  return layout;
}

Status ArrayLayout::Check() const {
  if (chunks.size() != shape.size() || shape.size() > kMaxArrayAxes) {
    return Status::BadRequest(
        Format("chunks {} of an array of shape {}; at most {} axes",
               TextOf(chunks), TextOf(shape), kMaxArrayAxes));
  }
  if (std::find(chunks.begin(), chunks.end(), 0) != chunks.end()) {
    return Status::BadRequest(
        Format("chunks {}: sizes are at least 1", TextOf(chunks)));
  }
  if (BytesOf(shape, type.size) > kMaxArrayBytes ||
      BytesOf(chunks, type.size) > kMaxArrayBytes) {
    return Status::BadRequest(
        Format("shape {} in chunks {} of {}: more than {} bytes", TextOf(shape),
               TextOf(chunks), type.text, kMaxArrayBytes));
  }
  return Status();
}

Status ArrayLayout::Check(const Box& box) const {
  bool inside =
      box.offset.size() == shape.size() && box.count.size() == shape.size();
  for (size_t axis = 0; inside && axis < shape.size(); ++axis) {
    inside = box.offset[axis] <= shape[axis] &&
             box.count[axis] <= shape[axis] - box.offset[axis];
  }
  if (inside) return Status();
  return Status::BadRequest(Format("{} elements from {} on, of shape {}",
                                   TextOf(box.count), TextOf(box.offset),
                                   TextOf(shape)));
}

std::vector<u64> ArrayLayout::grid() const {
  std::vector<u64> counts;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    counts.push_back(shape[axis] / chunks[axis] +
                     (shape[axis] % chunks[axis] != 0 ? 1 : 0));
  }
  return counts;
}

u64 ArrayLayout::num_chunks() const { return BytesOf(grid(), 1); }
u64 ArrayLayout::size_bytes() const { return BytesOf(shape, type.size); }
u64 ArrayLayout::chunk_bytes() const { return BytesOf(chunks, type.size); }

Box ArrayLayout::whole() const {
  return {std::vector<u64>(shape.size(), 0), shape};
}

}  // namespace chimaera::bdev
