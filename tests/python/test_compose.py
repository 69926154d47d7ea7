# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Relations between apply, plan, export and down are tried with random files of
# all stock modules; a failure prints the seed and the file.
"""Compose files against a running runtime."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import chimaera
from chimaera import compose, config, errors
from python import programs

SEEDS = range(60)

GOOD = """\
compose:
  - mod_name: chimaera_bdev
    pool_name: ram://a
    pool_id: 300.0
    bdev_type: ram
    capacity: 1MB
  - mod_name: chimaera_echo
    pool_name: b
    pool_id: 301.0
    num_containers: 2
"""


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """Run one daemon for all tests of this file."""
    with tempfile.TemporaryDirectory(prefix="chi-") as folder:
        path = Path(folder) / "run"
        assert programs.chimaera("start", "--runtime-dir", path).returncode == 0
        yield path
        programs.chimaera("stop", "--runtime-dir", path)


@pytest.fixture
def rt(directory: Path) -> Iterator[chimaera.Runtime]:
    """Attach to the daemon; leave no pool behind."""
    with chimaera.connect(runtime_dir=directory) as runtime:
        yield runtime
        for pool in runtime.pools():
            if pool.module != "chimaera_admin":
                runtime.pool(pool.id).destroy()


def names(runtime: chimaera.Runtime) -> set[str]:
    """All pools but the admin pool."""
    return {pool.name for pool in runtime.pools()} - {"admin"}


def actions(steps: list[compose.Step]) -> str:
    """Tell the steps by their signs."""
    return "".join(step.action for step in steps)


def write(folder: Path, text: str) -> Path:
    """Make a file of it."""
    file = folder / "pools.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_applying_twice_changes_nothing(rt: chimaera.Runtime, tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    assert actions(compose.plan(rt, file)) == "++"
    assert names(rt) == set()
    assert actions(compose.apply(rt, file)) == "++"
    before = rt.status().pools_created
    assert names(rt) == {"ram://a", "b"}
    assert rt.pool("ram://a").id == (300, 0)
    assert actions(compose.plan(rt, file)) == "=="
    assert actions(compose.apply(rt, file)) == "=="
    assert rt.status().pools_created == before
    assert actions(compose.down(rt, file)) == "--"
    assert names(rt) == set()
    assert compose.down(rt, file) == []


def test_a_size_is_the_same_in_any_unit(rt: chimaera.Runtime, tmp_path: Path) -> None:
    compose.apply(rt, write(tmp_path, GOOD))
    same = GOOD.replace("capacity: 1MB", "capacity: 1024 KiB\n    io_depth: 32")
    assert actions(compose.plan(rt, write(tmp_path, same))) == "=="
    more = GOOD.replace("1MB", "2MB").replace("containers: 2", "containers: 1")
    steps = compose.plan(rt, write(tmp_path, more))
    assert actions(steps) == "!!"
    assert steps[0].differs == ("capacity is 1048576, not 2097152",)
    assert steps[1].differs == ("num_containers is 2, not 1",)
    with pytest.raises(errors.AlreadyExistsError, match="not 2097152"):
        compose.apply(rt, tmp_path / "pools.yaml")


def test_an_id_or_a_module_of_another_pool_differs(
    rt: chimaera.Runtime, tmp_path: Path
) -> None:
    compose.apply(rt, write(tmp_path, GOOD))
    other = GOOD.replace("pool_name: b", "pool_name: c")
    assert "that of 'b'" in str(compose.plan(rt, write(tmp_path, other))[1])
    other = GOOD.replace("chimaera_echo", "chimaera_stats").replace("301.0", "302.0")
    file = write(tmp_path, other)
    assert "mod_name is chimaera_echo" in str(compose.plan(rt, file)[1])
    with pytest.raises(errors.BadRequestError, match="nothing was destroyed"):
        compose.down(rt, file)
    assert names(rt) == {"ram://a", "b"}


BAD = [
    ("capacity: 1MB", "capacty: 1MB", "pools.yaml:6: compose[0].capacty: unknown"),
    ("capacity: 1MB", "capacity: much", "pools.yaml:6: compose[0].capacity: "),
    ("capacity: 1MB", "io_depth: 4", "pools.yaml:2: compose[0]"),
    ("    bdev_type: ram", "    bdev_type: rom", "pools.yaml:5: compose[0].bdev_type"),
    ("chimaera_echo", "chimaera_eco", "pools.yaml:7: compose[1].mod_name"),
    ("num_containers: 2", "allow_crsh: true", "pools.yaml:10: compose[1].allow_crsh"),
    ("pool_id: 301.0", "pool_id: 300.0", "pools.yaml:9: compose[1].pool_id"),
]


@pytest.mark.parametrize(("old", "new", "says"), BAD, ids=[bad[1] for bad in BAD])
def test_a_bad_entry_makes_no_pool(
    rt: chimaera.Runtime, tmp_path: Path, old: str, new: str, says: str
) -> None:
    file = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(errors.BadRequestError) as caught:
        compose.apply(rt, file)
    assert says in str(caught.value)
    assert names(rt) == set()
    # Without a runtime the same is found.
    assert says in str(config.check(file)[0])


def test_a_start_with_a_bad_entry_names_its_line(
    tmp_path: Path, runtime_dir: Path
) -> None:
    file = write(tmp_path, GOOD.replace("num_containers: 2", "allow_crsh: true"))
    done = programs.chimaera("start", "--runtime-dir", runtime_dir, "--config", file)
    assert done.returncode == 1
    assert f"{file}:10: compose[1].allow_crsh: unknown key" in done.stderr


def test_what_fails_late_is_undone(rt: chimaera.Runtime, tmp_path: Path) -> None:
    entry = (
        "  - {mod_name: chimaera_bdev, pool_name: /no/such/folder/device,\n"
        "     pool_id: 305.0, bdev_type: file, capacity: 1MB}\n"
    )
    file = write(tmp_path, GOOD + entry)
    with pytest.raises(errors.ChimaeraError, match="destroyed again: 'ram://a', 'b'"):
        compose.apply(rt, file)
    assert names(rt) == set()
    with pytest.raises(errors.BadRequestError, match="1: compose: is missing"):
        compose.apply(rt, write(tmp_path, "runtime: {}\n"))


def test_export_writes_what_a_notebook_made(
    rt: chimaera.Runtime, tmp_path: Path
) -> None:
    rt.bdev(name="ram://made here", size_bytes=1 << 20, alignment=512)
    rt.echo("talk", num_containers=3)
    rt.stats()
    text = compose.export(rt)
    entries = yaml.safe_load(text)["compose"]
    assert [entry["mod_name"] for entry in entries] == [
        "chimaera_bdev",
        "chimaera_echo",
        "chimaera_stats",
    ]
    assert entries[0]["pool_name"] == "ram://made here"
    assert entries[0]["alignment"] == 512
    file = write(tmp_path, text)
    assert config.check(file) == []
    assert actions(compose.plan(rt, file)) == "==="
    compose.down(rt, file)
    assert yaml.safe_load(compose.export(rt)) == {"compose": []}
    compose.apply(rt, file)
    assert compose.export(rt) == text


def random_file(rng: random.Random, folder: Path) -> dict[str, Any]:
    """Make a few entries with random settings; some names need quotes."""
    entries = []
    for number in range(rng.randint(0, 5)):
        kind = rng.choice(["echo", "ram", "file", "stats"])
        entry: dict[str, Any] = {
            "mod_name": f"chimaera_{'bdev' if kind in {'ram', 'file'} else kind}",
            "pool_name": rng.choice(["p", "p q", "#p", "'p'", "π:", "null "])
            + str(number),
            "pool_id": f"{400 + number}.{rng.choice([0, 1, 10])}",
        }
        if rng.random() < 0.5:
            entry["pool_query"] = rng.choice(["local", "dynamic"])
        if rng.random() < 0.5 and kind != "file":
            entry["num_containers"] = rng.randint(1, 3)
        if kind == "echo" and rng.random() < 0.5:
            entry["allow_crash"] = rng.choice([True, False])
        if kind in {"ram", "file"}:
            entry["bdev_type"] = kind
            entry["capacity"] = rng.choice(["1MB", 2 << 20, "1.5 MiB", "4096KB"])
            if rng.random() < 0.5:
                entry["alignment"] = rng.choice([512, 4096])
        if kind == "file":
            entry["pool_name"] = str(folder / f"device {number}")
            if rng.random() < 0.5:
                entry["checksums"] = rng.choice([True, False])
                entry["io_depth"] = rng.randint(1, 64)
        entries.append(entry)
    return {"compose": entries}


def same_pools(text: str) -> list[tuple[str, ...]]:
    """Tell which pools a file has, in its order, whatever their settings."""
    # All scalars as their text: 1.10 is not 1.1.
    entries = yaml.load(text, yaml.BaseLoader)["compose"]  # noqa: S506
    keys = ("mod_name", "pool_name", "pool_id")
    return [
        (*(entry[key] for key in keys), entry.get("num_containers", "1"))
        for entry in entries
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_part_of_a_file_leaves_the_rest_to_be_made(
    rt: chimaera.Runtime, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311
    made = random_file(rng, tmp_path)
    part = [entry for entry in made["compose"] if rng.random() < 0.5]
    wanted = "".join("=" if entry in part else "+" for entry in made["compose"])
    compose.apply(rt, {"compose": part})
    assert actions(compose.plan(rt, made)) == wanted
    assert actions(compose.apply(rt, made)) == wanted
    assert actions(compose.plan(rt, made)) == "=" * len(wanted)
    # A file that was changed in one place differs there, and nothing is made.
    if made["compose"]:
        changed = json.loads(json.dumps(made))
        at = rng.randrange(len(wanted))
        entry = changed["compose"][at]
        if entry["mod_name"] == "chimaera_echo":
            entry["allow_crash"] = not entry.get("allow_crash", False)
        else:
            entry["pool_id"] = "999.9"
        differs = "=" * at + "!" + "=" * (len(wanted) - at - 1)
        assert actions(compose.plan(rt, changed)) == differs
        created = rt.status().pools_created
        with pytest.raises(errors.AlreadyExistsError):
            compose.apply(rt, changed)
        assert rt.status().pools_created == created


@pytest.mark.parametrize("seed", SEEDS)
def test_export_of_apply_is_the_file_and_plan_is_empty(
    rt: chimaera.Runtime, tmp_path: Path, seed: int
) -> None:
    made = random_file(random.Random(seed), tmp_path)  # noqa: S311
    count = len(made["compose"])
    file = write(tmp_path, yaml.safe_dump(made, sort_keys=False, allow_unicode=True))
    print(file.read_text())
    assert config.check(file) == []
    assert actions(compose.apply(rt, file)) == "+" * count
    assert actions(compose.plan(rt, file)) == "=" * count
    exported = write(tmp_path / "..", compose.export(rt))
    created = rt.status().pools_created
    assert actions(compose.plan(rt, exported)) == "=" * count
    assert actions(compose.apply(rt, exported)) == "=" * count
    assert rt.status().pools_created == created
    text = exported.read_text()
    assert same_pools(text) == same_pools(file.read_text())
    assert actions(compose.down(rt, exported)) == "-" * count
    assert names(rt) == set()
    compose.apply(rt, exported)
    assert compose.export(rt) == text
    assert actions(compose.plan(rt, file)) == "=" * count


def test_the_commands_and_their_exit_codes(directory: Path, tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)

    def run(*words: str | Path, code: int) -> str:
        done = programs.chimaera("compose", *words, "--runtime-dir", directory)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    assert run("plan", file, code=4).splitlines()[0].startswith("+ 300.0")
    assert run(file, code=0).startswith("+ 300.0")
    assert run("plan", file, code=0).startswith("= 300.0")
    rows = json.loads(run("plan", "--json", file, code=0))
    assert rows[0] == {
        "action": "=",
        "pool_id": "300.0",
        "module": "chimaera_bdev",
        "name": "ram://a",
        "differs": [],
    }
    assert yaml.safe_load(run("export", code=0)) == yaml.safe_load(GOOD)
    run("export", "-o", tmp_path / "out.yaml", code=0)
    assert run("plan", tmp_path / "out.yaml", code=0).count("=") == 2
    wrong = write(tmp_path, GOOD.replace("1MB", "2MB"))
    assert "! 300.0" in run("plan", wrong, code=4)
    assert "compose down" in run("apply", wrong, code=1)
    assert run("down", wrong, code=0).startswith("- 301.0")
    assert run("plan", tmp_path / "missing", code=1).startswith("chimaera: ")
    done = programs.chimaera("compose", file, "--runtime-dir", tmp_path / "none")
    assert done.returncode == 3
    assert programs.chimaera("compose").returncode == 2
