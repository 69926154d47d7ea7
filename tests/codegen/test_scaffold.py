# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# That what is made also builds and runs is seen in tests/external.
"""New repositories and modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from chimaera.cli import main
from chimaera.codegen.scaffold import missing_in_build, new_module, new_repo
from chimaera.codegen.schema import load_repo
from chimaera.errors import AlreadyExistsError, BadRequestError

README_LINES_MAX = 20


def files(directory: Path) -> set[str]:
    """Everything in it, hidden or not."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


def test_a_repository_has_a_module_with_its_methods(tmp_path: Path) -> None:
    made = new_repo("mine", parent=tmp_path, module="sums", methods=["Sum", "GetAll"])
    assert made == tmp_path / "mine"
    [module] = load_repo(made).modules
    assert (module.namespace, module.name) == ("mine", "sums")
    assert {each.name: each.id for each in module.methods} == {
        "Create": 0,
        "Sum": 10,
        "GetAll": 11,
    }
    texts = {path: path.read_text() for path in made.rglob("*") if path.is_file()}
    assert not any("NAME" in path.name or "{{" in texts[path] for path in texts)
    for path, text in texts.items():
        assert path.name != "README.md" or text.count("\n") <= README_LINES_MAX
        assert not any(line != line.rstrip() for line in text.splitlines())
        assert max(map(len, text.splitlines())) <= 88


def test_a_module_comes_beside_the_others(tmp_path: Path) -> None:
    repo = new_repo("mine", parent=tmp_path)
    assert new_module("more", repo=repo) == repo / "modules" / "more"
    assert missing_in_build(repo / "modules" / "more", repo) == ""
    assert [module.name for module in load_repo(repo).modules] == ["core", "more"]


def test_a_repository_of_another_shape_is_told_what_misses(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "chimaera_mod.yaml").write_text("name: first\nkCreate: 0\n")
    text = "namespace: mine\nmodules: [first]\n"
    (tmp_path / "chimaera_repo.yaml").write_text(text)
    made = new_module("second", repo=tmp_path)
    assert made == tmp_path / "second"
    hint = missing_in_build(made, tmp_path)
    assert "add 'second' to modules:" in hint
    assert "add add_subdirectory(second) to" in hint


BAD_NAMES = {
    "2fast": "is not a C++ identifier",
    "a-b": "is not a C++ identifier",
    "../up": "is not a C++ identifier",
    "class": "is a C++ keyword",
    "chi": "is a name that generated code needs",
    "chimaera": "is the namespace of Chimaera's own modules",
    "x" * 65: "at most 64",
    "": "is not a C++ identifier",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadRequestError) as refused:
        new_repo(name, parent=tmp_path)
    assert BAD_NAMES[name] in str(refused.value)
    assert not files(tmp_path)


BAD_METHODS = {
    ("reduce",): "method 'reduce' is not a PascalCase name",
    ("Create",): "is a member of every container",
    ("Sum", "Sum"): "method 'Sum' is named twice",
    ("GetA", "Get_A"): "is not a PascalCase name",
    ("AB", "Ab"): "is 'ab' in Python, as 'AB' is",
    ("",): "is not a PascalCase name",
}


def test_a_module_cannot_be_called_like_its_namespace(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match="'mine' is also the namespace"):
        new_repo("mine", parent=tmp_path, module="mine")


@pytest.mark.parametrize("names", BAD_METHODS)
def test_a_bad_method_is_refused_with_the_reason(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(BadRequestError) as refused:
        new_repo("mine", parent=tmp_path, methods=names)
    assert BAD_METHODS[names] in str(refused.value)
    assert not files(tmp_path)


def test_what_exists_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(AlreadyExistsError, match="nothing was written"):
        new_repo("mine", parent=tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(AlreadyExistsError):
        new_repo("link", parent=tmp_path)
    repo = new_repo("other", parent=tmp_path)
    before = files(tmp_path)
    with pytest.raises(AlreadyExistsError, match="has one already"):
        new_module("core", repo=repo)
    (repo / "modules" / "empty").mkdir()
    with pytest.raises(AlreadyExistsError):
        new_module("empty", repo=repo)
    assert files(tmp_path) == before | {"other/modules/empty"}


def test_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new-module", "early"]) == 1
    assert "`chimaera new-repo` makes a repository" in capsys.readouterr().err
    assert main(["new-repo", "mine", "--methods", "Sum,Scale"]) == 0
    assert main(["new-module", "more", "--repo", "mine"]) == 0
    assert "mine/modules/more" in capsys.readouterr().out
    assert main(["new-repo", "mine"]) == 1
    (tmp_path / "mine" / "chimaera_repo.yaml").write_text("namespce: mine\n")
    assert main(["new-module", "last", "--repo", "mine"]) == 1
    assert "did you mean 'namespace'?" in capsys.readouterr().err
