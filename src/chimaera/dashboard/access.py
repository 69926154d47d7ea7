# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The port is open to every user of the machine and to every page in the user's
# browser. The token keeps out the former, the check of the host the latter: a name
# that leads to 127.0.0.1 (DNS rebinding) is still not one of ours.
"""Who may see the live page."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from email.message import Message

from chimaera.errors import BadRequestError

__all__ = ["Access"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,256}")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(:\d{1,5})?")


class Access:
    """The token of a page, and the names under which it may be asked for.

    Parameters
    ----------
    token : str, optional
        A new one by default.
    hosts : iterable of str
        Names and addresses besides those of the loopback interface.
    cookie : str
        Name of the cookie. Browsers keep cookies by host, not by port: pages of two
        runtimes need two names.
    """

    def __init__(
        self, token: str | None = None, *, hosts: Iterable[str] = (), cookie: str
    ) -> None:
        if token is not None and not _TOKEN.fullmatch(token):
            raise BadRequestError(
                "a token has 16 letters, digits, - and _ at least, 256 at most"
            )
        self.token = token or secrets.token_urlsafe(32)
        self.cookie = cookie
        self._hosts = _LOOPBACK | {host.lower() for host in hosts}
        self._once: str | None = None

    def once(self) -> str:
        """Make a token that lets in once, for a command line, which all can read."""
        self._once = secrets.token_urlsafe(32)
        return self._once

    def knows_host(self, header: str | None) -> bool:
        """Whether a request's Host is this machine's; through a tunnel any port is."""
        match = _HOST.fullmatch(header or "")
        return match is not None and match.group(1).lower() in self._hosts

    def is_token(self, given: str) -> bool:
        """Compare in a time that does not tell how much of it is right."""
        once = self._once
        if once is not None and _same(given, once):
            self._once = None
            return True
        return _same(given, self.token)

    def lets_in(self, headers: Message) -> bool:
        """Whether the request brings the token, as a header or as a cookie."""
        scheme, _, given = str(headers.get("Authorization", "")).partition(" ")
        if scheme.lower() in {"bearer", "token"}:
            return _same(given.strip(), self.token)
        # By hand: http.cookies stops at the first cookie that it does not understand,
        # and every program on this host may have set one.
        for pair in str(headers.get("Cookie", "")).split(";"):
            name, _, given = pair.strip().partition("=")
            if name == self.cookie and _same(given, self.token):
                return True
        return False

    def set_cookie(self) -> str:
        """Return the header's value after which the browser brings the token.

        Lax and not strict: the first request after a link on another page, as that of
        a JupyterHub, has to bring it too. All requests only read.
        """
        return f"{self.cookie}={self.token}; HttpOnly; SameSite=Lax; Path=/"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())
