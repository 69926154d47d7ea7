# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What Jupyter would start and ask; nothing of it is imitated.
"""Real kernels, and what their cells put out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from unittest import mock

from jupyter_client.manager import KernelManager

from chimaera.testing import wait_until
from python import programs

__all__ = ["Kernel", "kernel", "wait_for_end"]


class Kernel:
    """A kernel that runs cells; made by `kernel`."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self._connect()

    def _connect(self) -> None:
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=programs.TIMEOUT_S)

    @property
    def pid(self) -> int:
        return int(self.manager.provisioner.pid)

    def run(self, code: str) -> list[dict[str, Any]]:
        """Run a cell; return what it put out, or fail with its traceback."""
        outputs: list[dict[str, Any]] = []

        def take(message: dict[str, Any]) -> None:
            if message["msg_type"] not in {"status", "execute_input"}:
                outputs.append({"type": message["msg_type"], **message["content"]})

        reply = self.client.execute_interactive(
            code, output_hook=take, timeout=programs.TIMEOUT_S, allow_stdin=False
        )["content"]
        assert reply["status"] == "ok", "\n".join(reply.get("traceback", [reply]))
        return outputs

    def restart(self, *, kill: bool) -> Self:
        """Do what the menu does; `kill`: as if it did not answer any more."""
        self.client.stop_channels()
        self.manager.restart_kernel(now=kill)
        self._connect()
        return self

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=False)


@contextmanager
def kernel(folder: Path, **environment: str) -> Iterator[Kernel]:
    """Start a kernel that keeps what it keeps in `folder`, a short path."""
    manager = KernelManager(kernel_name="python3", transport="ipc")
    # It ends by itself, however busy the machine is.
    manager.shutdown_wait_time = programs.TIMEOUT_S
    # What Jupyter itself keeps is beside, not among what the cells leave.
    (folder / "jupyter").mkdir()
    (folder / "work").mkdir()
    manager.connection_file = str(folder / "jupyter" / "kernel.json")
    variables: Mapping[str, str] = {
        **programs.clean_environment(),
        "TMPDIR": str(folder / "work"),
        "XDG_RUNTIME_DIR": str(folder / "work"),
        "IPYTHONDIR": str(folder / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        # It keeps files in XDG_RUNTIME_DIR, where the machine has it.
        "CCACHE_DISABLE": "1",
        # Where the machine is busy, the watchdog warns of workers that do not get on.
        "CHI_LOG_LEVEL": "error",
        **environment,
    }
    with mock.patch.dict(os.environ, variables, clear=True):
        manager.start_kernel()
        running = Kernel(manager)
        try:
            yield running
        finally:
            running.end()


def wait_for_end(pid: int) -> None:
    """Return when a process is gone; killed ones take a moment."""
    process = Path(f"/proc/{pid}")
    assert wait_until(lambda: not process.exists(), timeout_s=programs.TIMEOUT_S)
