# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Values take the same way as those of tasks: checked and brought into their form,
# and made of that form again.
"""Modules of Python functions, behind `chimaera.testing.fake_module`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from chimaera.errors import (
    BadRequestError,
    ChimaeraError,
    UnimplementedError,
)
from chimaera.many import codes_of, run_many, with_codes
from chimaera.module import client_of
from chimaera.task import Future
from chimaera.typed.client import BoundMethod, TypedPool
from chimaera.typed.columns import rows_of, targets_of, task_count
from chimaera.typed.description import nearest
from chimaera.typed.library import describe
from chimaera.typed.values import encoder

__all__ = ["fake_of"]


class _Done:
    """The outcome of a call, in the place of `_core.Call`."""

    def __init__(self, run: Callable[[], Any]) -> None:
        self._value: Any = None
        self._error: Exception | None = None
        try:
            self._value = run()
        except Exception as error:  # noqa: BLE001 - it is the outcome
            self._error = error

    def done(self) -> bool:
        return True

    def wait(self, _timeout_s: float) -> bool:
        return True

    def cancel(self) -> bool:
        return False

    def error(self) -> Exception | None:
        return self._error

    def value(self) -> Any:
        return self._value


def fake_of(name: str, functions: Mapping[str, Callable[..., Any]]) -> Any:
    """Make what `chimaera.testing.fake_module` returns."""
    module = describe(name)
    if module is None or not module.methods:
        raise BadRequestError(f"module {name!r} describes no methods")
    kind = client_of(module)
    made = type(f"Fake{kind.__name__}", (_FakePool, kind), {})(functions)
    for each in functions:
        if each not in made.methods:
            hint = nearest(each, made.methods)
            raise BadRequestError(f"module {name!r} has no method {each!r}{hint}")
    return made


class _FakePool(TypedPool):
    """Goes before the class of a module's pools."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(cast("Any", None), cast("Any", (0, 0)), "fake")
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._functions = dict(functions)

    def create(self, *_args: Any, **_settings: Any) -> Any:  # type: ignore[override]
        """Return itself: every pool is the same."""
        return self

    def _run(self, index: int, arguments: Any, query: Any, timeout_s: float) -> Any:
        return self._submit(index, arguments, query, timeout_s).result()

    def _submit(
        self, index: int, arguments: Any, _query: Any, _timeout_s: float | None
    ) -> Future[Any]:
        bound = self._methods[index]
        bound.encode(arguments)
        done = _Done(lambda: self._call(bound, arguments))
        return Future(cast("Any", done), f"fake {bound.label}", bound.finish)

    def _many(
        self, index: int, arguments: Any, *, num_tasks: int | None, **how: Any
    ) -> Any:
        bound = self._methods[index]
        pairs = list(zip(bound.columns, arguments, strict=True))
        lengths = [read(value, what)[1] for (what, read), value in pairs]
        columns = [(None, length) for length in lengths]
        count = task_count(columns, num_tasks, bound.label)
        codes, targets = codes_of(count), targets_of(bound.method, count)
        lists: list[list[Any]] = [[None] * count for _ in targets]

        def run(codes: Any, _timeout_s: float) -> tuple[int, str] | None:
            failed = None
            for row in range(count):
                chosen = zip(arguments, lengths, strict=True)
                given = tuple(_row(*each, row) for each in chosen)
                try:
                    found = self._call(bound, given)
                    codes[row] = 0
                except ChimaeraError as error:
                    codes[row] = error.code
                    failed = failed or (row, str(error))
                    continue
                found = found if len(targets) > 1 else (found,)
                for place, target, rows in zip(found, targets, lists, strict=False):
                    _put(place, target, rows, row)
            return failed

        run_many(run, codes, how["timeout_s"], how["errors"])
        table = rows_of(bound.method, targets, lists, bound.types)
        return codes if table is None else with_codes(table, codes, how["errors"])

    def _call(self, bound: BoundMethod, arguments: tuple[Any, ...]) -> Any:
        """Call the function; return its results as the extension would."""
        method = bound.method
        names = [each.name for each in method.arguments]
        given = dict(zip(names, arguments, strict=True))
        self.calls.append((method.python_name, given))
        if method.python_name not in self._functions:
            raise UnimplementedError(f"{bound.label} has no function in this fake")
        found = self._functions[method.python_name](**given)
        results = method.results
        if len(results) < 2:
            several: tuple[Any, ...] = (found,) if results else ()
        elif isinstance(found, Mapping):
            several = tuple(found[each.name] for each in results)
        else:
            several = tuple(found)
        if not results and found is not None:
            raise BadRequestError(f"{bound.label} returns nothing, its fake {found!r}")
        forms = tuple(
            encoder(each)(value, f"result {each.name} of the fake {bound.label}")
            for each, value in zip(results, several, strict=True)
        )
        return forms[0] if len(forms) == 1 else forms or None


def _row(value: Any, length: int | None, row: int) -> Any:
    """Return the argument of one task."""
    if length is None:
        return value
    if isinstance(value, tuple) and len(value) == 2 and hasattr(value[1], "__len__"):
        return value[0], value[1][row]
    return value[row]


def _put(form: Any, target: Any, rows: list[Any], row: int) -> None:
    """Store a result of one task."""
    import numpy as np

    if target is None:
        rows[row] = form
    elif isinstance(form, bytes):
        target[row] = np.frombuffer(form, target.dtype)[0]
    else:
        target[row] = form
