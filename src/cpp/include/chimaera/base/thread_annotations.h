// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Words that tell clang which lock guards which variable, so that
// -Wthread-safety can check it at compile time. Other compilers see nothing.
// Use with chi::Mutex (mutex.h); std::mutex carries no annotations.

#ifndef CHIMAERA_BASE_THREAD_ANNOTATIONS_H_
#define CHIMAERA_BASE_THREAD_ANNOTATIONS_H_

#if defined(__clang__)
#define CHI_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define CHI_THREAD_ANNOTATION(x)
#endif

/// On a variable: touch it only while holding `mutex`.
#define CHI_GUARDED_BY(mutex) CHI_THREAD_ANNOTATION(guarded_by(mutex))
/// On a pointer: touch what it points to only while holding `mutex`.
#define CHI_PT_GUARDED_BY(mutex) CHI_THREAD_ANNOTATION(pt_guarded_by(mutex))
/// On a function: the caller holds these locks, and still does afterwards.
#define CHI_REQUIRES(...) \
  CHI_THREAD_ANNOTATION(exclusive_locks_required(__VA_ARGS__))
/// On a function: the caller must not hold these locks; it takes them itself.
#define CHI_EXCLUDES(...) CHI_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
/// On a function: takes the lock and returns holding it.
#define CHI_ACQUIRE(...) \
  CHI_THREAD_ANNOTATION(exclusive_lock_function(__VA_ARGS__))
/// On a function: its first argument is what it returns if it took the lock.
#define CHI_TRY_ACQUIRE(...) \
  CHI_THREAD_ANNOTATION(exclusive_trylock_function(__VA_ARGS__))
/// On a function: gives the lock back.
#define CHI_RELEASE(...) CHI_THREAD_ANNOTATION(unlock_function(__VA_ARGS__))
/// The same for a lock that several may hold together.
#define CHI_ACQUIRE_SHARED(...) \
  CHI_THREAD_ANNOTATION(shared_lock_function(__VA_ARGS__))
#define CHI_TRY_ACQUIRE_SHARED(...) \
  CHI_THREAD_ANNOTATION(shared_trylock_function(__VA_ARGS__))
#define CHI_RELEASE_SHARED(...) \
  CHI_THREAD_ANNOTATION(release_shared_capability(__VA_ARGS__))
/// On a class: it is a lock.
#define CHI_LOCKABLE CHI_THREAD_ANNOTATION(lockable)
/// On a class: it holds a lock for as long as it lives.
#define CHI_SCOPED_LOCKABLE CHI_THREAD_ANNOTATION(scoped_lockable)
/// On a function: not checked. Say why beside it.
#define CHI_NO_THREAD_SAFETY_ANALYSIS \
  CHI_THREAD_ANNOTATION(no_thread_safety_analysis)

#endif  // CHIMAERA_BASE_THREAD_ANNOTATIONS_H_
