// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See array_parts.h.

#include "array_parts.h"

#include <algorithm>
#include <cstring>

#include "array_format.h"

namespace chimaera::bdev {

using chi::u64;

Strides DenseStrides(const std::vector<u64>& shape, u64 item) {
  Strides strides(shape.size());
  for (size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = item;
    item *= std::max<u64>(shape[axis], 1);
  }
  return strides;
}

u64 OffsetOf(const std::vector<u64>& index, const Strides& strides) {
  u64 offset = 0;
  for (size_t axis = 0; axis < index.size(); ++axis) {
    offset += index[axis] * strides[axis];
  }
  return offset;
}

u64 SpanOf(const std::vector<u64>& count, const Strides& strides, u64 item) {
  u64 span = item;
  for (size_t axis = 0; axis < count.size(); ++axis) {
    if (count[axis] == 0) return 0;
    const u64 more = BoundedProduct(count[axis] - 1, strides[axis]);
    span = more > ~u64{0} - span ? ~u64{0} : span + more;
  }
  return span;
}

ChunkParts::ChunkParts(const ArrayLayout& layout, const Box& box)
    : layout_(layout), box_(box), grid_(layout.grid()) {
  for (size_t axis = 0; axis < box.count.size(); ++axis) {
    const u64 chunk = layout.chunks[axis];
    const u64 count = box.count[axis];
    const u64 begin = box.offset[axis];
    first_.push_back(begin / chunk);
    last_.push_back(count == 0 ? first_.back() : (begin + count - 1) / chunk);
    size_ *= count == 0 ? 0 : last_.back() - first_.back() + 1;
  }
  next_ = first_;
}

bool ChunkParts::Next(ChunkPart* part) {
  if (done_ == size_) return false;
  ++done_;
  const size_t axes = next_.size();
  part->chunk = 0;
  part->whole = true;
  part->inside.resize(axes);
  part->at.resize(axes);
  part->count.resize(axes);
  for (size_t axis = 0; axis < axes; ++axis) {
    const u64 chunk = layout_.chunks[axis];
    const u64 begin = next_[axis] * chunk;
    const u64 end = std::min(begin + chunk, layout_.shape[axis]);
    const u64 from = std::max(begin, box_.offset[axis]);
    const u64 to = std::min(end, box_.offset[axis] + box_.count[axis]);
    part->chunk = part->chunk * grid_[axis] + next_[axis];
    part->inside[axis] = from - begin;
    part->at[axis] = from - box_.offset[axis];
    part->count[axis] = to - from;
    part->whole = part->whole && to - from == end - begin;
  }
  for (size_t axis = axes; axis-- > 0;) {
    if (++next_[axis] <= last_[axis]) break;
    next_[axis] = first_[axis];
  }
  return true;
}

void CopyElements(char* to, const Strides& to_strides, const char* from,
                  const Strides& from_strides, const std::vector<u64>& count,
                  u64 item) {
  ForEachRun(count, item, to_strides, from_strides,
             [&](u64 at_to, u64 at_from, u64 bytes) {
               std::memcpy(to + at_to, from + at_from, bytes);
             });
}

void ZeroElements(char* to, const Strides& strides,
                  const std::vector<u64>& count, u64 item) {
  ForEachRun(
      count, item, strides, strides,
      [&](u64 at, u64 /*same*/, u64 bytes) { std::memset(to + at, 0, bytes); });
}

}  // namespace chimaera::bdev
