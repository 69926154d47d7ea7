#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Makes a machine able to build and test: system packages, and .venv with the
# Python packages that pyproject.toml names. What is there already is left alone,
# so that a second run needs no network and takes a fraction of a second.
#
#   PYTHON=python3 scripts/bootstrap.sh
#   EXTRA_PACKAGES="clang-14" scripts/bootstrap.sh   what only some commands need
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv="$root/.venv"
PYTHON=${PYTHON:-python3}

# Names in Debian; the comments of `others` tell what they stand for.
packages="g++ cmake ninja-build xz-utils ca-certificates
  libboost-context-dev libboost-fiber-dev libyaml-cpp-dev libcereal-dev
  libisal-dev liburing-dev cppzmq-dev libzmq3-dev catch2 valgrind ${EXTRA_PACKAGES:-}"
others="a C++17 compiler (g++ >= 12 or clang >= 14), CMake >= 3.25, Ninja, xz,
Boost.Context and Boost.Fiber >= 1.74, yaml-cpp >= 0.7, cereal >= 1.3,
ISA-L >= 2.30, liburing >= 2.0, libzmq >= 4.3 with cppzmq, Catch2 >= 2.13, valgrind (to count
instructions),
Python >= 3.11 with venv and headers"

die() {
  echo "bootstrap: $*" >&2
  exit 1
}

# Prints those of its arguments that dpkg does not know as installed.
missing_packages() {
  for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>&1) ||
      status=absent
    [ "$status" = installed ] || printf '%s ' "$package"
  done
}

install_packages() {
  if ! "$PYTHON" -c 'import ensurepip' 2> /dev/null; then
    packages="$packages python3-venv"
  fi
  if ! "$PYTHON" -c 'import os, sysconfig as s
os.stat(s.get_path("include") + "/Python.h")' 2> /dev/null; then
    packages="$packages python3-dev"
  fi
  # shellcheck disable=SC2086 # a list of words
  missing=$(missing_packages $packages)
  [ -z "$missing" ] && return
  install="apt-get update &&
  apt-get install -y --no-install-recommends $missing"
  if [ "$(id -u)" -eq 0 ]; then as_root=; else as_root=sudo; fi
  echo "bootstrap: installing $missing"
  $as_root env DEBIAN_FRONTEND=noninteractive sh -c "$install" ||
    die "could not install system packages. Have root run this, then call make again:
  $install"
}

# Elsewhere nobody can name the packages; CMake says which of them is missing.
check_tools() {
  for tool in c++ cmake ninja; do
    command -v "$tool" > /dev/null ||
      die "no $tool here, and no apt-get to install it. Needed are: $others"
  done
}

# Every requirement of the project, one a line, from the only place that lists
# them.
requirements() {
  "$PYTHON" - "$root/pyproject.toml" << 'END'
import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    project = tomllib.load(file)
print(*project["build-system"]["requires"], sep="\n")
print(*project["project"]["dependencies"], sep="\n")
print(*project["project"]["optional-dependencies"]["test"], sep="\n")
print(*project["project"]["optional-dependencies"]["docs"], sep="\n")
END
}

make_venv() {
  wanted=$("$PYTHON" --version && requirements)
  [ "$(cat "$venv/.complete" 2> /dev/null)" = "$wanted" ] && return
  echo "bootstrap: making .venv"
  "$PYTHON" -m venv --clear "$venv"
  requirements > "$venv/requirements.txt"
  "$venv/bin/pip" install --disable-pip-version-check \
    -r "$venv/requirements.txt"
  echo "$wanted" > "$venv/.complete"
}

if command -v apt-get > /dev/null && command -v dpkg-query > /dev/null; then
  command -v "$PYTHON" > /dev/null || packages="$packages python3"
  install_packages
else
  check_tools
fi
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  die "$PYTHON is $("$PYTHON" --version); Python 3.11 or newer is needed: set PYTHON"
make_venv
