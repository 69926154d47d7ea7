// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Block I/O for tests: in memory, recorded, and failing on demand; and events
// for threads.

#ifndef CHIMAERA_TESTS_CHIMODS_BLOCK_IO_FAKES_H_
#define CHIMAERA_TESTS_CHIMODS_BLOCK_IO_FAKES_H_

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "chimaera/base/check.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "format/block_io.h"
#include "format/event.h"

namespace chi::test {

/// A file in memory. Only its beginning has bytes; what lies behind reads as
/// zero and swallows what is written, so that data areas cost nothing.
class MemoryIo final : public chimaera::bdev::BlockIo {
 public:
  explicit MemoryIo(u64 size) : MemoryIo(std::string(size, '\0'), size) {}
  MemoryIo(std::string bytes, u64 size)
      : bytes_(std::move(bytes)), size_(size) {}
  MemoryIo(MemoryIo&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(other.size_) {}

  [[nodiscard]] u64 size() const override { return size_; }
  Status Read(u64 offset, void* to, u64 length) override {
    if (offset > size_ || length > size_ - offset) {
      return Status::Io("read behind the end");
    }
    const u64 have = Inside(offset, length);
    std::memcpy(to, bytes_.data() + (have == 0 ? 0 : offset), have);
    std::memset(static_cast<char*>(to) + have, 0, length - have);
    return Status();
  }
  Status Write(u64 offset, const void* from, u64 length) override {
    if (offset > size_ || length > size_ - offset) {
      return Status::Io("write behind the end");
    }
    const u64 have = Inside(offset, length);
    if (have > 0) std::memcpy(bytes_.data() + offset, from, have);
    return Status();
  }
  Status Sync() override { return Status(); }

  [[nodiscard]] std::string& bytes() { return bytes_; }

 private:
  [[nodiscard]] u64 Inside(u64 offset, u64 length) const {
    return offset >= bytes_.size() ? 0
                                   : std::min(length, bytes_.size() - offset);
  }

  std::string bytes_;
  const u64 size_;
};

/// What happened to a file, in order.
struct IoEvent {
  enum class Kind {
    kWrite,
    kSync,
    kSubmit,   ///< Transactions up to `seq` may be in the file from now on.
    kWritten,  ///< Those up to `seq` have been promised to survive a kill.
    kSynced,   ///< And those to survive a power cut.
  };
  Kind kind = Kind::kSync;
  u64 offset = 0;
  std::string bytes;
  u64 seq = 0;
};

/// Passes on and writes down.
class RecordingIo final : public chimaera::bdev::BlockIo {
 public:
  explicit RecordingIo(BlockIo& below) : below_(below) {}

  [[nodiscard]] u64 size() const override { return below_.size(); }
  Status Read(u64 offset, void* to, u64 length) override {
    return below_.Read(offset, to, length);
  }
  Status Write(u64 offset, const void* from, u64 length) override {
    const auto* const bytes = static_cast<const char*>(from);
    events_.push_back(
        {IoEvent::Kind::kWrite, offset, std::string(bytes, length), 0});
    return below_.Write(offset, from, length);
  }
  Status Sync() override {
    events_.push_back({IoEvent::Kind::kSync, 0, "", 0});
    return below_.Sync();
  }
  /// The user's own events: kSubmit, kWritten, kSynced.
  void Note(IoEvent::Kind kind, u64 seq) {
    events_.push_back({kind, 0, "", seq});
  }

  [[nodiscard]] const std::vector<IoEvent>& events() const { return events_; }

 private:
  BlockIo& below_;
  std::vector<IoEvent> events_;
};

/// Fails one operation; all others are passed on.
class FaultyIo final : public chimaera::bdev::BlockIo {
 public:
  enum class How {
    kRefused,  ///< Nothing was done.
    kShort,    ///< The first half was.
    kDone,     ///< Everything was, and an error is reported all the same.
  };
  static constexpr u64 kNever = ~u64{0};

  explicit FaultyIo(BlockIo& below) : below_(below) {}

  /// Operation number `n` from now on, counted from 0, fails.
  void FailAt(u64 n, How how) {
    left_ = n;
    how_ = how;
  }
  /// Runs before every operation: a delay, a rendezvous.
  void SetHook(std::function<void()> hook) { hook_ = std::move(hook); }
  [[nodiscard]] bool fired() const { return fired_; }
  [[nodiscard]] u64 num_syncs() const { return num_syncs_; }

  [[nodiscard]] u64 size() const override { return below_.size(); }
  Status Read(u64 offset, void* to, u64 length) override {
    if (!Fires()) return below_.Read(offset, to, length);
    std::memset(to, 0xa5, length);
    return Status::Io("injected into a read");
  }
  Status Write(u64 offset, const void* from, u64 length) override {
    if (!Fires()) return below_.Write(offset, from, length);
    const u64 done = how_ == How::kRefused ? 0
                     : how_ == How::kShort ? length / 2
                                           : length;
    CHI_CHECK_OK(below_.Write(offset, from, done));
    return Status::Io("injected into a write");
  }
  Status Sync() override {
    ++num_syncs_;
    if (!Fires()) return below_.Sync();
    if (how_ == How::kDone) CHI_CHECK_OK(below_.Sync());
    return Status::Io("injected into a sync");
  }

 private:
  bool Fires() {
    if (hook_) hook_();
    const bool fires = left_ == 0;
    if (left_ != kNever) --left_;
    fired_ = fired_ || fires;
    return fires;
  }

  BlockIo& below_;
  u64 left_ = kNever;
  How how_ = How::kRefused;
  bool fired_ = false;
  u64 num_syncs_ = 0;
  std::function<void()> hook_;
};

/// For threads.
class ThreadEvents final : public chimaera::bdev::EventFactory {
 public:
  [[nodiscard]] std::shared_ptr<chimaera::bdev::Event> MakeEvent() override {
    return std::make_shared<ThreadEvent>();
  }

 private:
  class ThreadEvent final : public chimaera::bdev::Event {
   public:
    void Wait() override {
      std::unique_lock<std::mutex> lock(mutex_);
      condition_.wait(lock, [this] { return set_; });
    }
    void Set() override {
      const std::lock_guard<std::mutex> lock(mutex_);
      set_ = true;
      condition_.notify_all();
    }

   private:
    std::mutex mutex_;
    std::condition_variable condition_;
    bool set_ = false;
  };
};

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_CHIMODS_BLOCK_IO_FAKES_H_
