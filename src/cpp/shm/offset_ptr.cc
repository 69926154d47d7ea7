// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a ShmPtr looks in messages.

#include "chimaera/shm/offset_ptr.h"

#include <ios>

namespace chi {

std::ostream& operator<<(std::ostream& out, ShmPtr p) {
  if (p.IsNull()) {
    return out << "null";
  }
  if (p.IsPrivate()) {
    out << "private";
  } else {
    out << p.segment();
  }
  const std::ios_base::fmtflags flags = out.flags();
  out << ":0x" << std::hex << p.offset();
  out.flags(flags);
  return out;
}

}  // namespace chi
