// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Operations as bytes; metadata.cc reads them.

#include "format/transaction.h"

#include "format/bytes.h"

namespace chimaera::bdev {

using chi::u32;
using chi::u64;

void Transaction::SetGenerationLimit(u32 limit) {
  ByteWriter out(&bytes_);
  out.Put(OpCode::kSetGenerationLimit);
  out.Put(limit);
}

void Transaction::PutBlock(u32 slot, u32 generation, BlockKind kind, u64 offset,
                           u64 size) {
  ByteWriter out(&bytes_);
  out.Put(OpCode::kPutBlock);
  out.Put(slot);
  out.Put(generation);
  out.Put(kind);
  out.Put(offset);
  out.Put(size);
}

void Transaction::DropBlock(u32 slot, u32 generation) {
  ByteWriter out(&bytes_);
  out.Put(OpCode::kDropBlock);
  out.Put(slot);
  out.Put(generation);
}

void Transaction::CreateObject(std::string_view name,
                               std::string_view attributes,
                               const std::vector<u32>& slots) {
  PutObject(OpCode::kCreateObject, name, attributes, slots);
}

void Transaction::ReplaceObject(std::string_view name,
                                std::string_view attributes,
                                const std::vector<u32>& slots) {
  PutObject(OpCode::kReplaceObject, name, attributes, slots);
}

void Transaction::PutObject(OpCode code, std::string_view name,
                            std::string_view attributes,
                            const std::vector<u32>& slots) {
  ByteWriter out(&bytes_);
  out.Put(code);
  out.PutText(name);
  out.PutText(attributes);
  out.Put(static_cast<u32>(slots.size()));
  out.PutBytes(slots.data(), slots.size() * sizeof(u32));
}

void Transaction::DeleteObject(std::string_view name) {
  ByteWriter out(&bytes_);
  out.Put(OpCode::kDeleteObject);
  out.PutText(name);
}

void Transaction::SetChecksums(u32 slot, u64 first, const u32* checksums,
                               u64 count) {
  ByteWriter out(&bytes_);
  out.Put(OpCode::kSetChecksums);
  out.Put(slot);
  out.Put(first);
  out.Put(static_cast<u32>(count));
  out.PutBytes(checksums, count * sizeof(u32));
}

}  // namespace chimaera::bdev
