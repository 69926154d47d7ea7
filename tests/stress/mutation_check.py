# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The product code knows nothing of this: a mutant is a patched copy of one file.
"""Plant bugs one at a time; each must turn a named test red.

A bug is a textual patch to a copy of a source or header. If the text it wants
to replace is gone, the check fails, so that it cannot go stale in silence.
Then either the test program is linked again with the copy (for headers), or
the library that the source is in, which is loaded before the real one in the
tool and in its daemon, so that no build is repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A test that hangs has noticed the bug; without it none takes ten seconds.
TIMEOUT_S = 90
INCLUDE = "src/cpp/include"
FORMAT = "chimods/bdev/src/format"
CRASHES = ("chi_stress_crash_enum", "--count", "300000")


@dataclass(frozen=True)
class Mutant:
    """A bug and the test that must notice it."""

    name: str
    file: str  #: The patched file.
    anchor: str  #: What is replaced; must be there exactly once.
    bug: str
    test: tuple[str, ...]  #: Program and options; must fail.
    sources: tuple[str, ...]  #: Compiled again with the patched file.
    relink: bool = False  #: Into the test program; else loaded before all.


MUTANTS = (
    Mutant(
        "no_bounds_check",
        f"{INCLUDE}/chimaera/ipc/session.h",
        "    if (size > segment.size || p.offset() > segment.size - size) "
        "return nullptr;\n",
        "",
        ("chi_stress_forge_pointers", "--count", "100000"),
        ("tests/stress/forge_pointers.cc",),
        relink=True,
    ),
    Mutant(
        "no_generation_check",
        "chimods/bdev/src/block_table.cc",
        "  const u32 generation = block.generation();\n",
        "  const u32 generation = slot.generation;\n",
        ("chi_stress_forge_blocks", "--count", "5000"),
        ("chimods/bdev/src/block_table.cc",),
    ),
    Mutant(
        "no_fence_in_the_ring",
        f"{INCLUDE}/chimaera/shm/ring_queue.h",
        "    static_cast<void>(\n"
        "        slot.sequence.exchange(position + 1, std::memory_order_seq_cst));\n",
        "    slot.sequence.store(position + 1, std::memory_order_release);\n",
        ("chi_model_test",),
        ("tests/model/sleep_model_test.cc",),
        relink=True,
    ),
    Mutant(
        "double_completion",
        "src/cpp/core/dispatcher.cc",
        "  SubmittedTask submitted{&shared, pointer, ReadHeader(shared)};\n",
        "  SubmittedTask submitted{&shared, pointer, ReadHeader(shared)};\n"
        "  Finish(session, shared, TaskState::kDone);\n",
        ("chi_stress_kill_storm", "--count", "50", "--giants", "0"),
        ("src/cpp/core/dispatcher.cc",),
    ),
    Mutant(
        "leak_on_detach",
        "src/cpp/runtime/server.cc",
        "            pools->NotifyClientGone(id);\n",
        "            static_cast<void>(pools);\n            static_cast<void>(id);\n",
        ("chi_stress_kill_storm", "--count", "50", "--giants", "0"),
        ("src/cpp/runtime/server.cc",),
    ),
    Mutant(
        "no_seal",
        "src/cpp/shm/segment.cc",
        "  if (::fcntl(segment.fd(), F_ADD_SEALS, seals) != 0) {\n",
        "  if (seals == 0) {\n",
        ("chi_stress_forge_handshake", "--part", "seals", "--count", "50"),
        ("src/cpp/shm/segment.cc",),
    ),
    Mutant(
        "no_pidfd",
        "src/cpp/ipc/control_service.cc",
        "  return Watch(connection.pidfd.get(), PidfdKey(connection.id), EPOLLIN);\n",
        "  static_cast<void>(connection);\n  return Status::Ok();\n",
        ("chi_stress_client_identity", "--part", "forks", "--count", "1"),
        ("src/cpp/ipc/control_service.cc",),
    ),
    Mutant(
        "wrong_group",
        f"{INCLUDE}/chimaera/sched/lock_group.h",
        "    return a.major == b.major && a.client == b.client;\n",
        "    return a.major == b.major;\n",
        ("chi_sched_test", "LockQueue: groups leave in the order*"),
        ("tests/cpp/sched/lock_queue_test.cc", "src/cpp/sched/lock_queue.cc"),
        relink=True,
    ),
    Mutant(
        "starved_writer",
        "src/cpp/sched/corwlock.cc",
        "!holders_.has_writer() && queue_.empty()",
        "!holders_.has_writer()",
        ("chi_sched_test", "CoRwLock: readers that come later*"),
        ("src/cpp/sched/corwlock.cc",),
    ),
    Mutant(
        "unreleased_lock",
        f"{INCLUDE}/chimaera/sched/comutex.h",
        "  ~ScopedCoMutex() CHI_RELEASE() { mutex_.Unlock(); }\n",
        "  ~ScopedCoMutex() CHI_RELEASE() {\n"
        "    if (std::uncaught_exceptions() == 0) mutex_.Unlock();\n  }\n",
        ("chi_sched_test", "CoMutex: the scope gives it back*"),
        ("tests/cpp/sched/comutex_test.cc",),
        relink=True,
    ),
    Mutant(
        "lost_wake_up",
        "src/cpp/sched/corwlock.cc",
        "      GrantFront(&granted);  // those behind it",
        "      // those behind it",
        ("chi_sched_test", "CoRwLock: a writer that gives up*"),
        ("src/cpp/sched/corwlock.cc",),
    ),
    Mutant(
        "leaked_fiber",
        "src/cpp/sched/worker_ends.cc",
        "    if (run.context->client_id != client_id) return;\n",
        "    if (run.context->client_id != client_id || true) return;\n",
        ("chi_sched_test", "CoMutex: those whose client is gone*"),
        ("src/cpp/sched/worker_ends.cc",),
    ),
    Mutant(
        "no_crc_of_records",
        f"{FORMAT}/journal.cc",
        "    if (!IsWhole(bytes)) continue;\n    ++num_good;\n",
        "    ++num_good;\n",
        CRASHES,
        (f"{FORMAT}/journal.cc",),
        relink=True,
    ),
    Mutant(
        "no_epoch_of_records",
        f"{FORMAT}/journal.cc",
        "        header.epoch == key_.epoch && header.device_id",
        "        header.device_id",
        CRASHES,
        (f"{FORMAT}/journal.cc",),
        relink=True,
    ),
    Mutant(
        "promise_before_sync",
        f"{FORMAT}/metadata_store.cc",
        "  return io_.Sync();\n",
        "  return Status();\n",
        CRASHES,
        (f"{FORMAT}/metadata_store.cc",),
        relink=True,
    ),
    Mutant(
        "no_barrier_before_superblock",
        f"{FORMAT}/recovery.cc",
        "    // A superblock never points to a checkpoint that may be lost.\n"
        "    CHI_RETURN_IF_ERROR(io.Sync());\n",
        "",
        CRASHES,
        (f"{FORMAT}/recovery.cc",),
        relink=True,
    ),
    Mutant(
        "both_copies_at_once",
        f"{FORMAT}/recovery.cc",
        "    // The other copy, and then the journal, change only once this one is "
        "whole.\n"
        "    CHI_RETURN_IF_ERROR(io.Sync());\n",
        "",
        CRASHES,
        (f"{FORMAT}/recovery.cc",),
        relink=True,
    ),
    Mutant(
        "good_copy_first",
        f"{FORMAT}/recovery.cc",
        "{1 - good_copy, good_copy}",
        "{good_copy, 1 - good_copy}",
        CRASHES,
        (f"{FORMAT}/recovery.cc",),
        relink=True,
    ),
    Mutant(
        "no_sync_of_directory",
        f"{FORMAT}/block_file.cc",
        "  CHI_RETURN_IF_ERROR(SyncDirectory(path, calls));\n",
        "  static_cast<void>(SyncDirectory);\n",
        ("chi_bdev_format_test", "BlockFile:*"),
        (f"{FORMAT}/block_file.cc",),
        relink=True,
    ),
    Mutant(
        "missing_deadline",
        "src/cpp/sched/worker_impl.cc",
        "SwitchAway(run, std::min(deadline_ns, live.deadline_ns))",
        "SwitchAway(run, deadline_ns)",
        ("chi_core_test", "Outcome programs*"),
        ("src/cpp/sched/worker_impl.cc",),
    ),
    Mutant(
        "stale_handle",
        "src/cpp/sched/worker_ends.cc",
        "  const bool meant = IsMarked(*shared);\n",
        "  const bool meant = true;\n",
        ("chi_core_test", "Outcome programs*"),
        ("src/cpp/sched/worker_ends.cc",),
    ),
    Mutant(
        "leak_on_cancel",
        "src/cpp/sched/worker_impl.cc",
        "    if (frame.counted) frame.lane->session->EndTask();\n",
        "    if (frame.counted && frame.live.end == StatusCode::kOk)\n"
        "      frame.lane->session->EndTask();\n",
        ("chi_core_test", "Outcome programs*"),
        ("src/cpp/sched/worker_impl.cc",),
    ),
    Mutant(
        "park_forgets_the_pool",
        "src/cpp/sched/worker_impl.cc",
        "std::exchange(internal::heap_scope, 0);\n",
        "internal::heap_scope;\n",
        ("chi_heap_test", "Heap of pools*"),
        ("src/cpp/sched/worker_impl.cc",),
    ),
    Mutant(
        "unload_in_flight",
        "src/cpp/core/unload_module.cc",
        "    if (entry.module != name) continue;\n",
        "    if (entry.module != name || true) continue;\n",
        ("chi_stress_module_limits", "--part", "pools", "--count", "20"),
        ("src/cpp/core/unload_module.cc",),
    ),
    Mutant(
        "unload_under_task",
        "src/cpp/core/unload_module.cc",
        "  if (!WaitUntilZero(uses)) {\n",
        "  if (false) {\n",
        ("chi_runtime_test", "Unload:*"),
        ("src/cpp/core/unload_module.cc",),
    ),
)


class Workshop:
    """Makes mutants from the build in `build`."""

    def __init__(self, build: Path) -> None:
        self.build = build
        self.folder = build / "mutants"
        entries = json.loads((build / "compile_commands.json").read_text())
        # Of a source that is compiled twice the command whose object may be in a
        # library, too, comes last.
        entries.sort(key=lambda entry: "-fPIC" in entry["command"])
        self.commands = {entry["file"]: entry["command"] for entry in entries}

    def patched(self, mutant: Mutant, bug: str) -> Path:
        """Write the copy; its folder goes in front of the includes."""
        text = (ROOT / mutant.file).read_text()
        if text.count(mutant.anchor) != 1:
            raise ValueError(f"{mutant.file}: no longer has\n{mutant.anchor}")
        inside = Path(mutant.file).relative_to(
            INCLUDE if self.is_header(mutant) else "."
        )
        copy = self.folder / mutant.name / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text.replace(mutant.anchor, bug))
        return copy

    @staticmethod
    def is_header(mutant: Mutant) -> bool:
        """Whether the bug stands in a public header."""
        return mutant.file.startswith(INCLUDE)

    def compile(self, mutant: Mutant, copy: Path) -> dict[str, Path]:
        """Compile the mutant's sources; return objects by source."""
        objects = {}
        for source in mutant.sources:
            path = ROOT / source
            words = shlex.split(self.commands[str(path)])
            target = self.folder / mutant.name / (path.name + ".o")
            words[words.index("-o") + 1] = str(target)
            seen = copy if source == mutant.file else path
            words[words.index("-c") + 1] = str(seen)
            front = ["-I", str(self.folder / mutant.name), "-I", str(path.parent)]
            words = [words[0], *front, *words[1:], "-w"]
            subprocess.run(words, cwd=self.build, check=True)
            objects[source] = target
        return objects

    def relink(self, target: str, output: Path, objects: dict[str, Path]) -> Path:
        """Link a target of the build again, with some objects replaced."""
        listing = subprocess.run(
            ["ninja", "-t", "commands", target],
            cwd=self.build,
            check=True,
            capture_output=True,
            text=True,
        )
        link = next(
            part.strip()
            for part in reversed(listing.stdout.splitlines()[-1].split("&&"))
            if " -o " in part
        )
        # Inside double quotes shlex keeps the backslash of "\$ORIGIN".
        words = [word.replace("\\$", "$") for word in shlex.split(link)]
        words[words.index("-o") + 1] = str(output)
        for source, new in objects.items():
            old = next(w for w in words if w.endswith(f"/{Path(source).name}.o"))
            words[words.index(old)] = str(new)
        subprocess.run(words, cwd=self.build, check=True)
        return output

    def program(self, mutant: Mutant, objects: dict[str, Path]) -> Path:
        """Link the test program again, beside the original."""
        output = self.build / "bin" / f"chi_mutant_{mutant.name}"
        return self.relink(f"bin/{mutant.test[0]}", output, objects)

    def library(self, mutant: Mutant, objects: dict[str, Path]) -> Path:
        """Link the library again that the source is in; to be loaded first."""
        parts = Path(mutant.file).parts
        module = f"chimaera_{parts[1]}_runtime" if parts[0] == "chimods" else "chimaera"
        name = f"lib{module}.so"
        return self.relink(f"lib/{name}", self.folder / mutant.name / name, objects)


def run_test(program: Path, options: tuple[str, ...], preload: Path | None) -> bool:
    """Run the test; return whether it passed."""
    environment = dict(os.environ)
    if preload is not None:
        environment["LD_PRELOAD"] = str(preload)
    try:
        done = subprocess.run(
            [program, *options],
            env=environment,
            check=False,
            capture_output=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def passes(mutant: Mutant, workshop: Workshop, bug: str) -> bool:
    """Return whether the test passes with `bug` in place of the anchor."""
    objects = workshop.compile(mutant, workshop.patched(mutant, bug))
    if not mutant.relink:
        preload = workshop.library(mutant, objects)
        original = workshop.build / "bin" / mutant.test[0]
        return run_test(original, mutant.test[1:], preload)
    program = workshop.program(mutant, objects)
    try:
        return run_test(program, mutant.test[1:], None)
    finally:
        program.unlink()


def check(mutant: Mutant, workshop: Workshop) -> str:
    """Return what is wrong with the tests, or nothing."""
    # Made in the same way but without the bug: the control.
    if not passes(mutant, workshop, mutant.anchor):
        return "the test fails without the bug too"
    return "no test noticed it" if passes(mutant, workshop, mutant.bug) else ""


def guarded(action: Callable[[], str]) -> str:
    """Turn a stale patch or a failed compilation into a finding."""
    try:
        return action()
    except (ValueError, KeyError, StopIteration, subprocess.CalledProcessError) as why:
        return str(why)


def main() -> int:
    """Check all mutants, or those named, and print the tool's last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("names", nargs="*", help="only these")
    args = parser.parse_args()
    workshop = Workshop(args.build.resolve())
    chosen = [m for m in MUTANTS if not args.names or m.name in args.names]
    begin = time.monotonic()

    def find(mutant: Mutant) -> str:
        finding = guarded(lambda: check(mutant, workshop))
        shown = finding or f"noticed by {' '.join(mutant.test)}"
        print(f"mutation_check: {mutant.name}: {shown}", file=sys.stderr, flush=True)
        return finding

    # Most of the time goes into compiling, one file at a time.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        caught = sum(not finding for finding in pool.map(find, chosen))
    shutil.rmtree(workshop.folder, ignore_errors=True)
    minutes = (time.monotonic() - begin) / 60
    print(
        f"name=mutation_check seed=0 asked={len(chosen)} done={caught} "
        f"per_minute={caught / minutes:.0f} leaked_bytes=0 leaked_fds=0 hung=0 "
        f"failures={len(chosen) - caught} "
        f"result={'ok' if caught == len(chosen) else 'FAILED'}"
    )
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
