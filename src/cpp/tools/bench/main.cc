// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// chimaera_bench TOPIC… [--json]: prints figures beside their references.

#include <cstdio>
#include <cstring>
#include <vector>

#include "topics.h"

int main(int argc, char** argv) {
  bool json = false;
  std::vector<chi::bench::Figure> figures;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(argv[i], "latency") == 0) {
      for (auto& figure : chi::bench::Latency()) figures.push_back(figure);
    } else {
      std::fprintf(stderr, "usage: chimaera_bench [latency] [--json]\n");
      return 2;
    }
  }
  chi::bench::Report(figures, json);
  return 0;
}
