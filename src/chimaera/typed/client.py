# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Generated clients (source.py) import this module and nothing else of ours.
"""The class of which pools of typed modules are, and what its methods need."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from chimaera._extension import core
from chimaera.block import Block
from chimaera.errors import NotFoundError, VersionMismatchError
from chimaera.many import Errors, codes_of, run_many, with_codes
from chimaera.pool import LOCAL, Pool, PoolId, PoolQuery
from chimaera.task import DEFAULT_TIMEOUT_S, Future, check_timeout, deadline_ms
from chimaera.typed.builds import use_new_build
from chimaera.typed.columns import column_of, rows_of, targets_of, task_count
from chimaera.typed.description import Method, ModuleDescription, nearest
from chimaera.typed.library import describe
from chimaera.typed.results import finisher
from chimaera.typed.settings import checked_settings
from chimaera.typed.values import BlockList, encoder

if TYPE_CHECKING:
    from chimaera.runtime import Runtime

__all__ = [
    "LOCAL",
    "BlockList",
    "Blocks",
    "BoundMethod",
    "Errors",
    "Future",
    "PoolId",
    "PoolQuery",
    "StructLike",
    "TypedPool",
]

#: What a struct may be given as, besides an object of its class.
StructLike: TypeAlias = Mapping[str, Any] | tuple[Any, ...]
#: A device, or the id of its pool, and one or several of its blocks.
Blocks: TypeAlias = tuple[Pool | tuple[int, int], Block | Iterable[Block]]

# What the extension reads by itself if it is as it should be.
_SIMPLE = {"bool", "int", "uint", "float", "enum", "string", "bytes"}
_SIMPLE_MAX = 8


class BoundMethod:
    """A method of a module with all that a call of it needs; for generated code."""

    def __init__(
        self, module: ModuleDescription, method: Method, types: Mapping[str, type]
    ) -> None:
        self.method = method
        self.types = types
        self.label = f"{module.full_name}.{method.python_name}"
        self.version = f"{module.library} {module.version}"
        self.caller = method.caller
        arguments = method.arguments
        names = [f"{self.label}: {each.name}" for each in arguments]
        self.encoders = list(zip(names, map(encoder, arguments), strict=True))
        self.columns = list(zip(names, map(column_of, arguments), strict=True))
        self.finish = finisher(method, types)
        self.is_simple = len(arguments) <= _SIMPLE_MAX and all(
            each.type.kind in _SIMPLE for each in arguments
        )

    def encode(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Check the arguments; return them as the extension wants them."""
        pairs = zip(self.encoders, arguments, strict=True)
        return tuple(encode(value, what) for (what, encode), value in pairs)

    def deadline_ms(self, timeout_s: float) -> int:
        """Return the deadline of a waiting call; 0: the method's own will do."""
        own = self.method.deadline_s
        if own is None or check_timeout(timeout_s) <= own:
            return 0
        return math.ceil(timeout_s * 1e3)


class _TypedFuture(Future[Any]):
    """Says whose description the client has where the module has another."""

    def __init__(self, call: core.Call, what: str, bound: BoundMethod) -> None:
        super().__init__(call, what, bound.finish)
        self._version = bound.version

    def _fetch(self) -> tuple[Any, None] | tuple[None, BaseException]:
        value, error = super()._fetch()
        if isinstance(error, VersionMismatchError):
            text = f"{error}; this client is of {self._version}"
            return None, VersionMismatchError(text)
        return (value, None) if error is None else (None, error)


class TypedPool(Pool):
    """A pool of a module that describes its methods.

    Attributes
    ----------
    runtime : Runtime
    id : PoolId
    name : str
    module : str
        The library, as ``myproject_stats``.
    methods : mapping of str to Method
        Its typed methods by their names in Python.
    full_name : str
        The module, as ``myproject.stats``.
    """

    full_name: ClassVar[str] = ""
    schema_hash: ClassVar[int] = 0
    types: ClassVar[tuple[type, ...]] = ()
    description: ClassVar[ModuleDescription | None] = None
    bound_methods: ClassVar[tuple[BoundMethod, ...]]

    def __init__(self, runtime: Runtime, pool_id: PoolId, name: str) -> None:
        super().__init__(runtime, pool_id, name)
        kind = type(self)
        if "bound_methods" not in vars(kind):
            kind.bound_methods = _bind(kind)
        self._methods = kind.bound_methods

    @classmethod
    def create(
        cls,
        runtime: Runtime,
        name: str | None = None,
        *,
        pool_id: PoolId | None = None,
        num_containers: int = 1,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        **settings: Any,
    ) -> Self:
        """Make a pool of this module, or find the one of this name.

        Parameters
        ----------
        runtime : Runtime
        name : str, optional
            Unique in the runtime; the module's name by default.
        pool_id, num_containers, timeout_s, **settings
            As for `Runtime.create_pool`.
        """
        return cls._create(
            runtime,
            name,
            settings,
            pool_id=pool_id,
            num_containers=num_containers,
            timeout_s=timeout_s,
        )

    @classmethod
    def _create(
        cls,
        runtime: Runtime,
        name: str | None,
        settings: Mapping[str, Any],
        *,
        pool_id: PoolId | None,
        num_containers: int,
        timeout_s: float,
    ) -> Self:
        """Make a pool; settings that are described are checked before."""
        checked = checked_settings(_description_of(cls), settings)
        use_new_build(runtime, cls.module, timeout_s=timeout_s, stacklevel=4)
        made = runtime.create_pool(
            cls.module,
            name or cls.full_name,
            pool_id=pool_id,
            num_containers=num_containers,
            timeout_s=timeout_s,
            **checked,
        )
        return cls(runtime, made.id, made.name)

    @property
    def methods(self) -> Mapping[str, Method]:
        """Its typed methods by their names in Python."""
        return {each.method.python_name: each.method for each in self._methods}

    def __getattr__(self, name: str) -> Any:
        hint = nearest(name, [each for each in dir(type(self)) if each[0] != "_"])
        raise AttributeError(f"module {self.full_name} has no method {name!r}{hint}")

    def _run(
        self, index: int, arguments: tuple[Any, ...], query: PoolQuery, timeout_s: float
    ) -> Any:
        """Run a method and wait for it."""
        bound = self._methods[index]
        connection = self.runtime.connection
        if bound.is_simple:
            found = core.run_typed(
                bound.caller, connection, self.id, query, timeout_s, arguments
            )
            if found.__class__ is core.Call:
                return self._future(bound, found).result_or_cancel(timeout_s)
            if found is not NotImplemented:
                return found if bound.finish is None else bound.finish(found)
        limit_ms = bound.deadline_ms(check_timeout(timeout_s))
        future = self._start(bound, arguments, query, limit_ms)
        return future.result_or_cancel(timeout_s)

    def _submit(
        self,
        index: int,
        arguments: tuple[Any, ...],
        query: PoolQuery,
        timeout_s: float | None,
    ) -> Future[Any]:
        """Submit what `_run` waits for."""
        return self._start(
            self._methods[index], arguments, query, deadline_ms(timeout_s)
        )

    def _start(
        self,
        bound: BoundMethod,
        arguments: tuple[Any, ...],
        query: PoolQuery,
        timeout_ms: int,
    ) -> Future[Any]:
        call = core.typed_call(
            bound.caller,
            self.runtime.connection,
            self.id,
            query,
            timeout_ms,
            bound.encode(arguments),
        )
        return self._future(bound, call)

    def _future(self, bound: BoundMethod, call: core.Call) -> Future[Any]:
        return _TypedFuture(call, f"{bound.label} of pool {self.id}", bound)

    def _many(
        self,
        index: int,
        arguments: tuple[Any, ...],
        *,
        num_tasks: int | None,
        query: PoolQuery,
        timeout_s: float,
        errors: Errors,
    ) -> Any:
        """Run a method once per row of its arguments."""
        bound = self._methods[index]
        pairs = zip(bound.columns, arguments, strict=True)
        columns = [read(value, what) for (what, read), value in pairs]
        count = task_count(columns, num_tasks, bound.label)
        codes = codes_of(count)
        targets = targets_of(bound.method, count)
        lists: list[list[Any] | None] = [None] * len(targets)

        def run(codes: Any, timeout_s: float) -> tuple[int, str] | None:
            failed, lists[:] = core.typed_many(
                bound.caller,
                self.runtime.connection,
                self.id,
                query,
                tuple(column for column, _ in columns),
                targets,
                codes,
                timeout_s,
            )
            return failed

        run_many(run, codes, timeout_s, errors)
        rows = rows_of(bound.method, targets, lists, bound.types)
        return codes if rows is None else with_codes(rows, codes, errors)


def _description_of(cls: type[TypedPool]) -> ModuleDescription:
    """Return what the module of a class of pools says of itself.

    Raises
    ------
    NotFoundError
        The module's client library is not there, or describes nothing.
    VersionMismatchError
        The class was generated from another description.
    """
    module = cls.description or describe(cls.full_name)
    if module is None:
        raise NotFoundError(f"module {cls.full_name!r} describes no methods")
    if module.schema_hash != cls.schema_hash:
        raise VersionMismatchError(
            f"{cls.__name__} was generated from another chimaera_mod.yaml than the "
            f"library of {module.library} {module.version}: build both from one"
        )
    return module


def _bind(cls: type[TypedPool]) -> tuple[BoundMethod, ...]:
    """Return the methods of a class of pools, in the order of its module."""
    module = _description_of(cls)
    types = {each.__name__: each for each in cls.types}
    return tuple(BoundMethod(module, each, types) for each in module.methods)
