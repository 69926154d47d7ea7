// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The store of call records, and a container whose record moves there.

#include "chimaera/core/call_record.h"

#include <set>
#include <vector>

#include "chimaera/core/container.h"
#include "support/catch.h"

using chi::CallRecord;
using chi::CallRecords;
using chi::Container;
using chi::u64;

TEST_CASE("CallRecords: records are distinct and lie side by side") {
  CallRecords records;
  std::vector<CallRecords::Ptr> taken;
  std::set<const CallRecord*> places;
  for (int i = 0; i < 3000; ++i) {
    taken.push_back(records.Take());
    places.insert(taken.back().get());
  }
  CHECK(places.size() == 3000);
  CHECK(taken[1].get() == taken[0].get() + 1);
}

TEST_CASE("CallRecords: what was given back is taken again") {
  CallRecords records;
  CallRecords::Ptr first = records.Take();
  const CallRecord* const place = first.get();
  first.reset();
  CHECK(records.Take().get() == place);
}

TEST_CASE("Container: its record keeps what it says when it moves") {
  CallRecords records;
  const CallRecords::Ptr place = records.Take();
  place->care = ~u64{0};  // of the pool that had it before
  Container container;
  container.SetCare(u64{1} << 3);
  container.MoveRecord(place.get());
  CHECK(&container.record() == place.get());
  CHECK(container.NeedsCare(3));
  CHECK_FALSE(container.NeedsCare(4));
  container.ClearCare(u64{1} << 3);
  CHECK_FALSE(place->NeedsCare(3));
}
