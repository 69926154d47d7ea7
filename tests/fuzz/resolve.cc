// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Pairs of words, a pointer and a length, through every function of a session
// that turns pointers into addresses; what is granted is touched at both ends.
// Every fourth pair is a request for a ring instead.

#include <cstring>

#include "session_fixture.h"

namespace chi::fuzz {
namespace {

void Touch(volatile char* bytes, u64 length, bool write) {
  if (bytes == nullptr || length == 0) return;
  const char first = bytes[0];
  const char last = bytes[length - 1];
  if (!write) return;
  bytes[0] = first;
  bytes[length - 1] = last;
}

void Resolve(Session& session, ShmPtr pointer, u64 length) {
  Touch(session.Resolve(pointer, length), length, false);
  char* const writable = session.ResolveWritable(pointer, length);
  Touch(writable, length, true);
  CHI_CHECK(writable == nullptr || length == 0 ||
            (session.Owns(writable) && session.Owns(writable + length - 1)));
  u64 rest = 0;
  char* from = nullptr;
  if (!session.ResolveTask(pointer, 0, &from, &rest)) from = nullptr;
  if (from != nullptr) Touch(from, rest, true);
  CHI_CHECK(writable == nullptr || session.cut_off() ||
            (from == writable && rest >= length));
  // Never handed out as a result, so never to be taken back.
  CHI_CHECK(!session.FreeResult(pointer).ok());
}

void AskForRing(Session& session, ShmPtr pointer, u64 word) {
  AttachRingRequest request;
  request.priority = static_cast<u32>(word >> 32) % 4;
  request.capacity = static_cast<u32>(word);
  request.ring = pointer.bits_;
  const Result<char*> ring = session.AdmitRing(request);
  if (!ring.ok()) return;
  Touch(*ring, RingLayout<>::BytesFor(request.capacity), true);
  session.ForgetRing();
}

}  // namespace
}  // namespace chi::fuzz

extern "C" int LLVMFuzzerTestOneInput(const chi::u8* data, size_t size) {
  using chi::ShmPtr;
  static const auto session = chi::fuzz::MakeSession();
  chi::u64 words[2];
  for (size_t at = 0; at + sizeof(words) <= size; at += sizeof(words)) {
    std::memcpy(words, data + at, sizeof(words));
    const ShmPtr pointer = ShmPtr::FromBits(words[0]);
    if (at / sizeof(words) % 4 == 3) {
      chi::fuzz::AskForRing(*session, pointer, words[1]);
    } else {
      chi::fuzz::Resolve(*session, pointer, words[1]);
    }
  }
  return 0;
}
