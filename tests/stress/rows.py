# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# CMakeLists.txt runs this file to learn the small runs; run.py imports it for
# the promised ones. It needs nothing but the standard library of Python 3.9.
"""Which fault is tried by which tool, how often by ctest and in `make stress`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A fault tool with its options; a line of the table of `make stress`.

    Parameters
    ----------
    name
        In the table; ctest calls it ``stress/<name>``.
    faults
        The faults that it stands for: C clients, M shared memory, R runtime, W
        modules and workers, Q resources, A other users, V versions, P Python, F
        forks.
    program
        ``chi_stress_<program>``.
    small, full
        Options in ctest and in `make stress`; None: it is not run there. Small
        runs inject each fault at least 20 times.
    limits
        What a field of the tool's last line may be at most, in `make stress`
        only: ctest runs beside other things, and must not judge speed. The name
        of another field stands for its value.
    sanitized
        In `make stress` the tool and its daemon are those of preset fuzz, with
        the address sanitizer, if they were built.
    """

    name: str
    faults: str
    program: str
    small: str | None
    full: str | None
    limits: tuple[tuple[str, int | str], ...] = ()
    sanitized: bool = False


ROWS = (
    Row(
        "kill_storm",
        "C1 C2 C3 C6",
        "kill_storm",
        "--count 210 --giants 0",
        "--count 5000 --giants 0",
        (("locks_free_ms", 1000),),
    ),
    Row(
        "kill_giants",
        "C3 C4",
        "kill_storm",
        "--count 8 --giants 20 --giant-mib 64",
        "--count 8 --giants 20 --giant-mib 1024",
        (("giant_reclaim_ms", "giant_bound_ms"),),
    ),
    Row(
        "kill_giants_4gib",
        "C4",
        "kill_storm",
        None,
        "--count 8 --giants 5 --giant-mib 4096",
        (("giant_reclaim_ms", "giant_bound_ms"),),
    ),
    Row(
        "fork_then_kill",
        "C5",
        "client_identity",
        "--part forks --count 20",
        "--part forks --count 1000",
        (("reclaim_max_ms", 1000),),
    ),
    Row(
        "pid_reuse",
        "C7",
        "client_identity",
        "--part pids --count 20",
        "--part pids --count 1000",
    ),
    Row(
        "stopped_clients",
        "C8",
        "stopped_clients",
        "--count 20 --stop-ms 100",
        "--count 100 --stop-ms 5000",
    ),
    Row(
        "forge_pointers",
        "M1",
        "forge_pointers",
        "--count 1000000",
        "--count 100000000",
        sanitized=True,
    ),
    Row(
        "forge_tasks",
        "M2",
        "forge_tasks",
        "--part tasks --count 20000",
        "--part tasks --count 1000000",
    ),
    Row(
        "flips",
        "M3",
        "scribble",
        "--part flips --count 20 --ms 100",
        "--part flips --count 200 --ms 1000",
        sanitized=True,
    ),
    Row(
        "scribbles",
        "M4",
        "scribble",
        "--part scribbles --count 20 --ms 100",
        "--part scribbles --count 200 --ms 1000",
        sanitized=True,
    ),
    Row(
        "forge_blocks",
        "M5",
        "forge_blocks",
        "--count 20000",
        "--count 1000000",
    ),
    Row(
        "forge_rings",
        "M6",
        "forge_tasks",
        "--part rings --count 2000",
        "--part rings --count 1000000",
    ),
    Row(
        "forge_seals",
        "M7",
        "forge_handshake",
        "--part seals --count 600",
        "--part seals --count 12000",
    ),
    Row(
        "runtime_kill_loop",
        "R1 R2 R5",
        "runtime_kill_loop",
        "--count 20 --ram-mib 16",
        "--count 480 --ram-mib 256",
        (("notice_p99_ms", 100), ("first_task_p99_ms", 1000)),
    ),
    Row(
        "runtime_kill_8gib",
        "R1 R2",
        "runtime_kill_loop",
        None,
        "--count 20 --ram-mib 8192",
        (("notice_p99_ms", 100),),
    ),
    Row(
        "object_kills",
        "R3",
        "object_kills",
        "--count 20",
        "--count 500",
    ),
    Row(
        "start_race",
        "R4",
        "start_race",
        "--count 20 --parallel 10",
        "--count 50 --parallel 200",
    ),
    Row(
        "module_throws",
        "W1",
        "module_faults",
        "--part throws --count 20000",
        "--part throws --count 1000000",
        (("ns_per_task", 5000),),
    ),
    Row(
        "module_crashes",
        "W2",
        "module_faults",
        "--part crashes --count 21",
        "--part crashes --count 100",
        (("start_p99_ms", 1000),),
    ),
    Row(
        "blocked_worker",
        "W3",
        "module_limits",
        "--part blocks --count 20 --ms 250",
        "--part blocks --count 3 --ms 10000",
        (("short_p99_us", 50_000), ("unreported", 0)),
    ),
    Row(
        "module_leaks",
        "W4",
        "module_leaks",
        "--count 2000",
        "--count 100000",
    ),
    Row(
        "stuck_tasks",
        "W5",
        "stuck_tasks",
        "--count 20",
        "--count 10000",
        (("late_parked_ms", 100), ("late_worker_ms", 100)),
    ),
    Row("broken_modules", "W6", "broken_modules", "--count 1", "--count 20"),
    Row(
        "pools_under_load",
        "W7",
        "module_limits",
        "--part pools --count 20",
        "--part pools --count 1000",
    ),
    Row(
        "overload",
        "Q1",
        "overload",
        "--count 32 --seconds 2",
        "--count 64 --seconds 30 --max-spread 2",
    ),
    Row(
        "memory_full",
        "Q2",
        "limits",
        "--part memory --count 20",
        "--part memory --count 1000",
    ),
    Row(
        "disk_full",
        "Q3",
        "disk_full",
        "--count 20",
        "--count 1000",
    ),
    Row(
        "file_sweep",
        "Q4 Q5",
        "file_faults",
        "--part sweep --count 190",
        "--part sweep --count 2400",
    ),
    Row(
        "file_stall",
        "Q5",
        "file_faults",
        "--part stall --count 20",
        "--part stall --count 1000",
    ),
    Row(
        "descriptors_used_up",
        "Q8",
        "limits",
        "--part descriptors --count 20",
        "--part descriptors --count 200",
    ),
    Row(
        "out_of_memory",
        "Q8",
        "out_of_memory",
        "--count 1000",
        "--count 1000",
    ),
    Row(
        "forge_hellos",
        "V1 A3",
        "forge_handshake",
        "--part hellos --count 600",
        "--part hellos --count 12000",
    ),
    Row(
        "crash_images",
        "Q6",
        "crash_enum",
        "--part crashes --count 1000000 --threads 2",
        "--part crashes --count 10000000 --threads 2",
    ),
    Row(
        "flipped_bits",
        "Q7",
        "crash_enum",
        "--part flips --count 48",
        "--part flips --count 1024 --threads 2",
    ),
)

if __name__ == "__main__":
    for row in ROWS:
        if row.small is not None:
            print(f"{row.name}:{row.program}:{row.small}")
