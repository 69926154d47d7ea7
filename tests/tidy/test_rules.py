# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Each rule on small made-up trees: what it must report, word for word where the
# words are what helps, and what it must let pass.
"""The rules of tests/tidy find what they claim to find."""

from __future__ import annotations

import pytest

from tidy import includes, shape, words
from tidy.functions import cpp_functions, python_functions
from tidy.tree import strip_cpp

PUBLIC = "src/cpp/include/chimaera"
SPDX = (
    "{0} SPDX-FileCopyrightText: 2026 The Chimaera Authors\n"
    "{0} SPDX-License-Identifier: BSD-3-Clause\n"
)


def found(rule: object, path: str, text: str) -> list[str]:
    """Findings of a rule on a tree of one file."""
    assert callable(rule)
    return [str(finding) for finding in rule({path: text})]


# ---- includes ----------------------------------------------------------------


def test_an_include_upward_names_file_line_and_both_layers() -> None:
    text = '#include <string>\n#include "chimaera/sched/worker.h"\n'
    (finding,) = found(includes.check_layers, f"{PUBLIC}/ipc/task.h", text)
    assert finding == (
        f"{PUBLIC}/ipc/task.h:2: layer 'ipc' includes chimaera/sched/worker.h of "
        "layer 'sched' above it: take an interface owned by the lower layer"
    )


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (f"{PUBLIC}/ipc/task.h", "chimaera/base/status.h"),
        ("src/cpp/core/router.cc", "chimaera/core/router.h"),
        ("src/cpp/runtime/chimaera.cc", "chimaera/net/remote_queue.h"),
        (f"{PUBLIC}/chimaera.h", "chimaera/runtime/runtime.h"),
        ("src/cpp/python/module.cc", "chimaera/chimaera.h"),
        ("tests/cpp/base/status_test.cc", "chimaera/core/router.h"),
    ],
)
def test_an_include_downward_passes(path: str, target: str) -> None:
    assert not found(includes.check_layers, path, f'#include "{target}"\n')


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("src/cpp/base/log.cc", "chimaera/chimaera.h"),
        ("src/cpp/base/log.cc", "shm/slab.h"),
        ("src/cpp/core/router.cc", "chimaera/net/remote_queue.h"),
        (f"{PUBLIC}/extra/thing.h", "chimaera/base/status.h"),
    ],
)
def test_front_door_private_header_and_unknown_layer_count(
    path: str, target: str
) -> None:
    assert found(includes.check_layers, path, f"#include <{target}>\n")


def test_the_core_may_not_include_a_module() -> None:
    text = "#include <chimaera/admin/admin_tasks.h>\n"
    assert found(includes.check_modules, "src/cpp/core/pool_manager.cc", text)
    assert not found(includes.check_modules, "src/cpp/python/bind_bdev.cc", text)
    assert not found(includes.check_modules, "chimods/bdev/src/bdev_client.cc", text)


def test_a_module_may_include_only_its_own_runtime() -> None:
    text = "#include <chimaera/admin/admin_runtime.h>\n"
    assert found(includes.check_modules, "chimods/bdev/src/bdev_runtime.cc", text)
    assert not found(includes.check_modules, "chimods/admin/src/admin_runtime.cc", text)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("src/cpp/shm/slab.cc", True),
        ("tests/cpp/shm/slab_test.cc", True),
        ("src/cpp/ipc/task.cc", False),
        (f"{PUBLIC}/shm/allocator.h", False),
        ("chimods/bdev/src/bdev_runtime.cc", False),
    ],
)
def test_private_headers_stay_in_their_folder(path: str, *, allowed: bool) -> None:
    findings = found(includes.check_private, path, '#include "shm/slab.h"\n')
    assert (findings == []) == allowed


@pytest.mark.parametrize(
    ("path", "target", "allowed"),
    [
        ("src/cpp/sched/fiber.cc", "boost/fiber/all.hpp", True),
        (f"{PUBLIC}/sched/fiber.h", "boost/fiber/all.hpp", False),
        ("src/cpp/core/yaml_tree.cc", "yaml-cpp/yaml.h", True),
        ("src/cpp/core/router.cc", "yaml-cpp/yaml.h", False),
        ("chimods/bdev/src/bdev_client.cc", "cereal/cereal.hpp", True),
        (f"{PUBLIC}/ipc/task_archive.h", "cereal/cereal.hpp", False),
        ("src/cpp/python/pybind.h", "pybind11/numpy.h", True),
        ("src/cpp/python/module.cc", "pybind11/numpy.h", False),
        ("tests/cpp/base/log_test.cc", "catch2/catch.hpp", False),
    ],
)
def test_third_party_headers_have_their_place(
    path: str, target: str, *, allowed: bool
) -> None:
    findings = found(includes.check_third_party, path, f"#include <{target}>\n")
    assert (findings == []) == allowed


# ---- shape -------------------------------------------------------------------


def test_sizes_at_the_limit_pass_and_beyond_are_reported() -> None:
    assert not found(shape.check_sizes, "a.cc", "//\n" * 500)
    assert found(shape.check_sizes, "a.cc", "//\n" * 501) == [
        "a.cc:501: 501 lines, 500 at most: one idea per file"
    ]
    assert not found(shape.check_sizes, "a.cc", "/" * 80)
    assert found(shape.check_sizes, "a.cc", "\n" + "/" * 81) == [
        "a.cc:2: 81 columns, 80 at most"
    ]
    assert not found(shape.check_sizes, "a.py", "#" * 88)
    assert found(shape.check_sizes, "a.py", "#" * 89)


def test_a_long_function_is_named() -> None:
    text = "namespace chi {\nint F(int a) {\n" + "  ++a;\n" * 69 + "}\n}\n"
    findings = found(shape.check_sizes, "a.cc", text)
    assert len(findings) == 1
    assert findings[0].startswith("a.cc:2: F has 71 lines, 70 at most")
    assert not found(shape.check_sizes, "a.cc", text.replace("  ++a;\n", "", 1))


def test_cpp_functions_are_found_where_they_are() -> None:
    text = """\
#define TWICE(x) { \\
  x; x; }
template <class T, typename = std::enable_if_t<true>>
class CHI_CAPABILITY("mutex") Lock : public Base<T> {
 public:
  Lock() : a_{1}, b_{2} {
    Do([] { return '{'; });
  }
  bool operator==(const Lock& o) const { return "}" != o; }
  int c_{3};
};
const Row kRows[] = {
    {1, "{"},
};
/* } */ struct Plain { int a; };
template <class T>
T Free(int x = 3) {
  if (x) {
  }
}
TEST_CASE("Thing: a { in a title") {
}
"""
    assert list(cpp_functions(text)) == [
        (6, 3, "Lock"),
        (9, 1, "operator=="),
        (16, 5, "Free"),
        (21, 2, "TEST_CASE"),
    ]


def test_a_docstring_does_not_lengthen_a_function() -> None:
    text = 'def f():\n    """One.\n\n    Two.\n    """\n    return 1\n'
    assert list(python_functions(text)) == [(1, 2, "f")]


def test_comments_and_strings_are_blanked_in_place() -> None:
    text = 'int a = 1\'000; // new\nauto b = R"(new\nnew)"; c("\\"new", \'"\');'
    code = strip_cpp(text)
    assert "new" not in code
    assert code.count("\n") == 2
    assert "1'000;" in code
    assert code.endswith(");")


@pytest.mark.parametrize(
    ("path", "text", "good"),
    [
        ("a.cc", SPDX.format("//") + "//\n// What it is.\n", True),
        ("a.py", SPDX.format("#") + '"""What it is."""\n', True),
        ("a.sh", "#!/bin/sh\n" + SPDX.format("#") + "#\n# What.\n", True),
        ("CMakeLists.txt", SPDX.format("#") + "#\n# What.\n", True),
        ("a.cc.in", SPDX.format("//") + "//\n// What it is.\n", True),
        ("a.cmake.in", SPDX.format("//") + "//\n// What it is.\n", False),
        ("notes.md", "no header needed\n", True),
        ("a.cc", "// What it is.\n", False),
        ("a.cc", SPDX.format("//") + "//\n#include <a>\n", False),
        ("a.py", SPDX.format("#") + "import os\n", False),
        ("a.cc", "", False),
    ],
)
def test_first_lines(path: str, text: str, *, good: bool) -> None:
    findings = found(shape.check_headers, path, text)
    assert (findings == []) == good


def test_guards_are_named_after_the_path() -> None:
    guard = "#ifndef CHIMAERA_SHM_SEGMENT_H_\n#define CHIMAERA_SHM_SEGMENT_H_\n"
    assert not found(shape.check_guards, f"{PUBLIC}/shm/segment.h", guard)
    assert not found(shape.check_guards, "src/cpp/shm/segment.h", guard)
    assert found(shape.check_guards, f"{PUBLIC}/shm/vector.h", guard)


def test_a_folder_explains_itself_or_is_explained_above() -> None:
    tree = {
        "mute/x.cc": "",
        "silent/CMakeLists.txt": "add_library(x)\n",
        "cmade/CMakeLists.txt": "# What lives here; helpers are in cmake/.\n",
        "cmade/cmake/x.cmake": "",
        "cmade/other/x.cc": "",
        "package/__init__.py": '"""What it is."""\n',
        "docs/README.md": "# Docs\n",
        "docs/include/deep/x.h": "",
    }
    paths = [finding.path for finding in shape.check_folders(tree)]
    assert paths == ["cmade/other", "mute", "silent"]


# ---- words -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "line", "name"),
    [
        ("src/cpp/core/router.cc", "std::cout << 1;", "std::cout"),
        ("src/cpp/core/router.cc", 'printf("x");', "printf"),
        ("chimods/bdev/src/bdev_runtime.cc", "std::mutex m;", "std::mutex"),
        ("src/cpp/core/router.cc", "auto* p = new Router;", "new"),
        ("tests/cpp/shm/a_test.cc", "std::this_thread::sleep_for(1ms);", "sleep_for"),
        ("tests/python/test_a.py", "    time.sleep(1)", "sleep"),
        ("src/cpp/ipc/task.cc", "CHI_IPC->NewTask();", "CHI_IPC"),
    ],
)
def test_banned_names_are_reported_with_the_replacement(
    path: str, line: str, name: str
) -> None:
    findings = found(words.check_banned, path, line + "\n")
    assert len(findings) == 1
    assert findings[0].startswith(f"{path}:1: '{name}' is banned: ")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("src/cpp/core/router.cc", "// no new words, no std::cout"),
        ("src/cpp/core/router.cc", 'Log("new printf(");'),
        ("src/cpp/core/router.cc", "std::unique_ptr<Router>(\n    new Router());"),
        ("src/cpp/core/router.cc", "return std::unique_ptr<A> a(new A);"),
        ("src/cpp/core/router.cc", "static auto* map = new Map(*new Heap);"),
        ("src/cpp/ipc/a.h", "::new (place) Task();"),
        ("src/cpp/shm/slab.cc", "new Slab;"),
        ("src/cpp/core/router.cc", "std::mutex m;"),
        ("tests/cpp/core/a_test.cc", "CHI_IPC->NewTask();"),
        ("chimods/admin/src/a.cc", "CHI_POOL_MANAGER->Find();"),
        (f"{PUBLIC}/runtime/singletons.h", "#define CHI_IPC (Get())"),
    ],
)
def test_what_only_resembles_a_banned_name_passes(path: str, line: str) -> None:
    assert not found(words.check_banned, path, line + "\n")


def test_catch_all_stands_in_one_file_at_each_boundary() -> None:
    text = "void F() {\n  try {\n  } catch (...) {\n  }\n}\n"
    tree = {
        "src/cpp/core/guard.cc": text,
        "src/cpp/python/bind_errors.cc": text,
        "tests/cpp/core/a_test.cc": text,
    }
    assert not list(words.check_catch_all(tree))
    tree["src/cpp/runtime/second.cc"] = text
    tree["chimods/bdev/src/bdev_runtime.cc"] = text
    findings = words.check_catch_all(tree)
    assert [(finding.path, finding.line) for finding in findings] == [
        ("src/cpp/runtime/second.cc", 3),
        ("chimods/bdev/src/bdev_runtime.cc", 3),
    ]


def test_leftovers_are_reported() -> None:
    assert found(words.check_leftovers, "a.md", "\nFIXME later\n") == [
        "a.md:2: 'FIXME': finish it, or open an issue"
    ]
    assert found(words.check_leftovers, "a.py", "# enough For Now\n")
    assert not found(words.check_leftovers, "a.py", "# todos for nowhere\n")


def test_committed_generated_code_is_reported() -> None:
    path = "chimods/bdev/include/chimaera/bdev/autogen/bdev_methods.h"
    assert found(words.check_autogen, path, "")
    assert not found(words.check_autogen, "docs/autogen.md", "")
