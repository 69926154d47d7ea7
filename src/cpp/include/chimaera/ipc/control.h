// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Bytes that client and runtime share before and beside the task path: the
// control page, which every client maps read-only, the head of a session's
// main segment, and the messages of the control socket.
//
// Everything here has a fixed layout and the byte order of the machine: both
// ends are on one machine, and AbiHash differs between machines of two orders.
// One message is one packet of the SOCK_SEQPACKET socket, never more or less.
//
// FROZEN for all time: the first 24 bytes of Hello (header, magic, versions)
// and Reply as a whole, so that any two versions can refuse each other in
// words. The rest may change with kProtocolMajor.

#ifndef CHIMAERA_IPC_CONTROL_H_
#define CHIMAERA_IPC_CONTROL_H_

#include <atomic>
#include <cstddef>
#include <type_traits>

#include "chimaera/base/random.h"
#include "chimaera/base/types.h"

namespace chi {

/// "CHIM" and "CTRL", and "CHIM" and "MAIN", as little-endian letters.
inline constexpr u64 kControlMagic = 0x4c5254434d494843;
inline constexpr u64 kMainSegmentMagic = 0x4e49414d4d494843;

/// Two builds with different majors, or different minors, or different
/// AbiHash, do not share memory.
inline constexpr u32 kProtocolMajor = 1;
inline constexpr u32 kProtocolMinor = 0;

/// Most workers of a runtime. They and a few segments must fit into the 253
/// descriptors that one message may carry.
inline constexpr u32 kMaxWorkers = 64;

// ---- the control page
// --------------------------------------------------------

/// Values of ControlPage::life. While the runtime lives, the word holds the
/// thread id of the thread that keeps it, and the waiters bit, so that the
/// kernel wakes a sleeper when that thread dies. See life_word.h.
enum LifeState : u32 {
  kLifeNotStarted = 0,
  kLifeThreadMask = 0x3fffffff,  ///< FUTEX_TID_MASK
  kLifeOwnerDied = 0x40000000,   ///< FUTEX_OWNER_DIED, set by the kernel.
  kLifeStopped = 0x80000000,     ///< Waiters bit and no thread: orderly stop.
};

/// What one worker tells its clients. Written by the worker only; a hint, so
/// relaxed on both sides.
struct alignas(kCacheLineSize) WorkerLine {
  std::atomic<u32> cpu{0};       ///< Where it ran last; do not spin there.
  std::atomic<u32> spinning{0};  ///< 1 while it polls, 0 while it sleeps.
  /// 1 if it runs long tasks only: nobody polls for these for long.
  std::atomic<u32> for_long_tasks{0};
};

/// One memfd of its own, sealed with F_SEAL_FUTURE_WRITE: the runtime writes,
/// clients cannot map it writable.
struct ControlPage {
  u64 magic = kControlMagic;
  u32 protocol_major = kProtocolMajor;
  u32 protocol_minor = kProtocolMinor;
  u64 abi_hash = 0;
  Incarnation incarnation;
  i32 pid = 0;  ///< Of the runtime.
  u32 num_workers = 0;
  /// One of so many tasks is to be stamped; 0: none (see trace_stamp.h). Hints,
  /// so relaxed.
  std::atomic<u32> trace_one_in{0};
  /// From then on none any more, on CLOCK_MONOTONIC.
  std::atomic<u64> trace_until_ns{0};
  /// A LifeState. The runtime's last store (release) and the kernel's pair
  /// with the acquire load of whoever waits.
  alignas(kCacheLineSize) std::atomic<u32> life{kLifeNotStarted};
  WorkerLine workers[kMaxWorkers];
};
static_assert(std::is_standard_layout_v<ControlPage>);
static_assert(sizeof(ControlPage) == (2 + kMaxWorkers) * kCacheLineSize);

/// Size of the segment that holds the page.
inline constexpr u64 kControlPageBytes = 8192;
static_assert(sizeof(ControlPage) <= kControlPageBytes);

/// False once the runtime has stopped or died, and for ever after.
[[nodiscard]] inline bool RuntimeAlive(const ControlPage& page) {
  const u32 life = page.life.load(std::memory_order_acquire);
  return (life & kLifeThreadMask) != 0 && (life & kLifeOwnerDied) == 0;
}

// ---- the main segment
// --------------------------------------------------------

/// Slots of the ring in which a client gives results back. A power of two.
inline constexpr u32 kReturnRingSlots = 1024;

/// First bytes of segment 1 of a session. For readers of a core dump and for
/// the client; the runtime goes by the constants below and never reads it.
struct MainSegmentHeader {
  u64 magic = kMainSegmentMagic;
  u32 protocol_major = kProtocolMajor;
  u32 return_ring_slots = kReturnRingSlots;
  u64 return_ring_offset = 0;
  u64 heap_offset = 0;  ///< From here on the client's allocator rules.
};
inline constexpr u64 kReturnRingOffset = kCacheLineSize;
/// First byte of the main segment that belongs to the client's allocator.
inline constexpr u64 kMainHeapOffset = 32 * kKiB;
static_assert(sizeof(MainSegmentHeader) <= kReturnRingOffset);

// ---- segments
// ----------------------------------------------------------------

/// Whose memory it is. Frozen.
enum class SegmentKind : u32 {
  kMain = 1,         ///< Tasks and rings of one client.
  kClientData = 2,   ///< Buffers of one client.
  kRuntimeData = 3,  ///< Results; the runtime's, read-only for clients.
};

/// Own segments of a session have the ids 1 to this, in the order of creation.
inline constexpr u32 kMaxSessionSegments = 256;

// ---- messages
// ----------------------------------------------------------------

enum class MessageKind : u32 {
  kHello = 1,
  kReply = 2,
  kWelcome = 3,
  kGrowSegment = 4,
  kAttachRing = 5,
  kGetRuntimeSegment = 6,
  kGoodbye = 7,  ///< Just a header; has no reply.
};

struct MessageHeader {
  u32 kind = 0;      ///< A MessageKind.
  u32 sequence = 0;  ///< Of a request; its reply carries the same.
};

/// The sizes that two builds must agree on, to say which one differs.
struct AbiSizes {
  u32 task = 0;
  u32 string = 0;
  u32 vector = 0;
  u32 ring_slot = 0;
  u32 page = 0;
  u32 cache_line = 0;
};

/// First message, client to runtime.
struct Hello {
  MessageHeader header;
  u64 magic = kControlMagic;
  u32 protocol_major = kProtocolMajor;
  u32 protocol_minor = kProtocolMinor;
  // Frozen up to here.
  u64 abi_hash = 0;
  AbiSizes sizes;
  i32 pid = 0;  ///< As the client sees itself; differs in a pid namespace.
  u32 reserved = 0;
};

/// The answer to every request, and the refusal of a Hello. Carries one
/// descriptor where a segment is handed out, else none.
struct Reply {
  static constexpr u32 kTextCapacity = 228;
  MessageHeader header;
  u32 code = 0;   ///< A StatusCode; `value` and `size` only count with kOk.
  u32 value = 0;  ///< New segment's id, or the worker's index.
  u64 size = 0;   ///< Bytes of the segment.
  u32 text_size = 0;
  char text[kTextCapacity] = {};
};

/// Quotas of a session: what one client can cost at most.
struct SessionLimits {
  /// Own segments, the first two included, bytes.
  u64 max_bytes = 4 * kGiB;
  /// Results not yet given back, bytes.
  u64 max_result_bytes = 64 * kMiB;
  /// Tasks whose methods wait. What has not begun is bounded by the rings.
  u32 max_tasks_in_flight = 65536;
  /// Own segments; at most kMaxSessionSegments.
  u32 max_segments = 64;
  /// Rings.
  u32 max_rings = 256;
  /// Slots of one ring; clients make them as large.
  u32 max_ring_capacity = 1024;
  /// No quota: the time of tasks that state none, ms; 0: no bound.
  u32 task_timeout_ms = 0;
  u32 reserved = 0;
};

/// Runtime-data segments that travel with Welcome; others are fetched.
inline constexpr u32 kMaxWelcomeSegments = 8;

struct SegmentInfo {
  u32 id = 0;
  u32 reserved = 0;
  u64 size = 0;
};

/// The answer to a good Hello. Descriptors, in this order: control page, main,
/// client data, `num_runtime_segments` runtime-data segments, one eventfd per
/// worker.
struct Welcome {
  MessageHeader header;
  u64 session_id = 0;
  Incarnation incarnation;
  SessionLimits limits;
  u64 main_size = 0;
  u64 client_data_size = 0;
  u32 num_workers = 0;
  u32 num_runtime_segments = 0;
  SegmentInfo runtime_segments[kMaxWelcomeSegments];
};
inline constexpr u32 kMaxMessageFds = 3 + kMaxWelcomeSegments + kMaxWorkers;
static_assert(kMaxMessageFds <= 253, "SCM_MAX_FD of Linux");

/// Asks for one more own segment. Reply: value = id, size; one descriptor.
struct GrowSegmentRequest {
  MessageHeader header;
  u32 segment_kind = 0;  ///< kMain or kClientData.
  u32 reserved = 0;
  u64 bytes = 0;
};

/// Announces a ring that the client has made. Reply: value = worker index.
struct AttachRingRequest {
  MessageHeader header;
  u32 priority = 0;  ///< Below kNumPriorities.
  u32 capacity = 0;  ///< Slots, a power of two.
  u64 ring = 0;      ///< ShmPtr bits; in a segment of kind kMain.
  i32 pid = 0;
  i32 tid = 0;
};

/// Asks for a runtime-wide segment. Reply: value = id, size; one descriptor.
struct GetRuntimeSegmentRequest {
  MessageHeader header;
  u32 id = 0;
  u32 reserved = 0;
};

static_assert(offsetof(Hello, abi_hash) == 24, "frozen");
static_assert(sizeof(Hello) == 64);
static_assert(sizeof(Reply) == 256, "frozen");
static_assert(sizeof(Welcome) == 224);
static_assert(sizeof(GrowSegmentRequest) == 24);
static_assert(sizeof(AttachRingRequest) == 32);
static_assert(sizeof(GetRuntimeSegmentRequest) == 16);
static_assert(std::is_trivially_copyable_v<Hello> &&
              std::is_trivially_copyable_v<Reply> &&
              std::is_trivially_copyable_v<Welcome>);

/// Name of the socket inside a runtime directory.
inline constexpr char kControlSocketName[] = "control.sock";

}  // namespace chi

#endif  // CHIMAERA_IPC_CONTROL_H_
