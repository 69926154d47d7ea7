# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Counts come from the runtime, which knows; places come from wrappers around the few
# methods that make what can leak, put there for the length of a test and no longer.
"""What a piece of a program leaves behind in a runtime."""

from __future__ import annotations

import contextlib
import functools
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from chimaera.errors import NoRuntimeError, RuntimeDiedError

if TYPE_CHECKING:
    from chimaera.pool import PoolId, PoolInfo
    from chimaera.runtime import Runtime

__all__ = ["KINDS", "Leak", "Places", "Snapshot", "shared_memory", "snapshot"]

KINDS = (
    "tasks",
    "loans",
    "views",
    "blocks",
    "memory",
    "clients",
    "pools",
    "files",
)
# What does not answer by then fails the test, so that a busy machine gets its time.
_ANSWER_S = 30.0
# Places that are named of each thing.
_PLACES_MAX = 3
_OWN_FILES = str(Path(__file__).parent)
_ADMIN = "chimaera_admin"


@dataclass(frozen=True, slots=True)
class Leak:
    """One thing that was left behind.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    text : str
        What it is and, if somebody has seen it, where it was made.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Device:
    name: str
    blocks: int
    views: int


@dataclass(frozen=True)
class Snapshot:
    """What a runtime holds for its clients at a moment.

    Attributes
    ----------
    tasks : dict of str to str
        Live tasks of clients, by their numbers.
    pools : dict of PoolId to str
    devices : dict of PoolId to _Device
    clients : dict of int to int
        Process ids of other clients, by the numbers of their sessions.
    memory_bytes : int
        Of arrays that this process has in the client data segment.
    """

    tasks: Mapping[str, str] = field(default_factory=dict)
    pools: Mapping[PoolId, str] = field(default_factory=dict)
    devices: Mapping[PoolId, _Device] = field(default_factory=dict)
    clients: Mapping[int, int] = field(default_factory=dict)
    memory_bytes: int = 0

    def leaks_since(
        self, before: Snapshot, kinds: Collection[str], places: Places
    ) -> list[Leak]:
        """Tell what there is now and was not before.

        Parameters
        ----------
        before : Snapshot
        kinds : collection of str
            Of `KINDS`; others are not looked at.
        places : Places
            Of what was made between the two.
        """
        found = [
            *self._of_tasks(before, places),
            *places.loans(),
            *self._of_devices(before, places),
            *(
                Leak("clients", f"process {pid} is still attached (client {session})")
                for session, pid in self.clients.items()
                if session not in before.clients
            ),
            *(
                Leak("pools", f"pool {pool} ({name}){places.of('pools')}")
                for pool, name in self.pools.items()
                if pool not in before.pools
            ),
        ]
        more = self.memory_bytes - before.memory_bytes
        if more > 0:
            text = f"{more} bytes of arrays in shared memory{places.of('memory')}"
            found.append(Leak("memory", text))
        return [leak for leak in found if leak.kind in kinds]

    def _of_tasks(self, before: Snapshot, places: Places) -> Iterator[Leak]:
        pending = places.pending()
        yield from pending
        live = [text for key, text in self.tasks.items() if key not in before.tasks]
        # A future and its task are one thing; which are which, nobody knows.
        if len(live) > len(pending):
            yield from (Leak("tasks", text + places.of("tasks")) for text in live)

    def _of_devices(self, before: Snapshot, places: Places) -> Iterator[Leak]:
        for pool, device in self.devices.items():
            old = before.devices.get(pool, _Device("", 0, 0))
            blocks, views = device.blocks - old.blocks, device.views - old.views
            where = f"of device {device.name!r}"
            if views > 0:
                what = f"{_plural(views, 'view')} {where}"
                yield Leak("views", what + places.of("views"))
            if blocks > 0:
                what = f"{_plural(blocks, 'block')} {where} not freed"
                yield Leak("blocks", what + places.of("blocks"))


def snapshot(runtime: Runtime) -> Snapshot | None:
    """Ask a runtime what it holds; None if it is closed, or gone.

    Raises
    ------
    ChimaeraError
        It does not say.
    """
    try:
        runtime.check()
        pools = runtime.pools(timeout_s=_ANSWER_S)
        tasks = {
            task.task: str(task)
            for task in runtime.dump(timeout_s=_ANSWER_S).tasks
            # The runtime's own, and this very question.
            if task.client != 0 and task.module != _ADMIN
        }
        return Snapshot(
            tasks,
            {info.id: info.name for info in pools},
            {
                info.id: _device(runtime, info)
                for info in pools
                if info.module == "chimaera_bdev" and info.state == "live"
            },
            _clients(runtime),
            runtime.buffer_bytes,
        )
    except (NoRuntimeError, RuntimeDiedError):
        return None


def _device(runtime: Runtime, pool: PoolInfo) -> _Device:
    """Count blocks that belong to clients: those of objects are meant to stay."""
    from chimaera.bdev import BlockDevice
    from chimaera.pool import PoolQuery

    device = BlockDevice(runtime, pool.id, pool.name)
    everywhere = PoolQuery.broadcast()
    blocks = device.stats(query=everywhere, timeout_s=_ANSWER_S).num_blocks
    for container in range(pool.num_containers if blocks else 0):
        query = PoolQuery.direct_id(container)
        for name, _ in device.objects(query=query, timeout_s=_ANSWER_S):
            blocks -= len(device.get_object(name, query=query)[1])
    return _Device(pool.name, blocks, runtime.connection.num_views(pool.id))


def _clients(runtime: Runtime) -> dict[int, int]:
    from chimaera.metrics import document_async

    own = runtime.connection.session_id
    document = document_async(runtime).result_or_cancel(_ANSWER_S)
    return {
        client["id"]: client["pid"]
        for client in document["clients"]
        if client["id"] != own
    }


def shared_memory() -> set[str]:
    """Names of Chimaera's segments that this process has open or mapped."""
    names = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            names.add(str(link.readlink()))
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
        names.update(line[line.find("/") :] for line in lines if "/memfd:" in line)
    prefix = "/memfd:chimaera-"
    return {
        name.removeprefix("/memfd:").removesuffix(" (deleted)")
        for name in names
        if name.startswith(prefix)
    }


class Places:
    """Where things were made while it is entered; a context manager."""

    def __init__(self) -> None:
        self._seen: dict[str, Counter[str]] = {}
        self._futures: dict[weakref.ref[Any], str] = {}
        self._loans: list[tuple[Any, str]] = []
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> Self:
        from chimaera.array import DeviceArray
        from chimaera.background import Job
        from chimaera.bdev import BlockDevice
        from chimaera.block_many import ManyBlocks
        from chimaera.loan import Borrowed
        from chimaera.runtime import Runtime
        from chimaera.task import Future

        def looks(arguments: Mapping[str, Any]) -> bool:
            return arguments.get("copy", True) is not True

        self._count(BlockDevice, "allocate_async", "blocks")
        self._count(BlockDevice, "allocate_blocks_async", "blocks")
        self._count(ManyBlocks, "allocate_many", "blocks")
        for kind in (BlockDevice, DeviceArray):
            self._count(kind, "read", "views", looks)
        self._count(BlockDevice, "read_async", "views", looks)
        self._count(Runtime, "empty", "memory")
        self._count(Runtime, "create_pool_async", "pools")
        for future in (Future, Job):
            self._wrap(future, "__init__", self._submitted)
            self._wrap(future, "_wait", self._over)
        self._wrap(Borrowed, "__enter__", self._lent)
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def of(self, kind: str) -> str:
        """Say where such things were made; empty if nobody has seen it."""
        places = self._seen.get(kind)
        if not places:
            return ""
        told = [place for place, _ in places.most_common(_PLACES_MAX)]
        more = len(places) - len(told)
        return f", made at {', '.join(told)}" + (f" and {more} more" if more else "")

    def pending(self) -> list[Leak]:
        """Futures that somebody keeps and that are not done."""
        return [
            Leak("tasks", f"{future!r}, made at {place}")
            for ref, place in list(self._futures.items())
            if (future := ref()) is not None and not future.done()
        ]

    def loans(self) -> list[Leak]:
        """Loans that were not ended."""
        return [
            Leak(
                "loans",
                f"{each.object_name!r} on loan from device {each.device.name!r}, "
                f"borrowed at {place}",
            )
            for each, place in self._loans
            if each.loan
        ]

    def _submitted(self, future: Any, place: str) -> None:
        """Remember the place as long as the future, or longer if nobody waits."""
        dropped = self._seen.setdefault("tasks", Counter())
        futures = self._futures

        def end(ref: weakref.ref[Any]) -> None:
            if ref in futures:
                dropped[futures.pop(ref)] += 1

        futures[weakref.ref(future, end)] = place

    def _over(self, future: Any, _place: str) -> None:
        self._futures.pop(weakref.ref(future), None)

    def _lent(self, loan: Any, place: str) -> None:
        self._loans = [each for each in self._loans if each[0].loan]
        self._loans.append((loan, place))

    def _count(
        self,
        owner: type,
        name: str,
        kind: str,
        condition: Callable[[Mapping[str, Any]], bool] = lambda _arguments: True,
    ) -> None:
        seen = self._seen.setdefault(kind, Counter())

        def note(_self: Any, place: str) -> None:
            seen[place] += 1

        self._wrap(owner, name, note, condition)

    def _wrap(
        self,
        owner: type,
        name: str,
        note: Callable[[Any, str], None],
        condition: Callable[[Mapping[str, Any]], bool] = lambda _arguments: True,
    ) -> None:
        original = getattr(owner, name)
        if name in vars(owner):
            self._undo.callback(setattr, owner, name, original)
        else:  # it is a base's
            self._undo.callback(delattr, owner, name)

        @functools.wraps(original)
        def noting(this: Any, *arguments: Any, **options: Any) -> Any:
            result = original(this, *arguments, **options)
            if condition(options):
                note(this, _place())
            return result

        setattr(owner, name, noting)


def _place() -> str:
    """Return the line of the nearest caller outside this package."""
    frame = sys._getframe(1)  # noqa: SLF001 - what a traceback is made of
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN_FILES):
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return f"{path}:{frame.f_lineno}"


def _plural(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
