// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A device in a block file (src/format). A checksum of each page that was
// written lies in memory; whoever reads the page gets its bytes or kChecksum.

#ifndef CHIMAERA_BDEV_FILE_STORE_H_
#define CHIMAERA_BDEV_FILE_STORE_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "block_store.h"
#include "format/block_file.h"
#include "format/metadata_store.h"
#include "parking_io.h"
#include "range_lock.h"
#include "request_gate.h"

namespace chimaera::bdev {

struct FileStoreOptions {
  chi::u64 size = 0;  ///< Bytes; 0 takes a file that exists as it is.
  chi::u32 io_depth = 32;
  bool direct = false;  ///< See ParkingIo.
  bool checksums = true;
};

class FileStore final : public BlockStore {
 public:
  /// Opens the block file `path`, or makes it. Nobody else may use it until
  /// the store is gone.
  ///   kBadRequest     the path is not absolute; there is no file and no size;
  ///                   the file is of another size; it is no block file
  ///   kAlreadyExists  somebody uses it
  ///   kNoSpace, kIo, kChecksum, kVersionMismatch
  static chi::Result<std::unique_ptr<FileStore>> Open(
      const std::string& path, const FileStoreOptions& options);

  /// On `io`, which holds a block file.
  static chi::Result<std::unique_ptr<FileStore>> OpenOn(
      std::unique_ptr<BlockIo> io, const FileStoreOptions& options);

  chi::u64 size() const override { return size_; }
  StoreStats Stats() const override;
  chi::Status Read(chi::u64 offset, void* to, chi::u64 length) override;
  /// Refused after a Sync that failed, until the file is opened again.
  chi::Status Write(chi::u64 offset, const void* from,
                    chi::u64 length) override;
  PiecesOutcome ReadPieces(const std::vector<Piece>& pieces) override;
  PiecesOutcome WritePieces(const std::vector<Piece>& pieces) override;
  chi::Status Sync() override;
  void BeginSync() override;
  chi::Status Commit(const ObjectChange& change) override;
  Objects Load(chi::u32 container_id) const override;
  /// One request, in addition to those of `io_depth`.
  Verified Verify(chi::u64 page, chi::u64 count) override;
  chi::Result<chi::ShmPtr> Locate(chi::u64 offset, chi::u64 length) override;
  void Retire() override {}

  /// Blocks that are given out now have generations from here up to, not
  /// including, `generation_limit`; no earlier user of the file had them.
  chi::u32 first_generation() const { return first_generation_; }
  chi::u32 generation_limit() const;

 private:
  // Part of a page.
  struct Part {
    chi::u64 page = 0;
    chi::u64 begin = 0;  // within the page
    chi::u64 size = 0;
  };
  // A range as a part of its first page, whole pages, and a part of its last.
  struct Split;
  // See file_ranges.cc.
  class PagePlan;
  class Chunk;

  FileStore(std::unique_ptr<BlockIo> io, const FileStoreOptions& options)
      : io_(std::move(io)), options_(options), gate_(options.io_depth) {}
  chi::Status Start();
  chi::Status CheckRange(chi::u64 offset, chi::u64 length) const;
  chi::Status ReadPages(chi::u64 page, char* to, chi::u64 count);
  chi::Status ReadPagesAlone(chi::u64 page, char* to, chi::u64 count);
  chi::Status ReadPart(const Part& part, char* to);
  chi::Status WritePages(chi::u64 page, const char* from, chi::u64 count);
  chi::Status WritePart(const Part& part, const char* from);
  chi::Status CheckPieces(const std::vector<Piece>& pieces) const;
  PiecesOutcome TransferBytes(bool is_read, const std::vector<Piece>& pieces);
  PiecesOutcome ReadForComparing(const std::vector<Piece>& pieces);
  PiecesOutcome ReadChunk(const PagePlan& plan, Chunk& chunk);
  PiecesOutcome CompletePages(const PagePlan& plan, Chunk& chunk);
  PiecesOutcome WriteChunk(Chunk& chunk);
  void ForgetChecksums(chi::u64 page, chi::u64 count);
  void KeepChecksums(chi::u64 page, const char* bytes, chi::u64 count);
  chi::u64 FirstBadPage(chi::u64 page, const char* bytes, chi::u64 count) const;
  chi::Result<std::vector<chi::u32>> ChecksumsToKeep(const Block& block);
  chi::Status LearnChecksums(chi::u64 page, chi::u64 count);
  chi::Result<chi::u32> FinishLastPage(const Part& part);
  void LoadChecksums(const BlockRecord& block);
  static chi::Status BadPage(chi::u64 page);
  chi::u64 PageAt(chi::u64 page) const { return data_at_ + page * kPageSize; }

  // Constant after Start; in the order in which they are taken down.
  std::optional<BlockFile> file_;
  const std::unique_ptr<BlockIo> io_;
  const FileStoreOptions options_;
  ParkingEvents events_;
  std::unique_ptr<MetadataStore> metadata_;
  chi::u64 size_ = 0;
  chi::u64 data_at_ = 0;
  chi::u32 first_generation_ = 0;

  RequestGate gate_;
  RangeLock writers_;
  // One for each page, as StoredChecksum; 0: not known.
  std::unique_ptr<std::atomic<chi::u32>[]> checksums_;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_FILE_STORE_H_
