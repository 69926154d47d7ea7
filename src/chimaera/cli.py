# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Arguments and exit codes only; what a command does is imported when it runs, so
# that --help answers at once.
"""The command ``chimaera``, also ``python -m chimaera``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from chimaera.status import MethodCost

__all__ = ["compose_main", "main", "start_runtime_main", "stop_runtime_main"]

SHOWN_COSTS = 10

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2  # also: a runtime runs already
EXIT_NO_RUNTIME = 3
EXIT_INTERRUPTED = 130

# With parsers of their own.
_WITH_SUBCOMMANDS = {
    "compose": "chimaera.cli_compose",
    "config": "chimaera.cli_config",
}

_EPILOG = """exit codes:
  0    done
  1    failed; standard error says why
  2    a wrong command line, or `start` where a runtime runs already
  3    no runtime runs there
  130  stopped by Ctrl-C
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        The exit code; ``chimaera --help`` lists them.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["refresh-repo"]:
        from chimaera.codegen.cli import main as refresh_repo

        return refresh_repo(arguments[1:], prog="chimaera refresh-repo")
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except ImportError as error:
        return _failed(error, EXIT_FAILED)
    except Exception as error:
        from chimaera.errors import ChimaeraError, NoRuntimeError

        if isinstance(error, NoRuntimeError):
            return _failed(error, EXIT_NO_RUNTIME)
        if isinstance(error, (ChimaeraError, OSError)):
            return _failed(error, EXIT_FAILED)
        raise


def start_runtime_main() -> NoReturn:
    """Become the program chimaera_start_runtime."""
    _become("chimaera_start_runtime")


def stop_runtime_main() -> NoReturn:
    """Become the program chimaera_stop_runtime."""
    _become("chimaera_stop_runtime")


def _run(arguments: list[str]) -> int:
    if arguments and arguments[0] in _WITH_SUBCOMMANDS:
        module = importlib.import_module(_WITH_SUBCOMMANDS[arguments[0]])
        return int(module.main(arguments[1:]))
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def compose_main() -> int:
    """Run the command chimaera_compose, short for ``chimaera compose``."""
    return main(["compose", *sys.argv[1:]])


def _become(tool: str) -> NoReturn:
    from chimaera.daemon import tool_path
    from chimaera.errors import NotFoundError

    try:
        path = tool_path(tool)
    except NotFoundError as error:
        sys.exit(_failed(error, EXIT_FAILED))
    from chimaera.module_packages import repo_path

    os.environ["CHI_REPO_PATH"] = repo_path()
    os.execv(path, [tool, *sys.argv[1:]])  # noqa: S606 - no shell


def _failed(error: BaseException, code: int) -> int:
    print(f"chimaera: {error}", file=sys.stderr)
    return code


# ---- arguments ----------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chimaera",
        description="Tasks over shared memory, next to the data.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, run: Callable[[argparse.Namespace], int], what: str) -> Any:
        command = commands.add_parser(name, help=what, description=what)
        command.set_defaults(run=run)
        return command

    _start_arguments(add("start", _start, "start a runtime in the background"))
    _where(stop := add("stop", _stop, "stop a runtime and wait for its end"))
    _seconds(stop)
    _where(status := add("status", _status, "what a runtime does"))
    _json(status)
    _where(dump := add("dump", _dump, "what every live task waits for"))
    dump.add_argument(
        "--max-tasks",
        type=int,
        default=10_000,
        metavar="N",
        help="list so many (10000)",
    )
    _json(dump)
    doctor = add("doctor", _doctor, "look for what keeps a runtime from working")
    doctor.add_argument("--runtime-dir", help="directory of the runtime")
    _json(doctor)
    fsck = add("fsck", _fsck, "check the file of a block device")
    fsck.add_argument("file", type=Path, metavar="FILE", help="that no runtime uses")
    fsck.add_argument(
        "--repair",
        action="store_true",
        help="write damaged metadata anew from their second copy",
    )
    fsck.add_argument(
        "--no-data",
        action="store_true",
        help="do not compare data with their checksums",
    )
    bench = add("bench", _bench, "measure this installation against references")
    bench.add_argument(
        "topic",
        nargs="*",
        metavar="topic",
        help="latency, throughput, memory, idle, tasks, storage, python, modules "
        "or product (all, in seven minutes)",
    )
    bench.add_argument(
        "--quick", action="store_true", help="in seconds; the figures mean nothing"
    )
    _json(bench)
    _demo_arguments(add("demo", _demo, "a near-data pipeline on a real terrain"))
    _scaffold_arguments(add)
    add("cmake-dir", _cmake_dir, "print where find_package(chimaera) has to look")
    # Taken out by main before; here for --help.
    add("compose", _version, "pools of a YAML file: apply, plan, export, down")
    add("config", _version, "settings: show, check, schema, default")
    add("refresh-repo", _version, "generate the method tables of a module repository")
    add("version", _version, "print the version")
    return parser


def _where(command: argparse.ArgumentParser) -> None:
    place = command.add_mutually_exclusive_group()
    place.add_argument("--name", help="to tell several runtimes apart")
    place.add_argument("--runtime-dir", help="where runtime and clients meet")


def _seconds(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--timeout", type=float, default=30.0, metavar="S", help="seconds (30)"
    )


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="for programs")


def _scaffold_arguments(add: Callable[..., Any]) -> None:
    def methods(text: str) -> list[str]:
        return text.split(",")

    repo = add("new-repo", _new_repo, "make a repository with a first module")
    repo.add_argument("name", metavar="NAME", help="folder and namespace")
    repo.add_argument(
        "--module", default="first", metavar="NAME", help="its module (first)"
    )
    module = add("new-module", _new_module, "make a module in a repository")
    module.add_argument("name", metavar="NAME", help="of the module")
    module.add_argument(
        "--repo", default=".", type=Path, metavar="DIR", help="the repository (.)"
    )
    for command in (repo, module):
        command.add_argument(
            "--methods",
            default=[],
            type=methods,
            metavar="A,B",
            help="names such as GetStats (Reduce)",
        )


def _start_arguments(command: argparse.ArgumentParser) -> None:
    _where(command)
    command.add_argument("--config", help="YAML file of settings")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one setting, as runtime.num_threads=3; may be given several times",
    )
    command.add_argument("--log-file", help="default: runtime.log in its directory")
    _seconds(command)


def _demo_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--connect",
        action="store_true",
        help="use a runtime that runs already, instead of one of its own",
    )
    _where(command)
    command.add_argument(
        "--size", default="256MiB", help="bytes of terrain to process (256MiB)"
    )
    command.add_argument(
        "--output", default="demo-output", help="folder for the picture (demo-output)"
    )
    _json(command)


# ---- commands -----------------------------------------------------------------


def _start(options: argparse.Namespace) -> int:
    from chimaera.daemon import start
    from chimaera.errors import AlreadyExistsError

    try:
        daemon = start(
            options.name,
            runtime_dir=options.runtime_dir,
            config=options.config,
            settings=options.set,
            log_file=options.log_file,
            timeout_s=options.timeout,
        )
    except AlreadyExistsError as error:
        return _failed(error, EXIT_USAGE)
    how = ""
    if options.name:
        how = repr(options.name)
    elif options.runtime_dir:
        how = f"runtime_dir={str(daemon.runtime_dir)!r}"
    print(f"runtime of pid {daemon.pid} runs in {daemon.runtime_dir}")
    print(f"connect:  chimaera.connect({how})")
    print(f"log:      {daemon.log_file}")
    return EXIT_OK


def _stop(options: argparse.Namespace) -> int:
    from chimaera.daemon import runtime_dir_of, stop

    directory = runtime_dir_of(options.name, options.runtime_dir)
    if stop(runtime_dir=directory, timeout_s=options.timeout):
        print(f"the runtime in {directory} has stopped")
        return EXIT_OK
    print(f"no runtime ran in {directory}", file=sys.stderr)
    return EXIT_NO_RUNTIME


def _cost_line(cost: MethodCost) -> str:
    """Tell what a method costs: ``200.0 Write  3.1 us + 0.1 ns per unit +- ...``."""
    grows = f" + {cost.s_per_unit * 1e9:.3g} ns per unit" if cost.s_per_unit else ""
    return (
        f"{cost.pool_id!s:8} {cost.method:18} {cost.base_s * 1e6:.3g} us{grows}, "
        f"+- {cost.error_s * 1e6:.2g} us{', long' if cost.is_long else ''}"
    )


def _status(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from chimaera.device_status import device_lines, devices, size_text
    from chimaera.opening import connect

    with connect(options.name, runtime_dir=options.runtime_dir) as runtime:
        status = runtime.status()
        pools = runtime.pools()
        found = list(devices(runtime, pools))
        facts = {
            **asdict(status),
            "runtime_dir": str(runtime.runtime_dir),
            "tasks": status.tasks,
            "cancelled": status.cancelled,
            "expired": status.expired,
            "missed_periods": status.missed_periods,
            "rings": sum(worker.rings for worker in status.workers),
            "pools": [{**asdict(pool), "id": str(pool.id)} for pool in pools],
            "devices": [
                {"id": str(pool.id), "name": pool.name, **asdict(stats)}
                for pool, stats in found
            ],
            "costs": [
                {**asdict(cost), "pool_id": str(cost.pool_id)} for cost in status.costs
            ],
        }
    if options.json:
        print(json.dumps(facts, indent=2))
        return EXIT_OK
    print(f"runtime of pid {status.pid} in {facts['runtime_dir']}")
    print(f"  up for    {status.uptime_s:.1f} s")
    print(f"  memory    {status.resident_bytes / 2**20:.1f} MiB")
    print(f"  workers   {len(status.workers)}, {status.tasks} tasks so far")
    print(
        f"  ended     {status.cancelled} cancelled, {status.expired} past their "
        f"deadline, {status.missed_periods} periods missed"
    )
    print(f"  clients   {facts['rings']} threads attached")
    print(f"  pools     {len(pools)}")
    for pool in pools:
        heap = "" if pool.heap_bytes is None else f", {size_text(pool.heap_bytes)}"
        ended = f", {pool.cancelled} cancelled" if pool.cancelled else ""
        ended += f", {pool.expired} expired" if pool.expired else ""
        state = f"{pool.state}{ended}{heap}"
        print(f"    {pool.id!s:12} {pool.module:18} {pool.name} ({state})")
    print(f"  devices   {len(found)}")
    for pool, stats in found:
        for line in device_lines(pool, stats):
            print(f"    {line}")
    for cost in status.costs[:SHOWN_COSTS]:
        print(f"  {_cost_line(cost)}")
    return EXIT_OK


def _dump(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from chimaera.opening import connect

    with connect(options.name, runtime_dir=options.runtime_dir) as runtime:
        dump = runtime.dump(max_tasks=options.max_tasks)
    print(json.dumps(asdict(dump), indent=2) if options.json else dump)
    return EXIT_OK


def _doctor(options: argparse.Namespace) -> int:
    from chimaera.doctor import examine

    findings = list(examine(options.runtime_dir))
    if options.json:
        print(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{finding.level:8} {finding.name:14} {finding.found}")
            if finding.mend:
                print(f"{'':8} {'':14} -> {finding.mend}")
    bad = any(finding.level == "error" for finding in findings)
    return EXIT_FAILED if bad else EXIT_OK


def _fsck(options: argparse.Namespace) -> int:
    from chimaera.daemon import tool_path

    words = [str(tool_path("chimaera_fsck"))]
    words += ["--repair"] if options.repair else []
    words += ["--no-data"] if options.no_data else []
    # Absolute: a name that begins with a dash is no option.
    words.append(str(options.file.absolute()))
    os.execv(words[0], words)  # noqa: S606 - no shell


def _bench(options: argparse.Namespace) -> int:
    from chimaera.bench import TOPICS
    from chimaera.bench import main as bench

    for topic in options.topic:
        if topic not in TOPICS:
            names = ", ".join(TOPICS)
            print(f"chimaera: no topic {topic!r}: {names}", file=sys.stderr)
            return EXIT_USAGE
    return bench(options.topic, as_json=options.json, quick=options.quick)


def _demo(options: argparse.Namespace) -> int:
    from chimaera.demo import main as demo

    return demo(
        connect=options.connect,
        name=options.name,
        runtime_dir=options.runtime_dir,
        size=options.size,
        output=Path(options.output),
        as_json=options.json,
    )


def _new_repo(options: argparse.Namespace) -> int:
    from chimaera.codegen.scaffold import new_repo

    made = new_repo(
        options.name,
        parent=Path(),
        module=options.module,
        methods=options.methods,
    )
    print(f"made {made}; {made / 'README.md'} says how to build and test it")
    return EXIT_OK


def _new_module(options: argparse.Namespace) -> int:
    from chimaera.codegen.scaffold import missing_in_build, new_module

    made = new_module(options.name, repo=options.repo, methods=options.methods)
    print(f"made {made}; {made / 'README.md'} says what is where")
    if hint := missing_in_build(made, options.repo):
        print(hint)
    return EXIT_OK


def _cmake_dir(_options: argparse.Namespace) -> int:
    from chimaera.installed import installed_path

    print(installed_path("lib/cmake"))
    return EXIT_OK


def _version(_options: argparse.Namespace) -> int:
    import chimaera

    print(chimaera.__version__)
    return EXIT_OK
