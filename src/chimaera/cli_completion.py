# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# A shell runs `chimaera completion words WORD...` at each press of the key, and is
# told what may stand in place of the last word: so it always fits the version that is
# installed, and knows names of runtimes. No answer means: a file.
"""The command ``chimaera completion``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

from chimaera.cli_common import EXIT_OK, new_parser

__all__ = ["WORDS", "complete", "main", "parser"]

_BASH = """\
# chimaera completion bash: put `source <(chimaera completion bash)` into ~/.bashrc.
_chimaera() {
  local word what
  COMPREPLY=()
  while IFS=$'\\t' read -r word what; do
    COMPREPLY+=("$word")
  done < <("${COMP_WORDS[0]}" completion words "${COMP_WORDS[@]:1:COMP_CWORD}" \\
    2> /dev/null)
}
complete -o default -F _chimaera chimaera
"""

_ZSH = """\
#compdef chimaera
# chimaera completion zsh: put `source <(chimaera completion zsh)` into ~/.zshrc, after
# compinit.
_chimaera() {
  local -a found
  local word what
  while IFS=$'\\t' read -r word what; do
    found+=("${word//:/\\\\:}:$what")
  done < <("${words[1]}" completion words "${(@)words[2,CURRENT]}" 2> /dev/null)
  if (( $#found )); then
    _describe chimaera found
  else
    _files
  fi
}
compdef _chimaera chimaera
"""

_FISH = """\
# chimaera completion fish: put `chimaera completion fish | source` into
# ~/.config/fish/config.fish.
function __chimaera_words
  set -l words (commandline -opc)
  set -l program $words[1]
  set -e words[1]
  set -l current (commandline -ct)
  set -l found ($program completion words $words "$current" 2> /dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c chimaera -f -a '(__chimaera_words)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def _runtimes() -> Iterator[str]:
    from chimaera.running import running

    yield from (each.name for each in running() if each.name)


def _topics() -> Iterator[str]:
    from chimaera.bench import TOPICS

    yield from TOPICS


#: What `cli_common.completed_by` may name.
WORDS: dict[str, Callable[[], Iterator[str]]] = {
    "runtimes": _runtimes,
    "topics": _topics,
}


def parser(name: str) -> argparse.ArgumentParser:
    """Make the parser of the command."""
    made = new_parser(
        name,
        None,
        "Print what makes a shell complete commands, options and names.",
        "bash:  source <(chimaera completion bash)\n"
        "zsh:   source <(chimaera completion zsh)\n"
        "fish:  chimaera completion fish | source",
    )
    made.add_argument("shell", choices=_SCRIPTS)
    return made


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    if argv[:1] == ["words"]:
        for word, what in complete(argv[1:]):
            print(f"{word}\t{what}")
    else:
        print(_SCRIPTS[parser("completion").parse_args(argv).shell], end="")
    return EXIT_OK


def complete(words: Sequence[str]) -> list[tuple[str, str]]:
    """Tell what may stand in place of the last word.

    Parameters
    ----------
    words : sequence of str
        All behind ``chimaera``, up to the one that is being typed, which may be empty.

    Returns
    -------
    list of (str, str)
        Each with what it means; empty for a name of a file.
    """
    from chimaera.cli import COMMANDS, module_of
    from chimaera.cli import parser as top

    *before, last = words or [""]
    if not before:
        found = [(name, row.what) for name, row in COMMANDS.items()]
        if last.startswith("-"):
            found = _options(top())
    elif before[0] in COMMANDS and hasattr(module_of(before[0]), "parser"):
        found = _behind(module_of(before[0]).parser(before[0]), before[1:], last)
    else:
        found = []
    return [(word, what) for word, what in found if word.startswith(last)]


def _behind(
    command: argparse.ArgumentParser, before: Sequence[str], last: str
) -> list[tuple[str, str]]:
    """Tell what may follow `before` on the line of a command."""
    # Of argparse only private names tell.
    actions = command._actions  # noqa: SLF001
    positionals = [each for each in actions if not each.option_strings]
    wants: argparse.Action | None = None  # an option whose value comes next
    at = 0
    for index, word in enumerate(before):
        if wants is not None:
            wants = None
        elif word.startswith("-"):
            option = command._option_string_actions.get(word)  # noqa: SLF001
            wants = option if option is not None and option.nargs != 0 else None
        elif at < len(positionals) and positionals[at].nargs == argparse.PARSER:
            chosen = _subparsers(positionals[at]).get(word)
            return _behind(chosen, before[index + 1 :], last) if chosen else []
        elif at < len(positionals) and positionals[at].nargs != "*":
            at += 1
    if wants is not None:
        return _values(wants)
    if last.startswith("-"):
        return _options(command)
    return _values(positionals[at]) if at < len(positionals) else []


def _subparsers(action: argparse.Action) -> dict[str, argparse.ArgumentParser]:
    return dict(action.choices) if isinstance(action.choices, dict) else {}


def _options(command: argparse.ArgumentParser) -> list[tuple[str, str]]:
    return [
        (action.option_strings[-1], action.help or "")
        for action in command._actions  # noqa: SLF001
        if action.option_strings
    ]


def _values(action: argparse.Action) -> list[tuple[str, str]]:
    if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
        rows = action._choices_actions  # noqa: SLF001 - has the lines of help
        return [(row.dest, row.help or "") for row in rows]
    if action.choices is not None:
        return [(str(choice), "") for choice in action.choices]
    words = WORDS.get(getattr(action, "completed_by", ""))
    return [(word, "") for word in words()] if words else []
