// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Ratios round by round, and their printing.

#include "figure.h"

#include <cstdio>

#include "chimaera/base/check.h"

namespace chi::bench {
namespace {

Figure Compare(const std::string& name, const Samples& values,
               const std::string& unit, const std::string& reference,
               const Samples& reference_values, Target target) {
  CHI_CHECK(values.size() == reference_values.size());
  Samples ratios;
  for (size_t i = 0; i < values.size(); ++i) {
    ratios.push_back(values[i] / reference_values[i]);
  }
  Figure figure;
  figure.name = name;
  figure.value = Quantile(values, 0.5);
  figure.unit = unit;
  figure.reference = reference;
  figure.reference_value = Quantile(reference_values, 0.5);
  figure.ratio = Quantile(ratios, 0.5);
  figure.ratio_low = Quantile(ratios, 0.25);
  figure.ratio_high = Quantile(ratios, 0.75);
  figure.target = target;
  return figure;
}

Samples ToRates(Samples ns, f64 per_operation) {
  for (f64& each : ns) each = per_operation / each;
  return ns;
}

void PrintJson(const Figure& f) {
  std::printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", ",
              f.name.c_str(), f.value, f.unit.c_str());
  if (f.reference.empty()) {
    std::printf(
        "\"reference\": null, \"reference_value\": null, \"ratio\": null, ");
  } else {
    std::printf(
        "\"reference\": \"%s\", \"reference_value\": %.6g, \"ratio\": %.6g, "
        "\"ratio_low\": %.6g, \"ratio_high\": %.6g, ",
        f.reference.c_str(), f.reference_value, f.ratio, f.ratio_low,
        f.ratio_high);
  }
  if (f.target.has_value()) {
    std::printf("\"bound\": \"%s\", \"target\": %.6g, \"met\": %s}",
                f.target->bound == Bound::kAtMost ? "<=" : ">=",
                f.target->value, f.IsMet() ? "true" : "false");
  } else {
    std::printf("\"target\": null, \"met\": null}");
  }
}

void PrintLine(const Figure& f) {
  std::printf("%-26s %10.4g %-8s", f.name.c_str(), f.value, f.unit.c_str());
  if (!f.reference.empty()) {
    std::printf(" %6.3g x %s (%.4g), quartiles %.3g-%.3g", f.ratio,
                f.reference.c_str(), f.reference_value, f.ratio_low,
                f.ratio_high);
  }
  if (f.target.has_value()) {
    std::printf("; target %s %.3g: %s",
                f.target->bound == Bound::kAtMost ? "<=" : ">=",
                f.target->value, f.IsMet() ? "met" : "MISSED");
  }
  std::printf("\n");
}

}  // namespace

bool Figure::IsMet() const {
  if (!target.has_value()) return true;
  const f64 compared = reference.empty() ? value : ratio;
  return target->bound == Bound::kAtMost ? compared <= target->value
                                         : compared >= target->value;
}

Figure MedianNs(const std::string& name, const Slices& subject,
                const Reference& reference, f64 target) {
  return RoundsNs(name, QuantileOfEach(subject, 0.5), reference.name,
                  QuantileOfEach(reference.slices, 0.5), target);
}

Figure RoundsNs(const std::string& name, const Samples& subject,
                const std::string& reference, const Samples& reference_values,
                f64 target) {
  return Compare(name, subject, "ns", reference, reference_values,
                 {Bound::kAtMost, target});
}

Figure PooledP99Ns(const std::string& name, const Slices& subject,
                   const Reference& reference, f64 target) {
  Figure figure =
      Compare(name, QuantileOfEach(subject, 0.99), "ns", reference.name,
              QuantileOfEach(reference.slices, 0.99), {Bound::kAtMost, target});
  // The quartiles stay those of the rounds: the spread of one number is none.
  figure.value = Quantile(Pool(subject), 0.99);
  figure.reference_value = Quantile(Pool(reference.slices), 0.99);
  figure.ratio = figure.value / figure.reference_value;
  return figure;
}

Figure Rate(const std::string& name, const Slices& subject,
            const Reference& reference, f64 per_operation,
            const std::string& unit, f64 target) {
  return Compare(name, ToRates(QuantileOfEach(subject, 0.5), per_operation),
                 unit, reference.name,
                 ToRates(QuantileOfEach(reference.slices, 0.5), per_operation),
                 {Bound::kAtLeast, target});
}

Figure InformationNs(const std::string& name, const Slices& slices) {
  Figure figure;
  figure.name = name;
  figure.value = Quantile(QuantileOfEach(slices, 0.5), 0.5);
  figure.unit = "ns";
  return figure;
}

Figure AtMost(const std::string& name, f64 value, const std::string& unit,
              f64 target) {
  Figure figure;
  figure.name = name;
  figure.value = value;
  figure.unit = unit;
  figure.target = Target{Bound::kAtMost, target};
  return figure;
}

Figure AtLeast(const std::string& name, f64 value, const std::string& unit,
               f64 target) {
  Figure figure = AtMost(name, value, unit, target);
  figure.target->bound = Bound::kAtLeast;
  return figure;
}

void Report(const std::vector<Figure>& figures, bool json) {
  if (json) std::printf("{\"figures\": [");
  const char* separator = "";
  for (const Figure& figure : figures) {
    if (!json) {
      PrintLine(figure);
      continue;
    }
    std::fputs(separator, stdout);
    PrintJson(figure);
    separator = ", ";
  }
  if (json) std::printf("]}\n");
}

}  // namespace chi::bench
