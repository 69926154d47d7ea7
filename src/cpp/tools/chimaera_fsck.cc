// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Checks a block file: what `chimaera fsck` runs.

#include <iostream>
#include <string>
#include <vector>

#include "format/block_file.h"
#include "format/fsck.h"

namespace {

constexpr char kHelp[] =
    "usage: chimaera_fsck [--repair] [--no-data] FILE\n"
    "\n"
    "Checks a block file that no runtime uses.\n"
    "\n"
    "  --repair   write damaged metadata anew from their second copy; bad "
    "data\n"
    "             are left as they are\n"
    "  --no-data  do not compare data with their checksums\n"
    "\n"
    "exit codes: 0 clean, or all damage repaired; 1 damaged; 2 could not be\n"
    "checked: no block file, beyond repair, in use, or a wrong command line\n";

int Fail(const std::string& why) {
  std::cerr << "chimaera_fsck: " << why << '\n';
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  using chimaera::bdev::BlockFile;
  using chimaera::bdev::FileUse;
  chimaera::bdev::FsckOptions options;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--help" || word == "-h") {
      std::cout << kHelp;
      return 0;
    }
    if (word == "--repair") {
      options.repair = true;
    } else if (word == "--no-data") {
      options.read_data = false;
    } else if (word.rfind('-', 0) == 0) {
      return Fail("there is no option " + word);
    } else {
      files.push_back(word);
    }
  }
  if (files.size() != 1) {
    std::cerr << kHelp;
    return 2;
  }
  auto file = BlockFile::Open(
      files[0], options.repair ? FileUse::kReadWrite : FileUse::kReadOnly);
  if (!file.ok()) return Fail(file.status().ToString());
  const auto report = Fsck(file->io(), options);
  if (!report.ok()) return Fail(report.status().ToString());
  std::cout << Describe(*report);
  return report->clean() || (report->repaired && report->num_bad_pages == 0)
             ? 0
             : 1;
}
