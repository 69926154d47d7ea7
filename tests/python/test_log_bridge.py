# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Programs of their own, where the level or a configuration of `logging` matters.
"""The log of a runtime inside this process in Python's logging."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

import pytest

import chimaera
from chimaera import log_bridge, testing
from chimaera._extension import core
from python import programs


@pytest.fixture
def level() -> object:
    """Put the level back."""
    before = core.log_level()
    yield
    core.set_log_level(before)


@pytest.mark.usefixtures("level")
def test_lines_become_records(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="chimaera")
    with testing.runtime() as rt:
        log_bridge.flush()
        ready = next(r for r in caplog.records if "runtime ready" in r.message)
        assert (ready.name, ready.levelno) == ("chimaera", logging.INFO)
        assert (ready.filename, ready.process) == ("server.cc", rt.pid)
        assert ready.lineno > 0
        assert ready.created <= next(reversed(caplog.records)).created
        core.log("error", "a line of ours % with {signs}")
        log_bridge.flush()
    (ours,) = (r for r in caplog.records if "a line of ours" in r.message)
    assert ours.levelno == logging.ERROR
    assert "a line of ours % with {signs}" in ours.message


@pytest.mark.usefixtures("level")
def test_the_logger_says_what_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    for wanted, expected in (
        (logging.DEBUG, "debug"),
        (logging.ERROR, "error"),
        (logging.CRITICAL, "fatal"),
        (logging.WARNING, "warning"),
    ):
        caplog.set_level(wanted, logger="chimaera")
        with testing.runtime():
            assert core.log_level() == expected
    with chimaera.local({"logging": {"level": "info"}}):
        assert core.log_level() == "info"


def _open_files() -> list[str]:
    """Return what the descriptors of this process are, without the one that looks."""
    found = []
    for each in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(FileNotFoundError):
            found.append(str(each.readlink()))
    return found


@pytest.mark.usefixtures("level")
def test_a_log_file_ends_with_its_runtime(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="chimaera")
    left = []
    for number in range(4):
        file = tmp_path / f"{number}.log"
        with chimaera.local({"logging": {"file": str(file)}}):
            core.log("info", f"chapter {number}")
        core.log("info", f"epilogue {number}")
        assert f"chapter {number}" in file.read_text()
        assert "epilogue" not in file.read_text()
        assert not [each for each in _open_files() if str(tmp_path) in each]
        left.append(_open_files().count("/dev/null"))
    assert left[-1] == left[0]
    told = [f"epilogue {number}" for number in range(4)]
    assert testing.wait_until(
        lambda: [r.message for r in caplog.records if "epilogue" in r.message] == told,
        timeout_s=60,
    )


@pytest.mark.usefixtures("level")
def test_a_flood_is_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="chimaera")
    count = 50_000
    with testing.runtime():
        before = log_bridge.dropped()
        # Handling a record takes longer than writing a line: the queue fills up.
        for number in range(count):
            core.log("info", f"flood {number} {'x' * 200}")
        log_bridge.flush()
        dropped = log_bridge.dropped() - before
        core.log("info", "the last one")
        assert testing.wait_until(
            lambda: any("the last one" in r.message for r in caplog.records)
        )
    seen = sum("flood" in r.message for r in caplog.records)
    assert seen + dropped == count


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("told", [True, False])
def test_a_handler_that_fails_is_told_and_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, told: bool
) -> None:
    seen = []

    class Failing(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            seen.append(record.getMessage())
            raise SystemExit if "exit" in seen[-1] else RuntimeError(seen[-1])

    monkeypatch.setattr(logging, "raiseExceptions", told)
    logger, failing = logging.getLogger("chimaera"), Failing()
    logger.addHandler(failing)
    try:
        with testing.runtime():
            for text in ("first", "exit", "last"):
                core.log("error", text)
            assert testing.wait_until(lambda: "last" in seen)
    finally:
        logger.removeHandler(failing)
    assert {"first", "exit"} <= set(seen)
    assert ("RuntimeError: first" in capsys.readouterr().err) == told


def said(code: str, **variables: str) -> tuple[str, str]:
    """Run a program; return what it has printed, and to standard error."""
    lines = "".join(
        f"import os; os.environ[{name!r}] = {value!r}\n"
        for name, value in variables.items()
    )
    done = programs.python(lines + code)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


RUN = "import chimaera\nwith chimaera.local():\n    pass\n"


def test_it_is_quiet_unless_asked() -> None:
    assert said(RUN) == ("", "")
    configured = "import logging, sys\nlogging.basicConfig(stream=sys.stdout)\n"
    assert said(configured + RUN) == ("", "")


def test_a_program_that_configures_logging_gets_it() -> None:
    configured = (
        "import logging, sys\n"
        "logging.basicConfig(stream=sys.stdout, level='INFO',\n"
        "    format='%(name)s %(levelname)s %(filename)s %(message)s')\n"
    )
    printed, error = said(configured + RUN)
    assert "chimaera INFO server.cc runtime ready" in printed
    assert error == ""


@pytest.mark.parametrize("variable", ["CHI_DEBUG", "CHI_LOG_LEVEL"])
def test_the_environment_goes_first(variable: str) -> None:
    value = {"CHI_DEBUG": "yes", "CHI_LOG_LEVEL": "info"}[variable]
    printed, error = said(RUN, **{variable: value})
    assert "runtime ready" in error
    configured = "import logging, sys\nlogging.basicConfig(stream=sys.stdout)\n"
    printed, error = said(configured + RUN, **{variable: value})
    assert "INFO:chimaera:runtime ready" in printed
    assert error == ""


def test_a_file_takes_its_place(tmp_path: Path) -> None:
    file = tmp_path / "embedded.log"
    code = (
        "import chimaera\n"
        f"with chimaera.local({{'logging': {{'file': '{file}', 'level': 'info'}}}}):\n"
        "    pass\n"
    )
    assert said(code) == ("", "")
    assert "runtime ready" in file.read_text()


def test_a_forked_child_says_it_itself() -> None:
    code = (
        "import logging, os, sys\n"
        "logging.basicConfig(stream=sys.stdout, level='INFO')\n"
        "import chimaera\n"
        "from chimaera._extension import core\n"
        "runtime = chimaera.local()\n"
        "if os.fork() == 0:\n"
        "    core.log('info', 'of the child')\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "runtime.close()\n"
    )
    printed, error = said(code)
    assert "of the child" in error
    assert "of the child" not in printed
