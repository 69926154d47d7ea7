// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Boxes taken apart into chunks, and elements copied between them and memory.

#ifndef CHIMAERA_BDEV_SRC_ARRAY_PARTS_H_
#define CHIMAERA_BDEV_SRC_ARRAY_PARTS_H_

#include <vector>

#include "chimaera/bdev/array_layout.h"

namespace chimaera::bdev {

/// Along each axis, bytes from one element to the next.
using Strides = std::vector<chi::u64>;

/// Of elements that lie behind one another, the last axis first.
Strides DenseStrides(const std::vector<chi::u64>& shape, chi::u64 item);
/// Bytes from the first element to that one.
chi::u64 OffsetOf(const std::vector<chi::u64>& index, const Strides& strides);
/// Bytes from the first element to the end of the last one; 0 without any, the
/// largest number if they are more.
chi::u64 SpanOf(const std::vector<chi::u64>& count, const Strides& strides,
                chi::u64 item);

/// What a box and one chunk have in common.
struct ChunkPart {
  chi::u64 chunk = 0;            ///< Its number, in C order.
  std::vector<chi::u64> inside;  ///< Where it begins in the chunk,
  std::vector<chi::u64> at;      ///< and in the box.
  std::vector<chi::u64> count;
  bool whole = false;  ///< All of the chunk that lies in the array.
};

/// The parts of a box, in the order of the chunks.
class ChunkParts {
 public:
  /// Both outlive it. REQUIRES: layout.Check(box).
  ChunkParts(const ArrayLayout& layout, const Box& box);

  chi::u64 size() const { return size_; }
  /// False at the end.
  bool Next(ChunkPart* part);

 private:
  const ArrayLayout& layout_;
  const Box& box_;
  const std::vector<chi::u64> grid_;
  std::vector<chi::u64> first_;  // chunk, along each axis
  std::vector<chi::u64> last_;
  std::vector<chi::u64> next_;
  chi::u64 size_ = 1;
  chi::u64 done_ = 0;
};

/// Calls run(at_a, at_b, bytes) for elements that lie together in two memories
/// with these strides, so many at a time as do.
template <class Run>
void ForEachRun(const std::vector<chi::u64>& count, chi::u64 item,
                const Strides& a, const Strides& b, Run run) {
  size_t axes = count.size();
  chi::u64 bytes = item;
  for (; axes > 0; --axes) {
    const size_t last = axes - 1;
    if (count[last] != 1 && (a[last] != bytes || b[last] != bytes)) break;
    bytes *= count[last];
  }
  std::vector<chi::u64> index(axes, 0);
  chi::u64 at_a = 0;
  chi::u64 at_b = 0;
  for (bool more = true; more;) {
    run(at_a, at_b, bytes);
    more = false;
    for (size_t axis = axes; axis-- > 0 && !more;) {
      at_a += a[axis];
      at_b += b[axis];
      more = ++index[axis] < count[axis];
      if (more) break;
      at_a -= count[axis] * a[axis];
      at_b -= count[axis] * b[axis];
      index[axis] = 0;
    }
  }
}

/// REQUIRES: no count is 0.
void CopyElements(char* to, const Strides& to_strides, const char* from,
                  const Strides& from_strides,
                  const std::vector<chi::u64>& count, chi::u64 item);
void ZeroElements(char* to, const Strides& strides,
                  const std::vector<chi::u64>& count, chi::u64 item);

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_SRC_ARRAY_PARTS_H_
