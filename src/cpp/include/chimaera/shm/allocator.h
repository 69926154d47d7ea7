// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The allocator arguments that task constructors pass along. They carry
// nothing: where a string or a vector of a task takes its bytes from is decided
// by the thread that needs them (storage.h). The types exist so that a task's
// constructors say that it may live in shared memory.

#ifndef CHIMAERA_SHM_ALLOCATOR_H_
#define CHIMAERA_SHM_ALLOCATOR_H_

namespace hipc {

/// First argument of client calls. Empty.
class MemContext {};

/// Old name of an allocator; only its pointer is passed around. Empty.
class Allocator {};

/// The only kind of allocator: the thread's storage.
class ThreadLocalAllocator : public Allocator {};

/// What every CtxAllocator converts to; the parameter of strings and vectors.
class AllocContext {
 public:
  AllocContext() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): tasks pass either type on
  AllocContext(Allocator* /*unused*/) {}
  explicit AllocContext(const MemContext& /*unused*/) {}
};

/// An allocator with a memory context. Empty; all of them are equal.
template <class A>
class CtxAllocator : public AllocContext {
 public:
  CtxAllocator() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): tasks pass either type on
  CtxAllocator(Allocator* /*unused*/) {}
  // NOLINTNEXTLINE(google-explicit-constructor): they carry the same: nothing
  CtxAllocator(const AllocContext& /*unused*/) {}
  explicit CtxAllocator(const MemContext& /*unused*/) {}
  CtxAllocator(const MemContext& /*unused*/, Allocator* /*unused*/) {}
};

}  // namespace hipc

/// The default memory context: client.Create(HSHM_MCTX, query, ...).
#define HSHM_MCTX \
  ::hipc::MemContext {}

/// Tags of the main, client data and runtime data segment. One type: the choice
/// of segment is not the task's.
#define CHI_MAIN_ALLOC_T ::hipc::ThreadLocalAllocator
#define CHI_CDATA_ALLOC_T ::hipc::ThreadLocalAllocator
#define CHI_RDATA_ALLOC_T ::hipc::ThreadLocalAllocator

#endif  // CHIMAERA_SHM_ALLOCATOR_H_
