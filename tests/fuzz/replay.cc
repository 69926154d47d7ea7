// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Runs a fuzz target without libFuzzer: chi_fuzz_<name> SEEDS SECONDS runs
// every file in the folder, then blind mutations of them for that long. Prints
// how many; a finding is a crash or a sanitizer's report.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "chimaera/base/clock.h"
#include "chimaera/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const chi::u8* data, size_t size);

namespace {

void RunOne(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const chi::u8*>(input.data()),
                         input.size());
}

std::string Mutate(std::string input, chi::Random& random) {
  for (chi::u64 n = random.Below(8) + 1; n > 0 && !input.empty(); --n) {
    const size_t at = random.Below(input.size());
    switch (random.Below(4)) {
      case 0:
        input[at] = static_cast<char>(random.Next());
        break;
      case 1:
        input[at] = static_cast<char>(input[at] ^ (1 << random.Below(8)));
        break;
      case 2:
        input.resize(at);
        break;
      default:
        input.insert(at, input.substr(at / 2, random.Below(64)));
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s SEEDS SECONDS\n", argv[0]);
    return 2;
  }
  std::vector<std::string> seeds;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file),
                       std::istreambuf_iterator<char>());
    RunOne(seeds.back());
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "%s: no seeds in %s\n", argv[0], argv[1]);
    return 1;
  }
  const chi::Clock& clock = chi::SystemClock::Get();
  const chi::u64 end_ns =
      clock.NowNs() + std::strtoull(argv[2], nullptr, 10) * chi::kNsPerSec;
  chi::SeededRandom random(1);
  chi::u64 runs = 0;
  for (; clock.NowNs() < end_ns; ++runs) {
    RunOne(Mutate(seeds[random.Below(seeds.size())], random));
  }
  std::printf("%zu seeds and %llu mutations\n", seeds.size(),
              static_cast<unsigned long long>(runs));
  return 0;
}
