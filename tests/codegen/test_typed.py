# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What is generated for typed methods, and which numbers may not change.
"""Typed methods of good modules. Their C++ is tested by tests/cpp/chimods."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chimaera.codegen.cli import main
from chimaera.codegen.scaffold import new_repo
from chimaera.codegen.schema import load_repo

SAMPLE = Path(__file__).parents[1] / "chimods"
SOURCE = Path(__file__).parents[2] / "src"
PARTS = ("tasks", "client", "runtime")
#: Of C++, for one method of four parameters.
MAX_LINES_PER_METHOD = 60
REMEDY = (
    "; if no client is left that sends it, allow it with --allow-id-changes "
    "(CMake: -DCHIMAERA_ALLOW_ID_CHANGES=ON)"
)

TYPED = """\
name: store
kCreate: 0
kReduce:
  id: 10
  parameters:
    - {name: values, direction: in, type: "array<float64, 1>"}
    - {name: scale, direction: inout, type: float64, default: 1.0}
    - {name: total, direction: out, type: float64, aggregate: sum}
    - {name: count, direction: out, type: uint64, aggregate: sum}
types:
  Mode: {enum: [fast, exact]}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with the one module `store`, which is typed."""
    directory = tmp_path / "repo"
    (directory / "store").mkdir(parents=True)
    (directory / "chimaera_repo.yaml").write_text("namespace: demo\n")
    (directory / "store" / "chimaera_mod.yaml").write_text(TYPED)
    return directory


def change(repo: Path, old: str, new: str) -> None:
    """Replace text in the module's YAML."""
    path = repo / "store" / "chimaera_mod.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def generate(repo: Path, *options: str) -> int:
    return main([str(repo), "--build-dir", str(repo.parent / "gen"), *options])


def generated(repo: Path) -> dict[str, str]:
    """Return every generated file with its text."""
    root = repo.parent / "gen"
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_text() for path in found}


def test_a_typed_module_needs_no_header_of_its_own(repo: Path) -> None:
    assert generate(repo) == 0
    include = "include/demo/store"
    assert set(generated(repo)) == {
        f"{include}/autogen/store_methods.h",
        f"{include}/autogen/store_fake.h",
        *(f"{include}/autogen/store_{part}.h" for part in PARTS),
        *(f"{include}/store_{part}.h" for part in PARTS),
        "src/demo/store_lib_exec.cc",
        "src/demo/store_description.cc",
        "doc/demo/store.md",
        "python/demo_store.py",
        "python/demo_store.pyi",
        "python/chimaera_modules.pyi",
    }


def test_a_header_written_by_hand_takes_the_place_of_a_generated_one(
    repo: Path,
) -> None:
    include = repo / "store" / "include" / "demo" / "store"
    include.mkdir(parents=True)
    (include / "store_runtime.h").write_text("// by hand\n")
    assert generate(repo) == 0
    files = generated(repo)
    assert "include/demo/store/store_runtime.h" not in files
    table = files["src/demo/store_lib_exec.cc"]
    assert "#include <demo/store/store_runtime.h>" in table
    assert "MakeTypedMethod<Runtime, ReduceTask" in table


def test_in_place_is_up_to_date_after_itself(repo: Path) -> None:
    assert main([str(repo), "--in-place"]) == 0
    assert main([str(repo), "--in-place", "--check"]) == 0


def test_same_input_same_bytes(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "elsewhere")
    assert main([str(SAMPLE), "--build-dir", str(tmp_path / "a")]) == 0
    assert main([str(tmp_path / "elsewhere"), "--build-dir", str(tmp_path / "b")]) == 0
    first = sorted(path for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(first) > 8
    for path in first:
        twin = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == twin.read_bytes()


def test_a_method_costs_few_generated_lines(repo: Path) -> None:
    generate(repo)
    before = count_lines(repo)
    text = (repo / "store" / "chimaera_mod.yaml").read_text()
    method = re.search(r"kReduce:.*(?=types:)", text, re.DOTALL)
    assert method is not None
    second = method[0].replace("kReduce", "kSecond").replace("id: 10", "id: 11")
    change(repo, "types:", f"{second}types:")
    generate(repo)
    assert count_lines(repo) - before <= MAX_LINES_PER_METHOD


def count_lines(repo: Path) -> int:
    return sum(
        len(text.splitlines())
        for name, text in generated(repo).items()
        if name.endswith((".h", ".cc"))
    )


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("name: scale", "name: factor", True),
        ("default: 1.0", "default: 2.0, doc: why, unit: m", True),
        ("uint64, aggregate: sum", "uint64, aggregate: max", True),
        ("id: 10", "id: 10\n  deadline: 3s\n  doc: what", True),
        ("type: uint64", "type: int64", False),
        ("direction: inout", "direction: in", False),
        ("float64, 1>", "float64, 2>", False),
        ("types:", "    - {name: more, direction: in, type: int8}\ntypes:", False),
    ],
)
def test_the_schema_is_of_what_clients_can_disagree_on(
    repo: Path,
    old: str,
    new: str,
    is_same: bool,  # noqa: FBT001 - pytest's
) -> None:
    def schema() -> int:
        (module,) = load_repo(repo).modules
        return module.methods[-1].description.schema

    before = schema()
    assert 0 < before < 2**24
    change(repo, old, new)
    assert (schema() == before) is is_same


def test_an_id_must_not_change_from_one_run_to_the_next(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(repo)
    change(repo, "id: 10", "id: 11")
    assert generate(repo) == 1
    path = repo / "store" / "chimaera_mod.yaml"
    assert capsys.readouterr().err == (
        f"{path}:3: kReduce: is 11, and was 10 in the last generation: "
        f"clients send it{REMEDY}\n"
    )
    assert generate(repo, "--allow-id-changes") == 0
    assert generate(repo) == 0


def test_a_method_is_renamed_by_an_alias(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(repo)
    change(repo, "kReduce:", "kTotal:")
    assert generate(repo) == 1
    assert (
        "kTotal: id 10 was kReduce in the last generation: "
        f"list it under 'aliases', or take another id{REMEDY}\n"
        in capsys.readouterr().err
    )
    change(repo, "id: 10", "id: 10\n  aliases: [kReduce]")
    assert generate(repo) == 0
    files = generated(repo)
    methods = files["include/demo/store/autogen/store_methods.h"]
    assert "kReduce = kTotal;" in methods
    tasks = files["include/demo/store/autogen/store_tasks.h"]
    assert "using ReduceTask = TotalTask;" in tasks


SETTINGS = """\
kCreate:
  id: 0
  parameters:
    - {name: label, direction: in, type: string, default: plain}
    - {name: limit, direction: in, type: uint64}
"""
RIGHT = """\
import chimaera
import numpy as np


def total(rt: chimaera.Runtime) -> float:
    stats = rt.module("mylab.stats")
    mine = stats.create("mine", label="x", limit="2GB", num_containers=2)
    later = mine.reduce_async(np.ones(3)).result() + stats.pool("mine").reduce([1, 2])
    rt.module("somebody.elses").anything(1)
    return stats.reduce(np.ones(3), timeout_s=5) + later + other(rt)


def other(rt: chimaera.Runtime) -> float:
    return rt.module("lab.other").sum([0.5])
"""
WRONG = """\
import chimaera
import numpy as np


def total(rt: chimaera.Runtime) -> str:
    stats, small = rt.module("mylab.stats"), np.ones(3, dtype=np.int8)
    stats.reduce("numbers")
    stats.reduce(small)
    stats.reduce()
    stats.reduec(np.ones(3))
    stats.create("mine").reduce(np.ones(3), timeout_s="5")
    stats.create("mine", lable="x")
    stats.create("mine", label=1)
    return stats.reduce(np.ones(3))
"""


def test_a_type_checker_knows_the_modules_of_a_build(tmp_path: Path) -> None:
    gen = tmp_path / "gen"
    stats = new_repo("mylab", parent=tmp_path, module="stats")
    yaml = stats / "modules" / "stats" / "chimaera_mod.yaml"
    yaml.write_text(yaml.read_text().replace("kCreate: 0\n", SETTINGS))
    for repo in (
        stats,
        new_repo("lab", parent=tmp_path, module="other", methods=["Sum"]),
    ):
        assert main([str(repo), "--build-dir", str(gen)]) == 0
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    words = ("--strict", "--follow-imports=silent", "--cache-dir", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *words, "right.py", "wrong.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": f"{gen / 'python'}:{SOURCE}"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    found = re.findall(r"(\w+\.py):(\d+): error: .*\[(.*)\]", done.stdout)
    assert [(name, int(line), code) for name, line, code in found] == [
        ("wrong.py", 7, "arg-type"),
        ("wrong.py", 8, "arg-type"),
        ("wrong.py", 9, "call-arg"),
        ("wrong.py", 10, "attr-defined"),
        ("wrong.py", 11, "arg-type"),
        ("wrong.py", 12, "call-arg"),
        ("wrong.py", 13, "arg-type"),
        ("wrong.py", 14, "return-value"),
    ], done.stdout


def test_a_lock_file_remembers_what_is_gone(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = repo / "store" / "chimaera_mod.lock"
    assert generate(repo, "--lock") == 0
    numbers = "kCreate: 0\nkReduce: 10\nMode.fast: 0\nMode.exact: 1\n"
    assert lock.read_text().partition("\n")[2] == numbers
    text = (repo / "store" / "chimaera_mod.yaml").read_text()
    (repo / "store" / "chimaera_mod.yaml").write_text("name: store\nkCreate: 0\n")
    assert generate(repo, "--lock") == 0
    assert "kReduce: 10" in lock.read_text()
    # Its id is not free, and its enum may only grow.
    shutil.rmtree(repo.parent / "gen")
    other = text.replace("kReduce", "kOther").replace("[fast,", "[slow, fast,")
    (repo / "store" / "chimaera_mod.yaml").write_text(other)
    assert generate(repo) == 1
    lines = [
        line.partition("yaml:")[2] for line in capsys.readouterr().err.splitlines()
    ]
    assert lines == [
        "3: kOther: id 10 was kReduce in chimaera_mod.lock: "
        f"list it under 'aliases', or take another id{REMEDY}",
        f"1: Mode.fast: is 1, and was 0 in chimaera_mod.lock: clients send it{REMEDY}",
        f"1: Mode.exact: is 2, and was 1 in chimaera_mod.lock: clients send it{REMEDY}",
    ]
