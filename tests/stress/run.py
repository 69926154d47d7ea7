# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# `make stress`. Each tool runs alone; two cores are enough for one at a time.
"""Run every fault tool at the count that is promised, and print one table."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FUZZ_TARGETS = ("task_decode", "resolve", "control", "config", "block_file")
#: Room that a device of 8 GiB wants, with something to spare.
LARGE_MEMORY = 10 * 2**30
TOOL_TIMEOUT_S = 900
COLUMNS = ("asked", "done", "per_minute", "leaked_bytes", "leaked_fds", "hung")
#: Keys that are not worth a place behind the table's columns.
PLAIN = (*COLUMNS, "name", "seed", "failures", "result")


@dataclass
class Run:
    """One line of the table, and how it comes about."""

    name: str
    command: list[str | Path]
    row: dict[str, str] = field(default_factory=dict)
    seconds: float = 0

    @property
    def ok(self) -> bool:
        """Whether it did what was asked and nothing went wrong."""
        return self.row.get("result") == "ok"


def memory_available() -> int:
    """Return the bytes that the system could give."""
    text = Path("/proc/meminfo").read_text()
    return 1024 * int(re.search(r"MemAvailable: *(\d+)", text)[1])


def tool_runs(args: argparse.Namespace) -> Iterator[Run]:
    """List the tools with the counts of the fault tables."""

    def tool(title: str, program: str, **options: object) -> Run:
        words = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
        split = [part for word in words for part in word.split("=", 1)]
        seed = ["--seed", str(args.seed)]
        return Run(title, [args.build / "bin" / f"chi_stress_{program}", *split, *seed])

    yield tool("kill_storm", "kill_storm", count=5000, giants=3, giant_mib=1024)
    yield tool("kill_giants", "kill_storm", count=8, giants=2, giant_mib=4096)
    yield tool("fork_then_kill", "client_identity", part="forks", count=1000)
    yield tool("pid_reuse", "client_identity", part="pids", count=1000)
    yield tool("runtime_kill_loop", "runtime_kill_loop", count=480, ram_mib=256)
    if memory_available() > LARGE_MEMORY:
        yield tool("runtime_kill_8gib", "runtime_kill_loop", count=20, ram_mib=8192)
    else:
        yield Run("runtime_kill_8gib", [])
    yield tool("start_race", "start_race", count=50, parallel=200)
    yield tool("module_throws", "module_faults", part="throws", count=1_000_000)
    yield tool("module_crashes", "module_faults", part="crashes", count=100)
    yield tool("stuck_tasks", "stuck_tasks", count=10_000)
    yield tool("overload", "overload", count=64, seconds=30, max_spread=2)
    sanitized = args.fuzz_build / "bin/chi_stress_forge_pointers"
    pointers = tool("forge_pointers", "forge_pointers", count=100_000_000)
    if sanitized.exists():
        pointers.command[0] = sanitized
    yield pointers
    yield tool("forge_tasks", "forge_tasks", part="tasks", count=1_000_000)
    yield tool("forge_rings", "forge_tasks", part="rings", count=1_000_000)
    yield tool("forge_blocks", "forge_blocks", count=1_000_000)
    yield tool(
        "crash_images", "crash_enum", part="crashes", count=10_000_000, threads=2
    )
    yield tool("flipped_bits", "crash_enum", part="flips", count=1024, threads=2)
    yield tool("forge_hellos", "forge_handshake", part="hellos", count=12_000)
    yield tool("forge_seals", "forge_handshake", part="seals", count=12_000)


def script_runs(args: argparse.Namespace) -> Iterator[Run]:
    """List the tools that are scripts."""
    here = ROOT / "tests/stress"
    yield Run(
        "other_uid",
        [
            *(sys.executable, here / "other_uid.py", "--count", "20"),
            *("--programs", args.build / "bin", "--library-dir", args.build / "lib"),
        ],
    )
    yield Run(
        "mutation_check",
        [sys.executable, here / "mutation_check.py", "--build", args.build],
    )


def fuzz_runs(args: argparse.Namespace) -> Iterator[Run]:
    """List the fuzz targets that were built."""
    for target in FUZZ_TARGETS:
        program = args.fuzz_build / "bin" / f"chi_fuzz_{target}"
        yield Run(f"fuzz_{target}", [program] if program.exists() else [])


def parse(line: str) -> dict[str, str]:
    """Take a tool's last line apart."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def execute(run: Run, args: argparse.Namespace) -> None:
    """Run it, pass on what it says, fill its row."""
    if not run.command:
        run.row = {"result": "skipped"}
        return
    command = ["nice", *map(str, run.command)]
    corpus = None
    if run.name.startswith("fuzz_"):
        corpus = tempfile.TemporaryDirectory(prefix="chimaera-corpus-")
        seeds = ROOT / "tests/fuzz/seeds" / run.name.removeprefix("fuzz_")
        limit = [f"-max_total_time={args.fuzz_seconds}", f"-seed={args.seed}"]
        command += [*limit, "-print_final_stats=1", "-verbosity=0"]
        command += [f"-artifact_prefix={args.build}/", corpus.name, str(seeds)]
    begin = time.monotonic()
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TOOL_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        run.row = {"result": "TIMED_OUT", "hung": "1"}
        return
    finally:
        run.seconds = time.monotonic() - begin
        if corpus is not None:
            corpus.cleanup()
    if corpus is not None:
        run.row = fuzz_row(done, args, run.seconds)
    else:
        lines = [line for line in done.stdout.splitlines() if "result=" in line]
        run.row = parse(lines[-1]) if lines else {"result": f"EXIT_{done.returncode}"}
        run.row = run.row if done.returncode == 0 else {**run.row, "result": "FAILED"}
    if not run.ok or run.name == "mutation_check":
        sys.stderr.write(done.stderr[-8000:])


def fuzz_row(
    done: subprocess.CompletedProcess[str], args: argparse.Namespace, seconds: float
) -> dict[str, str]:
    """Make a row of libFuzzer's statistics."""
    found = re.search(r"stat::number_of_executed_units: (\d+)", done.stderr)
    executions = int(found[1]) if found else 0
    return {
        "asked": f"{args.fuzz_seconds}s",
        "done": str(executions),
        "per_minute": f"{executions * 60 / seconds:.0f}",
        "result": "ok" if done.returncode == 0 and executions > 0 else "FAILED",
    }


def print_table(runs: list[Run]) -> None:
    """Print what every run came to."""
    heads = ("name", *COLUMNS, "seconds", "result", "and")
    rows = [heads]
    for run in runs:
        more = [f"{key}={value}" for key, value in run.row.items() if key not in PLAIN]
        cells = [run.row.get(column, "-") for column in COLUMNS]
        result = run.row.get("result", "-")
        rows.append((run.name, *cells, f"{run.seconds:.0f}", result, " ".join(more)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads) - 1)]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [row[i].rjust(widths[i]) for i in range(1, len(widths))]
        print("  ".join([*cells, row[-1]]).rstrip())


def main() -> int:
    """Run all, or those named, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--fuzz-build", type=Path, default=ROOT / "build/fuzz")
    parser.add_argument("--fuzz-seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*", help="only these")
    args = parser.parse_args()
    args.build = args.build.resolve()
    args.fuzz_build = args.fuzz_build.resolve()
    os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    runs = [*tool_runs(args), *fuzz_runs(args), *script_runs(args)]
    runs = [run for run in runs if not args.names or run.name in args.names]
    begin = time.monotonic()
    for run in runs:
        print(f"stress: {run.name} ...", end=" ", flush=True)
        execute(run, args)
        print(run.row.get("result", "-"), f"({run.seconds:.0f} s)", flush=True)
    print()
    print_table(runs)
    skipped = [run.name for run in runs if run.row.get("result") == "skipped"]
    if skipped:
        print("skipped, for want of memory or of clang:", ", ".join(skipped))
    print(f"in {(time.monotonic() - begin) / 60:.1f} minutes, seed {args.seed}")
    return 0 if all(run.ok or run.name in skipped for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
