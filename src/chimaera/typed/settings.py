# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# They travel as YAML, as in a compose file; the module reads that (core/settings.h).
"""Settings of pools: whether they are of their types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chimaera.errors import BadRequestError
from chimaera.typed.description import Field, ModuleDescription, nearest
from chimaera.typed.values import encoder

__all__ = ["checked_settings"]


def checked_settings(
    module: ModuleDescription | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return settings as a compose entry has them.

    Those that are None, or as the client has them by default, are left out: the
    module knows its own. Of a module that describes no settings all are returned as
    they are.

    Raises
    ------
    BadRequestError, TypeError
        There is no such setting, or it is of another type.
    """
    if module is None or not module.settings:
        return dict(settings)
    known = {each.name: each for each in module.settings}
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in known:
            hint = nearest(name, known)
            raise BadRequestError(f"{module.full_name} has no setting {name!r}{hint}")
        if value is None:
            continue
        form = _form(known[name], value, f"{module.full_name}: setting {name}")
        if str(form) != _default(known[name]):
            found[name] = form
    return found


def _form(field: Field, value: Any, what: str) -> Any:
    kind = field.type
    if kind.name == "uint64" and isinstance(value, str):
        return value  # a size, such as 2GB
    number = encoder(field)(value, what)
    if kind.kind == "enum":
        return next(name for name, each in kind.values if each == number)
    if kind.kind == "float" and not math.isfinite(number):
        return str(number)  # JSON has none
    return number


def _default(field: Field) -> str:
    text = field.default or ""
    if field.default is None:
        return "\0"
    return text.capitalize() if field.type.kind == "bool" else text
