# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Every rule on this repository. A failure lists all findings of its rule.
"""The code base obeys the house style."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tidy import includes, shape, words
from tidy.tree import Finding, Tree, load_tree

Rule = Callable[[Tree], Iterator[Finding]]

RULES: dict[str, Rule] = {
    "includes point down": includes.check_layers,
    "the core knows no module": includes.check_modules,
    "private headers stay private": includes.check_private,
    "third-party headers are wrapped": includes.check_third_party,
    "sizes": shape.check_sizes,
    "first lines": shape.check_headers,
    "include guards": shape.check_guards,
    "folders explain themselves": shape.check_folders,
    "banned names": words.check_banned,
    "catch (...) at the boundaries": words.check_catch_all,
    "nothing left for later": words.check_leftovers,
    "generated code is not committed": words.check_autogen,
}


@pytest.fixture(scope="module")
def repository() -> Tree:
    return load_tree(Path(__file__).parents[2])


@pytest.mark.parametrize("name", RULES)
def test_repository_obeys(name: str, repository: Tree) -> None:
    findings = sorted(RULES[name](repository))
    if findings:
        pytest.fail("\n".join(map(str, findings)), pytrace=False)
