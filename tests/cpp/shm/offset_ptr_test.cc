// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ShmPtr and FullPtr as values.

#include "chimaera/shm/offset_ptr.h"

#include "chimaera/base/format.h"
#include "support/catch.h"

namespace chi {
namespace {

struct Base {
  int base = 1;
};
struct Other {
  int other = 2;
};
struct Derived : Base, Other {
  int derived = 3;
};

TEST_CASE("ShmPtr: keeps segment and offset, up to their largest values") {
  const ShmPtr p = ShmPtr::At(kLastRuntimeSegment, ShmPtr::kOffsetMask);
  CHECK(p.segment() == kLastRuntimeSegment);
  CHECK(p.offset() == ShmPtr::kOffsetMask);
  CHECK_FALSE(p.IsPrivate());
  CHECK_FALSE(p.IsNull());
}

TEST_CASE("ShmPtr: is null by default and for the address nullptr") {
  CHECK(ShmPtr().IsNull());
  CHECK(ShmPtr::Private(nullptr).IsNull());
  CHECK(ShmPtr::Null() == ShmPtr::At(0, 0));
}

TEST_CASE("ShmPtr: addition never leaves the segment") {
  const ShmPtr p = ShmPtr::At(7, ShmPtr::kOffsetMask) + 2;
  CHECK(p == ShmPtr::At(7, 1));
}

TEST_CASE("ShmPtr: gives a private address back") {
  int value = 0;
  const ShmPtr p = ShmPtr::Private(&value);
  CHECK(p.IsPrivate());
  CHECK(p.private_address() == reinterpret_cast<char*>(&value));
}

TEST_CASE("ShmPtr: prints as segment and offset") {
  CHECK(Format("{}", ShmPtr::At(2, 0x1f40)) == "2:0x1f40");
  CHECK(Format("{}", ShmPtr::Null()) == "null");
  CHECK(Format("{} {}", ShmPtr::At(1, 16), 10) == "1:0x10 10");
}

TEST_CASE("FullPtr: converts to a base class, moving both halves") {
  Derived object;
  const FullPtr<Derived> full(&object, ShmPtr::At(1, 64));
  const FullPtr<Base> base = full;
  const FullPtr<Other> other = full;
  CHECK(base->base == 1);
  CHECK(base.shm_ == ShmPtr::At(1, 64));
  CHECK(other->other == 2);
  CHECK(other.shm_ == ShmPtr::At(1, 68));
  CHECK(other.Cast<Derived>() == full);
}

TEST_CASE("FullPtr: a null one stays null in every conversion") {
  FullPtr<Derived> null;
  const FullPtr<Other> other = null;
  CHECK(other.IsNull());
  CHECK(other.shm_.IsNull());
  CHECK(null.Cast<char>().IsNull());
}

TEST_CASE("FullPtr: is private for an object outside all segments") {
  int value = 5;
  FullPtr<int> full(&value);
  CHECK(*full == 5);
  CHECK(full.shm_.IsPrivate());
  full.SetNull();
  CHECK_FALSE(full);
}

}  // namespace
}  // namespace chi
