# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Clients may be slow, broken or many; each connection has a thread, so there are
# `CONNECTIONS_MAX` of them, and each is cut off after `CONNECTION_S`.
"""The server of the live page."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
import time
from collections.abc import Iterable
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from chimaera.dashboard.access import Access
from chimaera.dashboard.handler import Handler
from chimaera.dashboard.source import Asked, Source
from chimaera.errors import BadRequestError

__all__ = ["Dashboard", "Server", "listen"]

CONNECTIONS_MAX = 32
CONNECTION_S = 20.0
LOOK_EVERY_S = 0.25
# After the runtime's end pages that are open can still hear of it so long; once one
# has, the others have another second, since all ask once a second.
FAREWELL_S = 2.0
OTHERS_S = 1.0

_BUSY = b"HTTP/1.0 503 Too many connections\r\nRetry-After: 1\r\n\r\n"

_LOG = logging.getLogger(__name__)


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Open the port of a page.

    Raises
    ------
    OSError
        Another program has it, or there is no such address here.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=CONNECTIONS_MAX)


class Server(ThreadingHTTPServer):
    """Bounds connections; `Handler` answers them."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, access: Access, source: Source) -> None:
        super().__init__(listener.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.access = access
        self.source = source
        self._lock = threading.Lock()
        self._began_s: dict[socket.socket, float] = {}  # guarded by _lock
        self._asked_s = 0.0  # when a page asked last
        self._told_s = 0.0  # when one was first told of the end

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread for a connection, if there are not too many."""
        with self._lock:
            free = len(self._began_s) < CONNECTIONS_MAX
            if free:
                self._began_s[request] = time.monotonic()
        if free:
            super().process_request(request, client_address)
            return
        with contextlib.suppress(OSError):
            request.settimeout(0)
            request.send(_BUSY)
        super().shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        with self._lock:
            self._began_s.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log: a client that goes away is no news, a bug of ours is."""
        del request
        gone = isinstance(sys.exception(), OSError)
        level = logging.DEBUG if gone else logging.ERROR
        _LOG.log(level, "a request of %s", client_address, exc_info=True)

    def cut_off_slow(self) -> None:
        """End connections that take too long; their threads end with them."""
        now_s = time.monotonic()
        with self._lock:
            slow = [
                request
                for request, began_s in self._began_s.items()
                if now_s - began_s > CONNECTION_S
            ]
        for request in slow:
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def note_page(self, *, told_end: bool) -> None:
        """Note that a page is open, and whether it has heard of the runtime's end."""
        self._asked_s = time.monotonic()
        if told_end:
            self._told_s = self._told_s or self._asked_s

    def farewell(self, closing: threading.Event) -> None:
        """Wait until the pages that are open have heard of the end."""
        end_s = time.monotonic() + FAREWELL_S
        if end_s - self._asked_s > 2 * FAREWELL_S:
            return
        while time.monotonic() < end_s and not closing.wait(LOOK_EVERY_S / 4):
            if self._told_s and time.monotonic() - self._told_s > OTHERS_S:
                return


class Dashboard:
    """The live page of a runtime, served until `close` or the runtime's end.

    Parameters
    ----------
    runtime : Runtime
        Whose page; it has to stay open as long.
    listener : socket, optional
        That `listen` has opened; a free port of the loopback interface by default.
    token : str, optional
        A new one by default.
    hosts : iterable of str
        Names of this machine besides ``localhost`` under which the page may be
        asked for.

    Attributes
    ----------
    access : Access
    port : int

    Examples
    --------
    >>> with chimaera.local() as rt, Dashboard(rt) as page:
    ...     page.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        runtime: Asked,
        *,
        listener: socket.socket | None = None,
        token: str | None = None,
        hosts: Iterable[str] = (),
    ) -> None:
        listener = listener or listen()
        host, self.port = listener.getsockname()[:2]
        self._host = f"[{host}]" if ":" in host else host
        try:
            self.access = Access(
                token, hosts=[self._host, *hosts], cookie=f"chimaera-{self.port}"
            )
        except BadRequestError:
            listener.close()
            raise
        self._source = Source(runtime)
        self._server = Server(listener, self.access, self._source)
        self._closing = threading.Event()
        self._ended = threading.Event()
        threads = (self._serve, self._watch)
        self._threads = [threading.Thread(target=run, daemon=True) for run in threads]
        for thread in self._threads:
            thread.start()

    @property
    def address(self) -> str:
        """Where the page is, without the token."""
        return f"http://{self._host}:{self.port}/"

    @property
    def url(self) -> str:
        """Where the page is, with the token: whoever knows it can look."""
        return f"{self.address}?token={self.access.token}"

    def wait(self) -> None:
        """Return when the runtime has ended and open pages have said so."""
        self._ended.wait()

    def close(self) -> None:
        """End the page; idempotent."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _serve(self) -> None:
        try:
            self._server.serve_forever(poll_interval=LOOK_EVERY_S)
        finally:
            self._closing.set()

    def _watch(self) -> None:
        # Whatever goes wrong here is of us: it ends the page, and who waits for that.
        try:
            while not self._closing.wait(LOOK_EVERY_S):
                self._server.cut_off_slow()
                if self._source.ended():
                    self._server.farewell(self._closing)
                    break
        finally:
            self._server.shutdown()
            # Whoever comes now is refused, and does not wait for an answer.
            self._server.server_close()
            self._ended.set()
