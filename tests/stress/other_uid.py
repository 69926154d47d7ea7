# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Needs root, to become somebody else; without it the line says "skipped".
#
# The raw calls are what is tried:
# ruff: noqa: PTH101, PTH104, PTH106, PTH108, PTH116, PTH208, PLW0108, S103, S108
"""Another user of the machine tries to get in, or to get in the way.

Entry points are tried as user nobody against a live daemon, each must fail and
disclose nothing. Squats are what another user may have put where the daemon
wants its directory: the daemon must refuse to start and name the path. Last,
every descriptor of the daemon must close by itself in what it executes.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
SYS_PIDFD_OPEN = 434
SYS_PIDFD_GETFD = 438
PTRACE_SEIZE = 0x4206
FD_CLOEXEC_FLAG = 0o2000000
FIRST_OWN_FD = 3
#: SKIP_RETURN_CODE in CMakeLists.txt.
SKIPPED = 77

libc = ctypes.CDLL(None, use_errno=True)


class Refused(Exception):  # noqa: N818 - it is what ought to happen
    """The attempt failed."""


def must(done: bool) -> None:  # noqa: FBT001 - reads as a sentence
    """Turn a system call's failure into Refused."""
    if not done:
        raise Refused


class Target:
    """A live daemon, as another user sees it."""

    def __init__(self, directory: Path, pid: int, programs: Path) -> None:
        self.directory = directory
        self.pid = pid
        self.programs = programs

    def attempts(self) -> dict[str, Callable[[], object]]:
        """Return every entry point by name; each raises if it is refused."""
        d, proc = self.directory, Path(f"/proc/{self.pid}")
        return {
            "list the directory": lambda: list(os.scandir(d)),
            "enter the directory": lambda: os.chdir(str(d)),
            "stat the socket": lambda: os.stat(d / "control.sock"),
            "connect": lambda: self.connect(d / "control.sock"),
            "connect through /proc": lambda: self.connect(
                proc / "root" / d.relative_to("/") / "control.sock"
            ),
            "read the lock": lambda: (d / "lock").read_bytes(),
            "take the lock away": lambda: os.unlink(d / "lock"),
            "take the socket away": lambda: os.unlink(d / "control.sock"),
            "put a file there": lambda: (d / "mine").write_text("x"),
            "open the directory up": lambda: os.chmod(d, 0o777),
            "rename the directory": lambda: os.rename(d, f"{d}-gone"),
            "remove the directory": lambda: os.rmdir(d),
            "start another one there": lambda: self.run("start"),
            "stop it": lambda: self.run("stop"),
            "signal it": lambda: os.kill(self.pid, signal.SIGTERM),
            "list its descriptors": lambda: os.listdir(proc / "fd"),
            "open its memory": lambda: (proc / "mem").open("rb").read(1),
            "read its map": lambda: must(bool((proc / "maps").read_bytes())),
            "read its environment": lambda: must(bool((proc / "environ").read_bytes())),
            "take a descriptor": self.take_descriptor,
            "copy its memory": self.copy_memory,
            "trace it": lambda: must(libc.ptrace(PTRACE_SEIZE, self.pid, 0, 0) == 0),
        }

    def connect(self, path: Path) -> None:
        """Connect and ask for a session."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.settimeout(5)
            client.connect(str(path))
            _, fds, _, _ = socket.recv_fds(client, 512, 64)
            must(bool(fds))

    def run(self, what: str) -> None:
        """Run one of the programs in the daemon's directory."""
        program = self.programs / f"chimaera_{what}_runtime"
        command = [program, "--runtime-dir", self.directory]
        done = subprocess.run(command, check=False, capture_output=True, timeout=20)
        must(done.returncode == 0)

    def take_descriptor(self) -> None:
        """Copy a descriptor out of the daemon by pidfd_getfd."""
        pidfd = libc.syscall(SYS_PIDFD_OPEN, self.pid, 0)
        must(pidfd >= 0)
        must(libc.syscall(SYS_PIDFD_GETFD, pidfd, 3, 0) >= 0)

    def copy_memory(self) -> None:
        """Read a word of the daemon by process_vm_readv."""
        word = ctypes.create_string_buffer(8)
        local = (ctypes.c_uint64 * 2)(ctypes.addressof(word), 8)
        remote = (ctypes.c_uint64 * 2)(0x400000, 8)
        got = libc.process_vm_readv(self.pid, local, 1, remote, 1, 0)
        must(got == len(word))


def as_nobody(attempts: dict[str, Callable[[], object]]) -> list[str]:
    """Make the attempts in a child of user nobody; return those that worked."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        worked = []
        for name, attempt in attempts.items():
            try:
                attempt()
            except (OSError, Refused, subprocess.SubprocessError):
                continue
            worked.append(name)
        os.write(writer, json.dumps(worked).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as text:
        answer = text.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else ["the attempts did not end"]


@contextmanager
def daemon(args: argparse.Namespace, directory: Path) -> Iterator[int]:
    """Run a daemon in `directory`; yields its process id."""
    reader, writer = os.pipe()
    config = directory.parent / "config.yaml"
    config.write_text(f"modules: {{paths: [{args.library_dir}]}}\n")
    process = subprocess.Popen(
        [
            args.programs / "chimaera_start_runtime",
            *("--runtime-dir", directory, "--config", config),
            *("--ready-fd", str(writer)),
        ],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as ready:
        line = ready.readline()
    if not line.startswith("ready "):
        process.wait()
        raise RuntimeError(f"the daemon did not start: {line}")
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


def squats(path: Path, elsewhere: Path) -> dict[str, Callable[[], object]]:
    """Return what may stand in the daemon's way at `path`, by name."""

    def owned_by_nobody() -> None:
        path.mkdir(0o700)
        os.chown(path, NOBODY, NOBODY)

    def with_mode(mode: int) -> Callable[[], object]:
        return lambda: (path.mkdir(), path.chmod(mode))

    def bound_socket() -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))

    def lock_elsewhere() -> None:
        path.mkdir(0o700)
        (path / "lock").symlink_to(elsewhere / "target")

    return {
        "a link to a directory": lambda: path.symlink_to(elsewhere),
        "a link to nothing": lambda: path.symlink_to(elsewhere / "none"),
        "a file": lambda: path.write_text(""),
        "a pipe": lambda: os.mkfifo(path),
        "a socket": bound_socket,
        "another user's directory": owned_by_nobody,
        "a directory for all": with_mode(0o777),
        "a directory for the group": with_mode(0o770),
        "a link as the lock": lock_elsewhere,
    }


def try_squats(args: argparse.Namespace, base: Path) -> tuple[int, list[str]]:
    """Start a daemon at each squat; return how many, and which it accepted."""
    failures = []
    elsewhere = base / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "target").write_text("precious")
    names = list(squats(base, elsewhere))
    for number, name in enumerate(names):
        path = base / f"squat-{number}"
        squats(path, elsewhere)[name]()
        done = subprocess.run(
            [args.programs / "chimaera_start_runtime", "--runtime-dir", path],
            check=False,
            capture_output=True,
            text=True,
            timeout=20,
        )
        if done.returncode != 1 or str(path) not in done.stderr:
            failures.append(f"{name}: exit {done.returncode}, {done.stderr}")
    if (elsewhere / "target").read_text() != "precious":
        failures.append("a file behind a link was changed")
    return len(names), failures


def open_across_exec(pid: int) -> list[str]:
    """Descriptors of the daemon that a program it executes would inherit."""
    kept = []
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        fields = dict(
            line.split(":", 1) for line in entry.read_text().splitlines() if ":" in line
        )
        is_closed = int(fields["flags"], 8) & FD_CLOEXEC_FLAG
        if int(entry.name) >= FIRST_OWN_FD and not is_closed:
            kept.append(f"descriptor {entry.name} stays open across exec")
    return kept


def round_of(args: argparse.Namespace) -> tuple[int, list[str]]:
    """Try everything once; return how many attempts and what went wrong."""
    base = Path(tempfile.mkdtemp(prefix="chimaera-uid-"))
    base.chmod(0o755)
    directory = base / "runtime"
    try:
        with daemon(args, directory) as pid:
            target = Target(directory, pid, args.programs)
            attempts = target.attempts()
            failures = as_nobody(attempts)
            # As if the directory and the socket had been opened up by mistake.
            directory.chmod(0o755)
            (directory / "control.sock").chmod(0o666)
            again = {"connect": lambda: target.connect(directory / "control.sock")}
            failures += [f"{name}, opened up" for name in as_nobody(again)]
            directory.chmod(0o700)
            failures += open_across_exec(pid)
            if any("chimaera" in name for name in os.listdir("/dev/shm")):
                failures.append("something has a name in /dev/shm")
            os.kill(pid, 0)
        tried, accepted = try_squats(args, base)
        return len(attempts) + 1 + tried, failures + accepted
    finally:
        shutil.rmtree(base, ignore_errors=True)


def main() -> int:
    """Print the tool's last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--library-dir", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if os.geteuid() != 0:
        print(
            f"name=other_uid seed={args.seed} asked={args.count} done=0 "
            "skipped=needs_root result=skipped"
        )
        return SKIPPED
    begin = time.monotonic()
    tried, failures = 0, []
    for _ in range(args.count):
        more, found = round_of(args)
        tried += more
        failures += found
        if failures:
            break
    for failure in failures[:20]:
        print(f"other_uid: {failure}", file=sys.stderr)
    minutes = (time.monotonic() - begin) / 60
    print(
        f"name=other_uid seed={args.seed} asked={args.count} done={args.count} "
        f"per_minute={args.count / minutes:.0f} leaked_bytes=0 leaked_fds=0 hung=0 "
        f"failures={len(failures)} attempts={tried} "
        f"result={'FAILED' if failures else 'ok'}"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
