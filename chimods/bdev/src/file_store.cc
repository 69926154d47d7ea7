// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A page has one writer at a time, who takes its checksum away before the first
// byte and puts the new one there after the last. Readers take no lock: a page
// that does not match is read once more as if by a writer, alone, and only then
// believed to be bad.

#include "file_store.h"

#include <chimaera/sched/file_io.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/log.h"
#include "chimaera/base/random.h"
#include "format/crc32c.h"
#include "page_buffer.h"

namespace chimaera::bdev {

using chi::Format;
using chi::Result;
using chi::Status;
using chi::StatusCode;
using chi::u32;
using chi::u64;

namespace {

// Generations that one opening of a file may give out per slot. A slot that has
// used them up rests until the next opening.
constexpr u32 kGenerationsPerOpening = 1u << 12;

}  // namespace

struct FileStore::Split {
  Split(u64 offset, u64 length) {
    const u64 end = offset + length;
    const u64 first_whole = RoundUpToPage(offset) / kPageSize;
    const u64 end_whole = end / kPageSize;
    if (offset % kPageSize != 0) {
      head.page = offset / kPageSize;
      head.begin = offset % kPageSize;
      head.size = std::min(kPageSize - head.begin, length);
    }
    if (end_whole > first_whole) {
      whole = first_whole;
      num_whole = end_whole - first_whole;
    }
    const u64 rest = length - head.size - num_whole * kPageSize;
    if (rest != 0) tail = {end_whole, 0, rest};
  }

  Part head, tail;  // size 0: there is none
  u64 whole = 0;
  u64 num_whole = 0;
};

Result<std::unique_ptr<FileStore>> FileStore::Open(
    const std::string& path, const FileStoreOptions& options) {
  if (path.empty() || path[0] != '/') {
    return Status::BadRequest(Format(
        "'{}': the file of a device is named by an absolute path", path));
  }
  auto file = BlockFile::Open(path, FileUse::kReadWrite);
  if (file.status().code() == StatusCode::kNotFound && options.size != 0) {
    file = BlockFile::Create(path, options.size, chi::SystemRandom::Get(),
                             ParkingCalls());
  }
  if (!file.ok()) return file.status();
  auto io = std::make_unique<ParkingIo>(file->fd(), path, file->io().size(),
                                        options.direct);
  std::unique_ptr<FileStore> store(new FileStore(std::move(io), options));
  store->file_ = *std::move(file);
  CHI_RETURN_IF_ERROR(store->Start());
  return store;
}

Result<std::unique_ptr<FileStore>> FileStore::OpenOn(
    std::unique_ptr<BlockIo> io, const FileStoreOptions& options) {
  std::unique_ptr<FileStore> store(new FileStore(std::move(io), options));
  CHI_RETURN_IF_ERROR(store->Start());
  return store;
}

Status FileStore::Start() {
  std::vector<std::string> damage;
  CHI_ASSIGN_OR_RETURN(metadata_, MetadataStore::Open(*io_, events_, &damage));
  for (const std::string& each : damage) {
    CHI_LOG(kWarning, "mended: {}", each);
  }
  u64 data_size = 0;
  metadata_->Read([&](const Metadata& metadata) {
    data_size = metadata.geometry().data_size;
    data_at_ = metadata.geometry().DataAt();
    first_generation_ = std::max(metadata.generation_limit(), u32{1});
  });
  if (options_.size != 0 && RoundUpToPage(options_.size) != data_size) {
    return Status::BadRequest(
        Format("{} bytes asked, {} there: a device keeps "
               "its size",
               options_.size, data_size));
  }
  size_ = options_.size != 0 ? options_.size : data_size;
  Transaction transaction;
  transaction.SetGenerationLimit(generation_limit());
  CHI_RETURN_IF_ERROR(metadata_->Commit(transaction, Durability::kSynced));
  if (options_.checksums) {
    const u64 num_pages = data_size / kPageSize;
    checksums_ = std::make_unique<std::atomic<u32>[]>(num_pages);
    metadata_->Read([this](const Metadata& metadata) {
      for (const auto& [slot, block] : metadata.blocks()) LoadChecksums(block);
    });
  }
  return Status();
}

u32 FileStore::generation_limit() const {
  return first_generation_ + kGenerationsPerOpening;
}

Status FileStore::CheckRange(u64 offset, u64 length) const {
  if (length <= size_ && offset <= size_ - length) return Status();
  return Status::BadRequest(
      Format("{} bytes from {} on are not all in a store of {}", length, offset,
             size_));
}

Status FileStore::Read(u64 offset, void* to, u64 length) {
  CHI_RETURN_IF_ERROR(CheckRange(offset, length));
  if (length == 0) return Status();
  const RequestGate::Pass pass(gate_);
  const Split split(offset, length);
  char* at = static_cast<char*>(to);
  CHI_RETURN_IF_ERROR(ReadPart(split.head, at));
  at += split.head.size;
  CHI_RETURN_IF_ERROR(ReadPages(split.whole, at, split.num_whole));
  at += split.num_whole * kPageSize;
  return ReadPart(split.tail, at);
}

Status FileStore::ReadPart(const Part& part, char* to) {
  if (part.size == 0) return Status();
  if (checksums_ == nullptr) {
    return io_->Read(PageAt(part.page) + part.begin, to, part.size);
  }
  PageBuffer page;
  CHI_RETURN_IF_ERROR(ReadPages(part.page, page.get(), 1));
  std::memcpy(to, page.get() + part.begin, part.size);
  return Status();
}

Status FileStore::ReadPages(u64 page, char* to, u64 count) {
  if (count == 0) return Status();
  const u64 bytes = count * kPageSize;
  if (checksums_ == nullptr) return io_->Read(PageAt(page), to, bytes);
  bool good = true;
  const auto check = [&](u64 begin, u64 end) {
    const u64 num_pages = (end - begin) / kPageSize;
    good = good && FirstBadPage(page + begin / kPageSize, to + begin,
                                num_pages) == num_pages;
  };
  CHI_RETURN_IF_ERROR(io_->ReadParts(PageAt(page), to, bytes, std::ref(check)));
  if (good) return Status();
  // Perhaps it was being written.
  const RangeLock::Guard alone(writers_, page, page + count);
  return ReadPagesAlone(page, to, count);
}

// With the pages locked, or for pages that nobody writes.
Status FileStore::ReadPagesAlone(u64 page, char* to, u64 count) {
  CHI_RETURN_IF_ERROR(io_->Read(PageAt(page), to, count * kPageSize));
  const u64 bad = FirstBadPage(page, to, count);
  if (bad == count) return Status();
  return BadPage(page + bad);
}

Status FileStore::BadPage(u64 page) {
  return Status::Checksum(
      Format("the page at {} of the device is not what was written",
             page * kPageSize));
}

// Among `count` pages from `page` on, whose bytes are there; `count` if none.
u64 FileStore::FirstBadPage(u64 page, const char* bytes, u64 count) const {
  if (checksums_ == nullptr) return count;
  for (u64 i = 0; i < count; ++i) {
    // acquire: the bytes were there before their checksum.
    const u32 wanted = checksums_[page + i].load(std::memory_order_acquire);
    if (wanted == 0) continue;
    if (StoredChecksum(Crc32c(bytes + i * kPageSize, kPageSize)) != wanted) {
      return i;
    }
  }
  return count;
}

Status FileStore::Write(u64 offset, const void* from, u64 length) {
  CHI_RETURN_IF_ERROR(CheckRange(offset, length));
  if (length == 0) return Status();
  CHI_RETURN_IF_ERROR(metadata_->failure());
  const RequestGate::Pass pass(gate_);
  const char* at = static_cast<const char*>(from);
  if (checksums_ == nullptr) {
    return io_->Write(data_at_ + offset, at, length);
  }
  const Split split(offset, length);
  const RangeLock::Guard alone(writers_, offset / kPageSize,
                               RoundUpToPage(offset + length) / kPageSize);
  CHI_RETURN_IF_ERROR(WritePart(split.head, at));
  at += split.head.size;
  CHI_RETURN_IF_ERROR(WritePages(split.whole, at, split.num_whole));
  at += split.num_whole * kPageSize;
  return WritePart(split.tail, at);
}

Status FileStore::WritePart(const Part& part, const char* from) {
  if (part.size == 0) return Status();
  PageBuffer page;
  CHI_RETURN_IF_ERROR(ReadPagesAlone(part.page, page.get(), 1));
  std::memcpy(page.get() + part.begin, from, part.size);
  return WritePages(part.page, page.get(), 1);
}

Status FileStore::WritePages(u64 page, const char* from, u64 count) {
  if (count == 0) return Status();
  ForgetChecksums(page, count);
  CHI_RETURN_IF_ERROR(io_->Write(PageAt(page), from, count * kPageSize));
  KeepChecksums(page, from, count);
  return Status();
}

void FileStore::ForgetChecksums(u64 page, u64 count) {
  for (u64 i = 0; i < count; ++i) {
    checksums_[page + i].store(0, std::memory_order_relaxed);
  }
}

// Of `count` pages from `page` on, which have been written.
void FileStore::KeepChecksums(u64 page, const char* bytes, u64 count) {
  for (u64 i = 0; i < count; ++i) {
    const u32 crc = Crc32c(bytes + i * kPageSize, kPageSize);
    checksums_[page + i].store(StoredChecksum(crc), std::memory_order_release);
  }
}

StoreStats FileStore::Stats() const {
  const bool ring = chi::CurrentFileEngine() == chi::FileEngine::kRing;
  return {ring ? Engine::kIoUring : Engine::kThreads, io_->direct(),
          gate_.depth(), gate_.max_depth(), gate_.oldest_ns()};
}

Status FileStore::Sync() {
  const RequestGate::Beside request(gate_);
  return metadata_->Sync();
}

void FileStore::BeginSync() {
  const RequestGate::Beside request(gate_);
  io_->BeginSync();
}

Result<chi::ShmPtr> FileStore::Locate(u64 /*offset*/, u64 /*length*/) {
  return Status::Unimplemented("the bytes of a file are not in shared memory");
}

}  // namespace chimaera::bdev
