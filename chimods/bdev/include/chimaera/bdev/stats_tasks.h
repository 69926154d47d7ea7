// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a device says of itself.

#ifndef CHIMAERA_BDEV_STATS_TASKS_H_
#define CHIMAERA_BDEV_STATS_TASKS_H_

#include <chimaera/base/latency_histogram.h>
#include <chimaera/bdev/autogen/bdev_methods.h>
#include <chimaera/bdev/block.h>
#include <chimaera/chimaera.h>

#include <algorithm>
#include <vector>

namespace chimaera::bdev {

/// Counters of a container since it was created. Failed requests do not count;
/// ReadBlocks and WriteBlocks count once.
struct PerfMetrics {
  chi::u64 num_reads_ = 0;
  chi::u64 num_writes_ = 0;
  chi::u64 bytes_read_ = 0;
  chi::u64 bytes_written_ = 0;
  chi::u64 read_ns_ = 0;  ///< Time of the copies; see copy_meter.h.
  chi::u64 write_ns_ = 0;

  void Add(const PerfMetrics& other) {
    num_reads_ += other.num_reads_;
    num_writes_ += other.num_writes_;
    bytes_read_ += other.bytes_read_;
    bytes_written_ += other.bytes_written_;
    read_ns_ += other.read_ns_;
    write_ns_ += other.write_ns_;
  }

  /// Bytes per second of the copies; 0 before the first.
  chi::f64 ReadBandwidth() const { return Rate(bytes_read_, read_ns_); }
  chi::f64 WriteBandwidth() const { return Rate(bytes_written_, write_ns_); }

 private:
  static chi::f64 Rate(chi::u64 bytes, chi::u64 ns) {
    return ns == 0
               ? 0
               : 1e9 * static_cast<chi::f64>(bytes) / static_cast<chi::f64>(ns);
  }
};
static_assert(sizeof(PerfMetrics) == 48, "stored in shared memory");

struct GetStatsTask : public chi::Task {
  using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

  OUT PerfMetrics metrics_;
  OUT chi::u64 total_size_ = 0;
  OUT chi::u64 remaining_size_ = 0;
  OUT chi::u64 largest_free_ = 0;  ///< Bytes of the largest free piece.
  OUT chi::u64 num_blocks_ = 0;
  OUT chi::u64 num_pins_ = 0;  ///< Copies under way and blocks located.
  OUT chi::u32 alignment_ = 0;
  OUT chi::u32 io_depth_ = 0;
  OUT chi::u64 scrubbed_pages_ = 0;  ///< Read in the background,
  OUT chi::u64 bad_pages_ = 0;       ///< and what was bad; again in each round.
  /// Requests at the device now, and the most there were; those that wait for
  /// their turn count. 0 for kRam.
  OUT chi::u64 queue_depth_ = 0;
  OUT chi::u64 max_queue_depth_ = 0;
  /// The part of the free bytes that is not in the largest free piece, 0 to 1.
  OUT chi::f64 fragmentation_ = 0;
  OUT chi::u32 engine_ = 0;  ///< An Engine.
  OUT chi::u32 direct_ = 0;  ///< 1: past the page cache where that is possible.
  /// How long reads and writes took, their turn awaited: counts by
  /// LatencyHistogram, up to the last that is not 0. Of small ones some were
  /// timed for all, as metrics_ has them.
  OUT chi::vector<chi::u64> read_latencies_;
  OUT chi::vector<chi::u64> write_latencies_;
  /// How long the oldest request, also of a sync or a transaction, has been
  /// under way at the file, exact to a few ms; 0 if there is none.
  OUT chi::u64 oldest_ns_ = 0;

  explicit GetStatsTask(const AllocT& alloc)
      : chi::Task(alloc), read_latencies_(alloc), write_latencies_(alloc) {}
  GetStatsTask(const AllocT& alloc, const chi::TaskId& task_id,
               const chi::PoolId& pool_id, const chi::PoolQuery& pool_query)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kGetStats),
        read_latencies_(alloc),
        write_latencies_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& /*ar*/) {}
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(metrics_, total_size_, remaining_size_, largest_free_, num_blocks_,
       num_pins_, alignment_, io_depth_, scrubbed_pages_, bad_pages_,
       queue_depth_, max_queue_depth_, fragmentation_, engine_, direct_,
       read_latencies_, write_latencies_, oldest_ns_);
  }

  /// Of several containers: sums, and of the free pieces, the fragmentations,
  /// the deepest queues and the oldest requests the largest.
  void Aggregate(const hipc::FullPtr<GetStatsTask>& other) {
    metrics_.Add(other->metrics_);
    total_size_ += other->total_size_;
    remaining_size_ += other->remaining_size_;
    largest_free_ = std::max(largest_free_, other->largest_free_);
    num_blocks_ += other->num_blocks_;
    num_pins_ += other->num_pins_;
    scrubbed_pages_ += other->scrubbed_pages_;
    bad_pages_ += other->bad_pages_;
    queue_depth_ += other->queue_depth_;
    max_queue_depth_ = std::max(max_queue_depth_, other->max_queue_depth_);
    fragmentation_ = std::max(fragmentation_, other->fragmentation_);
    oldest_ns_ = std::max(oldest_ns_, other->oldest_ns_);
    // The same for the whole pool:
    alignment_ = other->alignment_;
    io_depth_ = other->io_depth_;
    engine_ = other->engine_;
    direct_ = other->direct_;
    AddCounts(other->read_latencies_, read_latencies_);
    AddCounts(other->write_latencies_, write_latencies_);
  }

  /// Nanoseconds within which `part` (0 to 1) of the reads were over, and of
  /// the writes; see LatencyHistogram::Quantile.
  chi::u64 ReadNs(chi::f64 part) const {
    return chi::LatencyHistogram::Quantile(Counts(read_latencies_), part);
  }
  chi::u64 WriteNs(chi::f64 part) const {
    return chi::LatencyHistogram::Quantile(Counts(write_latencies_), part);
  }

 private:
  static std::vector<chi::u64> Counts(const chi::vector<chi::u64>& counts) {
    return {counts.begin(), counts.end()};
  }
  static void AddCounts(const chi::vector<chi::u64>& from,
                        chi::vector<chi::u64>& to) {
    std::vector<chi::u64> sum = Counts(to);
    sum.resize(std::max(sum.size(), from.size()));
    for (chi::u64 i = 0; i < from.size(); ++i) sum[i] += from[i];
    to = sum;
  }
};

/// One part of a device: see GetMapTask.
struct MapCell {
  chi::u64 used_ = 0;    ///< Bytes of clients' blocks.
  chi::u64 sealed_ = 0;  ///< Bytes of blocks of objects.
};
static_assert(sizeof(MapCell) == 16, "stored in shared memory");

/// The most parts that a device is shown in.
inline constexpr chi::u64 kMaxMapCells = 1 << 16;

/// Which parts of a device are in use. Looks at every block: for people.
struct GetMapTask : public chi::Task {
  using AllocT = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

  IN chi::u64 num_cells_ = 0;  ///< About as many; 1 to kMaxMapCells.
  OUT chi::u64 cell_bytes_ = 0;
  OUT chi::u64 total_size_ = 0;
  OUT chi::vector<MapCell> cells_;

  explicit GetMapTask(const AllocT& alloc) : chi::Task(alloc), cells_(alloc) {}
  GetMapTask(const AllocT& alloc, const chi::TaskId& task_id,
             const chi::PoolId& pool_id, const chi::PoolQuery& pool_query,
             chi::u64 num_cells)
      : chi::Task(alloc, task_id, pool_id, pool_query, Method::kGetMap),
        num_cells_(num_cells),
        cells_(alloc) {}

  template <class Archive>
  void SerializeIn(Archive& ar) {
    ar(num_cells_);
  }
  template <class Archive>
  void SerializeOut(Archive& ar) {
    ar(cell_bytes_, total_size_, cells_);
  }
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_STATS_TASKS_H_
