# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A repository of modules (repo/) and an application (app/) outside of this
# project, against a prefix that `cmake --install` wrote and against the wheel in
# a fresh environment; and with this project as a folder of theirs.
"""Others build with Chimaera, and what they build runs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from chimaera.codegen.scaffold import new_repo
from external.foreign import (
    HERE,
    ROOT,
    Installation,
    build,
    configure,
    fresh_environment,
    pip_install,
    run,
)

REPO = HERE / "repo"
MODULE = Path("modules/my_module")


def made_by_make(variable: str) -> Path:
    """Return the directory of what `make` has built before the tests."""
    value = os.environ.get(variable)
    if value is None:
        pytest.skip(f"{variable} is not set: `make pytest` does")
    return Path(value)


@pytest.fixture(scope="session")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Install what `make` has built into a directory of its own."""
    build_dir = made_by_make("CHI_TEST_LIBRARY_DIR").parent
    directory = tmp_path_factory.mktemp("prefix")
    for component in ("Unspecified", "prefix"):
        words = ("--prefix", directory, "--component", component)
        run("cmake", "--install", build_dir, *words)
    return Installation(directory, directory / "bin", Path(sys.executable))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Install the self-contained wheel into an environment of its own."""
    wheels = list(made_by_make("CHI_TEST_WHEEL_DIR").glob("chimaera-*.whl"))
    assert len(wheels) == 1
    return fresh_environment(tmp_path_factory.mktemp("environment"), wheels[0])


@pytest.fixture(params=["prefix", "environment"])
def installation(request: pytest.FixtureRequest) -> Installation:
    """Return each of the two."""
    value = request.getfixturevalue(request.param)
    assert isinstance(value, Installation)
    return value


def test_a_module_and_an_application(
    installation: Installation, tmp_path: Path
) -> None:
    found = f"CMAKE_PREFIX_PATH={installation.cmake_path}"
    python = f"Python_EXECUTABLE={installation.python}"
    installed = tmp_path / "installed"
    build(REPO, tmp_path / "repo", found, python, f"CMAKE_INSTALL_PREFIX={installed}")
    run("cmake", "--install", tmp_path / "repo")
    build(HERE / "app", tmp_path / "app", f"{found};{installed}")
    # Not from its build tree: as installed, with the paths that it then has.
    shutil.rmtree(tmp_path / "repo")
    config = HERE / "app" / "config.yaml"
    with installation.daemon(tmp_path, installed / "lib", config) as place:
        done = run(tmp_path / "app" / "my_external_app", CHI_RUNTIME_DIR=place)
        assert done.stdout == "passed\n"


def test_a_new_repository_builds_and_passes_its_tests(
    installation: Installation, tmp_path: Path
) -> None:
    repo = new_repo("fresh", parent=tmp_path, module="sums", methods=["Sum"])
    words = (
        f"CMAKE_PREFIX_PATH={installation.cmake_path}",
        f"Python_EXECUTABLE={installation.python}",
        "CMAKE_BUILD_TYPE=Debug",
    )
    build(repo, repo / "build", *words)
    done = run("ctest", "--test-dir", repo / "build", "--output-on-failure")
    assert done.stdout.count("Passed") == 2


def test_modules_installed_as_a_package_are_found(
    environment: Installation, tmp_path: Path
) -> None:
    repo = new_repo("packed", parent=tmp_path, module="sums")
    pip_install(environment.python, repo)
    chimaera = (environment.python, "-m", "chimaera")
    findings = json.loads(run(*chimaera, "doctor", "--json").stdout)
    [finding] = [each for each in findings if each["name"] == "modules packed"]
    assert finding["level"] == "ok"
    assert "packed_sums" in finding["found"]
    place = tmp_path / "run"
    run(*chimaera, "start", "--runtime-dir", place)
    try:
        code = """
import sys
import chimaera

with chimaera.connect(runtime_dir=sys.argv[1]) as rt:
    rt.create_pool("packed_sums", "in the daemon")
with chimaera.local() as rt:
    rt.create_pool("packed_sums", "in this process")
assert not any(name.startswith("packed") for name in sys.modules)
"""
        run(environment.python, "-c", code, place)
    finally:
        run(*chimaera, "stop", "--runtime-dir", place)


def test_a_type_checker_knows_a_new_module(
    environment: Installation, tmp_path: Path
) -> None:
    repo = new_repo("checked", parent=tmp_path, module="sums")
    chimaera = (environment.python, "-m", "chimaera")
    run(*chimaera, "refresh-repo", repo, "--build-dir", tmp_path / "gen")
    user = tmp_path / "user.py"
    text = "import chimaera\n\nwith chimaera.local() as rt:\n    {}: {} = {}\n"
    call = 'rt.module("checked.sums").reduce([1, 2])'
    stubs = {"MYPYPATH": tmp_path / "gen" / "python"}
    mypy = (sys.executable, "-m", "mypy", "--python-executable", environment.python)
    words = (*mypy, "--strict", "--cache-dir", tmp_path / "cache", user)
    user.write_text(text.format("right", "float", call))
    run(*words, **stubs)
    user.write_text(text.format("wrong", "str", call))
    assert "[assignment]" in run(*words, fails=True, **stubs).stdout


def test_this_project_as_a_folder_of_another(tmp_path: Path) -> None:
    # Only the module's own objects: libchimaera would be compiled once more.
    repo = shutil.copytree(REPO, tmp_path / "repo")
    words = (f"CHIMAERA_SOURCE={ROOT}", "CHIMAERA_ENABLE_CMAKE_DOTENV=ON")
    binary = tmp_path / "build"
    said = configure(repo, binary, *words, fails=True).stderr
    assert "write it, or turn the option off" in said
    (repo / ".env.cmake").write_text(f'set(Python_EXECUTABLE "{sys.executable}")\n')
    configure(repo, binary, *words)
    assert "-Werror" not in (binary / "build.ninja").read_text()
    objects = [
        f"{MODULE}/CMakeFiles/myproject_my_module_{kind}.dir/src/my_module_{kind}.cc.o"
        for kind in ("client", "runtime")
    ]
    run("cmake", "--build", binary, "--target", *objects)


def test_two_namespaces_may_have_a_module_of_one_name(
    prefix: Installation, tmp_path: Path
) -> None:
    repos = [new_repo(name, parent=tmp_path, module="sums") for name in ("one", "two")]
    folders = [f"add_subdirectory({repo.name}/modules/sums)\n" for repo in repos]
    text = "cmake_minimum_required(VERSION 3.20)\nproject(both LANGUAGES CXX)\n"
    text += f"find_package(chimaera REQUIRED)\n{''.join(folders)}"
    (tmp_path / "CMakeLists.txt").write_text(text)
    binary, found = tmp_path / "build", f"CMAKE_PREFIX_PATH={prefix.cmake_path}"
    configure(tmp_path, binary, found, f"Python_EXECUTABLE={prefix.python}")
    # Each library has its own of every generated source.
    for repo in repos:
        for kind, part in (("runtime", "lib_exec"), ("client", "description")):
            source = binary / "gen" / "src" / repo.name / f"sums_{part}.cc"
            run("cmake", "--build", binary, "--target", f"{source}")
            assert f"{repo.name}::sums" in source.read_text()
            words = ("-t", "query", f"lib/lib{repo.name}_sums_{kind}.so")
            objects = run("ninja", "-C", binary, *words).stdout
            assert f"gen/src/{repo.name}/sums_{part}.cc.o" in objects


WRONG = {
    "add_chimod_client(SOURCE a.cc)": "'SOURCE;a.cc' is no argument of it: use",
    "add_chimod_client(SOURCES)": "nothing follows SOURCES: leave it out",
    "add_chimod_runtime()": "has no SOURCES: name its .cc files",
    "add_chimod_client(CHIMOD_NAME other)": "make them equal, or leave",
    "add_chimod_client()\nadd_chimod_client()": "another module_name",
}


@pytest.mark.parametrize("call", WRONG)
def test_wrong_arguments_are_told_what_to_do(
    call: str, prefix: Installation, tmp_path: Path
) -> None:
    module = tmp_path / "mine"
    module.mkdir()
    (tmp_path / "chimaera_repo.yaml").write_text("namespace: somebody\n")
    (module / "chimaera_mod.yaml").write_text("module_name: mine\nkCreate: 0\n")
    (module / "CMakeLists.txt").write_text(call)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(wrong LANGUAGES CXX)\n"
        "find_package(chimaera REQUIRED)\nadd_subdirectory(mine)\n"
    )
    found = f"CMAKE_PREFIX_PATH={prefix.cmake_path}"
    python = f"Python_EXECUTABLE={prefix.python}"
    said = configure(tmp_path, tmp_path / "build", found, python, fails=True).stderr
    assert WRONG[call] in " ".join(said.split())
