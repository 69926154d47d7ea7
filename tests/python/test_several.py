# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Queries that mean several containers of a pool, as Python sees them.
"""One task, several containers."""

from __future__ import annotations

import pytest

import chimaera
from chimaera import PoolQuery, errors


@pytest.mark.parametrize(
    ("query", "containers"),
    [
        (PoolQuery.broadcast(), 5),
        (PoolQuery.physical(0), 5),
        (PoolQuery.range(1, 3), 3),
        (PoolQuery.range(4, 1), 1),
        (PoolQuery.direct_id(2), 1),
    ],
)
def test_results_of_all_containers_are_summed(
    rt: chimaera.Runtime, query: PoolQuery, containers: int
) -> None:
    echo = rt.echo(num_containers=5)
    assert echo.spawn(7, query=query) == 7 * containers
    echo.null(query=query)


def test_the_first_container_answers_where_nothing_is_summed(
    rt: chimaera.Runtime,
) -> None:
    echo = rt.echo(num_containers=3)
    assert echo.container(query=PoolQuery.range(1, 2)) == 1
    assert echo.echo("x" * 1000, query=PoolQuery.broadcast()) == "x" * 1000


def test_the_counters_of_a_device_are_those_of_all_containers(
    rt: chimaera.Runtime,
) -> None:
    device = rt.bdev(size_bytes=1 << 20, num_containers=3)
    blocks = [
        device.allocate(4096, query=PoolQuery.direct_id(container))
        for container in range(3)
    ]
    stats = device.stats(query=PoolQuery.broadcast())
    assert stats.total_bytes == 3 << 20
    assert stats.num_blocks == len(blocks)
    assert device.stats(query=PoolQuery.direct_id(1)).num_blocks == 1


def test_an_error_names_the_container_and_the_number(rt: chimaera.Runtime) -> None:
    echo = rt.echo(num_containers=3)
    with pytest.raises(errors.ModuleExceptionError, match=r"3 of 3 .* container 0: "):
        echo.throw("no", query=PoolQuery.broadcast())


@pytest.mark.parametrize(
    ("query", "kind", "text"),
    [
        (PoolQuery.range(2, 2), errors.NotFoundError, r"range \[2, 4\) of 3"),
        (PoolQuery.range(0, 0), errors.BadRequestError, r"range \[0, 0\) is empty"),
        (PoolQuery.physical(1), errors.NotFoundError, "node 1 of 1"),
        (PoolQuery.direct_id(3), errors.NotFoundError, "container 3 of 3"),
    ],
)
def test_wrong_ranges_and_ids_are_errors(
    rt: chimaera.Runtime, query: PoolQuery, kind: type[Exception], text: str
) -> None:
    echo = rt.echo(num_containers=3)
    with pytest.raises(kind, match=text):
        echo.spawn(1, query=query)


def test_many_broadcasts_at_once(rt: chimaera.Runtime) -> None:
    echo = rt.echo(num_containers=4)
    futures = [echo.echo_async(str(i), query=PoolQuery.broadcast()) for i in range(200)]
    assert [future.result() for future in futures] == [str(i) for i in range(200)]
