# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and printing; the work is that of the package dashboard.
"""The command ``chimaera dashboard``."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from chimaera.cli_common import EXIT_OK, add_where, directory_of, new_parser

if TYPE_CHECKING:
    from chimaera.dashboard.server import Dashboard

__all__ = ["parser", "port_number"]

_EPILOG = """The address has a token in it: whoever knows it can look. Only this machine
is served; from another one, `ssh -L 8420:127.0.0.1:8420 HOST` and the same address.

exit codes:
  0    the runtime has ended, or has a page already: its address is printed
  1    failed; standard error says why
  3    no runtime runs there
  130  stopped by Ctrl-C; the runtime goes on
"""


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of the command."""
    made = new_parser(
        name, _dashboard, "Serve the live page of a runtime until it ends.", _EPILOG
    )
    add_where(made)
    made.add_argument(
        "--port", type=port_number, help="the first free one from 8420 on"
    )
    made.add_argument(
        "--no-browser", action="store_true", help="only print the address"
    )
    made.add_argument(
        "--bind",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where to listen (127.0.0.1); elsewhere others can read along",
    )
    made.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name of this machine in browsers; may be given several times",
    )
    made.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="its token; a new one is written where it does not exist",
    )
    # For `chimaera start --dashboard`.
    made.add_argument("--listen-fd", type=int, help=argparse.SUPPRESS)
    made.add_argument("--ready-fd", type=int, help=argparse.SUPPRESS)
    return made


def port_number(text: str) -> int:
    """Read the number of a port; for parsers."""
    number = int(text)
    if not 0 <= number < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text} is no port: 0 to 65535 are")
    return number


def _dashboard(options: argparse.Namespace) -> int:
    from chimaera.dashboard import process

    directory = directory_of(options)
    served = process.find(directory)
    if served is not None:
        print(f"live page: {served.url}")
        return EXIT_OK
    signal.signal(signal.SIGTERM, _end)
    with process.serve(
        directory,
        _listener(options),
        token=_token(options.token_file),
        hosts=options.allow_host,
    ) as page:
        print(f"live page: {page.url}", flush=True)
        if options.ready_fd is not None:
            os.close(options.ready_fd)
        else:
            print("until Ctrl-C, or the end of the runtime", flush=True)
            if not options.no_browser:
                _open(page)
        page.wait()
    print("the runtime has ended")
    return EXIT_OK


def _listener(options: argparse.Namespace) -> socket.socket:
    from chimaera.dashboard import process

    if options.listen_fd is not None:
        return socket.socket(fileno=options.listen_fd)
    return process.listener(options.port, options.bind)


def _token(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        token = secrets.token_urlsafe(32)
        new = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(new, "w", encoding="utf-8") as opened:
            opened.write(token)
        return token


def _open(page: Dashboard) -> None:
    """Open a browser, if there is a screen for it."""
    import webbrowser

    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(f"{page.address}?token={page.access.once()}")


def _end(_signal: int, _frame: object) -> NoReturn:
    sys.exit(EXIT_OK)
