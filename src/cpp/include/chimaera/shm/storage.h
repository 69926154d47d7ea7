// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Where the strings and vectors of tasks keep what does not fit into them. It
// is chosen by the thread that touches them, not by the object: the same task
// lies in a client's segment, then in a worker's private copy.
//
//   client thread    the process's storage: a segment for tasks in a segment,
//                    the heap for strings on the stack
//   worker           its own storage, set for the method it runs
//   anything else    the heap
//
// This is the one place of the layer that throws: a string has no way to
// return a Status from operator=. StatusError is caught where a worker calls a
// module and where Python calls C++.

#ifndef CHIMAERA_SHM_STORAGE_H_
#define CHIMAERA_SHM_STORAGE_H_

#include <exception>
#include <string>
#include <utility>

#include "chimaera/base/result.h"
#include "chimaera/base/status.h"
#include "chimaera/base/types.h"
#include "chimaera/shm/offset_ptr.h"

namespace chi {

/// A failed Status on its way through code that cannot return one.
class StatusError : public std::exception {
 public:
  /// REQUIRES: !status.ok().
  explicit StatusError(Status status)
      : status_(std::move(status)), text_(status_.ToString()) {}

  [[nodiscard]] const Status& status() const noexcept { return status_; }
  [[nodiscard]] const char* what() const noexcept override {
    return text_.c_str();
  }

 private:
  Status status_;
  std::string text_;
};

/// Gives and takes the bytes of strings and vectors. Implementations are called
/// by the threads that use them, at the same time if there are several.
///
/// `holder` is the address of the string or vector that asks. It tells whether
/// the object lies in a segment (then its bytes must, too) or in private
/// memory.
///
/// Pointers of PrivateStorage() are valid in every storage of the process: an
/// implementation forwards what IsPrivate() to it, unless the holder could have
/// been written by another process.
class Storage {
 public:
  virtual ~Storage() = default;

  /// At least `bytes` bytes, aligned to 16. kNoMemory or kOverloaded if there
  /// are none. REQUIRES: bytes > 0.
  virtual Result<ShmPtr> Allocate(u64 bytes, const void* holder) = 0;

  /// Takes back what Allocate gave, or what another process gave as an answer.
  /// Ignores what it does not know: it is called by destructors.
  virtual void Free(ShmPtr p, const void* holder) = 0;

  /// The address of `bytes` bytes at `p`, or nullptr if they are not all there.
  /// They may be read-only if this storage did not allocate them.
  virtual char* Resolve(ShmPtr p, u64 bytes, const void* holder) = 0;

  /// True if bytes on the heap are as good as any for the object at `holder`:
  /// it lies in private memory. Two such objects may exchange them in a move;
  /// all others copy.
  [[nodiscard]] virtual bool HoldsPrivate(const void* holder) const {
    static_cast<void>(holder);
    return false;
  }
};

/// malloc and free; pointers are ShmPtr::Private. Stateless, never destroyed.
Storage& PrivateStorage();

/// What the calling thread uses: its own if it has set one, else the process's.
Storage& CurrentStorage();

/// Makes `storage` the default of all threads; nullptr means PrivateStorage().
/// Strings that hold bytes of the old one are lost to it: call it while none
/// exist. The caller keeps ownership.
void SetProcessStorage(Storage* storage);

/// Makes `storage` the calling thread's; nullptr means the process's. Returns
/// what was set before. A scheduler of fibers calls it at each switch.
Storage* SetThreadStorage(Storage* storage);

/// Sets the calling thread's storage for the length of a scope.
class ScopedStorage {
 public:
  explicit ScopedStorage(Storage* storage)
      : previous_(SetThreadStorage(storage)) {}
  ~ScopedStorage() { SetThreadStorage(previous_); }
  ScopedStorage(const ScopedStorage&) = delete;
  ScopedStorage& operator=(const ScopedStorage&) = delete;

 private:
  Storage* const previous_;
};

namespace internal {

// The thread's own storage or nullptr. __thread and not thread_local, so that
// no initialiser is looked for at each use; initial-exec, so that reading it is
// one move instead of a call even though it lies in a shared library.
extern __thread Storage* thread_storage
    __attribute__((tls_model("initial-exec")));

// One allocation: how it is stored, and where it is.
struct Bytes {
  ShmPtr ptr;
  char* address;
};

// Throws StatusError: kNoMemory and the like.
Bytes AllocateBytes(u64 bytes, const void* holder);
// Throws StatusError(kProtocolViolation) if the bytes are not there.
char* ResolveThroughStorage(ShmPtr p, u64 bytes, const void* holder);
// Frees both, once if they are equal; null ones not at all. Never throws.
void FreeBoth(ShmPtr data, ShmPtr home, const void* holder);
// True if a move may hand over a heap pointer from one holder to the other.
bool MayExchange(const void* from, const void* to);
// Throws StatusError(kProtocolViolation): the fields of an object that another
// process wrote make no sense.
[[noreturn]] void ThrowViolation(const char* what, u64 pointer_bits, u64 size);
// Throws StatusError(kNoMemory).
[[noreturn]] void ThrowTooLong(const char* what, u64 count, u64 element_bytes);

// A private pointer in a thread without a storage of its own was made by this
// process, so it needs neither table nor check.
inline char* ResolveBytes(ShmPtr p, u64 bytes, const void* holder) {
  if (p.IsPrivate() && thread_storage == nullptr) {
    return p.private_address();
  }
  return ResolveThroughStorage(p, bytes, holder);
}

}  // namespace internal
}  // namespace chi

#endif  // CHIMAERA_SHM_STORAGE_H_
