# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The runtime of a daemon is a C++ program of its own, not a Python process: it
# starts in milliseconds and holds no interpreter.
"""Starting and stopping a runtime in the background."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from chimaera.errors import (
    AlreadyExistsError,
    ChimaeraError,
    DeadlineExceededError,
    NoRuntimeError,
    from_code,
)
from chimaera.installed import installed_path
from chimaera.module_packages import repo_path
from chimaera.task import DEFAULT_TIMEOUT_S, check_timeout

__all__ = [
    "Daemon",
    "become",
    "run_here",
    "runtime_dir_of",
    "start",
    "stop",
    "tool_path",
    "wait_for",
]

_EXIT_OK, _EXIT_NO_RUNTIME = 0, 3
LOG_NAME = "runtime.log"  # in the runtime directory
_LOOK_AGAIN_S = 0.05
_READY_BYTES_MAX = 65536
_LOG_TAIL_BYTES = 2000

AnyPath = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Daemon:
    """A runtime that was started.

    Attributes
    ----------
    pid : int
    runtime_dir : Path
    log_file : Path
    """

    pid: int
    runtime_dir: Path
    log_file: Path


def start(
    name: str | None = None,
    *,
    runtime_dir: AnyPath | None = None,
    config: AnyPath | None = None,
    settings: Iterable[str] = (),
    log_file: AnyPath | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Daemon:
    """Start a runtime in the background; return when it answers.

    Parameters
    ----------
    name : str, optional
        To tell several of this user apart.
    runtime_dir : path, optional
        Where it meets its clients; by default as `connect` looks for it.
    config : path, optional
        YAML file of settings.
    settings : iterable of str, optional
        Single ones, as ``"runtime.num_threads=3"``; they go before the environment,
        and that before the file.
    log_file : path, optional
        By default ``runtime.log`` in the runtime directory; appended to.
    timeout_s : float
        Seconds to wait at most.

    Returns
    -------
    Daemon

    Raises
    ------
    AlreadyExistsError
        A runtime has the directory already; the message names its pid.
    BadRequestError
        The configuration has mistakes.
    DeadlineExceededError
        It has not said that it runs; it may still come.
    """
    deadline = time.monotonic() + check_timeout(timeout_s)
    directory = runtime_dir_of(name, runtime_dir)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = Path(log_file or directory / LOG_NAME).resolve()
    options = _options(name, directory, config, settings, log)
    line = _spawn(options, log, deadline)
    if not line.startswith("ready "):
        _, code, message = line.split(" ", 2)
        raise from_code(int(code), message.rstrip())
    return Daemon(_health(directory), directory, log)


def stop(
    name: str | None = None,
    *,
    runtime_dir: AnyPath | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> bool:
    """Stop a runtime and wait until its process is gone.

    What is in flight is answered first.

    Parameters
    ----------
    name, runtime_dir
        As for `start`.
    timeout_s : float
        Seconds to wait at most.

    Returns
    -------
    bool
        False if none ran.

    Raises
    ------
    DeadlineExceededError
        It still runs.
    """
    directory = runtime_dir_of(name, runtime_dir)
    command: list[str | os.PathLike[str]]
    command = [tool_path("chimaera_stop_runtime"), "--runtime-dir", directory]
    command += ["--timeout", str(check_timeout(timeout_s))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == _EXIT_OK:
        return True
    if done.returncode == _EXIT_NO_RUNTIME:
        return False
    message = done.stderr.strip().removeprefix("chimaera_stop_runtime: ")
    kind = DeadlineExceededError if "still runs" in message else ChimaeraError
    raise kind(message)


def run_here(
    name: str | None = None,
    *,
    runtime_dir: AnyPath | None = None,
    config: AnyPath | None = None,
    settings: Iterable[str] = (),
    log_file: AnyPath | None = None,
) -> NoReturn:
    """Become a runtime in the foreground: this program ends where it begins.

    Parameters
    ----------
    name, runtime_dir, config, settings
        As for `start`.
    log_file : path, optional
        By default standard error.
    """
    directory = runtime_dir_of(name, runtime_dir)
    log = Path(log_file).resolve() if log_file else None
    tool = "chimaera_start_runtime"
    become(tool, _options(name, directory, config, settings, log))


def become(tool: str, words: Sequence[str]) -> NoReturn:
    """Become a C++ program of the package.

    Raises
    ------
    NotFoundError
        The package is not installed completely.
    """
    path = tool_path(tool)
    os.environ["CHI_REPO_PATH"] = repo_path()
    os.execv(path, [tool, *words])  # noqa: S606 - no shell


def wait_for(directory: Path, timeout_s: float = DEFAULT_TIMEOUT_S) -> Daemon:
    """Wait until a runtime that somebody has started answers.

    Raises
    ------
    DeadlineExceededError
        None does; perhaps nobody is starting one.
    """
    from chimaera.opening import connect

    deadline = time.monotonic() + check_timeout(timeout_s)
    while True:
        left = deadline - time.monotonic()
        try:
            with connect(runtime_dir=directory, timeout_s=max(left, 0.1)) as runtime:
                return Daemon(runtime.pid, directory, directory / LOG_NAME)
        except NoRuntimeError as error:
            if left <= 0:
                raise DeadlineExceededError(str(error)) from error
        time.sleep(_LOOK_AGAIN_S)


def runtime_dir_of(name: str | None, runtime_dir: AnyPath | None) -> Path:
    """Return the directory that `start`, `stop` and `connect` mean."""
    if runtime_dir is not None:
        return Path(runtime_dir).absolute()
    from chimaera._extension import core

    return Path(core.locate(name or ""))


def tool_path(tool: str) -> Path:
    """Return the path of a C++ program of the package.

    Raises
    ------
    NotFoundError
        The package is not installed completely.
    """
    return installed_path(f"bin/{tool}")


def _options(
    name: str | None,
    directory: Path,
    config: AnyPath | None,
    settings: Iterable[str],
    log: Path | None,
) -> list[str]:
    options = ["--runtime-dir", os.fspath(directory)]
    if log is not None:
        options += ["--log-file", os.fspath(log)]
    if name:
        options += ["--name", name]
    if config is not None:
        options += ["--config", os.fspath(Path(config).resolve())]
    for setting in settings:
        options += ["--set", setting]
    return options


def _spawn(options: list[str], log: Path, deadline: float) -> str:
    """Start the program and return the line with which it reports."""
    reader, writer = os.pipe()
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, reader)
        try:
            with log.open("ab") as output:
                # The shell ends at once: the runtime is nobody's child, so that
                # nobody has to reap it.
                subprocess.run(
                    [
                        "/bin/sh",
                        "-c",
                        '"$@" &',
                        "sh",
                        tool_path("chimaera_start_runtime"),
                        *options,
                        "--ready-fd",
                        str(writer),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(writer,),
                    start_new_session=True,
                    env={**os.environ, "CHI_REPO_PATH": repo_path()},
                    cwd="/",
                    check=True,
                )
        finally:
            os.close(writer)
        return _read_line(reader, log, deadline)


def _read_line(reader: int, log: Path, deadline: float) -> str:
    text = b""
    while not text.endswith(b"\n") or _says_more(reader):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            raise DeadlineExceededError(
                f"the runtime has not said that it runs; its log is {log}"
            )
        chunk = os.read(reader, _READY_BYTES_MAX)
        if not chunk:
            break
        text += chunk
    if not text:
        tail = log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace")
        raise ChimaeraError(f"the runtime ended at its start; {log} ends in\n{tail}")
    return text.decode(errors="replace")


def _says_more(reader: int) -> bool:
    """Whether more than one line was said: configuration errors have several."""
    return bool(select.select([reader], [], [], 0)[0])


def _health(directory: Path) -> int:
    """Make a round trip to the runtime; return its pid."""
    from chimaera.opening import connect

    try:
        with connect(runtime_dir=directory) as runtime:
            return runtime.status().pid
    except AlreadyExistsError:
        # This process has a connection already: the runtime's word must do.
        return int((directory / "lock").read_text().split()[0])
