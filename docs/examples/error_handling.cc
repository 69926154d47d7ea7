// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a task can end: with a result, or with one of several kinds of error.
// Each comes as a code and a text; nothing is thrown at a client.

#include <chimaera/chimaera.h>
#include <example/store/store_client.h>

#include <cstdio>
#include <string>

using namespace example::store;  // NOLINT(google-build-using-namespace)

int main() {
  if (!chi::CHIMAERA_INIT(chi::ChimaeraMode::kClient, true)) return 1;
  Client store;
  if (!store.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "store",
                    chi::PoolId(8002, 0))) {
    return 1;
  }
  auto* ipc_manager = CHI_IPC;
  const auto here = chi::PoolQuery::Local();

  // What the method says in the task's own fields.
  auto parse = store.Async<ParseTask>(here, "42");
  if (!parse.Get().ok()) return 1;
  std::printf("result %llu\n", static_cast<unsigned long long>(parse->number_));
  parse = store.Async<ParseTask>(here, "forty-two");
  if (!parse.Get().ok()) return 1;
  std::printf("result code %u: %s\n", parse->result_code_,
              parse->data_.str().c_str());

  // SetError, what a method throws, and what could not be run at all.
  const chi::Status by_module = store.Async<ParseTask>(here, "").Get();
  std::printf("%s\n", by_module.ToString().c_str());
  const chi::Status thrown = store.Async<ParseTask>(here, "-1").Get();
  std::printf("%s\n", thrown.ToString().c_str());
  const auto nowhere = chi::PoolQuery::DirectId(42);
  const chi::Status wrong = store.Async<ParseTask>(nowhere, "42").Get();
  std::printf("%s\n", wrong.ToString().c_str());

  // A method that waits for what never comes, with a deadline and cancelled.
  auto late = ipc_manager->NewTask<MeetTask>(
      chi::CreateTaskId(), store.pool_id_, here, chi::u64{1000});
  late->SetTimeout(20);  // milliseconds
  const chi::Status too_late = ipc_manager->Submit(late).Get();
  auto cancelled = store.Async<MeetTask>(here, chi::u64{1000});
  cancelled.Cancel();
  const chi::Status ended = cancelled.Get();
  std::printf("%s\n%s\n", chi::StatusCodeName(too_late.code_value()),
              chi::StatusCodeName(ended.code_value()));

  // None of this has harmed the pool: the locks are free.
  auto last = store.Async<AddTask>(here, 1u, chi::u64{1});
  const bool well = last.Get().ok();
  std::printf("the pool is %s\n", well ? "well" : "broken");
  return well ? 0 : 1;
}
