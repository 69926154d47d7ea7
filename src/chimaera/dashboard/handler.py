# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# One connection is one request: HTTP/1.0, so that the server can bound its whole
# life. Files are read once, at the first request, so that no path reaches the disk.
"""Requests to the live page."""

from __future__ import annotations

import functools
import gzip
import io
import json
import logging
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import parse_qs, urlsplit

from chimaera.dashboard.source import ENDED, Answer
from chimaera.prometheus import CONTENT_TYPE, prometheus_text

if TYPE_CHECKING:
    from chimaera.dashboard.server import Server

__all__ = ["Handler"]

REQUEST_BYTES_MAX = 32 << 10
SOCKET_TIMEOUT_S = 10.0
# A worker that a method keeps so long is bad health; up to then it may just compute.
STUCK_S = 10.0
_COMPRESS_FROM_BYTES = 4096

_LOG = logging.getLogger(__name__)

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"

# Nothing but what this server itself sends is loaded or run, and nothing inline.
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_FORBIDDEN = "the token is missing or wrong; `chimaera dashboard` prints the address"


class Handler(BaseHTTPRequestHandler):
    """Answers one request; `server` knows everything."""

    server_version = "chimaera"
    sys_version = ""
    timeout = SOCKET_TIMEOUT_S
    # What may be seen without the token: the style of the page that asks for it.
    open_paths: ClassVar = frozenset({"/health", "/style.css", "/icon.svg"})

    def setup(self) -> None:
        """Bound what is read."""
        super().setup()
        self.rfile = cast("io.BufferedReader", _Bounded(self.rfile))

    def do_GET(self) -> None:
        """Answer."""
        server = cast("Server", self.server)
        access = server.access
        if cast("_Bounded", self.rfile).at_end:
            self._say(431, f"a request has {REQUEST_BYTES_MAX} bytes at most")
            return
        if not access.knows_host(self.headers.get("Host")):
            self._say(403, "this name is not one of this page's; see --allow-host")
            return
        try:
            parts = urlsplit(self.path)
        except ValueError:
            self._say(400, "this path cannot be understood")
            return
        token = _token_of(parts.query)
        if parts.path == "/" and token is not None and access.is_token(token):
            # The token leaves the address bar, and with it the history.
            self._send(
                303, b"", _TEXT, {"Location": "./", "Set-Cookie": access.set_cookie()}
            )
            return
        if parts.path not in self.open_paths and not access.lets_in(self.headers):
            if parts.path == "/":
                self._send(403, _files()["/login.html"][0], _TYPES["html"])
            else:
                self._say(403, _FORBIDDEN)
            return
        self._route(server, parts.path)

    do_HEAD = do_GET  # noqa: N815 - the library calls it so

    def _route(self, server: Server, path: str) -> None:
        answers: dict[str, Callable[[], None]] = {
            "/health": lambda: self._health(server),
            "/api/metrics": lambda: self._page(server),
            "/api/dump": lambda: self._json(server.source.dump()),
            "/metrics": lambda: self._prometheus(server.source.metrics()),
        }
        if path in answers:
            answers[path]()
        elif found := _files().get("/index.html" if path == "/" else path):
            self._send(200, *found)
        else:
            self._say(404, "there is nothing here")

    def _page(self, server: Server) -> None:
        answer = server.source.metrics()
        server.note_page(told_end=answer.error == ENDED)
        self._json(answer)

    def _json(self, answer: Answer) -> None:
        if not answer.error:
            self._send(200, answer.body, _JSON)
            return
        body = json.dumps({"error": answer.error, "ended": answer.error == ENDED})
        self._send(503, body.encode(), _JSON)

    def _prometheus(self, answer: Answer) -> None:
        if answer.error:
            self._say(503, answer.error)
            return
        text = prometheus_text(answer.document)
        self._send(200, text.encode(), CONTENT_TYPE)

    def _health(self, server: Server) -> None:
        """Tell nothing that needs a token: no names."""
        answer = server.source.metrics()
        stuck = sum(
            worker["since_s"] >= STUCK_S for worker in answer.document.get("stuck", ())
        )
        health = answer.document.get("health", "")
        reason = ""
        if answer.error:
            reason = ENDED if answer.error == ENDED else "the runtime does not answer"
        elif health == "stopping":
            reason = "the runtime is stopping"
        elif stuck:
            reason = f"{stuck} of the workers {'is' if stuck == 1 else 'are'} stuck"
        body = {"health": "bad", "reason": reason} if reason else {"health": health}
        self._send(503 if reason else 200, json.dumps(body).encode(), _JSON)

    # ---- answers ----

    def _say(self, status: int, text: str) -> None:
        if self.path.startswith("/api/"):
            self._send(status, json.dumps({"error": text}).encode(), _JSON)
        else:
            self._send(status, f"{text}\n".encode(), _TEXT)

    def _send(
        self, status: int, body: bytes, kind: str, more: Mapping[str, str] | None = None
    ) -> None:
        headers = {**_SECURITY, **(more or {}), "Content-Type": kind}
        accepted = str(self.headers.get("Accept-Encoding", ""))
        if len(body) >= _COMPRESS_FROM_BYTES and "gzip" in accepted:
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """Refuse a request that is none; the words of the library, our headers."""
        if not hasattr(self, "headers"):
            self.headers = self.MessageClass()
        if not hasattr(self, "path"):
            self.path = ""
        self._say(code, explain or message or "this request cannot be understood")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log without the query, which may be the token."""
        text = (format % args).split("?", 1)[0]
        _LOG.debug("%s %s", self.address_string(), text)


class _Bounded:
    """A reader that ends after `REQUEST_BYTES_MAX` bytes."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._left = REQUEST_BYTES_MAX

    @property
    def at_end(self) -> bool:
        """Whether the request may be longer than what was read of it."""
        return self._left == 0

    def readline(self, limit: int = REQUEST_BYTES_MAX) -> bytes:
        line: bytes = self._reader.readline(min(limit, self._left))
        self._left -= len(line)
        return line

    def close(self) -> None:
        self._reader.close()


def _token_of(query: str) -> str | None:
    try:
        return parse_qs(query, max_num_fields=8).get("token", [None])[0]
    except ValueError:
        return None


@functools.cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Read the files of the page: what they hold, and of which type it is."""
    folder = resources.files("chimaera.dashboard") / "page"
    return {
        f"/{file.name}": (file.read_bytes(), _TYPES[file.name.rsplit(".", 1)[-1]])
        for file in folder.iterdir()
        if file.name.rsplit(".", 1)[-1] in _TYPES
    }
