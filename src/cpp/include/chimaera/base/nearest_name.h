// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// "Did you mean ...?": the known name closest to one that is not known.

#ifndef CHIMAERA_BASE_NEAREST_NAME_H_
#define CHIMAERA_BASE_NEAREST_NAME_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chi {

/// How many letters have to be inserted, removed, replaced or swapped with
/// their neighbour to turn `a` into `b` (optimal string alignment). Time and
/// memory grow with the product of the lengths.
[[nodiscard]] std::size_t EditDistance(std::string_view a, std::string_view b);

/// The name of `known` that needs the fewest edits from `name`, ignoring case
/// and taking "-" for "_"; the first of several. Empty if none comes near: more
/// than one edit for every three letters of the longer name. The result points
/// into `known`. A `name` above 256 letters is near to nothing.
[[nodiscard]] std::string_view NearestName(
    std::string_view name, const std::vector<std::string_view>& known);

/// " (did you mean 'num_workers'?)", or nothing if no name comes near. To be
/// appended to an error message.
[[nodiscard]] std::string DidYouMean(
    std::string_view name, const std::vector<std::string_view>& known);

}  // namespace chi

#endif  // CHIMAERA_BASE_NEAREST_NAME_H_
