// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Edit distance and the nearest of a list of names.

#include "chimaera/base/nearest_name.h"

#include <algorithm>
#include <cctype>

namespace chi {

namespace {

constexpr std::size_t kMaxNameLength = 256;

std::string Normalised(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    c = c == '-'
            ? '_'
            : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

}  // namespace

std::size_t EditDistance(std::string_view a, std::string_view b) {
  // Three rows of the usual table: row i holds the distances between the first
  // i letters of `a` and every beginning of `b`.
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    current[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, current);
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, replace});
      const bool swapped =
          i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) {
        current[j] = std::min(current[j], before_last[j - 2] + 1);
      }
    }
  }
  return current[b.size()];
}

std::string_view NearestName(std::string_view name,
                             const std::vector<std::string_view>& known) {
  if (name.size() > kMaxNameLength) {
    return {};
  }
  const std::string wanted = Normalised(name);
  std::string_view best;
  std::size_t best_distance = 0;
  for (const std::string_view candidate : known) {
    if (candidate.size() > kMaxNameLength) {
      continue;
    }
    const std::size_t distance = EditDistance(wanted, Normalised(candidate));
    const std::size_t longer = std::max(wanted.size(), candidate.size());
    const bool near = distance * 3 <= longer;
    if (near && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string DidYouMean(std::string_view name,
                       const std::vector<std::string_view>& known) {
  const std::string_view nearest = NearestName(name, known);
  if (nearest.empty()) {
    return {};
  }
  return " (did you mean '" + std::string(nearest) + "'?)";
}

}  // namespace chi
