# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Most of it needs no runtime; that one would not start is tried for a few.
"""Settings: where they come from, and what is said of wrong ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import chimaera
from chimaera import config, testing
from python import programs
from python.config_cases import CASES, Case


def test_there_are_two_hundred_broken_files() -> None:
    assert len(CASES) >= 200
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_file_is_refused_with_line_and_key(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(case.text, encoding="utf-8")
    errors = config.check(file)
    assert errors, case.text
    first = errors[0]
    assert (first.origin, first.line, first.key) == (str(file), case.line, case.key)
    assert case.says in first.message
    assert str(first).startswith(f"{file}:{case.line}: {case.key}")


@pytest.mark.parametrize("case", CASES[:: len(CASES) // 4], ids=lambda case: case.name)
def test_no_runtime_starts_with_a_broken_file(
    case: Case, tmp_path: Path, runtime_dir: Path
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(case.text, encoding="utf-8")
    done = programs.chimaera("start", "--runtime-dir", runtime_dir, "--config", file)
    assert done.returncode == 1
    assert f"{file}:{case.line}: {case.key}" in done.stderr
    assert programs.chimaera("status", "--runtime-dir", runtime_dir).returncode == 3


def test_all_mistakes_of_a_file_come_at_once(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    lines = [f"  wrong_{i}: 1" for i in range(500)]
    file.write_text("\n".join(["runtime:", *lines, "queue: {depth: 3}"]))
    errors = config.check(file)
    assert [error.line for error in errors] == list(range(2, 503))
    done = programs.chimaera("config", "check", file)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [str(error) for error in errors]
    done = programs.chimaera("config", "check", "--json", file)
    assert len(json.loads(done.stdout)) == len(errors)


def test_check_of_a_good_file_and_of_none(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(config.default_file())
    assert programs.chimaera("config", "check", file).returncode == 0
    missing = programs.chimaera("config", "check", tmp_path / "missing")
    assert missing.returncode == 1
    assert "missing" in missing.stderr


def test_show_tells_the_origin_of_each_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "some.yaml"
    file.write_text("queue:\n  depth: 64\nlimits: {rings: 4, sessions: 5}\n")
    monkeypatch.setenv("CHIMAERA__LIMITS__RINGS", "6")
    monkeypatch.setenv("CHIMAERA__LIMITS__SESSIONS", "7")
    monkeypatch.delenv("CHI_LOG_LEVEL", raising=False)
    monkeypatch.delenv("CHI_DEBUG", raising=False)
    values, errors = config.show(file, arguments={"limits.sessions": "8"})
    assert errors == []
    told = {value.key: (value.value, value.origin) for value in values}
    assert told["queue.depth"] == (64, f"{file}:2")
    assert told["limits.rings"] == (6, "CHIMAERA__LIMITS__RINGS")
    assert told["limits.sessions"] == (8, "argument")
    assert told["memory.main_segment"] == ("4MB", "default")
    done = programs.chimaera(
        *("config", "show", "--json", "--config", file, "--set", "limits.sessions=8")
    )
    assert done.returncode == 0, done.stderr
    shown = {row["key"]: row for row in json.loads(done.stdout)["values"]}
    assert shown["queue.depth"]["origin"] == f"{file}:2"
    assert shown["limits.sessions"]["value"] == 8
    # By default the file of the environment.
    monkeypatch.setenv("CHI_SERVER_CONF", str(file))
    monkeypatch.setenv("CHI_DEBUG", "1")
    told = {value.key: (value.value, value.origin) for value in config.show()[0]}
    assert told["queue.depth"] == (64, f"{file}:2")
    assert told["logging.level"] == ("debug", "CHI_DEBUG")


def test_a_daemon_takes_arguments_before_environment_before_file(
    tmp_path: Path, runtime_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "some.yaml"
    file.write_text("runtime: {num_threads: 1}\n")

    def workers(*arguments: str) -> int:
        start = ("start", "--runtime-dir", runtime_dir, "--config", file, *arguments)
        done = programs.chimaera(*start)
        assert done.returncode == 0, done.stderr
        with chimaera.connect(runtime_dir=runtime_dir) as rt:
            number = rt.num_workers
        assert programs.chimaera("stop", "--runtime-dir", runtime_dir).returncode == 0
        return number

    assert workers() == 1
    monkeypatch.setenv("CHIMAERA__RUNTIME__NUM_THREADS", "2")
    assert workers() == 2
    assert workers("--set", "runtime.num_threads=3", "--set", "queue.depth=64") == 3


def test_a_mapping_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMAERA__RUNTIME__NUM_THREADS", "2")
    with testing.runtime() as rt:
        assert rt.num_workers == 1
    with chimaera.local({"runtime": {"pin_workers": False}}) as rt:
        assert rt.num_workers == 2
    monkeypatch.setenv("CHIMAERA__RUNTIME__NUM_THREAD", "2")
    with pytest.raises(chimaera.errors.BadRequestError, match="NUM_THREADS"):
        chimaera.local({})


def test_an_unknown_setting_of_the_command_line_is_told(runtime_dir: Path) -> None:
    for word, says in (
        ("runtime.num_thread=2", "runtime.num_threads"),
        ("runtime.num_threads", "SECTION.KEY=VALUE"),
        ("runtime.num_threads=x", "argument: runtime.num_threads"),
    ):
        done = programs.chimaera("start", "--runtime-dir", runtime_dir, "--set", word)
        assert done.returncode == 1
        assert says in done.stderr


def test_the_schema_and_the_default_file_name_every_setting() -> None:
    told = programs.chimaera("config", "schema")
    # To learn their keys it loads modules, which is nobody's business.
    assert told.stderr == ""
    schema = json.loads(told.stdout)
    default = yaml.safe_load(programs.chimaera("config", "default").stdout)
    for setting in config.settings():
        section, name = setting.key.split(".")
        described = schema["properties"][section]["properties"][name]
        value = yaml.safe_load(setting.default)
        assert described["default"] == default[section][name] == value
        assert setting.doc in described["description"]


def test_a_running_runtime_tells_what_holds_and_why(
    tmp_path: Path, runtime_dir: Path
) -> None:
    file = tmp_path / "some.yaml"
    file.write_text("queue:\n  depth: 64\nlimits: {rings: 100, sessions: 7}\n")
    done = programs.chimaera(
        *("start", "--runtime-dir", runtime_dir, "--config", file),
        *("--set", "runtime.num_threads=2"),
        CHIMAERA__LIMITS__RINGS="300",
    )
    assert done.returncode == 0, done.stderr
    file.unlink()
    show = ("config", "show", "--runtime-dir", runtime_dir)
    told = json.loads(programs.chimaera(*show, "--json").stdout)
    values = {each["key"]: (each["value"], each["origin"]) for each in told["values"]}
    assert values.keys() == {setting.key for setting in config.settings()}
    assert values["queue.depth"] == (64, f"{file}:2")
    assert values["limits.sessions"] == (7, f"{file}:3")
    assert values["limits.rings"] == (300, "CHIMAERA__LIMITS__RINGS")
    assert values["runtime.num_threads"] == (2, "argument")
    assert values["memory.main_segment"] == ("4MB", "default")
    assert values["logging.file"] == (str(runtime_dir / "runtime.log"), "argument")
    text = programs.chimaera(
        "config", "show", "--running", "--runtime-dir", runtime_dir
    )
    assert f"{file}:2" in text.stdout
    none = programs.chimaera("config", "show", "--running", "--name", "no_such_one")
    assert none.returncode == 3


def entry_schema(module: str) -> dict[str, Any]:
    """Return what the schema says of the entries of a module."""
    items = config.schema()["properties"]["compose"]["items"]
    for case in items["allOf"]:
        if case["if"]["properties"]["mod_name"]["const"] == module:
            then: dict[str, Any] = case["then"]
            return then
    raise AssertionError(module)


def test_the_schema_knows_the_keys_of_modules() -> None:
    bdev = entry_schema("chimaera_bdev")
    assert bdev["additionalProperties"] is False
    own = bdev["properties"]
    assert own["io_depth"]["minimum"] == 1
    assert own["io_depth"]["default"] == 32
    assert own["checksums"] == {"type": "boolean", "default": True}
    assert own["capacity"]["type"] == ["string", "integer"]
    assert own["pool_name"]["minLength"] == 1
    assert (
        entry_schema("chimaera_echo")["properties"]["allow_crash"]["default"] is False
    )


def test_the_schema_and_the_modules_agree_about_keys(tmp_path: Path) -> None:
    """A key that the schema has is known to its module, and one more is not."""
    for module, required in (
        ("chimaera_bdev", {"bdev_type": "ram", "capacity": "1MB"}),
        ("chimaera_echo", {}),
    ):
        own = entry_schema(module)["properties"]
        entry = {"mod_name": module, "pool_name": "p", "pool_id": "300.0", **required}
        for key, facts in own.items():
            filled = {key: facts["default"], **entry} if "default" in facts else entry
            for more, wrong in (({}, 0), ({f"{key}_not": 1}, 1)):
                file = tmp_path / "entry.yaml"
                file.write_text(yaml.safe_dump({"compose": [filled | more]}))
                unknown = [e for e in config.check(file) if "unknown" in e.message]
                assert len(unknown) == wrong, (key, unknown)
