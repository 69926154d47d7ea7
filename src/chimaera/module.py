# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The client of a module is made by running its source (typed/source.py), so that
# signatures, documentation and tracebacks are those of written code.
"""Modules, with their methods as Python methods."""

from __future__ import annotations

import functools
import linecache
import sys
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from chimaera.errors import BadRequestError
from chimaera.pool import Pool, PoolId, client_class
from chimaera.task import DEFAULT_TIMEOUT_S
from chimaera.typed.builds import OldBuildWarning, use_new_build
from chimaera.typed.client import TypedPool
from chimaera.typed.description import Method, ModuleDescription, nearest
from chimaera.typed.library import describe, split_name
from chimaera.typed.settings import checked_settings
from chimaera.typed.source import class_name, client_source

if TYPE_CHECKING:
    from chimaera.runtime import Runtime

__all__ = ["Module", "ModuleOf", "OldBuildWarning", "client_of", "pool_class"]

P = TypeVar("P", bound=Pool)


@functools.lru_cache(maxsize=256)
def client_of(module: ModuleDescription) -> type[TypedPool]:
    """Return the class of pools of a module that describes itself."""
    name = f"chimaera.modules.{module.library}"
    source, file = client_source(module), f"<client of {module.full_name}>"
    namespace = types.ModuleType(name)
    sys.modules[name] = namespace  # dataclasses look there
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), namespace.__dict__)  # noqa: S102 - our text
    found: type[TypedPool] = getattr(namespace, class_name(module))
    found.description = module
    return found


def pool_class(name: str) -> type[Pool]:
    """Return the class of pools of module ``"namespace.module"``.

    Returns
    -------
    type
        A `TypedPool` with the module's methods; for a module that describes none
        what `Runtime.create_pool` gives.

    Raises
    ------
    NotFoundError
        There is no such module.
    """
    found = client_class("_".join(split_name(name)))
    if found is not Pool:
        return found
    module = describe(name)
    return Pool if module is None or not module.methods else client_of(module)


class ModuleOf(Generic[P]):
    """What every module of a runtime has; `P` is the class of its pools.

    Attributes
    ----------
    runtime : Runtime
    name : str
        ``namespace.module``.
    library : str
        As the runtime calls it: ``namespace_module``.
    pool_class : type
        Of its pools; ``help(module.pool_class)`` tells all of its methods.
    description : ModuleDescription or None
        What the module says of itself; None if it says nothing.
    """

    runtime: Runtime
    name: str
    library: str
    pool_class: type[P]
    description: ModuleDescription | None

    @property
    def methods(self) -> Mapping[str, Method]:
        """The typed methods by their names in Python."""
        known = self.description.methods if self.description else ()
        return {each.python_name: each for each in known}

    def pool(self, name: str | PoolId, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> P:
        """Return the pool of this name or id.

        Raises
        ------
        NotFoundError
            There is none.
        BadRequestError
            It is another module's.
        """
        for info in self.runtime.pools(timeout_s=timeout_s):
            if name in {info.name, info.id} and info.module != self.library:
                raise BadRequestError(f"pool {info.name!r} is of {info.module}")
        found = self.runtime.pool(name, timeout_s=timeout_s)
        return self.pool_class(self.runtime, found.id, found.name)


class Module(ModuleOf[Any]):
    """A module of a runtime; made by `Runtime.module`.

    Methods of the module are methods of this object, and run on a pool that is
    made when the first is asked for, named like the module. `create` makes others.
    Its attributes are those of `ModuleOf`.

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     rt.module("chimaera.echo").echo("hello")
    'hello'
    """

    def __init__(self, runtime: Runtime, name: str) -> None:
        self.runtime = runtime
        self.name = name
        self.library = "_".join(split_name(name))
        self.pool_class = pool_class(name)
        self.description = describe(name)
        self._pool: Pool | None = None

    def create(
        self,
        name: str | None = None,
        *,
        pool_id: PoolId | None = None,
        num_containers: int = 1,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        **settings: Any,
    ) -> Any:
        """Make a pool of this module, or find the one of this name.

        Parameters
        ----------
        name : str, optional
            Unique in the runtime; the module's name by default.
        pool_id, num_containers, timeout_s, **settings
            As for `Runtime.create_pool`.

        Returns
        -------
        Pool
            Of class `pool_class`.
        """
        checked = checked_settings(self.description, settings)
        use_new_build(self.runtime, self.library, timeout_s=timeout_s, stacklevel=3)
        made = self.runtime.create_pool(
            self.library,
            name or self.name,
            pool_id=pool_id,
            num_containers=num_containers,
            timeout_s=timeout_s,
            **checked,
        )
        return self.pool_class(self.runtime, made.id, made.name)

    def __getattr__(self, name: str) -> Any:
        kind = self.__dict__.get("pool_class", Pool)
        possible = [each for each in dir(kind) if not each.startswith("_")]
        if "_pool" in self.__dict__:
            possible += self._typed_names()
        if name not in possible or "_pool" not in self.__dict__:
            hint = nearest(name, possible)
            raise AttributeError(
                f"{self.__dict__.get('name')} has no method {name!r}{hint}"
            )
        if self._pool is None:
            self._pool = self.create()
        if self.description is None or hasattr(self.pool_class, name):
            return getattr(self._pool, name)
        # A class by hand that leaves it out.
        typed = client_of(self.description)
        return getattr(typed(self.runtime, self._pool.id, self._pool.name), name)

    def _typed_names(self) -> list[str]:
        if self.description is None or not self.description.methods:
            return []
        names = dir(client_of(self.description))
        return [each for each in names if not each.startswith("_")]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self.pool_class), *self._typed_names()})

    def __repr__(self) -> str:
        return f"<Module {self.name}: {', '.join(self.methods) or 'no typed methods'}>"
