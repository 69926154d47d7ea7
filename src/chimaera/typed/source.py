# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# One text for both: `Runtime.module` runs it, and refresh-repo writes it to a file
# that can be imported and type-checked. Light to import.
"""The Python source of a module's client."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from chimaera.typed.description import Field, Method, ModuleDescription, Type

__all__ = [
    "DEFAULT_TIMEOUT_S",
    "async_docstring",
    "async_signature",
    "class_name",
    "client_source",
    "create_arguments",
    "create_docstring",
    "docstring",
    "many_docstring",
    "many_signature",
    "quoted",
    "result_source",
    "result_type",
    "signature",
    "type_source",
]

_HEAD = '''\
# Client of module {module.full_name} {module.version}.
# Generated from its chimaera_mod.yaml; do not edit.
"""{doc}"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from chimaera.typed import client as _client

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from chimaera.runtime import Runtime
'''
DEFAULT_TIMEOUT_S = 30.0
_QUERY = "query: _client.PoolQuery = _client.LOCAL"
_INDENT = " " * 4


def class_name(module: ModuleDescription) -> str:
    """Return the name of the class of the module's pools."""
    words = module.name.split("_")
    return "".join(word[:1].upper() + word[1:] for word in words) + "Pool"


def client_source(module: ModuleDescription) -> str:
    """Return the source of a Python module with the client of `module`.

    The same description always gives the same text.
    """
    doc = module.doc.strip() or f"Module {module.full_name}"
    types = module.types()
    several = [each for each in module.methods if len(each.results) > 1]
    names = [*types, *(f"{each.name}Out" for each in several)]
    listed = ", ".join(f'"{each}"' for each in sorted([class_name(module), *names]))
    parts = [
        _HEAD.format(module=module, doc=quoted(doc.rstrip(".") + ".")),
        f"__all__ = [{listed}]",
        *(type_source(each) for each in types.values()),
        *(result_source(each) for each in several),
        "\n".join(_class_source(module, names)),
    ]
    return "\n\n".join(parts) + "\n"


# ---- types


def type_source(kind: Type) -> str:
    """Return the class of an enum or a struct."""
    if kind.kind == "enum":
        lines = [f"\nclass {kind.name}(enum.IntEnum):"]
        lines += [f"    {name.upper()} = {value}" for name, value in kind.values]
        return "\n".join(lines)
    # An array is not equal to another one, but element by element.
    is_equal = not any(_has_array(each.type) for each in kind.fields)
    return _dataclass(kind.name, kind.fields, "", eq=is_equal)


def _has_array(kind: Type) -> bool:
    if kind.kind == "list" and kind.element is not None:
        number = kind.element.is_number or kind.element.kind == "bool"
        return number or _has_array(kind.element)
    return any(_has_array(each.type) for each in kind.fields)


def result_source(method: Method) -> str:
    """Return the class of several results."""
    doc = f"What method {method.python_name} gives."
    return _dataclass(f"{method.name}Out", method.results, doc, eq=False)


def _dataclass(name: str, fields: Iterable[Field], doc: str, *, eq: bool = True) -> str:
    options = "frozen=True, slots=True" + ("" if eq else ", eq=False")
    lines = [f"\n@dataclasses.dataclass({options})", f"class {name}:"]
    lines.append(f'    """{quoted(doc or name)}')
    lines += ["", "    Attributes", "    ----------"]
    for each in fields:
        lines += _described(each, _short(each.type))
    lines += ['    """', ""]
    lines += [f"    {each.name}: {_result_type(each.type)}" for each in fields]
    return "\n".join(lines)


def _result_type(kind: Type) -> str:
    if kind.kind in {"int", "uint"}:
        return "int"
    if kind.kind == "list" and kind.element is not None:
        if kind.element.is_number:
            return f"npt.NDArray[np.{kind.element.name}]"
        if kind.element.kind == "bool":
            return "npt.NDArray[np.bool_]"
        return f"list[{_result_type(kind.element)}]"
    names = {"string": "str", "blocks": "_client.BlockList"}
    if kind.kind in {"bool", "float", "bytes"}:
        return kind.kind
    return names.get(kind.kind, kind.name)


def _argument_type(kind: Type) -> str:
    element = kind.element
    if kind.kind == "array" and element is not None:
        return f"npt.NDArray[np.{element.name}]"
    if kind.kind == "list" and element is not None and not element.is_number:
        return f"Sequence[{_argument_type(element)}] | npt.NDArray[Any]"
    return {
        "blocks": "_client.Blocks",
        "bytes": "bytes | bytearray | memoryview",
        "enum": f"{kind.name} | int | str",
        "list": "npt.ArrayLike",
        "struct": f"{kind.name} | _client.StructLike",
    }.get(kind.kind) or _result_type(kind)


def _short(kind: Type) -> str:
    """Return the type as documentation has it."""
    if kind.kind == "array" and kind.element is not None:
        axes = ", ".join(f"n{axis}" for axis in range(kind.ndim))
        return f"({axes}{',' if kind.ndim == 1 else ''}) ndarray of {kind.element.name}"
    if kind.kind == "list" and kind.element is not None:
        if kind.element.is_number:
            return f"(n,) ndarray of {kind.element.name}"
        return f"sequence of {kind.element.name}"
    if kind.kind == "blocks":
        return "a device and its blocks"
    return kind.name


# ---- methods


def _class_source(module: ModuleDescription, types: list[str]) -> Iterator[str]:
    yield f"\nclass {class_name(module)}(_client.TypedPool):"
    yield f'    """Pools of module {module.full_name} {module.version}.'
    yield ""
    for line in quoted(module.doc.strip() or "It says no more of itself.").splitlines():
        yield f"    {line}".rstrip()
    yield '    """'
    yield ""
    yield f'    module = "{module.library}"'
    yield f'    full_name = "{module.full_name}"'
    yield f"    schema_hash = 0x{module.schema_hash:016x}"
    yield f"    types = {_tuple(types)}"
    if module.settings:
        yield from _create_source(module)
    for index, method in enumerate(module.methods):
        yield from _method_source(module, method, index)


def _method_source(
    module: ModuleDescription, method: Method, index: int
) -> Iterator[str]:
    name, values = method.python_name, _tuple(each.name for each in method.arguments)
    result = result_type(method)
    yield ""
    yield f"    def {signature(method)}:"
    yield from docstring(module, method)
    if result == "None":
        yield f"        self._run({index}, {values}, query, timeout_s)"
    else:
        yield f"        found: {result} = self._run("
        yield f"            {index}, {values}, query, timeout_s"
        yield "        )"
        yield "        return found"
    yield ""
    yield f"    def {async_signature(method)}:"
    yield from async_docstring(method)
    yield f"        return self._submit({index}, {values}, query, timeout_s)"
    yield from _many_source(method, index, values)
    if method.aliases:
        yield ""
    for alias in method.aliases:
        old = Method(method.id, alias).python_name
        for ending in ("", "_async", "_many"):
            yield f"    {old}{ending} = {name}{ending}"


def _create_source(module: ModuleDescription) -> Iterator[str]:
    arguments = create_arguments(module, ["cls", "runtime: Runtime"])
    yield ""
    yield "    @classmethod"
    yield f"    def create({arguments}) -> Self:"
    yield from create_docstring(module)
    names = [each.name for each in module.settings]
    yield "        settings = {"
    yield from (f'            "{name}": {name},' for name in names)
    yield "        }"
    yield "        return cls._create("
    yield "            runtime,"
    yield "            name,"
    yield "            settings,"
    for each in ("pool_id", "num_containers", "timeout_s"):
        yield f"            {each}={each},"
    yield "        )"


def _many_source(method: Method, index: int, values: str) -> Iterator[str]:
    yield ""
    yield f"    def {many_signature(method)}:"
    yield from many_docstring(method)
    yield "        return self._many("
    yield f"            {index},"
    yield f"            {values},"
    for each in ("num_tasks", "query", "timeout_s", "errors"):
        yield f"            {each}={each},"
    yield "        )"


# ---- what the stub has too


def create_arguments(module: ModuleDescription, first: list[str]) -> str:
    """Return the parameters with which a pool is made, behind those of `first`.

    A setting that is None is the module's to choose.
    """
    lines = [*first, "name: str | None = None", "*"]
    for each in module.settings:
        kind, default = _argument_type(each.type), "None"
        if each.default is not None:
            default = _default(each)
        if each.type.name == "uint64":
            kind += " | str"  # a size, as in a compose file
        if default == "None":
            kind += " | None"
        lines.append(f"{each.name}: {kind} = {default}")
    lines.append("pool_id: _client.PoolId | None = None")
    lines.append("num_containers: int = 1")
    lines.append(f"timeout_s: float = {DEFAULT_TIMEOUT_S!r}")
    if not module.settings:
        lines.append("**settings: Any")
    body = "".join(f"\n        {line}," for line in lines)
    # The method of the class that is derived from takes any settings.
    mark = "  # type: ignore[override]" if module.settings and "cls" in first else ""
    return f"{mark}{body}\n    "


def create_docstring(module: ModuleDescription) -> Iterator[str]:
    """Yield the lines of its documentation."""
    yield '        """Make a pool of this module, or find the one of this name.'
    yield ""
    yield "        Parameters"
    yield "        ----------"
    yield "        name : str, optional"
    yield "            Unique in the runtime; the module's name by default."
    for each in module.settings:
        yield from _described(each, _short(each.type), deeper=True)
    yield "        pool_id, num_containers, timeout_s"
    yield "            As for `Runtime.create_pool`."
    yield '        """'


def signature(method: Method) -> str:
    """Return the head of the method that waits, from its name to its result."""
    late = method.deadline_s or DEFAULT_TIMEOUT_S
    arguments = _arguments(method, [_QUERY, f"timeout_s: float = {late!r}"])
    return f"{method.python_name}({arguments}) -> {result_type(method)}"


def async_signature(method: Method) -> str:
    """Return the head of the one that gives a future."""
    arguments = _arguments(method, [_QUERY, "timeout_s: float | None = None"])
    return (
        f"{method.python_name}_async({arguments}) "
        f"-> _client.Future[{result_type(method)}]"
    )


def many_signature(method: Method) -> str:
    """Return the head of the one of many tasks."""
    common = [
        "num_tasks: int | None = None",
        _QUERY,
        f"timeout_s: float = {DEFAULT_TIMEOUT_S!r}",
        'errors: _client.Errors = "raise"',
    ]
    arguments = _arguments(method, common, many=True)
    return f"{method.python_name}_many({arguments}) -> Any"


def async_docstring(method: Method) -> Iterator[str]:
    """Yield the lines of its documentation."""
    name = method.python_name
    yield f'        """Submit `{name}`; with a deadline, as `Pool.call_async`."""'


def many_docstring(method: Method) -> Iterator[str]:
    """Yield the lines of its documentation."""
    name = method.python_name
    yield f'        """Run `{name}` once per row of its arguments, in one crossing.'
    yield ""
    yield "        An argument has one value for each task, or one for all of them: a"
    yield "        sequence or array of scalars, a list of all else; of arrays also an"
    yield "        array with one axis more, of blocks a device and one block per task."
    yield ""
    yield "        Parameters"
    yield "        ----------"
    yield "        num_tasks : int, optional"
    yield "            How many tasks, where the arguments do not tell."
    yield "        query : PoolQuery"
    yield "            Which container."
    yield "        timeout_s, errors"
    yield "            As for `Pool.call_many`."
    yield ""
    yield "        Returns"
    yield "        -------"
    if method.results:
        yield "        (n,) ndarray"
        yield f"            Of {_row_doc(method)}."
        yield "            With ``errors='return'`` a pair: this, zeros where a"
        yield "            task failed, and the status codes."
    else:
        yield "        (n,) ndarray of uint32"
        yield "            Status codes, 0 for success."
    yield '        """'


def _row_doc(method: Method) -> str:
    names = [each.name for each in method.results]
    if len(names) == 1:
        return names[0]
    return f"fields {', '.join(names)}"


def result_type(method: Method) -> str:
    """Return the type of what a call gives."""
    if not method.results:
        return "None"
    if len(method.results) == 1:
        return _result_type(method.results[0].type)
    return f"{method.name}Out"


def _arguments(method: Method, common: list[str], *, many: bool = False) -> str:
    """Return a parameter list: those with a default can be given by name only."""
    needed, named = ["self"], []
    for each in method.arguments:
        kind = "Any" if many else _argument_type(each.type)
        if each.type.kind == "array" and each.direction == "in" and not many:
            axes = each.type.ndim
            kind += f" | {'Sequence[' * axes}float{']' * axes}"
        if each.default is None:
            needed.append(f"{each.name}: {kind}")
        else:
            named.append(f"{each.name}: {kind} = {_default(each)}")
    lines = [*needed, "*", *named, *common]
    body = "".join(f"\n        {line}," for line in lines)
    return f"{body}\n    "


def _default(field: Field) -> str:
    text, kind = field.default or "", field.type
    if kind.kind == "float" and text.lstrip("-") in {"inf", "nan"}:
        return f'float("{text}")'
    return {
        "bool": text.capitalize(),
        "string": repr(text),
        "bytes": repr(text.encode()),
        "enum": f"{kind.name}.{text.upper()}",
        "list": "()",
    }.get(kind.kind, text)


def _tuple(names: Iterable[str]) -> str:
    several = list(names)
    return f"({', '.join(several)}{',' if len(several) == 1 else ''})"


def docstring(module: ModuleDescription, method: Method) -> Iterator[str]:
    """Yield the lines of the documentation of the method that waits."""
    doc = method.doc.strip() or f"Run method {method.name}."
    lines = quoted(doc).splitlines()
    yield f'        """{lines[0]}'
    if len(lines) > 1 and lines[1].strip():
        yield ""
    for line in lines[1:]:
        yield f"        {line}".rstrip()
    yield ""
    yield "        Parameters"
    yield "        ----------"
    for each in method.arguments:
        yield from _described(each, _short(each.type), deeper=True)
    yield "        query : PoolQuery"
    yield "            Which container."
    yield "        timeout_s : float"
    yield "            Seconds to wait at most."
    if method.results:
        yield ""
        yield "        Returns"
        yield "        -------"
        for each in method.results:
            result = dataclasses.replace(each, default=None)
            yield from _described(result, _short(each.type), deeper=True)
    yield ""
    yield "        Notes"
    yield "        -----"
    yield from _notes(module, method)
    yield '        """'


def _notes(module: ModuleDescription, method: Method) -> Iterator[str]:
    yield f"        Method {method.id} of {module.full_name} {module.version}."
    if method.deadline_s:
        yield f"        Its deadline is {method.deadline_s:g} s."
    if method.idempotent:
        yield "        Idempotent: it may be run again when its outcome is unknown."
    for alias in method.aliases:
        yield f"        Its old name is {Method(0, alias).python_name}."


_ARRAY_NOTES = {"in": "", "out": "Written where it lies.", "inout": "Changed in place."}


def _described(field: Field, kind: str, *, deeper: bool = False) -> Iterator[str]:
    """Yield the lines that document a field, or (deeper) a method's parameter."""
    indent = _INDENT * (2 if deeper else 1)
    doc = " ".join(field.doc.split())
    if field.type.kind == "array" and _ARRAY_NOTES[field.direction]:
        stop = "" if doc.endswith(".") or not doc else "."
        doc = f"{doc}{stop} {_ARRAY_NOTES[field.direction]}".strip()
    unit = f", {field.unit}" if field.unit else ""
    default = f", default {_default(field)}" if field.default is not None else ""
    yield f"{indent}{field.name} : {kind}{quoted(unit + default * deeper)}"
    if doc:
        yield f"{indent}{_INDENT}{quoted(doc[:1].upper() + doc[1:])}"


def quoted(text: str) -> str:
    """Return text as it may stand in a literal of three quotation marks."""
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    text = text.replace("\0", "\\0").replace("\r", "\\r")
    return f'{text[:-1]}\\"' if text.endswith('"') else text
