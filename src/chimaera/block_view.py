# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A view pins its block until the last array over it is gone: the owner may free the
# block meanwhile, its space stays. A block of a file is read once, checked, into
# shared memory that nobody writes to any more; the view has it mapped read-only.
"""Blocks of a device as read-only arrays, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from chimaera._extension import core
from chimaera.background import let_go
from chimaera.errors import BadRequestError, ChimaeraError, UnimplementedError
from chimaera.flat import checked_offset
from chimaera.task import DEFAULT_TIMEOUT_S, Future, deadline_ms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from chimaera.bdev import BlockDevice
    from chimaera.block import Block

__all__ = ["check_no_views", "view", "view_async"]


def view(
    device: BlockDevice,
    block: Block,
    offset: int,
    look: Any = None,
    *,
    copy: bool | None,
    timeout_s: float,
) -> NDArray[np.uint8] | None:
    """Look at a block; None if it has to be copied and `copy` allows it.

    `look` is a call that was begun, if there is one.
    """
    if device.in_memory is not False:
        try:
            call = look or _view_call(device, block, offset, 0)
            found = Future[Any](call, f"{device} view").result_or_cancel(timeout_s)
        except UnimplementedError as error:
            device.in_memory = False
            # Its frames, and the arrays in them, would stay until a collection.
            error.__traceback__ = None
        else:
            device.in_memory = True
            return cast("NDArray[np.uint8]", found)
    if copy is None:
        return None
    return _read_view(device, block, offset, None).result_or_cancel(timeout_s)


def view_async(
    device: BlockDevice,
    block: Block,
    offset: int,
    *,
    copy: bool | None,
    timeout_s: float | None,
) -> Future[NDArray[Any]] | None:
    """Submit `view`."""
    if device.in_memory is None:
        # Asked once, of any block.
        view(device, block, 0, copy=None, timeout_s=DEFAULT_TIMEOUT_S)
    if device.in_memory:
        call = _view_call(device, block, offset, deadline_ms(timeout_s))
        return Future(call, f"{device} view")
    return None if copy is None else _read_view(device, block, offset, timeout_s)


def check_no_views(connection: core.Connection, device: BlockDevice | None) -> None:
    """Raise BufferError if arrays still look into this device, or into any."""
    device_id = None if device is None else device.id
    if connection.num_views(device_id) == 0:
        return
    # The caller may have let go of an array before the thread that made it.
    let_go()
    count = connection.num_views(device_id)
    if count == 0:
        return
    try:
        connection.check()
    except ChimaeraError:  # nothing is pinned any more
        return
    raise BufferError(
        f"{count} view{'s' * (count != 1)} of blocks of "
        f"{device or 'block devices'} in use: let the arrays go first"
    )


def _view_call(
    device: BlockDevice, block: Block, offset: int, timeout_ms: int
) -> core.Call:
    return core.bdev_view(
        device.runtime.connection,
        device.id,
        block.row(),
        checked_offset(offset),
        timeout_ms,
    )


def _read_view(
    device: BlockDevice, block: Block, offset: int, timeout_s: float | None
) -> Future[NDArray[Any]]:
    """Read a block into memory that only views of it keep."""
    connection = device.runtime.connection
    size = block.size_bytes - checked_offset(offset)
    if size <= 0:
        raise BadRequestError(f"offset {offset} of {block}")
    buffer = core.Buffer(connection, size, for_view=True)
    call = core.bdev_read(
        connection,
        device.id,
        block.row(),
        memoryview(buffer),
        offset,
        deadline_ms(timeout_s),
    )
    return Future(
        call,
        f"{device} view",
        lambda _out: _array(core.View(connection, device.id, buffer)),
    )


def _array(found: core.View) -> NDArray[np.uint8]:
    import numpy as np

    return np.frombuffer(memoryview(found), np.uint8)
