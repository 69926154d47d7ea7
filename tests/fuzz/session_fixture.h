// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A session without a client: its segments, runtime data, and nobody else.

#ifndef CHIMAERA_TESTS_FUZZ_SESSION_FIXTURE_H_
#define CHIMAERA_TESTS_FUZZ_SESSION_FIXTURE_H_

#include <memory>
#include <utility>

#include "chimaera/base/check.h"
#include "chimaera/base/log.h"
#include "chimaera/ipc/runtime_data.h"
#include "chimaera/ipc/session.h"

namespace chi::fuzz {

inline constexpr u64 kSegmentBytes = 64 * kKiB;

inline std::unique_ptr<Session> MakeSession() {
  SetLogLevel(LogLevel::kFatal);
  auto commons = std::make_shared<SessionCommons>();
  RuntimeDataOptions options;
  options.segment_bytes = kSegmentBytes;
  auto data = RuntimeData::Create(commons->segments, options);
  CHI_CHECK_OK(data.status());
  commons->data = *std::move(data);
  SessionLimits limits;
  limits.max_result_bytes = kMiB;
  auto session = Session::Create({1, 1, 1}, limits, kSegmentBytes,
                                 kSegmentBytes, 1, commons, nullptr);
  CHI_CHECK_OK(session.status());
  return *std::move(session);
}

}  // namespace chi::fuzz

#endif  // CHIMAERA_TESTS_FUZZ_SESSION_FIXTURE_H_
