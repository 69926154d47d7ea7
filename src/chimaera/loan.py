# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The runtime lends a name to one client at a time and forgets the loan when that
# client is gone. What has been written meanwhile are leases of clients, which go
# with them: so a loan that is not sealed leaves nothing behind.
"""Making an array anew, alone or with other processes."""

from __future__ import annotations

import contextlib
import functools
from itertools import pairwise
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from chimaera._extension import core
from chimaera.array_chunks import Stored, free_rows, freed_on_error
from chimaera.array_write import write_box
from chimaera.background import Job, forbid_stop
from chimaera.errors import BadRequestError, ChimaeraError
from chimaera.task import DEFAULT_TIMEOUT_S, Future, check_timeout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chimaera.array import DeviceArray
    from chimaera.bdev import BlockDevice

__all__ = ["Borrowed", "Loan", "LoanPart"]

# Waits, one after the other, when a loan ends: each has its bound.
_TASKS_AT_END = 8


class Borrowed:
    """A name that this process has for itself; a context manager.

    Parameters
    ----------
    device : BlockDevice
    object_name : str
    wait_s : float
        Seconds to wait at most for who has it; 0 raises AlreadyExistsError then.
    """

    def __init__(self, device: BlockDevice, object_name: str, wait_s: float) -> None:
        self.device = device
        self.object_name = object_name
        self.loan = 0
        self._wait_s = check_timeout(wait_s)

    def __enter__(self) -> Self:
        call = core.bdev_borrow(
            self.device.runtime.connection,
            self.device.id,
            self.object_name,
            int(self._wait_s * 1e9),
        )
        future = Future[int](call, f"loan of {self.object_name!r}")
        try:
            self.loan = future.result_or_cancel(self.longest_wait_s)
        except BaseException:
            # It may have been lent in the last moment.
            with contextlib.suppress(ChimaeraError):
                self.loan = future.result(1)
            self.end()
            raise
        return self

    @property
    def longest_wait_s(self) -> float:
        """The task ends by itself; only a stuck runtime lets it wait longer."""
        return self._wait_s + 10

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Give it back, if it is lent; it ends at the latest with this process."""
        if self.loan == 0:
            return
        with contextlib.suppress(ChimaeraError):
            call = core.bdev_return_loan(
                self.device.runtime.connection,
                self.device.id,
                self.object_name,
                self.loan,
            )
            Future[None](call, f"end of the loan of {self.object_name!r}").result(10)
        self.loan = 0


class Loan:
    """An array that is made anew by this process, and others if it is `split`.

    A context manager, also for ``async with``, made by `DeviceArray.loan`: nobody else
    writes the array meanwhile, and readers see what it was. At the end all that was
    made replaces it, at once; after an exception nothing does.

    Attributes
    ----------
    array : DeviceArray

    Examples
    --------
    >>> with chimaera.local() as rt:
    ...     device = rt.bdev(size_bytes=1 << 20)
    ...     array = device.array("squares", 5, "i8")
    ...     with array.loan() as loan:
    ...         loan.data[:] = np.arange(5) ** 2
    ...     array[...]
    array([ 0,  1,  4,  9, 16])
    """

    def __init__(
        self, array: DeviceArray, object_name: str, wait_s: float, timeout_s: float
    ) -> None:
        self.array = array
        self._borrowed = Borrowed(array.device, object_name, wait_s)
        self._timeout_s = timeout_s
        self._data: NDArray[Any] | None = None
        self._parts: list[LoanPart] = []

    def __enter__(self) -> Self:
        self._borrowed.__enter__()
        return self

    @property
    def data(self) -> NDArray[Any]:
        """The whole array in shared memory, uninitialised at first; writable."""
        if self._parts:
            raise BadRequestError(f"{self.array}: the loan was split")
        if self._data is None:
            self._check_lent()
            self._data = self.array.device.runtime.empty(
                self.array.shape, self.array.dtype
            )
        return self._data

    def split(self, count: int) -> list[LoanPart]:
        """Split along the first axis, between chunks.

        Parameters
        ----------
        count : int
            So many parts; fewer if there are fewer chunks along that axis.

        Returns
        -------
        list of LoanPart
            Each to be filled by one process, or thread. They can be pickled for any
            process of the same runtime.
        """
        self._check_lent()
        if self._data is not None or self._parts:
            raise BadRequestError(
                f"{self.array}: the loan is used as a whole, or split"
            )
        if count < 1 or not self.array.shape:
            raise BadRequestError(f"{count} parts of {self.array}")
        layout = self.array.layout
        chunks = layout.grid[0] if layout.num_chunks else 0
        edges = [chunks * at // count for at in range(count + 1)]
        name, loan = self._borrowed.object_name, self._borrowed.loan
        self._parts = [
            LoanPart(self.array, name, loan, first, last)
            for first, last in pairwise(edges)
            if first < last
        ]
        return list(self._parts)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._borrowed_to_the_end():
            if error is None:
                self._seal()
            elif self._parts:
                with contextlib.suppress(ChimaeraError):
                    free_rows(self.array.device, self._given()[1])

    async def __aenter__(self) -> Self:
        borrowing = Job(self.__enter__, f"{self}")
        try:
            # It ends by itself before that.
            return await borrowing.result_async(self._borrowed.longest_wait_s + 10)
        except BaseException:
            borrowing.add_done_callback(lambda _done: self._borrowed.end())
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end = functools.partial(self.__exit__, kind, error, trace)
        job = Job(end, f"{self}", own_thread=True)
        await job.result_async(_TASKS_AT_END * self._timeout_s)

    @contextlib.contextmanager
    def _borrowed_to_the_end(self) -> Any:
        try:
            yield
        finally:
            self._borrowed.end()
            self._data = None

    def _seal(self) -> None:
        array = self.array
        layout = array.layout
        stored = Stored.of_nothing(layout)
        if self._parts:
            chunks, rows = self._given()
            missing = layout.num_chunks - len(chunks)
            if missing:
                free_rows(array.device, rows)
                raise BadRequestError(
                    f"{array}: {missing} of {layout.num_chunks} chunks were not "
                    "filled, so nothing of the loan is kept"
                )
        elif self._data is not None:
            box = tuple(map(range, layout.shape))
            chunks, rows = write_box(
                array.device, stored, box, self._data, self._timeout_s
            )
        else:
            return
        array.seal(stored.with_rows(chunks, rows), rows, self._timeout_s)

    def _given(self) -> tuple[NDArray[np.intp], NDArray[np.uint64]]:
        """Ask for the blocks that the parts have given."""
        call = core.bdev_collect(
            self.array.device.runtime.connection,
            self.array.device.id,
            self._borrowed.object_name,
            self._borrowed.loan,
        )
        given = Future[dict[int, Any]](call, f"{self}").result(self._timeout_s)
        rows = np.array(list(given.values()), np.uint64).reshape(-1, 4)
        return np.array(list(given), np.intp), rows

    def _check_lent(self) -> None:
        if self._borrowed.loan == 0:
            raise BadRequestError(f"{self}: outside of its `with`")

    def __repr__(self) -> str:
        return f"<Loan of {self.array}>"


class LoanPart:
    """A range of chunks of an array that is on loan; made by `Loan.split`.

    A context manager, also for ``async with``, that gives its part of the array:
    writable, in shared memory of the process that fills it, uninitialised. What is in
    it at the end becomes part of the array when the loan is sealed; after an exception
    nothing does.

    Attributes
    ----------
    array : DeviceArray
    """

    def __init__(
        self, array: DeviceArray, object_name: str, loan: int, first: int, last: int
    ) -> None:
        self.array = array
        self._object_name = object_name
        self._loan = loan
        self._chunks = first, last
        self._data: NDArray[Any] | None = None

    @property
    def rows(self) -> slice:
        """Which part it is: ``array[part.rows]``."""
        first = self._box()[0]
        return slice(first.start, first.stop)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the part."""
        return tuple(map(len, self._box()))

    def __enter__(self) -> NDArray[Any]:
        array = self.array
        return self._begin(array.device.runtime.empty(self.shape, array.dtype))

    def _begin(self, data: NDArray[Any]) -> NDArray[Any]:
        if self._data is not None:
            raise BadRequestError(f"{self} is being filled")
        self._data = data
        return data

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        data, self._data = self._data, None
        if error is not None or data is None:
            return
        device = self.array.device
        nothing = Stored.of_nothing(self.array.layout)
        timeout_s = DEFAULT_TIMEOUT_S
        chunks, rows = write_box(device, nothing, self._box(), data, timeout_s)
        with freed_on_error(device, rows):
            forbid_stop()
            call = core.bdev_give(
                device.runtime.connection,
                device.id,
                self._object_name,
                self._loan,
                chunks.tolist(),
                rows.tolist(),
            )
            Future[None](call, f"{self}").result_or_cancel(timeout_s)

    async def __aenter__(self) -> NDArray[Any]:
        make = functools.partial(
            self.array.device.runtime.empty, self.shape, self.array.dtype
        )
        return self._begin(await Job(make, f"{self}"))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end = functools.partial(self.__exit__, kind, error, trace)
        job = Job(end, f"{self}", own_thread=True)
        await job.result_async(_TASKS_AT_END * DEFAULT_TIMEOUT_S)

    def _box(self) -> tuple[range, ...]:
        return self.array.layout.chunk_range(*self._chunks)

    def __getstate__(self) -> tuple[Any, ...]:
        return self.array, self._object_name, self._loan, *self._chunks

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        LoanPart.__init__(self, *state)

    def __repr__(self) -> str:
        return f"<LoanPart {self.rows} of {self.array}>"
