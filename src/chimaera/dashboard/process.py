# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The process that serves a page keeps its address in a file of the runtime directory
# and a lock on that file: who finds it locked finds a page that lives.
"""The process that serves the live page of a daemon."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from chimaera.dashboard.server import Dashboard, listen
from chimaera.errors import AlreadyExistsError, ChimaeraError, DeadlineExceededError
from chimaera.running import PAGE_FILE

__all__ = ["DEFAULT_PORT", "Address", "find", "listener", "serve", "start", "stop"]

DEFAULT_PORT = 8420
_PORTS_TRIED = 20
_ALONE_S = 5.0  # so long it gets to end by itself
_CLAIM_TIMEOUT_S = 0.5
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page of a runtime is.

    Attributes
    ----------
    pid : int
        The process that serves it.
    port : int
    url : str
        With the token.
    token : str
    """

    pid: int
    port: int
    url: str
    token: str


def listener(port: int | None, host: str = "127.0.0.1") -> socket.socket:
    """Open a port; None is the first free one from `DEFAULT_PORT` on, or any.

    Raises
    ------
    OSError
        Another program has it, or there is no such address here.
    """
    if port is not None:
        return listen(host, port)
    for free in range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED):
        with contextlib.suppress(OSError):
            return listen(host, free)
    return listen(host, 0)


def find(directory: Path) -> Address | None:
    """Return where the page of the runtime in `directory` is, if it has one."""
    try:
        with (directory / PAGE_FILE).open(encoding="utf-8") as file:
            if not _is_locked(file.fileno()):
                return None
            return Address(**json.load(file))
    except (FileNotFoundError, ValueError, TypeError):  # or it is being written
        return None


@contextlib.contextmanager
def serve(
    directory: Path,
    opened: socket.socket,
    *,
    token: str | None = None,
    hosts: Iterable[str] = (),
) -> Iterator[Dashboard]:
    """Serve the page of the runtime in `directory`; its address is in a file there.

    Raises
    ------
    AlreadyExistsError
        It has a page.
    NoRuntimeError
    """
    from chimaera.opening import connect

    with (
        connect(runtime_dir=directory) as runtime,
        _claimed(directory / PAGE_FILE) as file,
        Dashboard(runtime, listener=opened, token=token, hosts=hosts) as page,
    ):
        address = Address(os.getpid(), page.port, page.url, page.access.token)
        os.write(file, json.dumps(asdict(address)).encode())
        yield page


def start(
    directory: Path, opened: socket.socket, log: Path, *, timeout_s: float
) -> Address:
    """Start a process beside a daemon that serves its page until it ends.

    Parameters
    ----------
    directory : Path
        Of the runtime.
    opened : socket
        Of `listener`; stays the caller's, who closes it.
    log : Path
        Where it writes what goes wrong.
    timeout_s : float

    Returns
    -------
    Address

    Raises
    ------
    DeadlineExceededError
        It did not come, and does not come later.
    """
    reader, writer = os.pipe()
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, reader)
        try:
            command = [sys.executable, "-m", "chimaera", "dashboard", "--no-browser"]
            command += ["--runtime-dir", os.fspath(directory)]
            command += ["--listen-fd", str(opened.fileno())]
            command += ["--ready-fd", str(writer)]
            shell = _in_background(command, (opened.fileno(), writer), log)
        finally:
            os.close(writer)
        stack.callback(_reap, shell)
        try:
            return _arrived(directory, reader, log, timeout_s)
        except BaseException:
            # The group of the shell: the page is in it, and may come late.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            raise


def _arrived(directory: Path, ready: int, log: Path, timeout_s: float) -> Address:
    """Wait until a page has closed its end of the pipe `ready`."""
    if not select.select([ready], [], [], timeout_s)[0]:
        raise DeadlineExceededError(f"the live page does not come; see {log}")
    address = find(directory)
    if address is None:
        raise ChimaeraError(f"the live page ended at its start; {log} says why")
    return address


def _in_background(
    command: Sequence[str], files: Sequence[int], log: Path
) -> subprocess.Popen[bytes]:
    """Start a process that is nobody's child: its parent is a shell that ends."""
    with log.open("ab") as output:
        return subprocess.Popen(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            pass_fds=files,
            start_new_session=True,
            cwd="/",
        )


def _reap(shell: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        shell.wait(_ALONE_S)


def stop(directory: Path, *, timeout_s: float) -> None:
    """Wait until the page of a runtime that has ended is gone; help it if need be.

    Raises
    ------
    DeadlineExceededError
        It is still there.
    """
    begun = time.monotonic()
    helped = False
    while (address := find(directory)) is not None:
        waited_s = time.monotonic() - begun
        if waited_s > timeout_s:
            raise DeadlineExceededError(f"the live page of pid {address.pid} stays")
        if waited_s > _ALONE_S and not helped:
            helped = True
            with contextlib.suppress(ProcessLookupError):
                os.kill(address.pid, signal.SIGTERM)
        time.sleep(_LOOK_EVERY_S)


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[int]:
    """Make the file, lock it, and remove it at the end."""
    deadline = time.monotonic() + _CLAIM_TIMEOUT_S
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            # Who looks whether it is locked has it, for a moment.
            if time.monotonic() < deadline:
                time.sleep(_LOOK_EVERY_S)
                continue
            raise AlreadyExistsError(f"the live page is served: {path}") from None
        # Another process may have removed it before the lock was had.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), path.stat()):
                break
        os.close(file)
    try:
        os.fchmod(file, 0o600)
        os.ftruncate(file, 0)
        yield file
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
