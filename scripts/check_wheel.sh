#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Proves that the wheel needs nothing of a system but Python: in a new Debian 12
# that has only that, `pip install` and a runtime with a task; and with a compiler
# added, and no development package, a module and an application from outside
# (tests/external) build and run.
#
#   scripts/check_wheel.sh [--root <directory>] [--keep] [<wheel>]
#
# As root, on a machine with debootstrap. The root file system is made in
# <directory> (build/bare-debian); <wheel> is dist/chimaera-*.whl, which
# `make wheel` writes. --keep leaves the root file system for a look.
set -eu

repo=$(cd "$(dirname "$0")/.." && pwd)
root=$repo/build/bare-debian
keep=no
inside=/home/somebody

. "$repo/scripts/fresh_root.sh"

while [ $# -gt 0 ]; do
  case $1 in
    --root) root=$2; shift 2 ;;
    --keep) keep=yes; shift ;;
    -*) die "unknown option $1" ;;
    *) break ;;
  esac
done
wheel=${1:-$(echo "$repo"/dist/chimaera-*.whl)}
[ -f "$wheel" ] || die "no wheel in dist: run make wheel"

make_root python3,python3-venv
copy_network_settings
rm -rf "$root$inside"
mkdir -p "$root$inside"
cp "$wheel" "$root$inside"
cp -r "$repo/tests/external/repo" "$repo/tests/external/app" "$root$inside"

echo "check_wheel: install and run, with nothing but Python"
in_root "$inside" sh -euc '
  if command -v cc || command -v cmake; then exit 1; fi
  python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check ./*.whl
  .venv/bin/chimaera start
  .venv/bin/python - << "END"
import chimaera

with chimaera.connect() as rt:
    device = rt.bdev(size_bytes=1 << 20)
    block = device.allocate(8)
    device.write(block, b"chimaera")
    assert device.read(block).tobytes() == b"chimaera"
END
  .venv/bin/chimaera stop
'

echo "check_wheel: a compiler is added"
in_root "$inside" sh -euc '
  apt-get -qq update
  apt-get -qq install -y --no-install-recommends g++ cmake make > /dev/null
'

echo "check_wheel: build and run what others write"
in_root "$inside" sh -euc '
  PATH=$PWD/.venv/bin:$PATH
  found=$(chimaera cmake-dir)
  cmake -S repo -B build/repo -DCMAKE_PREFIX_PATH="$found" \
    -DCMAKE_INSTALL_PREFIX="$PWD/installed"
  cmake --build build/repo
  cmake --install build/repo
  cmake -S app -B build/app -DCMAKE_PREFIX_PATH="$found;$PWD/installed"
  cmake --build build/app
  CHI_REPO_PATH=$PWD/installed/lib chimaera start --config app/config.yaml
  build/app/my_external_app
  chimaera stop
'

echo "check_wheel: passed"
[ "$keep" = yes ] || rm -rf --one-file-system "$root"
