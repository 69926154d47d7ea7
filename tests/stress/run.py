# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# `make stress`. Each tool runs alone, two cores being enough for one at a time;
# only the fuzzers, which need one each, run side by side.
"""Run every fault tool at the count that is promised, and print one table.

A row that fails is named at the end and makes the exit code 1; the others run
all the same. A row that cannot do its counts here, for want of memory, of clang
or of root, is skipped and named with the reason; one that did nothing for no
reason has failed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rows import ROWS, Row

ROOT = Path(__file__).parents[2]
FUZZ_TARGETS = {
    "task_decode": "M2",
    "task_batch": "M2",
    "resolve": "M1",
    "control": "V1",
    "config": "Y1",
    "block_file": "Q7",
}
#: Tests of tests/python/test_chaos.py, at the counts that they name, and what the
#: figures that they record may be at most.
PYTHON_TESTS: dict[str, tuple[str, dict[str, int]]] = {
    "test_a_busy_process_ends": ("P2", {"exit_max_ms": 1000}),
    "test_forks_under_load": ("F1", {}),
    "test_workers_under_load": ("F1", {}),
    "test_interrupts_in_a_row": ("P1", {"interrupt_max_ms": 200}),
    "test_kernels_that_are_killed": ("P3", {}),
    "test_arrays_outlive_daemons": ("P4", {}),
}
PROGRAM_SEEDS = 100_000
#: Room that a device of 8 GiB wants, with something to spare.
LARGE_MEMORY = 10 * 2**30
#: Descriptors that 200 daemons at a time need.
DESCRIPTORS = 8192
TOOL_TIMEOUT_S = 1800
COLUMNS = ("asked", "done", "per_minute", "leaked_bytes", "leaked_fds", "hung")
#: Keys that are not worth a place behind the table's columns.
PLAIN = (*COLUMNS, "name", "seed", "failures", "result")


@dataclass
class Run:
    """One line of the table, and how it comes about."""

    name: str
    faults: str
    command: list[str | Path]
    asked: str = "-"
    environment: dict[str, str] = field(default_factory=dict)
    limits: tuple[tuple[str, int | str], ...] = ()
    #: What is wanting if `command` is empty.
    wanting: str = ""
    row: dict[str, str] = field(default_factory=dict)
    seconds: float = 0

    @property
    def ok(self) -> bool:
        """Whether it did what was asked and nothing went wrong."""
        return self.row.get("result") == "ok"

    @property
    def skipped(self) -> bool:
        """Whether it could not be tried here; then the row says why."""
        return self.row.get("result") == "skipped"

    def judge(self) -> None:
        """Hold what went well against its limits; who did nothing did not."""
        if not self.ok:
            return
        if self.row.get("done", "0") == "0":
            self.row["result"] = "NOTHING_DONE"
        for name, limit in self.limits:
            value = self.row.get(name)
            most = self.row.get(limit) if isinstance(limit, str) else limit
            if value is None or most is None or int(value) > int(most):
                self.row["result"] = f"{name}>{most}"


def memory_available() -> int:
    """Return the bytes that the system could give."""
    text = Path("/proc/meminfo").read_text()
    found = re.search(r"MemAvailable: *(\d+)", text)
    return 1024 * int(found[1]) if found else 0


def tool_run(row: Row, args: argparse.Namespace) -> Run:
    """Make the run of a tool."""
    name = f"chi_stress_{row.program}"
    program = args.build / "bin" / name
    if row.sanitized and (args.fuzz_build / "bin" / name).exists():
        program = args.fuzz_build / "bin" / name
    options = shlex.split(row.full or "")
    command = [program, *options, "--seed", str(args.seed)]
    if "8192" in options and memory_available() < LARGE_MEMORY:
        command = []
    return Run(row.name, row.faults, command, limits=row.limits, wanting="memory")


def sanitized_package() -> dict[str, str]:
    """Return what makes Python take the package of preset asan-python, if built."""
    package = ROOT / "build/asan-python/site"
    if not package.exists():
        return {}
    libraries = ("libasan.so", "libubsan.so")
    paths = [
        subprocess.run(
            ["g++", f"-print-file-name={library}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for library in libraries
    ]
    return {
        "LD_PRELOAD": ":".join(paths),
        # What Python itself keeps to its end is no leak of ours.
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONPATH": str(package),
    }


def script_runs(args: argparse.Namespace) -> Iterator[Run]:
    """List what is no tool of its own."""
    here = ROOT / "tests/stress"
    programs = args.build / "bin"
    named = ("-w", "NoTests")  # no such test is an error
    yield Run(
        "outcome_programs",
        "W1 W5",
        [programs / "chi_core_test", "Outcome programs*", *named],
        asked=str(PROGRAM_SEEDS),
        environment={
            "CHI_PROGRAM_FIRST": str(1_000_000 * args.seed),
            "CHI_PROGRAM_SEEDS": str(PROGRAM_SEEDS),
        },
    )
    yield Run(
        "allocator_model",
        "M5",
        [programs / "chi_base_test", "ExtentAllocator: a million operations", *named],
        asked="1000000",
    )
    # Shared memory comes from nothing that a container may have made small.
    tests = f"ctest --test-dir {shlex.quote(str(args.build))} -LE stress -j2"
    tests += " --no-tests=error"
    small = f"mount -t tmpfs -o size=64m tmpfs /dev/shm && exec {tests}"
    yield Run(
        "small_dev_shm",
        "Q2",
        ["unshare", "--mount", "sh", "-c", small] if os.geteuid() == 0 else [],
        asked="1",
        wanting="root",
    )
    yield Run(
        "other_uid",
        "A1 A2 A3 A4 A5",
        [
            *(sys.executable, here / "other_uid.py", "--count", "20"),
            *("--programs", programs, "--library-dir", args.build / "lib"),
        ],
    )
    yield Run(
        "mutation_check",
        "",
        [sys.executable, here / "mutation_check.py", "--build", args.build],
    )


def all_runs(args: argparse.Namespace) -> Iterator[Run]:
    """List every line of the table."""
    for row in ROWS:
        if row.full is not None:
            yield tool_run(row, args)
    for target, faults in FUZZ_TARGETS.items():
        program = args.fuzz_build / "bin" / f"chi_fuzz_{target}"
        command = [program] if program.exists() else []
        yield Run(f"fuzz_{target}", faults, command, wanting="clang")
    tests = ROOT / "tests/python/test_chaos.py"
    for test, (faults, limits) in PYTHON_TESTS.items():
        pytest = [sys.executable, "-m", "pytest", "-q", "-m", "stress", f"{tests}"]
        name = test.replace("test_", "py_", 1)
        environment = sanitized_package() if faults == "P4" else {}
        yield Run(
            name,
            faults,
            [*pytest, "-k", test],
            environment=environment,
            limits=tuple(limits.items()),
        )
    yield from script_runs(args)


def parse(line: str) -> dict[str, str]:
    """Take a tool's last line apart."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def execute(run: Run, args: argparse.Namespace) -> None:
    """Run it, pass on what it says, fill its row."""
    if not run.command:
        run.row = {"result": "skipped", "skipped": f"needs_{run.wanting}"}
        return
    with tempfile.TemporaryDirectory(prefix="chimaera-stress-") as scratch:
        command = ["nice", *map(str, run.command)]
        if run.name.startswith("fuzz_"):
            seeds = ROOT / "tests/fuzz/seeds" / run.name.removeprefix("fuzz_")
            limit = [f"-max_total_time={args.fuzz_seconds}", f"-seed={args.seed}"]
            command += [*limit, "-print_final_stats=1", "-verbosity=0"]
            command += [f"-artifact_prefix={args.build}/", scratch, str(seeds)]
        elif run.name.startswith("py_"):
            command += [f"--junitxml={scratch}/result.xml", "-o", "junit_family=xunit1"]
        begin = time.monotonic()
        try:
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TOOL_TIMEOUT_S,
                cwd=ROOT,
                env={**os.environ, **run.environment},
            )
        except subprocess.TimeoutExpired:
            run.row = {"asked": run.asked, "result": "TIMED_OUT", "hung": "1"}
            return
        finally:
            run.seconds = time.monotonic() - begin
        run.row = row_of(run, done, args, Path(scratch))
    if done.returncode != 0 and run.ok:
        run.row["result"] = f"EXIT_{done.returncode}"
    run.judge()
    if not run.ok:
        said = done.stderr if "result=" in done.stdout else done.stdout + done.stderr
        sys.stderr.write(said[-8000:])


def row_of(
    run: Run,
    done: subprocess.CompletedProcess[str],
    args: argparse.Namespace,
    scratch: Path,
) -> dict[str, str]:
    """Read what a run came to from what it left."""
    if run.name.startswith("fuzz_"):
        return fuzz_row(done, args, run.seconds)
    if run.name.startswith("py_"):
        return python_row(scratch / "result.xml", run.seconds)
    lines = [line for line in done.stdout.splitlines() if "result=" in line]
    if lines:
        return parse(lines[-1])
    result = "ok" if done.returncode == 0 else f"EXIT_{done.returncode}"
    return {
        "asked": run.asked,
        "done": run.asked if done.returncode == 0 else "0",
        "result": result,
    }


def python_row(report: Path, seconds: float) -> dict[str, str]:
    """Add up the tests of a report by the counts that stand in their names.

    Of figures that they recorded, the largest.
    """
    asked, done = 0, 0
    not_tried: list[str] = []
    figures: dict[str, int] = {}
    # Written by our own pytest, a moment ago.
    found = ET.parse(report) if report.exists() else None  # noqa: S314
    cases = found.iter("testcase") if found is not None else ()
    for case in cases:
        number = re.search(r"\b(\d+)\b", case.get("name", "").partition("[")[2])
        count = int(number[1]) if number else 1
        skipped = case.find("skipped")
        if skipped is not None:
            not_tried.append("_".join(skipped.get("message", "?").split()))
            continue
        asked += count
        if not any(child.tag in ("failure", "error") for child in case):
            done += count
        for figure in case.iter("property"):
            name, value = figure.attrib["name"], int(figure.attrib["value"])
            figures[name] = max(value, figures.get(name, 0))
    if not_tried and done == asked:
        return {"asked": "-", "result": "skipped", "skipped": not_tried[0]}
    return {
        "asked": str(asked),
        "done": str(done),
        "per_minute": f"{done * 60 / seconds:.0f}",
        "leaked_fds": "0" if done == asked else "?",
        "hung": "0" if done == asked else "?",
        "result": "ok" if done == asked > 0 else "FAILED",
        **{name: str(value) for name, value in figures.items()},
    }


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
    heads = ("name", "faults", *COLUMNS, "seconds", "result", "and")
    rows = [heads]
    for run in runs:
        more = [f"{key}={value}" for key, value in run.row.items() if key not in PLAIN]
        cells = [run.row.get(column, "-") for column in COLUMNS]
        result = run.row.get("result", "-")
        named = (run.name, run.faults or "-")
        rows.append((*named, *cells, f"{run.seconds:.0f}", result, " ".join(more)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads) - 1)]
    for row in rows:
        cells = [row[i].ljust(widths[i]) for i in range(2)]
        cells += [row[i].rjust(widths[i]) for i in range(2, len(widths))]
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
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(DESCRIPTORS, most) if most != resource.RLIM_INFINITY else DESCRIPTORS
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    runs = [r for r in all_runs(args) if not args.names or r.name in args.names]
    begin = time.monotonic()

    def execute_and_tell(run: Run) -> None:
        execute(run, args)
        result = run.row.get("result", "-")
        print(f"stress: {run.name}: {result} ({run.seconds:.0f} s)", flush=True)

    for several, group in itertools.groupby(runs, lambda r: r.name.startswith("fuzz_")):
        with ThreadPoolExecutor(os.cpu_count() if several else 1) as pool:
            list(pool.map(execute_and_tell, group))
    print()
    print_table(runs)
    skipped = [f"{run.name} ({run.row['skipped']})" for run in runs if run.skipped]
    if skipped:
        print("skipped:", ", ".join(skipped))
    failed = [run.name for run in runs if not run.ok and not run.skipped]
    if failed:
        print("FAILED:", ", ".join(failed))
    print(f"in {(time.monotonic() - begin) / 60:.1f} minutes, seed {args.seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
