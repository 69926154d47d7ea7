// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Edit distances and suggestions.

#include "chimaera/base/nearest_name.h"

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.h"

namespace chi {
namespace {

const std::vector<std::string_view> kKeys = {"num_workers", "queue_depth",
                                             "segment_size", "port"};

TEST_CASE("EditDistance: counts inserts, removals, replacements, swaps") {
  CHECK(EditDistance("", "") == 0);
  CHECK(EditDistance("", "abc") == 3);
  CHECK(EditDistance("abc", "") == 3);
  CHECK(EditDistance("abc", "abc") == 0);
  CHECK(EditDistance("abc", "abd") == 1);
  CHECK(EditDistance("abc", "ab") == 1);
  CHECK(EditDistance("abc", "acb") == 1);
  CHECK(EditDistance("kitten", "sitting") == 3);
  CHECK(EditDistance("ca", "abc") == 3);
}

TEST_CASE("NearestName: finds a slip of the keyboard") {
  CHECK(NearestName("num_worker", kKeys) == "num_workers");
  CHECK(NearestName("queue_dpeth", kKeys) == "queue_depth");
  CHECK(NearestName("segmentsize", kKeys) == "segment_size");
}

TEST_CASE("NearestName: ignores case and takes dashes for underscores") {
  CHECK(NearestName("Queue-Depth", kKeys) == "queue_depth");
}

TEST_CASE("NearestName: finds nothing for something quite different") {
  CHECK(NearestName("colour", kKeys).empty());
  CHECK(NearestName("", kKeys).empty());
  CHECK(NearestName("port", {}).empty());
  CHECK(NearestName(std::string(100000, 'x'), kKeys).empty());
}

TEST_CASE("NearestName: the first of equals wins") {
  CHECK(NearestName("aab", {"aaa", "aac"}) == "aaa");
}

TEST_CASE("DidYouMean: is ready to append, or empty") {
  CHECK(DidYouMean("prot", kKeys) == " (did you mean 'port'?)");
  CHECK(DidYouMean("colour", kKeys).empty());
}

}  // namespace
}  // namespace chi
