// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Objects by name.

#include "object_table.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/heap_accounts.h"
#include "format/metadata.h"

namespace chimaera::bdev {

using chi::Format;
using chi::MutexLock;
using chi::Result;
using chi::Status;
using chi::u32;
using chi::u64;

namespace {

// For names, attributes and lists: as a file has room for metadata, and more.
u64 RoomFor(u64 device_size) { return chi::kMiB + device_size / 64; }

u64 BytesOf(std::string_view name, const Object& object) {
  return sizeof(Objects::value_type) + name.size() + object.attributes.size() +
         object.blocks.size() * sizeof(Block);
}

u64 SizeOf(const Object& object) {
  u64 size = 0;
  for (const Block& block : object.blocks) size += block.size_;
  return size;
}

// Held by one change of a name at a time; another name may share it.
class NameLock {
 public:
  NameLock(RangeLock& names, const std::string& name)
      : NameLock(names, std::hash<std::string>()(name) >> 1) {}

 private:
  NameLock(RangeLock& names, u64 hash) : guard_(names, hash, hash + 1) {}
  const RangeLock::Guard guard_;
};

// Seals blocks; takes it back unless it succeeds.
class ScopedSeal {
 public:
  explicit ScopedSeal(BlockTable& table) : table_(table) {}
  ~ScopedSeal() {
    if (!success_) table_.EndSeal(seal_, false);
  }
  ScopedSeal(const ScopedSeal&) = delete;
  ScopedSeal& operator=(const ScopedSeal&) = delete;

  Status Begin(u64 caller, const std::vector<Block>& blocks) {
    CHI_RETURN_IF_ERROR(table_.BeginSeal(caller, blocks, &seal_));
    seal_.AwaitWriters();
    return Status();
  }
  void Succeed() {
    success_ = true;
    table_.EndSeal(seal_, true);
  }

 private:
  BlockTable& table_;
  BlockTable::Seal seal_;
  bool success_ = false;
};

Status CheckLimits(const std::string& name, const Object& object) {
  if (!name.empty() && name.size() <= kMaxNameBytes &&
      object.attributes.size() <= kMaxAttributeBytes) {
    return Status();
  }
  return Status::BadRequest(Format(
      "an object with a name of {} and attributes of {} bytes; 1 to {}, and up "
      "to {} are possible",
      name.size(), object.attributes.size(), kMaxNameBytes,
      kMaxAttributeBytes));
}

// What the new object has and the old one has not, and the other way round.
Status Compare(const Object* before, const Object& after,
               ObjectChange* change) {
  std::map<u64, Block> old;  // those of the old one that are not found again
  if (before != nullptr) {
    for (const Block& block : before->blocks) old[block.block_id_] = block;
  }
  std::set<u64> own;
  for (const Block& block : after.blocks) {
    if (!own.insert(block.block_id_).second) {
      return Status::BadRequest(Format("{} is in the list twice", block));
    }
    const auto found = old.find(block.block_id_);
    if (found != old.end() && found->second == block) {
      old.erase(found);
    } else {
      change->added.push_back(block);
    }
  }
  for (const auto& [id, block] : old) change->dropped.push_back(block);
  return Status();
}

Status NoObject(std::string_view name) {
  return Status::NotFound(Format("there is no object '{}'", name));
}

}  // namespace

// Bytes of a new object; given back unless they are kept, whatever is thrown.
class ObjectTable::Room {
 public:
  explicit Room(ObjectTable& table) : table_(table) {}
  ~Room() { table_.Release(bytes_); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  Status Take(u64 bytes) {
    CHI_RETURN_IF_ERROR(table_.Reserve(bytes));
    bytes_ = bytes;
    return Status();
  }
  void Keep() { bytes_ = 0; }

 private:
  ObjectTable& table_;
  u64 bytes_ = 0;
};

Result<std::unique_ptr<ObjectTable>> ObjectTable::Open(BlockTable& blocks,
                                                       BlockStore& store) {
  std::unique_ptr<ObjectTable> table(
      new ObjectTable(blocks, store, RoomFor(store.size())));
  Objects objects = store.Load(blocks.options().container_id);
  std::vector<Block> sealed;
  u64 bytes = 0;
  for (const auto& [name, object] : objects) {
    sealed.insert(sealed.end(), object.blocks.begin(), object.blocks.end());
    bytes += BytesOf(name, object);
  }
  CHI_RETURN_IF_ERROR(blocks.Restore(std::move(sealed)));
  const MutexLock lock(table->mu_);
  table->objects_ = std::move(objects);
  table->used_bytes_ = bytes;
  return table;
}

// ---- changes ----------------------------------------------------------------

Status ObjectTable::Put(u64 caller, const std::string& name, Object object,
                        bool replace) {
  CHI_RETURN_IF_ERROR(CheckLimits(name, object));
  const NameLock name_lock(changing_, name);
  const Result<Object> before = Get(name);
  if (before.ok() && !replace) {
    return Status::AlreadyExists(Format("there is an object '{}'", name));
  }
  ObjectChange change{name, before.ok(), &object, {}, {}};
  CHI_RETURN_IF_ERROR(
      Compare(before.ok() ? &*before : nullptr, object, &change));
  ScopedSeal seal(blocks_);
  CHI_RETURN_IF_ERROR(seal.Begin(caller, change.added));
  Room room(*this);
  CHI_RETURN_IF_ERROR(room.Take(BytesOf(name, object)));
  CHI_RETURN_IF_ERROR(store_.Commit(change));
  // It has happened: the table must say so, whatever memory is short.
  const chi::HeapReserveScope heap;
  room.Keep();
  seal.Succeed();
  {
    const MutexLock lock(mu_);
    objects_.insert_or_assign(name, std::move(object));
  }
  if (before.ok()) Release(BytesOf(name, *before));
  blocks_.Drop(change.dropped);
  return Status();
}

Status ObjectTable::Delete(const std::string& name) {
  const NameLock name_lock(changing_, name);
  CHI_ASSIGN_OR_RETURN(const Object before, Get(name));
  CHI_RETURN_IF_ERROR(store_.Commit({name, true, nullptr, {}, before.blocks}));
  {
    const MutexLock lock(mu_);
    objects_.erase(name);
  }
  Release(BytesOf(name, before));
  blocks_.Drop(before.blocks);
  return Status();
}

Status ObjectTable::Reserve(u64 bytes) {
  const MutexLock lock(mu_);
  if (bytes > max_bytes_ - std::min(used_bytes_, max_bytes_)) {
    return Status::NoSpace(
        Format("{} bytes for an object's name, attributes and list; {} of {} "
               "are taken",
               bytes, used_bytes_, max_bytes_));
  }
  used_bytes_ += bytes;
  return Status();
}

void ObjectTable::Release(u64 bytes) {
  const MutexLock lock(mu_);
  used_bytes_ -= bytes;
}

// ---- reading ----------------------------------------------------------------

Result<Object> ObjectTable::Get(std::string_view name) const {
  const MutexLock lock(mu_);
  const auto found = objects_.find(name);
  if (found == objects_.end()) return NoObject(name);
  return found->second;
}

std::vector<ObjectInfo> ObjectTable::List(std::string_view prefix,
                                          std::string_view after,
                                          u64 limit) const {
  std::vector<ObjectInfo> infos;
  const MutexLock lock(mu_);
  auto at = after < prefix ? objects_.lower_bound(prefix)
                           : objects_.upper_bound(after);
  for (; at != objects_.end() && infos.size() < limit; ++at) {
    const auto& [name, object] = *at;
    if (name.compare(0, prefix.size(), prefix) != 0) break;
    infos.push_back({name, SizeOf(object)});
  }
  return infos;
}

u64 ObjectTable::num_objects() const {
  const MutexLock lock(mu_);
  return objects_.size();
}

}  // namespace chimaera::bdev
