// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Pages in private memory, aligned as direct I/O wants them.

#ifndef CHIMAERA_BDEV_PAGE_BUFFER_H_
#define CHIMAERA_BDEV_PAGE_BUFFER_H_

#include <new>

#include "chimaera/base/types.h"
#include "format/layout.h"

namespace chimaera::bdev {

class PageBuffer {
 public:
  explicit PageBuffer(chi::u64 num_pages = 1)
      : bytes_(static_cast<char*>(::operator new (
            num_pages* kPageSize, std::align_val_t{kPageSize}))) {}
  ~PageBuffer() { ::operator delete (bytes_, std::align_val_t{kPageSize}); }
  PageBuffer(const PageBuffer&) = delete;
  PageBuffer& operator=(const PageBuffer&) = delete;
  char* get() { return bytes_; }

 private:
  char* const bytes_;
};

}  // namespace chimaera::bdev

#endif  // CHIMAERA_BDEV_PAGE_BUFFER_H_
