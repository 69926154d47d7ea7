// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Every file that a crash may leave behind.
//
// A run of the store over recorded I/O gives a list of events: writes, syncs,
// and promises to the caller. After each event, promises too, the file is cut
// off and looked at as it might be found:
//   power cut  everything before the last sync that ended, and of the writes
//              since then any subset, one of them torn at any byte, from the
//              front or the back, or by sectors
//   kill       all writes, the last one torn
// Each image goes through recovery. It must give exactly the metadata after
// some number of transactions, no fewer than were promised and no more than
// were begun.
//
// At times an image is opened instead, which is recorded and cut off as well
// (a crash during recovery), and the run goes on from there.

#ifndef CHIMAERA_TESTS_CHIMODS_CRASH_IMAGES_H_
#define CHIMAERA_TESTS_CHIMODS_CRASH_IMAGES_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "chimaera/base/random.h"
#include "chimaera/base/types.h"
#include "chimods/block_io_fakes.h"
#include "format/layout.h"
#include "format/metadata.h"

namespace chi::test {

class CrashImages {
 public:
  explicit CrashImages(u64 seed);

  /// Runs until `count` images have been looked at, or the first violation.
  void Run(u64 count);

  [[nodiscard]] u64 num_images() const { return num_images_; }
  [[nodiscard]] u64 num_runs() const { return num_runs_; }
  [[nodiscard]] u64 num_transactions() const { return num_transactions_; }
  /// Empty if none was found.
  [[nodiscard]] const std::string& violation() const { return violation_; }

 private:
  struct Bounds {
    u64 at_least = 0;
    u64 at_most = 0;
  };
  using Writes = std::vector<const IoEvent*>;

  void RecordRun();
  void LookAtRun();
  void LookAfterPowerCut(const Writes& pending, const Bounds& bounds);
  void LookAtSubset(const Writes& pending, u64 subset, const Bounds& bounds);
  void LookAtTears(const Writes& pending, u64 subset, u64 torn,
                   const Bounds& bounds);
  void TearBytes(const IoEvent& write, const std::string& before,
                 const Bounds& bounds);
  void TearSectors(const IoEvent& write, const std::string& before,
                   const Bounds& bounds);
  void Check(const char* how, const Bounds& bounds);

  void Put(const IoEvent& write);
  void Restore(const IoEvent& write);
  void NoteState(u64 seq, const chimaera::bdev::Metadata& metadata);
  [[nodiscard]] bool Done() const {
    return num_images_ >= wanted_ || !violation_.empty();
  }

  const chimaera::bdev::Geometry geometry_;
  SeededRandom random_;
  u64 wanted_ = 0;
  u64 num_images_ = 0;
  u64 num_runs_ = 0;
  u64 num_transactions_ = 0;
  std::string violation_;

  // One run.
  std::string start_;  // the file before it
  std::vector<IoEvent> events_;
  // What the metadata may be after so many transactions: with leases, or
  // without them if the file was opened at that point.
  std::map<u64, std::set<std::string>> states_;
  std::string next_start_;  // an image to begin the next run with

  std::string base_;  // what surely is on disk
  MemoryIo image_;
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_CHIMODS_CRASH_IMAGES_H_
