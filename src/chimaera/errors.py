# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The one table from status codes to exceptions. The numbers are frozen: they are
# those of chi::StatusCode, and users may store them.
"""Every exception that chimaera raises.

All derive from :class:`ChimaeraError`; some also from the built-in exception
that says the same, so that ``except TimeoutError`` works. The message names the
thing and the number: ``pool 512.0: container 3 of 2``.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AlreadyExistsError",
    "BadRequestError",
    "CancelledError",
    "ChecksumError",
    "ChimaeraError",
    "DeadlineExceededError",
    "ForkedError",
    "InternalError",
    "IoError",
    "ModuleError",
    "ModuleExceptionError",
    "NoMemoryError",
    "NoRuntimeError",
    "NoSpaceError",
    "NodeDiedError",
    "NotFoundError",
    "NotRunError",
    "OutcomeUnknownError",
    "OverloadedError",
    "PermissionDeniedError",
    "ProtocolViolationError",
    "RuntimeDiedError",
    "StaleError",
    "UnimplementedError",
    "VersionMismatchError",
    "from_code",
]


class ChimaeraError(Exception):
    """Something that can happen did happen.

    Parameters
    ----------
    message : str
        What, naming the object and the number.
    code : int, optional
        The status code; the one of the class by default.

    Attributes
    ----------
    message : str
    code : int
    """

    status_code: ClassVar[int] = 0

    def __init__(self, message: str = "", code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = type(self).status_code if code is None else code

    def __str__(self) -> str:
        return self.message or type(self).__name__

    def __reduce__(self) -> tuple[type[ChimaeraError], tuple[str, int]]:
        return type(self), (self.message, self.code)


class BadRequestError(ChimaeraError, ValueError):
    """The request makes no sense as written."""

    status_code = 10000


class NotFoundError(ChimaeraError, LookupError):
    """No such pool, container, node, block or name."""

    status_code = 10001


class UnimplementedError(ChimaeraError, NotImplementedError):
    """The module has no such method."""

    status_code = 10002


class AlreadyExistsError(ChimaeraError):
    """The name or id is taken, or this process has a connection already."""

    status_code = 10003


class OverloadedError(ChimaeraError):
    """A bounded queue is full: try again later."""

    status_code = 10004


class NoMemoryError(ChimaeraError, MemoryError):
    """A segment or the process is out of memory."""

    status_code = 10005


class NoSpaceError(ChimaeraError):
    """A device is full."""

    status_code = 10006


class IoError(ChimaeraError, OSError):
    """The operating system refused or failed."""

    status_code = 10007


class ChecksumError(ChimaeraError):
    """The bytes are not those once written."""

    status_code = 10008


class DeadlineExceededError(ChimaeraError, TimeoutError):
    """No answer in time; it may still happen."""

    status_code = 10009


class CancelledError(ChimaeraError):
    """The task was withdrawn, or its connection closed before it was done."""

    status_code = 10010


class ModuleExceptionError(ChimaeraError):
    """A module's method threw an exception."""

    status_code = 10011


class RuntimeDiedError(ChimaeraError, ConnectionError):
    """The runtime of this node is gone."""

    status_code = 10012


class NodeDiedError(ChimaeraError, ConnectionError):
    """Another node is gone; the request did not happen."""

    status_code = 10013


class OutcomeUnknownError(ChimaeraError):
    """A node is gone; the request may have happened."""

    status_code = 10014


class VersionMismatchError(ChimaeraError):
    """Two builds that cannot share memory met."""

    status_code = 10015


class PermissionDeniedError(ChimaeraError, PermissionError):
    """The caller may not do this."""

    status_code = 10016


class ProtocolViolationError(ChimaeraError):
    """A peer sent what no correct peer sends."""

    status_code = 10017


class ForkedError(ChimaeraError):
    """Used in the child of a fork: connect anew there."""

    status_code = 10018


class NoRuntimeError(ChimaeraError, ConnectionError):
    """Nothing is running to connect to, or the connection was closed."""

    status_code = 10019


class StaleError(ChimaeraError):
    """A handle of an earlier runtime, or of a block that was freed."""

    status_code = 10020


class InternalError(ChimaeraError):
    """A bug of chimaera's own, survived."""

    status_code = 10021


class NotRunError(ChimaeraError):
    """The task has not run."""

    status_code = 10099


class ModuleError(ChimaeraError):
    """A module's own error; `code` (1 to 9999) is explained by the module."""


_BY_CODE: dict[int, type[ChimaeraError]] = {
    cls.status_code: cls for cls in ChimaeraError.__subclasses__() if cls.status_code
}


def from_code(code: int, message: str) -> ChimaeraError:
    """Make the exception of a status code.

    Parameters
    ----------
    code : int
        1 to 9999 give :class:`ModuleError`; a number that this version does not
        know gives a plain :class:`ChimaeraError`.
    message : str
        Its text.

    Returns
    -------
    ChimaeraError
        Not raised. Its `code` is the number given.

    Examples
    --------
    >>> from_code(10001, "pool 512.0")
    NotFoundError('pool 512.0')
    """
    if 0 < code < 10000:
        return ModuleError(message or f"module error {code}", code)
    return _BY_CODE.get(code, ChimaeraError)(message, code)
