# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Which names a namespace, module or method may have, and why not others.
"""Names that become C++ identifiers, directories and library names."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

__all__ = [
    "method_fault",
    "module_fault",
    "namespace_fault",
    "parameter_fault",
    "type_fault",
    "typed_method_fault",
]

#: Longest accepted name, in characters. A method name within its limit keeps
#: every generated line within 80 columns.
MAX_NAME_LENGTH = 64
MAX_METHOD_LENGTH = 40


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# C++20, although the project is C++17: a module outlives its standard.
_KEYWORDS = _words(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char
    char8_t char16_t char32_t class compl concept const consteval constexpr
    constinit const_cast continue co_await co_return co_yield decltype default
    delete do double dynamic_cast else enum explicit export extern false float
    for friend goto if inline int long mutable namespace new noexcept not not_eq
    nullptr operator or or_eq private protected public register reinterpret_cast
    requires return short signed sizeof static static_assert static_cast struct
    switch template this thread_local throw true try typedef typeid typename
    union unsigned using virtual void volatile wchar_t while xor xor_eq
    """
)

# Namespaces that generated code names: one of ours would hide them. The
# upper-case words mark task fields; the last two are macros of GNU compilers.
_TAKEN = _words("chi hipc hshm std posix IN OUT INOUT TEMP GLOBAL_CONST linux unix")

# Core headers and modules of namespace `chimaera` share include/chimaera/.
_LAYERS = _words("base shm ipc sched core net runtime")

# Arguments that every generated call has, in C++ or in Python.
_ARGUMENTS = _words(
    "alloc ctx ctx_ errors mctx num_tasks pool_id pool_query query self task task_id "
    "timeout_s"
)

# Members of chi::Container and of clients, which a typed method would hide.
_MEMBERS = _words(
    """
    Aggregate Create Del Destroy Init LoadIn LoadOut Monitor NewCopy OnClientGone
    Run SaveIn SaveOut
    """
)
_GENERATED_CLASSES = _words("Client ClientBase CreateParams Method Runtime RuntimeBase")

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_PARAMETER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
_TYPE = re.compile(r"[A-Z][A-Za-z0-9]*", re.ASCII)
_METHOD = re.compile(r"k[A-Z][A-Za-z0-9]*", re.ASCII)


def namespace_fault(name: str) -> str | None:
    """Say why `name` cannot be a C++ namespace; None if it can."""
    if len(name) > MAX_NAME_LENGTH:
        return f"has {len(name)} characters; at most {MAX_NAME_LENGTH}"
    if not _IDENTIFIER.fullmatch(name):
        return "is not a C++ identifier: a letter, then letters, digits and '_'"
    if "__" in name:
        return "has '__', which C++ reserves"
    if name in _KEYWORDS:
        return "is a C++ keyword"
    if name in _TAKEN:
        return "is a name that generated code needs; choose another"
    return None


def module_fault(name: str, namespace: str | None) -> str | None:
    """Say why `name` cannot be a module in `namespace`; None if it can."""
    fault = namespace_fault(name)
    if fault is None and name == namespace:
        return (
            "is also the namespace, and inside of it C++ would take one for the other"
        )
    if fault is None and namespace == "chimaera" and name in _LAYERS:
        return "is a layer of Chimaera itself, reserved in namespace 'chimaera'"
    return fault


def method_fault(constant: str) -> str | None:
    """Say why `constant` cannot name a method; None if it can."""
    if len(constant) > MAX_METHOD_LENGTH:
        return f"has {len(constant)} characters; at most {MAX_METHOD_LENGTH}"
    if not _METHOD.fullmatch(constant):
        return "is not 'k' and a PascalCase name, such as 'kGetStats'"
    if constant == "kRuntime":
        return "would need a method named like its class, Runtime"
    return None


def typed_method_fault(constant: str, types: Iterable[str]) -> str | None:
    """Say why `constant` cannot name a typed method; None if it can."""
    name = constant[1:]
    if name in _MEMBERS:
        return f"'{name}' is a member of every container; choose another name"
    for suffix in ("", "In", "Out", "Task"):
        if f"{name}{suffix}" in types:
            return f"needs the name {name}{suffix}, which is in 'types'"
    return None


def type_fault(name: str) -> str | None:
    """Say why `name` cannot be an enum or struct; None if it can."""
    if len(name) > MAX_METHOD_LENGTH:
        return f"has {len(name)} characters; at most {MAX_METHOD_LENGTH}"
    if not _TYPE.fullmatch(name):
        return "is not a PascalCase name, such as 'Summary'"
    if name in _GENERATED_CLASSES:
        return "is a name that generated code needs; choose another"
    return None


def parameter_fault(name: str) -> str | None:
    """Say why `name` cannot be a parameter, field or enumerator."""
    if len(name) > MAX_METHOD_LENGTH:
        return f"has {len(name)} characters; at most {MAX_METHOD_LENGTH}"
    if not _PARAMETER.fullmatch(name):
        return "is not a snake_case name, such as 'num_bins'"
    if name in _KEYWORDS:
        return "is a C++ keyword"
    if keyword.iskeyword(name):
        return "is a Python keyword"
    if name in _TAKEN or name in _ARGUMENTS:
        return "is a name that generated code needs; choose another"
    return None
