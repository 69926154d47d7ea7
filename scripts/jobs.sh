#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Prints how many compilers may run at once: one per core, at most two where the
# memory is under 4 GiB (a compiler takes up to 1 GiB).
set -eu

jobs=$(nproc)
memory_kib=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
if [ "$memory_kib" -lt 4194304 ] && [ "$jobs" -gt 2 ]; then
  jobs=2
fi
echo "$jobs"
