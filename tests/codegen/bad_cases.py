# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Every way to get the YAML wrong that we know of, with what we answer.
"""Bad `chimaera_mod.yaml` and `chimaera_repo.yaml` files as data.

A case is a name, the file's text, and all its messages in order, each without
the path in front. Module cases lie in a repository of namespace `chimaera`.
"""

from __future__ import annotations

Case = tuple[str, str, list[str]]

MODULE_CASES: list[Case] = [
    # The file as a whole.
    ("empty", "", ["1: empty; expected 'key: value' lines"]),
    ("only_a_comment", "# later\n", ["1: empty; expected 'key: value' lines"]),
    ("a_list", "- kCreate\n", ["1: must consist of 'key: value' lines"]),
    ("a_word", "store\n", ["1: must consist of 'key: value' lines"]),
    (
        "a_tab",
        "name: store\n\tkCreate: 0\n",
        ["2: not valid YAML: found character '\\t' that cannot start any token"],
    ),
    (
        "unclosed_list",
        "name: store\ndependencies: [a, b\nkCreate: 0\n",
        ["3: not valid YAML: expected ',' or ']', but got ':'"],
    ),
    (
        "unclosed_quote",
        'name: "store\nkCreate: 0\n',
        ["3: not valid YAML: found unexpected end of stream"],
    ),
    (
        "no_space_after_colon",
        "name: store\nkCreate:0\n",
        ["3: not valid YAML: could not find expected ':'"],
    ),
    (
        "two_documents",
        "name: store\nkCreate: 0\n---\nname: b\n",
        ["3: a second document; one per file"],
    ),
    (
        "nul",
        "name: store\nkCreate: \0\n",
        ["2: character U+0000 is not allowed in YAML"],
    ),
    (
        "deep_nesting",
        "name: store\ndependencies: " + "[" * 9 + "]" * 9 + "\n",
        ["2: nested deeper than 8 levels"],
    ),
    ("very_deep_nesting", "name: " + "[" * 50_000, ["1: nested deeper than 8 levels"]),
    (
        "alias",
        "name: &a store\nauthor: *a\nkCreate: 0\n",
        ["2: alias '*a': write the value out"],
    ),
    (
        "alias_bomb",
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
        ["2: alias '*a': write the value out"],
    ),
    (
        "too_large",
        "name: store\nkCreate: 0\n" + "#" * 65536,
        ["1: larger than 65536 bytes"],
    ),
    # Keys.
    (
        "key_is_a_list",
        "name: store\n? [a, b]\n: 1\nkCreate: 0\n",
        ["2: a key must be one word"],
    ),
    (
        "duplicate_key",
        "name: store\nkCreate: 0\nname: other\n",
        ["3: name: already given on line 1"],
    ),
    (
        "duplicate_method",
        "name: store\nkCreate: 0\nkIo: 10\nkIo: 11\n",
        ["4: kIo: already given on line 3"],
    ),
    (
        "misspelt_key",
        "modul_name: store\nkCreate: 0\n",
        [
            "1: modul_name: unknown key; did you mean 'module_name'?",
            "1: module_name: missing",
        ],
    ),
    (
        "unknown_key",
        "name: store\nlicence: BSD\nkCreate: 0\n",
        ["2: licence: unknown key"],
    ),
    (
        "merge_key",
        "name: store\n<<: {kCreate: 0}\nkCreate: 0\n",
        ["2: <<: unknown key"],
    ),
    (
        "control_characters",
        'name: store\n"\\e[31m": 1\nkCreate: 0\n',
        ["2: \\x1b[31m: unknown key"],
    ),
    (
        "lower_case_method",
        "name: store\nkcreate: 0\n",
        [
            "1: kCreate: missing; every module has 'kCreate: 0'",
            "2: kcreate: unknown key; did you mean 'kCreate'?",
        ],
    ),
    (
        "methods_list",
        "name: store\nmethods:\n  - kCreate\n",
        [
            "1: kCreate: missing; every module has 'kCreate: 0'",
            "2: methods: not a key; write each method as a line 'kName: id'",
        ],
    ),
    # The module's name and the other texts.
    ("no_name", "kCreate: 0\n", ["1: module_name: missing"]),
    (
        "name_twice",
        "name: store\nmodule_name: store\nkCreate: 0\n",
        ["1: name: means 'module_name', which is given too"],
    ),
    ("empty_name", "name:\nkCreate: 0\n", ["1: name: has no value"]),
    (
        "number_as_name",
        "name: 7\nkCreate: 0\n",
        ['1: name: must be text; write "7" in quotes'],
    ),
    (
        "truth_as_name",
        "name: on\nkCreate: 0\n",
        ['1: name: must be text; write "on" in quotes'],
    ),
    (
        "list_as_name",
        "name: [store]\nkCreate: 0\n",
        ["1: name: must be text, not a list or mapping"],
    ),
    (
        "python_object",
        "name: !!python/name:os.system x\nkCreate: 0\n",
        ["1: name: must be plain text, without a tag"],
    ),
    (
        "dash_in_name",
        "name: my-store\nkCreate: 0\n",
        [
            "1: name: 'my-store' is not a C++ identifier: a letter, then letters, "
            "digits and '_'",
        ],
    ),
    (
        "path_as_name",
        "name: ../store\nkCreate: 0\n",
        [
            "1: name: '../store' is not a C++ identifier: a letter, then letters, "
            "digits and '_'",
        ],
    ),
    (
        "leading_digit",
        "name: 2fast\nkCreate: 0\n",
        [
            "1: name: '2fast' is not a C++ identifier: a letter, then letters, "
            "digits and '_'",
        ],
    ),
    (
        "foreign_letter",
        "name: größe\nkCreate: 0\n",
        [
            "1: name: 'größe' is not a C++ identifier: a letter, then letters, "
            "digits and '_'",
        ],
    ),
    (
        "double_underscore",
        "name: my__store\nkCreate: 0\n",
        ["1: name: 'my__store' has '__', which C++ reserves"],
    ),
    (
        "keyword_as_name",
        "name: switch\nkCreate: 0\n",
        ["1: name: 'switch' is a C++ keyword"],
    ),
    (
        "layer_as_name",
        "name: core\nkCreate: 0\n",
        [
            "1: name: 'core' is a layer of Chimaera itself, reserved in namespace "
            "'chimaera'",
        ],
    ),
    (
        "hidden_namespace",
        "name: chi\nkCreate: 0\n",
        ["1: name: 'chi' is a name that generated code needs; choose another"],
    ),
    (
        "long_name",
        "name: " + "s" * 65 + "\nkCreate: 0\n",
        [
            "1: name: 'ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss…' "
            "has 65 characters; at most 64",
        ],
    ),
    (
        "other_namespace",
        "name: store\nnamespace: chimera\nkCreate: 0\n",
        ["2: namespace: 'chimera' differs from 'chimaera' of chimaera_repo.yaml"],
    ),
    (
        "bad_version",
        'name: store\nversion: 1.0"); evil(\nkCreate: 0\n',
        ["2: version: '1.0\"); evil(' is not a version such as 1.0.0"],
    ),
    (
        "version_list",
        "name: store\nversion: [1, 0]\nkCreate: 0\n",
        ["2: version: a list or mapping is not a version such as 1.0.0"],
    ),
    (
        "number_as_author",
        "name: store\nauthor: 5\nkCreate: 0\n",
        ['2: author: must be text; write "5" in quotes'],
    ),
    (
        "one_dependency",
        "name: store\ndependencies: admin\nkCreate: 0\n",
        ["2: dependencies: must be a list of module names"],
    ),
    (
        "bad_dependency",
        "name: store\ndependencies: [a, 3]\nkCreate: 0\n",
        ['2: dependencies: must be text; write "3" in quotes'],
    ),
    # Methods.
    (
        "no_create",
        "name: store\nkDestroy: 1\n",
        ["1: kCreate: missing; every module has 'kCreate: 0'"],
    ),
    (
        "create_disabled",
        "name: store\nkCreate: -1\n",
        ["2: kCreate: is -1; its id is 0 and it cannot be disabled"],
    ),
    (
        "create_moved",
        "name: store\nkCreate: 10\n",
        ["2: kCreate: is 10; its id is 0 and it cannot be disabled"],
    ),
    (
        "destroy_moved",
        "name: store\nkCreate: 0\nkDestroy: 2\n",
        ["3: kDestroy: is 2; its id is 1, or -1 to disable it"],
    ),
    (
        "custom_disabled",
        "name: store\nkCreate: 0\nkIo: -1\n",
        ["3: kIo: is -1; leave the line out"],
    ),
    (
        "reserved_id",
        "name: store\nkCreate: 0\nkIo: 9\n",
        ["3: kIo: id 9 is reserved; start from 10"],
    ),
    (
        "inherited_misspelt",
        "name: store\nkCreate: 0\nkDestory: 1\n",
        ["3: kDestory: id 1 is reserved; start from 10; did you mean 'kDestroy'?"],
    ),
    (
        "same_id",
        "name: store\nkCreate: 0\nkIo: 10\nkRead: 10\n",
        ["4: kRead: id 10 is already kIo of line 3"],
    ),
    (
        "huge_id",
        "name: store\nkCreate: 0\nkIo: 4096\n",
        ["3: kIo: id 4096 is above 4095"],
    ),
    (
        "astronomic_id",
        "name: store\nkCreate: 0\nkIo: " + "9" * 5000 + "\n",
        ["3: kIo: must be a decimal whole number"],
    ),
    (
        "octal_id",
        "name: store\nkCreate: 0\nkIo: 012\n",
        ["3: kIo: must be a decimal whole number"],
    ),
    (
        "hexadecimal_id",
        "name: store\nkCreate: 0\nkIo: 0x0A\n",
        ["3: kIo: must be a decimal whole number"],
    ),
    (
        "fractional_id",
        "name: store\nkCreate: 0\nkIo: 10.5\n",
        ["3: kIo: must be a decimal whole number"],
    ),
    (
        "quoted_id",
        'name: store\nkCreate: 0\nkIo: "10"\n',
        ["3: kIo: must be a decimal whole number"],
    ),
    (
        "no_id",
        "name: store\nkCreate: 0\nkIo:\n",
        ["3: kIo: must be a decimal whole number"],
    ),
    (
        "list_of_ids",
        "name: store\nkCreate: 0\nkIo: [10]\n",
        ["3: kIo: must be a decimal whole number"],
    ),
    (
        "underscore",
        "name: store\nkCreate: 0\nkGet_Stats: 10\n",
        ["3: kGet_Stats: is not 'k' and a PascalCase name, such as 'kGetStats'"],
    ),
    (
        "digit_first",
        "name: store\nkCreate: 0\nk2D: 10\n",
        ["3: k2D: is not 'k' and a PascalCase name, such as 'kGetStats'"],
    ),
    (
        "tag",
        "name: !mine store\nkCreate: 0\n",
        ["1: name: must be plain text, without a tag"],
    ),
    (
        "class_name",
        "name: store\nkCreate: 0\nkRuntime: 10\n",
        ["3: kRuntime: would need a method named like its class, Runtime"],
    ),
    (
        "long_method",
        "name: store\nkCreate: 0\nk" + "A" * 40 + ": 10\n",
        ["3: kAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA: has 41 characters; at most 40"],
    ),
    (
        "everything_at_once",
        "name: for\nversion: one\nauthr: me\nkCreate: 1\nkIo: 3\nkio: 10\n",
        [
            "1: name: 'for' is a C++ keyword",
            "2: version: 'one' is not a version such as 1.0.0",
            "3: authr: unknown key; did you mean 'author'?",
            "4: kCreate: is 1; its id is 0 and it cannot be disabled",
            "5: kIo: id 3 is reserved; start from 10",
            "6: kio: unknown key; a method is 'k' and a PascalCase name",
        ],
    ),
]

REPO_CASES: list[Case] = [
    ("empty", "", ["1: empty; expected 'key: value' lines"]),
    ("no_namespace", "version: 1.0.0\n", ["1: namespace: missing"]),
    (
        "misspelt_key",
        "namespace: chimaera\nmodule: [store]\n",
        ["2: module: unknown key; did you mean 'modules'?"],
    ),
    ("method_here", "namespace: chimaera\nkCreate: 0\n", ["2: kCreate: unknown key"]),
    (
        "nested_namespace",
        "namespace: a::b\n",
        [
            "1: namespace: 'a::b' is not a C++ identifier: a letter, then letters, "
            "digits and '_'",
        ],
    ),
    (
        "std",
        "namespace: std\n",
        ["1: namespace: 'std' is a name that generated code needs; choose another"],
    ),
    ("keyword", "namespace: class\n", ["1: namespace: 'class' is a C++ keyword"]),
    (
        "bad_version",
        "namespace: chimaera\nversion: latest\n",
        ["2: version: 'latest' is not a version such as 1.0.0"],
    ),
    (
        "modules_a_word",
        "namespace: chimaera\nmodules: store\n",
        ["2: modules: must be a list of directories"],
    ),
    (
        "no_modules",
        "namespace: chimaera\nmodules: []\n",
        ["2: modules: is empty; without it, all are found"],
    ),
    (
        "module_misspelt",
        "namespace: chimaera\nmodules:\n  - stor\n",
        [
            "3: modules: 'stor' is not a directory of the repository; did you mean "
            "'store'?",
        ],
    ),
    (
        "module_without_file",
        "namespace: chimaera\nmodules: [store, docs]\n",
        ["2: modules: 'docs' has no chimaera_mod.yaml"],
    ),
    (
        "module_twice",
        "namespace: chimaera\nmodules: [store, store/]\n",
        ["2: modules: 'store/' is listed twice"],
    ),
    (
        "module_path_too_long",
        "namespace: chimaera\nmodules: [" + "m" * 300 + "]\n",
        [
            f"2: modules: '{'m' * 60}…' is not a directory of the repository",
        ],
    ),
    (
        "module_outside",
        "namespace: chimaera\nmodules: [../other, /etc]\n",
        [
            "2: modules: '../other' must lie inside the repository",
            "2: modules: '/etc' must lie inside the repository",
        ],
    ),
    (
        "module_a_number",
        "namespace: chimaera\nmodules: [3, store]\n",
        ['2: modules: must be text; write "3" in quotes'],
    ),
    (
        "description",
        "namespace: chimaera\ndescription: [a]\n",
        ["2: description: must be text, not a list or mapping"],
    ),
]
