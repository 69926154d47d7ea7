# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Every way to describe a method wrong that we know of, with what we answer.
"""Bad descriptions of typed methods as data.

The cases are of the form of `bad_cases.MODULE_CASES`. Most of them differ in one
parameter, one method or one type, and are made by the functions here.
"""

from __future__ import annotations

Case = tuple[str, str, list[str]]

_HEAD = "name: store\nkCreate: 0\n"


def _method(name: str, text: str, *expected: str) -> Case:
    """Make a case of method kIo on line 3, whose keys are `text`."""
    return (name, f"{_HEAD}kIo: {{{text}}}\n", [f"3: {line}" for line in expected])


def _parameter(name: str, text: str, *expected: str) -> Case:
    """Make a case of the only parameter of kIo."""
    return _method(name, f"id: 10, parameters: [{{{text}}}]", *expected)


def _typed(name: str, kind: str, message: str) -> Case:
    """Make a case of the type of parameter `x` of kIo."""
    text = f'name: x, direction: in, type: "{kind}"'
    return _parameter(name, text, f"kIo.x.type: {message}")


def _default(name: str, kind: str, default: str, message: str) -> Case:
    """Make a case of the default of parameter `x` of kIo."""
    text = f'name: x, direction: in, type: "{kind}", default: {default}'
    return _parameter(name, text, f"kIo.x.default: {message}")


def _types(name: str, text: str, *expected: str) -> Case:
    """Make a case of section `types`, whose first line is line 4."""
    return (name, f"{_HEAD}types:\n{text}", list(expected))


METHODS: list[Case] = [
    _method("no_id", "parameters: []", "kIo: 'id' is missing"),
    _method("id_is_text", "id: ten", "kIo.id: must be a decimal whole number"),
    _method("reserved", "id: 9", "kIo.id: id 9 is reserved; start from 10"),
    _method(
        "misspelt_key",
        "id: 10, parameter: []",
        "kIo.parameter: unknown key; did you mean 'parameters'?",
    ),
    _method("key_twice", "id: 10, id: 11", "kIo.id: already given on line 3"),
    _method("a_key_is_a_list", "id: 10, [a, b]: 1", "kIo: a key must be one word"),
    _method(
        "parameters_a_mapping",
        "id: 10, parameters: {x: int64}",
        "kIo.parameters: must be a list of {name: ..., direction: ..., type: ...}",
    ),
    _method(
        "parameter_a_word",
        "id: 10, parameters: [x]",
        "kIo.parameters: a parameter is {name: ..., direction: ..., type: ...}",
    ),
    _method(
        "too_many_parameters",
        "id: 10, parameters: [" + "{name: x}, " * 33 + "]",
        "kIo.parameters: 33 parameters; at most 32",
    ),
    _method(
        "doc_a_list", "id: 10, doc: [a]", "kIo.doc: must be text, not a list or mapping"
    ),
    _method(
        "deadline_by_hand",
        "id: 10, deadline: 5s",
        "kIo.deadline: means nothing without 'parameters'; [] if there are none",
    ),
    _method(
        "deadline_without_unit",
        "id: 10, deadline: 5, parameters: []",
        "kIo.deadline: is not a time such as 200ms, 5s or 2min",
    ),
    _method(
        "deadline_of_unknown_unit",
        "id: 10, deadline: 5mn, parameters: []",
        "kIo.deadline: 'mn' is none of ms, s, min, h; did you mean 'min'?",
    ),
    _method(
        "deadline_of_nothing",
        "id: 10, deadline: 0s, parameters: []",
        "kIo.deadline: must be more than 0 and at most 2147483647 ms",
    ),
    _method(
        "deadline_of_years",
        "id: 10, deadline: 999999h, parameters: []",
        "kIo.deadline: must be more than 0 and at most 2147483647 ms",
    ),
    _method(
        "idempotent_maybe",
        "id: 10, idempotent: maybe, parameters: []",
        "kIo.idempotent: must be true or false",
    ),
    _method(
        "aliases_a_word",
        "id: 10, aliases: kStat",
        "kIo.aliases: must be a list of old names, 'kStat'",
    ),
    _method(
        "alias_without_k",
        "id: 10, aliases: [Stat]",
        "kIo.aliases: 'Stat' is not 'k' and a PascalCase name, such as 'kGetStats'",
    ),
    _method(
        "alias_of_itself",
        "id: 10, aliases: [kIo]",
        "kIo.aliases: 'kIo' is a method itself",
    ),
    _method(
        "alias_inherited",
        "id: 10, aliases: [kUpgrade]",
        "kIo.aliases: 'kUpgrade' is a method itself",
    ),
    (
        "alias_of_two",
        _HEAD + "kA: {id: 10, aliases: [kC]}\nkB: {id: 11, aliases: [kC]}\n",
        ["4: kB.aliases: 'kC' is already an alias of kA"],
    ),
    (
        "member_of_containers",
        _HEAD + "kRun: {id: 10, parameters: []}\n",
        ["3: kRun: 'Run' is a member of every container; choose another name"],
    ),
    (
        "method_named_like_a_type",
        _HEAD + "kIo: {id: 10, parameters: []}\ntypes: {IoTask: {enum: [a]}}\n",
        ["3: kIo: needs the name IoTask, which is in 'types'"],
    ),
    (
        "setting_of_many_values",
        "name: store\nkCreate: {id: 0, parameters: "
        "[{name: x, direction: in, type: list<int8>}]}\n",
        ["2: kCreate.x: is list<int8>; settings are numbers, bool, string, enums"],
    ),
    (
        "setting_as_output",
        "name: store\nkCreate: {id: 0, parameters: "
        "[{name: x, direction: out, type: int8}]}\n",
        ["2: kCreate.x: is a setting, whose direction is 'in'"],
    ),
    (
        "setting_named_like_a_key",
        "name: store\nkCreate: {id: 0, parameters: "
        "[{name: pool_name, direction: in, type: string}]}\n",
        ["2: kCreate.pool_name: is a name that pools have already; choose another"],
    ),
    (
        "settings_named_like_generated_members",
        "name: store\nkCreate: {id: 0, parameters: [\n"
        "{name: chimod_lib_name, direction: in, type: string},\n"
        "{name: chimod_version, direction: in, type: string},\n"
        "{name: serialize, direction: in, type: bool}]}\n",
        [
            f"2: kCreate.{name}: is a name that generated code needs; choose another"
            for name in ("chimod_lib_name", "chimod_version", "serialize")
        ],
    ),
    (
        "monitor_no_truth",
        "name: store\nmonitor: 1\nkIo: {id: 10, parameters: []}\nkCreate: 0\n",
        ["2: monitor: must be true or false"],
    ),
    (
        "monitor_of_untyped",
        "name: store\nmonitor: true\nkCreate: 0\n",
        [
            "2: monitor: is for modules with a typed method; others have a header "
            "to say it"
        ],
    ),
    (
        "destroy_with_parameters",
        "name: store\nkCreate: 0\nkDestroy: {id: 1, parameters: []}\n",
        ["3: kDestroy: 'Destroy' is a member of every container; choose another name"],
    ),
    (
        "create_of_other_id",
        "name: store\nkCreate: {id: 1}\n",
        ["2: kCreate.id: is 1; its id is 0 and it cannot be disabled"],
    ),
]

PARAMETERS: list[Case] = [
    _parameter(
        "no_name", "direction: in, type: int8", "kIo.parameters: 'name' is missing"
    ),
    _parameter("no_direction", "name: x, type: int8", "kIo.x: 'direction' is missing"),
    _parameter("no_type", "name: x, direction: in", "kIo.x: 'type' is missing"),
    _parameter(
        "number_as_name",
        "name: 7, direction: in, type: int8",
        'kIo.parameters.name: must be text; write "7" in quotes',
    ),
    _parameter(
        "camel_case",
        "name: numBins, direction: in, type: int8",
        "kIo.numBins: is not a snake_case name, such as 'num_bins'",
    ),
    _parameter(
        "trailing_underscore",
        "name: x_, direction: in, type: int8",
        "kIo.x_: is not a snake_case name, such as 'num_bins'",
    ),
    _parameter(
        "keyword_of_cpp",
        "name: switch, direction: in, type: int8",
        "kIo.switch: is a C++ keyword",
    ),
    _parameter(
        "keyword_of_python",
        "name: lambda, direction: in, type: int8",
        "kIo.lambda: is a Python keyword",
    ),
    _parameter(
        "argument_of_every_call",
        "name: timeout_s, direction: in, type: int8",
        "kIo.timeout_s: is a name that generated code needs; choose another",
    ),
    _parameter(
        "long_name",
        "name: " + "x" * 41 + ", direction: in, type: int8",
        f"kIo.{'x' * 41}: has 41 characters; at most 40",
    ),
    _method(
        "parameter_twice",
        "id: 10, parameters: [{name: x, direction: in, type: int8}, "
        "{name: x, direction: out, type: int8}]",
        "kIo.x: is there twice",
    ),
    _parameter(
        "direction_misspelt",
        "name: x, direction: inuot, type: int8",
        "kIo.x.direction: 'inuot' is none of in, out, inout; did you mean 'inout'?",
    ),
    _parameter(
        "unknown_key",
        "name: x, direction: in, type: int8, units: m",
        "kIo.x.units: unknown key; did you mean 'unit'?",
    ),
    _parameter(
        "type_with_comma",
        "name: x, direction: in, type: array<int8, 1>",
        'kIo.x.1>: a type with a comma needs quotes: "array<float64, 1>"',
        "kIo.x.type: array<dtype, ndim>: ',' expected instead of the end",
    ),
    _parameter(
        "number_as_unit",
        "name: x, direction: in, type: int8, unit: 1",
        'kIo.x.unit: must be text; write "1" in quotes',
    ),
    _parameter(
        "type_a_list",
        "name: x, direction: in, type: [int8]",
        "kIo.x.type: must be text, not a list or mapping",
    ),
    _typed("type_misspelt", "flaot64", "'flaot64' is no type; did you mean 'float64'?"),
    _typed("type_of_python", "float", "'float' is no type; did you mean 'float64'?"),
    _typed("type_of_c", "u32", "'u32' is no type; did you mean 'uint32'?"),
    _typed("list_of_nothing", "list", "list: '<' expected instead of the end"),
    _typed("list_left_open", "list<int8", "list: '>' expected instead of the end"),
    _typed("text_behind", "int8 x", "'int8 x' has 'x' behind the type"),
    _typed(
        "list_of_lists_of_blocks",
        "list<list<blocks>>",
        "list<blocks>: arrays and blocks are no elements",
    ),
    _typed(
        "list_of_arrays",
        "list<array<int8, 1>>",
        "list<array<int8, 1>>: arrays and blocks are no elements",
    ),
    _typed("list_of_texts", "list<text>", "'text' is no type; did you mean 'string'?"),
    _typed(
        "array_of_texts",
        "array<string, 1>",
        "array<string, ...>: elements must be numbers",
    ),
    _typed("array_without_axes", "array<int8, 0>", "array<int8, ndim>: 1 to 8 axes"),
    _typed("array_of_nine_axes", "array<int8, 9>", "array<int8, ndim>: 1 to 8 axes"),
    _typed("array_of_x_axes", "array<int8, x>", "array<int8, ndim>: 1 to 8 axes"),
    _default("default_too_large", "int8", "128", "128 is not a int8: -128 to 127"),
    _default("default_negative", "uint8", "-1", "-1 is not a uint8: 0 to 255"),
    _default("default_fraction", "int64", "1.5", "'1.5' is not a whole number"),
    _default("default_quoted", "int64", '"1"', "'1' is not a whole number"),
    _default("default_no_number", "float64", "much", "'much' is not a number"),
    _default("default_huge", "float32", "1.0e+39", "1.0e+39 is too large for float32"),
    _default("default_no_truth", "bool", "1", "'1' is neither true nor false"),
    _default("default_no_text", "string", "5", 'must be text; write "5" in quotes'),
    _default("default_null", "int8", "null", "is not a value of type int8"),
    _default(
        "default_of_list", "list<int8>", "[1]", "the only default of a list is []"
    ),
    _default(
        "default_of_array",
        "array<int8, 1>",
        "[]",
        "a parameter of type array<int8, 1> has no default",
    ),
    (
        "default_of_enum",
        _HEAD + "kIo: {id: 10, parameters: "
        "[{name: x, direction: in, type: Mode, default: fsat}]}\n"
        "types: {Mode: {enum: [fast, exact]}}\n",
        ["3: kIo.x.default: 'fsat' is no Mode; did you mean 'fast'?"],
    ),
    _parameter(
        "default_of_output",
        "name: x, direction: out, type: int8, default: 1",
        "kIo.x.default: an output has no default; the method sets it",
    ),
    _parameter(
        "aggregate_misspelt",
        "name: x, direction: out, type: int8, aggregate: concta",
        "kIo.x.aggregate: 'concta' is none of sum, min, max, concat, custom; "
        "did you mean 'concat'?",
    ),
    _parameter(
        "aggregate_of_input",
        "name: x, direction: in, type: int8, aggregate: sum",
        "kIo.x.aggregate: is for outputs; this is an input",
    ),
    _parameter(
        "sum_of_texts",
        "name: x, direction: out, type: string, aggregate: sum",
        "kIo.x.aggregate: sum is of numbers, not of string",
    ),
    _parameter(
        "concat_of_numbers",
        "name: x, direction: out, type: int8, aggregate: concat",
        "kIo.x.aggregate: concat is of string, bytes or a list, not of int8",
    ),
    _method(
        "custom_and_sum",
        "id: 10, parameters: "
        "[{name: x, direction: out, type: int8, aggregate: custom}, "
        "{name: y, direction: out, type: int8, aggregate: sum}]",
        "kIo.parameters: 'custom' stands for all parameters; leave the other rules out",
    ),
]

TYPES: list[Case] = [
    (
        "types_a_list",
        _HEAD + "types: [Mode]\n",
        ["3: types: must be 'Name: {struct: ...}' lines"],
    ),
    _types(
        "type_lower_case",
        "  mode: {enum: [a]}\n",
        "4: types.mode: is not a PascalCase name, such as 'Summary'",
    ),
    _types(
        "type_named_like_a_class",
        "  Client: {enum: [a]}\n",
        "4: types.Client: is a name that generated code needs; choose another",
    ),
    _types(
        "type_a_word",
        "  Mode: enum\n",
        "4: types.Mode: must be {struct: [...]} or {enum: [...]}",
    ),
    _types(
        "type_of_both",
        "  Mode: {enum: [a], struct: [{name: x, type: int8}]}\n",
        "4: types.Mode: must have one of 'struct' and 'enum'",
    ),
    _types(
        "type_of_neither",
        "  Mode: {enums: [a]}\n",
        "4: types.Mode.enums: unknown key; did you mean 'enum'?",
        "4: types.Mode: must have one of 'struct' and 'enum'",
    ),
    _types(
        "empty_enum",
        "  Mode: {enum: []}\n",
        "4: types.Mode.enum: must list 1 to 256 names, or 'name: number' pairs",
    ),
    _types(
        "enumerator_twice",
        "  Mode: {enum: [a, b, a]}\n",
        "4: types.Mode.enum: 'a' is there twice",
    ),
    _types(
        "enumerator_upper_case",
        "  Mode: {enum: [FAST]}\n",
        "4: types.Mode.enum: 'FAST' is not a snake_case name, such as 'num_bins'",
    ),
    _types(
        "number_twice",
        "  Mode: {enum: {a: 1, b: 1}}\n",
        "4: types.Mode.enum: 'b' has the number of 'a', 1",
    ),
    _types(
        "number_negative",
        "  Mode: {enum: {a: -1, b: 1}}\n",
        "4: types.Mode.enum.a: must be a number from 0 to 2^32 - 1",
    ),
    _types(
        "number_too_large",
        "  Mode: {enum: {a: 4294967296, b: 1}}\n",
        "4: types.Mode.enum.a: must be a number from 0 to 2^32 - 1",
    ),
    _types(
        "empty_struct",
        "  Point: {struct: []}\n",
        "4: types.Point.struct: must be a list of 1 to 64 fields",
    ),
    _types(
        "field_a_word",
        "  Point: {struct: [x]}\n",
        "4: types.Point.struct: a field is {name: ..., type: ...}",
    ),
    _types(
        "field_without_type",
        "  Point: {struct: [{name: x}]}\n",
        "4: types.Point.struct: 'type' is missing",
    ),
    _types(
        "field_twice",
        "  Point:\n    struct:\n      - {name: x, type: int8}\n"
        "      - {name: x, type: int8}\n",
        "7: types.Point.struct: 'x' is there twice",
    ),
    _types(
        "field_of_blocks",
        "  Point: {struct: [{name: x, type: blocks}]}\n",
        "4: types.Point.struct: 'x' is blocks; arrays and blocks are no fields",
    ),
    _types(
        "field_with_default",
        "  Point: {struct: [{name: x, type: int8, default: 1}]}\n",
        "4: types.Point.struct.default: unknown key",
    ),
    _types(
        "struct_in_itself",
        "  Point: {struct: [{name: x, type: Point}]}\n",
        "4: types.Point.struct.type: 'Point' stands below; a type comes before its use",
    ),
    _types(
        "struct_before_its_parts",
        "  Line: {struct: [{name: from_point, type: Point}]}\n"
        "  Point: {struct: [{name: x, type: int8}]}\n",
        "4: types.Line.struct.type: 'Point' stands below; a type comes before its use",
    ),
]

TYPED_CASES = [*METHODS, *PARAMETERS, *TYPES]
