// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// For claims about how a process ends: runs code in a forked child and reports
// its end and what it wrote to stderr.

#ifndef CHIMAERA_TESTS_BASE_RUN_IN_CHILD_H_
#define CHIMAERA_TESTS_BASE_RUN_IN_CHILD_H_

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "chimaera/base/check.h"
#include "chimaera/base/unique_fd.h"

namespace chi::test {

struct ChildEnd {
  int signal = 0;     // that killed it; 0 if it exited
  int exit_code = 0;  // if it exited
  std::string stderr_text;
};

/// The child exits with 0 when `body` returns. REQUIRES: the caller is the only
/// thread.
template <typename Body>
ChildEnd RunInChild(Body body) {
  int ends[2];
  CHI_CHECK(::pipe(ends) == 0);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  CHI_CHECK(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // the test framework's would report it
    ::dup2(writer.get(), STDERR_FILENO);
    body();
    ::_exit(0);
  }
  writer.Reset();
  ChildEnd end;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(reader.get(), buffer, sizeof(buffer))) > 0;) {
    end.stderr_text.append(buffer, static_cast<std::size_t>(n));
  }
  int status = 0;
  CHI_CHECK(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  } else {
    end.exit_code = WEXITSTATUS(status);
  }
  return end;
}

}  // namespace chi::test

#endif  // CHIMAERA_TESTS_BASE_RUN_IN_CHILD_H_
