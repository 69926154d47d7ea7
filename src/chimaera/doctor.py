# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# One function per finding; each says what it saw and how to mend it.
"""Looks at what commonly keeps a runtime from working well."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Finding", "examine"]

_OPEN_FILES_WANTED = 4096
_MEMORY_WANTED = 1 << 30
_FUTEX_WAITV_KERNEL = (5, 16)
_PIDFD_KERNEL = (5, 3)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor.

    Attributes
    ----------
    name : str
    level : str
        ``ok``, ``warning`` (works, not well) or ``error`` (does not work).
    found : str
    mend : str
        How; empty when all is well.
    """

    name: str
    level: str
    found: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the fields by name."""
        return asdict(self)


def examine(
    runtime_dir: str | os.PathLike[str] | None = None, *, name: str | None = None
) -> Iterator[Finding]:
    """Look at everything.

    Parameters
    ----------
    runtime_dir : path, optional
        Of the runtime; by default the usual one.
    name : str, optional
        Of the runtime, instead.

    Yields
    ------
    Finding
    """
    yield from _versions()
    yield _extension()
    yield _tools()
    for check in (_kernel, _open_files, _locked_memory, _memory, _cgroup, _cpus):
        yield check()
    yield _modules_on_path()
    yield from _module_packages()
    yield _runtime(runtime_dir, name)


def _versions() -> Iterator[Finding]:
    from importlib import metadata

    ok = sys.version_info >= (3, 11)
    yield Finding(
        "Python",
        "ok" if ok else "error",
        f"{platform.python_version()} at {sys.executable}",
        "" if ok else "install Python 3.11 or newer",
    )
    for package in ("chimaera", "numpy", "matplotlib"):
        try:
            yield Finding(package, "ok", metadata.version(package))
        except metadata.PackageNotFoundError:
            level = "warning" if package == "matplotlib" else "error"
            yield Finding(package, level, "missing", f"pip install {package}")


def _extension() -> Finding:
    try:
        from chimaera._extension import core
    except ImportError as error:
        return Finding("extension", "error", str(error), "pip install --force chimaera")
    return Finding("extension", "ok", str(core.__file__))


def _tools() -> Finding:
    from chimaera.daemon import tool_path
    from chimaera.errors import NotFoundError

    try:
        path = tool_path("chimaera_start_runtime")
    except NotFoundError as error:
        return Finding("programs", "error", str(error), "pip install --force chimaera")
    return Finding("programs", "ok", str(path.parent))


def _kernel() -> Finding:
    release = platform.release()
    version = tuple(int(part) for part in release.split("-")[0].split(".")[:2])
    if version < _PIDFD_KERNEL:
        mend = "Linux 5.3 or newer is needed (pidfd_open)"
        return Finding("kernel", "error", release, mend)
    if version < _FUTEX_WAITV_KERNEL:
        mend = "with Linux 5.16 waiters learn of a dead runtime sooner (futex_waitv)"
        return Finding("kernel", "warning", release, mend)
    return Finding("kernel", "ok", f"{release}, has futex_waitv and pidfd_open")


def _open_files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = f"{soft} of at most {hard}"
    if soft >= _OPEN_FILES_WANTED:
        return Finding("open files", "ok", found)
    mend = f"ulimit -n {min(hard, 65536)}: a runtime needs several per client"
    return Finding("open files", "warning", found, mend)


def _locked_memory() -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    found = "unlimited" if soft == resource.RLIM_INFINITY else f"{soft // 1024} KiB"
    # Nothing is locked: the number explains failures of other programs' rings.
    return Finding("locked memory", "ok", f"{found}; chimaera locks none")


def _memory() -> Finding:
    fields = dict(
        line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines()
    )
    available = int(fields["MemAvailable"].split()[0]) * 1024
    found = f"{available / 2**30:.1f} GiB available"
    if available >= _MEMORY_WANTED:
        return Finding("memory", "ok", found)
    mend = "close other programs, or set smaller devices and memory: sizes"
    return Finding("memory", "warning", found, mend)


def _cgroup() -> Finding:
    name = "memory limit"
    for path in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            text = (Path("/sys/fs/cgroup") / path).read_text().strip()
        except OSError:
            continue
        if text == "max" or int(text) >= 1 << 60:
            break
        limit = int(text)
        found = f"{limit / 2**30:.1f} GiB by the control group"
        if limit >= _MEMORY_WANTED:
            return Finding(name, "ok", found)
        mend = "raise it (docker run --memory): segments count against it"
        return Finding(name, "warning", found, mend)
    return Finding(name, "ok", "none by a control group")


def _cpus() -> Finding:
    count = len(os.sched_getaffinity(0))
    if count > 1:
        return Finding("CPUs", "ok", f"{count} allowed")
    mend = "allow two or more: client and worker else take turns on one"
    return Finding("CPUs", "warning", "1 allowed", mend)


def _modules_on_path() -> Finding:
    missing = [
        folder
        for folder in os.environ.get("CHI_REPO_PATH", "").split(":")
        if folder and not Path(folder).is_dir()
    ]
    if not missing:
        return Finding("CHI_REPO_PATH", "ok", os.environ.get("CHI_REPO_PATH", "unset"))
    mend = "remove it from CHI_REPO_PATH, or build the modules there"
    return Finding("CHI_REPO_PATH", "warning", f"no folder {missing[0]}", mend)


def _module_packages() -> Iterator[Finding]:
    """Modules that were installed as Python packages."""
    from chimaera.module_packages import module_packages

    for each in module_packages():
        name = f"modules {each.name}"
        if each.modules:
            found = f"{', '.join(each.modules)} in {each.folder}"
            yield Finding(name, "ok", found)
        else:
            found = f"no libraries in lib of package {each.package}"
            yield Finding(name, "warning", found, "reinstall the package that names it")


def _runtime(runtime_dir: str | os.PathLike[str] | None, named: str | None) -> Finding:
    """Whether a runtime answers, and what a dead one may have left."""
    from chimaera.daemon import runtime_dir_of
    from chimaera.errors import ChimaeraError, NoRuntimeError
    from chimaera.opening import connect

    name = "runtime"
    try:
        directory = runtime_dir_of(named, runtime_dir)
        with connect(runtime_dir=directory, timeout_s=2) as runtime:
            pid = runtime.status(timeout_s=2).pid
    except NoRuntimeError:
        return _leftovers(directory)
    except ChimaeraError as error:
        mend = "chimaera stop; if that fails, kill the pid in its lock file"
        return Finding(name, "error", str(error), mend)
    except (ImportError, AttributeError) as error:
        return Finding(name, "error", str(error).splitlines()[0], "see above")
    return Finding(name, "ok", f"pid {pid} answers in {directory}")


def _leftovers(directory: Path) -> Finding:
    if (directory / "control.sock").exists():
        found = f"none runs; a dead one left {directory}/control.sock"
        return Finding("runtime", "ok", f"{found}, which the next start removes")
    place = directory if directory.is_dir() else Path(tempfile.gettempdir())
    free = shutil.disk_usage(place).free
    if free < 1 << 20:
        mend = f"make room where {directory} lies: the log goes there"
        return Finding("runtime", "warning", "no room for a log", mend)
    return Finding("runtime", "ok", f"none runs; `chimaera start` makes {directory}")
