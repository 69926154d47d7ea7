# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Files that no runtime may start with. Some are written out; most are made of the
# table of settings, each with the line and key that its first error has to name.
"""Broken configuration files as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from chimaera import config

__all__ = ["CASES", "Case"]


class Case(NamedTuple):
    """A broken file, and where its first mistake is."""

    name: str
    text: str
    line: int
    key: str
    says: str  # stands in the message


HEAD = "# A comment, so that no mistake is in line 1.\n"


def _file(key: str, value: str) -> str:
    section, name = key.split(".")
    return f"{HEAD}{section}:\n  {name}: {value}\n"


def _of_settings() -> Iterator[Case]:
    wrong = {
        "number": ["many", "-1", "1.5", "[1]", "{a: 1}", "", "99999999999999999999"],
        "size": ["much", "-1", "5 XB", "[1MB]", "{a: 1}", "", "1"],
        "duration": ["long", "-1s", "5 m", "[1s]", "{a: 1}", "", "9h"],
        "bool": ["maybe", "1", "yes", "[true]", ""],
        "choice": ["none_of_them", "[info]", "{a: 1}", ""],
        "text": ["'a/b c'", "[a]", "{a: 1}", ""],
        "paths": ["/opt", "[here]", "[[/opt]]", "{a: 1}"],
    }
    for setting in config.settings():
        for number, value in enumerate(wrong[setting.type]):
            name = f"{setting.key}-{number}"
            yield Case(name, _file(setting.key, value), 3, setting.key, "")
        section, name = setting.key.split(".")
        misspelt = f"{section}.{name[:-1]}"
        yield Case(
            f"{setting.key}-misspelt",
            _file(misspelt, setting.default),
            3,
            misspelt,
            f"did you mean '{name}'",
        )
        if setting.type == "number":
            beyond = str(setting.maximum + 1)
            yield Case(
                f"{setting.key}-beyond",
                _file(setting.key, beyond),
                3,
                setting.key,
                "is not within",
            )


def _entry(**changes: str | None) -> str:
    keys: dict[str, str | None] = {
        "mod_name": "chimaera_bdev",
        "pool_name": "ram://a",
        "pool_id": "200.0",
        "bdev_type": "ram",
        "capacity": "1MB",
    }
    keys |= changes
    # Line 1 is the comment, 2 compose, 3 mod_name, and so on.
    lines = [f"    {key}: {value}" for key, value in keys.items() if value is not None]
    lines[0] = "  - " + lines[0].strip()
    return f"{HEAD}compose:\n" + "\n".join(lines) + "\n"


def _of_pools() -> Iterator[Case]:
    def case(name: str, line: int, key: str, says: str, **changes: str | None) -> Case:
        return Case(f"pool-{name}", _entry(**changes), line, f"compose[0].{key}", says)

    yield case("no-module", 3, "mod_name", "is missing", mod_name=None)
    yield case("no-name", 3, "pool_name", "is missing", pool_name=None)
    yield case("no-id", 3, "pool_id", "is missing", pool_id=None)
    yield case("empty-name", 4, "pool_name", "must not be empty", pool_name="''")
    yield case("list-name", 4, "pool_name", "single value", pool_name="[a]")
    for number, wrong in enumerate(["x", "-1.0", "1.2.3", "4294967296", "'200.0 '"]):
        yield case(f"id-{number}", 5, "pool_id", "is no pool id", pool_id=wrong)
    yield case("null-id", 5, "pool_id", "null pool id", pool_id="0.0")
    yield case("admin-id", 5, "pool_id", "admin", pool_id="1.0")
    for number, wrong in enumerate(["everywhere", "1", "direct"]):
        yield case(f"query-{number}", 8, "pool_query", "is none of", pool_query=wrong)
    for number, wrong in enumerate(["0", "-1", "4097", "two", "1.0"]):
        yield case(
            f"containers-{number}", 8, "num_containers", "", num_containers=wrong
        )
    yield case("near-key", 8, "pool_quer", "did you mean", pool_quer="local")
    second = "  - {mod_name: chimaera_echo, pool_name: %s, pool_id: %s}\n"
    yield Case(
        "pool-id-twice", _entry() + second % ("b", "200"), 8, "compose[1].pool_id", "5"
    )
    yield Case(
        "pool-name-twice",
        _entry() + second % ("'ram://a'", "201"),
        8,
        "compose[1].pool_name",
        "belongs to the pool in line 4",
    )
    yield Case("compose-word", f"{HEAD}compose: all\n", 2, "compose", "must be a list")
    yield Case("compose-map", f"{HEAD}compose: {{a: 1}}\n", 2, "compose", "a list")
    yield Case(
        "pool-word", f"{HEAD}compose:\n  - x\n", 3, "compose[0]", "must be a map"
    )
    yield Case("pool-empty", f"{HEAD}compose:\n  - ~\n", 3, "compose[0]", "is empty")


def _of_text() -> Iterator[Case]:
    sections = sorted({setting.key.split(".")[0] for setting in config.settings()})
    for section in sections:
        for kind, value in (("word", "all"), ("list", "[1, 2]")):
            name = f"{section}-{kind}"
            text = f"{HEAD}{section}: {value}\n"
            yield Case(name, text, 2, section, "must be a map")
        text = f"{HEAD}{section[:-1]}: {{}}\n"
        yield Case(f"{section}-misspelt", text, 2, section[:-1], "did you mean")
        text = f"{HEAD}{section}: {{}}\n{section}: {{}}\n"
        yield Case(f"{section}-twice", text, 3, "", "stands in line 2")
    for name, text, line, says in (
        ("list", "- a\n", 1, "must be a map"),
        ("word", "runtime\n", 1, "must be a map"),
        ("tab", "runtime:\n\tname: a\n", 2, ""),
        ("open-list", "a:\nmodules: {paths: [/a\n", 3, ""),
        ("documents", "runtime:\n---\nqueue:\n", 2, "a second document"),
        ("alias", "runtime: &a\nqueue: *a\n", 1, "anchors are not allowed"),
        ("tag", "queue:\n  depth: !!int 16\n", 2, "tags are not allowed"),
        ("zero", "queue:\n  depth: \0\n", 2, "a zero byte"),
        ("deep", "queue: " + "[" * 40 + "]" * 40, 1, "nested more than"),
        ("key-map", "{a: 1}: 2\n", 1, "a key must be a word"),
        ("long-key", "k" * 300 + ": 1\n", 1, "a key of 300 bytes"),
        ("long", "#" * (1 << 20) + "\n", 1, "at most"),
        ("two-keys", "queue:\n  depth: 16\n  depth: 32\n", 3, "in line 2"),
    ):
        yield Case(f"text-{name}", text, line, "", says)


def _together() -> Iterator[Case]:
    for name, text, line, key in (
        (
            "long-workers",
            "runtime: {num_threads: 2}\nscheduling:\n  long_workers: 2\n",
            3,
            "scheduling.long_workers",
        ),
        (
            "client-bytes",
            "memory:\n  main_segment: 4MB\n  max_client_bytes: 8MB\n",
            3,
            "memory.max_client_bytes",
        ),
        (
            "data-bytes",
            "memory:\n\n  runtime_data_segment: 2GB\n",
            3,
            "memory.runtime_data_segment",
        ),
        ("open-quote", 'runtime:\n  name: "a\n', 2, "runtime.name"),
        ("pages", "memory:\n  main_segment: 4194305\n", 2, "memory.main_segment"),
        ("depth", "queue:\n  depth: 100\n", 2, "queue.depth"),
    ):
        yield Case(f"together-{name}", text, line, key, "")


CASES = [*_of_settings(), *_of_pools(), *_of_text(), *_together()]
