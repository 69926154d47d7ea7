// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What every BlockStore promises. An implementation is one entry of kStores.

#include "block_store.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "chimaera/base/copy_large.h"
#include "chimaera/base/fault_point.h"
#include "chimaera/base/random.h"
#include "chimaera/ipc/runtime_segments.h"
#include "file_store.h"
#include "ram_store.h"
#include "support/catch.h"
#include "support/process.h"

using chi::FaultPoints;
using chi::StatusCode;
using chi::u64;
using chi::u8;
using chimaera::bdev::BlockStore;
using chimaera::bdev::FileStore;
using chimaera::bdev::FileStoreOptions;
using chimaera::bdev::Piece;
using chimaera::bdev::RamStore;

namespace {

constexpr u64 kSize = 1 << 20;
// More than is copied by way of the caches.
constexpr u64 kLarge = 2 * chi::kLargeCopy;
constexpr u64 kHuge = ~u64{0};

std::unique_ptr<BlockStore> NewFile(FileStoreOptions options, u64 size) {
  static const chi::test::TempDir dir;
  static int number = 0;
  options.size = size;
  auto store = FileStore::Open(dir / std::to_string(++number), options);
  INFO(store.status());
  REQUIRE(store.ok());
  return *std::move(store);
}

struct StoreUnderTest {
  std::string name;
  bool in_memory;
  std::function<std::unique_ptr<BlockStore>(chi::RuntimeSegments&, u64)> make;
  bool faulty = false;  // see Faults
};

const StoreUnderTest kStores[] = {
    {"ram", true,
     [](chi::RuntimeSegments& segments, u64 size) {
       return *RamStore::Create("test", size, segments);
     }},
    {"file", false,
     [](chi::RuntimeSegments&, u64 size) { return NewFile({}, size); }},
    {"file, direct", false,
     [](chi::RuntimeSegments&, u64 size) {
       FileStoreOptions options;
       options.direct = true;
       return NewFile(options, size);
     }},
    {"file, no checksums", false,
     [](chi::RuntimeSegments&, u64 size) {
       FileStoreOptions options;
       options.checksums = false;
       return NewFile(options, size);
     }},
    {"file, faulty", false,
     [](chi::RuntimeSegments&, u64 size) { return NewFile({}, size); }, true},
};

// Of a store that is faulty every transfer is cut short, again and again, and
// the first ones are interrupted: nobody above must notice.
class Faults {
 public:
  explicit Faults(const StoreUnderTest& store) {
    if (!store.faulty) return;
    FaultPoints::Arm("sched.file_io.not_at_once", FaultPoints::kAlways);
    FaultPoints::Arm("sched.file_io.short", FaultPoints::kAlways);
    FaultPoints::Arm("sched.file_io.interrupted", 50);
  }
  ~Faults() { FaultPoints::Reset(); }
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;
};

std::vector<u8> Pattern(u64 size, u8 seed) {
  std::vector<u8> bytes(size);
  for (u64 i = 0; i < size; ++i) {
    bytes[i] = static_cast<u8>(seed + i * 31 + (i >> 8));
  }
  return bytes;
}

}  // namespace

TEST_CASE("BlockStore: bytes never written are zero") {
  for (const StoreUnderTest& each : kStores) {
    INFO(each.name);
    const Faults faults(each);
    chi::RuntimeSegments segments;
    const auto store = each.make(segments, kSize);
    REQUIRE(store->size() == kSize);
    std::vector<u8> bytes(kSize, 0xff);
    REQUIRE(store->Read(0, bytes.data(), kSize).ok());
    REQUIRE(bytes == std::vector<u8>(kSize, 0));
  }
}

TEST_CASE("BlockStore: what was written is read, and nothing else changes") {
  for (const StoreUnderTest& each : kStores) {
    INFO(each.name);
    const Faults faults(each);
    chi::RuntimeSegments segments;
    const auto store = each.make(segments, kSize);
    std::vector<u8> model(kSize, 0);
    u8 seed = 1;
    for (const u64 offset : {u64{0}, u64{1}, u64{4095}, u64{65536}}) {
      for (const u64 length :
           {u64{0}, u64{1}, u64{63}, u64{4096}, u64{70001}}) {
        const auto bytes = Pattern(length, ++seed);
        REQUIRE(store->Write(offset, bytes.data(), length).ok());
        std::copy(bytes.begin(), bytes.end(),
                  model.begin() + static_cast<std::ptrdiff_t>(offset));
      }
    }
    const auto last = Pattern(1, 77);
    REQUIRE(store->Write(kSize - 1, last.data(), 1).ok());
    model[kSize - 1] = last[0];
    std::vector<u8> bytes(kSize);
    REQUIRE(store->Read(0, bytes.data(), kSize).ok());
    REQUIRE(bytes == model);
  }
}

TEST_CASE("BlockStore: large transfers at odd places are whole") {
  for (const StoreUnderTest& each : kStores) {
    INFO(each.name);
    const Faults faults(each);
    chi::RuntimeSegments segments;
    const auto store = each.make(segments, kLarge);
    const u64 length = kLarge - 300;
    const auto bytes = Pattern(length, 5);
    REQUIRE(store->Write(77, bytes.data(), length).ok());
    std::vector<u8> found(kLarge, 0xff);
    REQUIRE(store->Read(0, found.data(), kLarge).ok());
    std::vector<u8> wanted(kLarge, 0);
    std::copy(bytes.begin(), bytes.end(), wanted.begin() + 77);
    REQUIRE(found == wanted);
  }
}

TEST_CASE("BlockStore: pieces are written and read as if one by one") {
  for (const StoreUnderTest& each : kStores) {
    INFO(each.name);
    const Faults faults(each);
    chi::RuntimeSegments segments;
    const auto store = each.make(segments, kSize);
    chi::SeededRandom random(7);
    std::vector<u8> model(kSize, 0);
    for (u8 round = 0; round < 40; ++round) {
      auto bytes = Pattern(kSize, round);
      // In the order of offsets, with and without gaps, some in one page.
      std::vector<Piece> pieces;
      for (u64 at = random.Next() % 9000; at < kSize;) {
        const u64 kind = random.Next() % 4;
        const u64 length =
            std::min(kSize - at, 1 + random.Next() % (kind == 0 ? 50 : 30000));
        pieces.push_back({at, reinterpret_cast<char*>(&bytes[at]), length});
        std::copy_n(&bytes[at], length, &model[at]);
        at += length + (kind < 2 ? 0 : random.Next() % 20000);
      }
      const auto written = store->WritePieces(pieces);
      INFO(written.status);
      REQUIRE(written.status.ok());
      std::vector<u8> back(kSize);
      REQUIRE(store->Read(0, back.data(), kSize).ok());
      REQUIRE(back == model);
      std::fill(back.begin(), back.end(), u8{1});
      std::vector<u8> expected = back;
      for (Piece& piece : pieces) {
        piece.data = reinterpret_cast<char*>(&back[piece.offset]);
        std::copy_n(&model[piece.offset], piece.length,
                    &expected[piece.offset]);
      }
      REQUIRE(store->ReadPieces(pieces).status.ok());
      REQUIRE(back == expected);
    }
    CHECK(store->ReadPieces({}).status.ok());
    CHECK(store->WritePieces({}).status.ok());
  }
}

TEST_CASE("BlockStore: a range that leaves the store is refused whole") {
  const std::pair<u64, u64> ranges[] = {
      {kSize, 1}, {kSize - 1, 2}, {0, kSize + 1}, {kHuge, 1},
      {1, kHuge}, {kHuge, kHuge}, {kSize, kHuge}, {kHuge - 1, 2},
      {kHuge, 0}, {kSize + 1, 0},
  };
  for (const StoreUnderTest& each : kStores) {
    INFO(each.name);
    const Faults faults(each);
    chi::RuntimeSegments segments;
    const auto store = each.make(segments, kSize);
    std::vector<u8> bytes(kSize + 1, 7);
    for (const auto& [offset, length] : ranges) {
      INFO(offset << " " << length);
      CHECK(store->Write(offset, bytes.data(), length).code() ==
            StatusCode::kBadRequest);
      CHECK(store->Read(offset, bytes.data(), length).code() ==
            StatusCode::kBadRequest);
      CHECK(store->Locate(offset, length).status().code() ==
            (each.in_memory ? StatusCode::kBadRequest
                            : StatusCode::kUnimplemented));
    }
    REQUIRE(bytes == std::vector<u8>(kSize + 1, 7));
    REQUIRE(store->Read(0, bytes.data(), kSize).ok());
    REQUIRE(std::vector<u8>(bytes.begin(), bytes.end() - 1) ==
            std::vector<u8>(kSize, 0));
  }
}

TEST_CASE("BlockStore: what is located is what is written") {
  for (const StoreUnderTest& each : kStores) {
    if (!each.in_memory) continue;
    INFO(each.name);
    const Faults faults(each);
    chi::RuntimeSegments segments;
    const auto store = each.make(segments, kSize);
    const auto bytes = Pattern(5000, 3);
    REQUIRE(store->Write(123, bytes.data(), bytes.size()).ok());
    const auto place = store->Locate(123, bytes.size());
    REQUIRE(place.ok());
    const char* at = segments.Resolve(*place, bytes.size());
    REQUIRE(at != nullptr);
    REQUIRE(std::memcmp(at, bytes.data(), bytes.size()) == 0);
    // A source inside the store, overlapping its target.
    REQUIRE(store->Write(200, at, bytes.size()).ok());
    REQUIRE(std::memcmp(segments.Resolve(*store->Locate(200, 5000), 5000),
                        bytes.data(), 5000) == 0);
    store->Retire();
    REQUIRE(segments.Resolve(*place, 1) == nullptr);
  }
}

TEST_CASE("BlockStore: threads that use disjoint ranges do not meet") {
  for (const StoreUnderTest& each : kStores) {
    INFO(each.name);
    const Faults faults(each);
    chi::RuntimeSegments segments;
    const auto store = each.make(segments, kSize);
    constexpr u64 kPart = kSize / 4;
    std::atomic<u64> failures{0};
    std::vector<std::thread> threads;
    for (u64 part = 0; part < 4; ++part) {
      threads.emplace_back([&, part] {
        std::vector<u8> back(kPart);
        for (u8 round = 0; round < 20; ++round) {
          const auto bytes = Pattern(kPart, static_cast<u8>(round + part));
          const bool ok =
              store->Write(part * kPart, bytes.data(), kPart).ok() &&
              store->Read(part * kPart, back.data(), kPart).ok();
          if (!ok || back != bytes) failures.fetch_add(1);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    REQUIRE(failures.load() == 0);
  }
}

TEST_CASE("RamStore: 0 bytes are refused, and the segment goes with it") {
  chi::RuntimeSegments segments;
  REQUIRE(RamStore::Create("test", 0, segments).status().code() ==
          StatusCode::kBadRequest);
  chi::ShmPtr place;
  {
    const auto store = *RamStore::Create("test", kSize, segments);
    place = *store->Locate(0, 1);
    REQUIRE(segments.Resolve(place, kSize) != nullptr);
  }
  REQUIRE(segments.Resolve(place, 1) == nullptr);
}
