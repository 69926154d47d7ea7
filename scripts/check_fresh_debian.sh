#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Proves what README.md promises: in a new Debian 12 that has nothing but git,
# make and python3, `make demo` and `make test` do everything, and do it twice,
# the second time without network.
#
#   scripts/check_fresh_debian.sh [--root <directory>] [--keep] [<target>...]
#
# As root, on a machine with debootstrap. Makes the root file system in
# <directory> (build/fresh-debian), clones the committed state of this checkout
# into it, and runs there the targets, `demo test` by default, in namespaces of
# its own: mounts and processes end with it. --keep leaves the root file system
# for a look; a root that was kept is used again as it is. `bootstrap` as the only
# target stops after the clone.
set -eu

repo=$(cd "$(dirname "$0")/.." && pwd)
root=$repo/build/fresh-debian
keep=no
inside=/home/chimaera

. "$repo/scripts/fresh_root.sh"

while [ $# -gt 0 ]; do
  case $1 in
    --root) root=$2; shift 2 ;;
    --keep) keep=yes; shift ;;
    -*) die "unknown option $1" ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || set -- demo test

make_root git,make,python3
copy_network_settings
rm -rf "$root$inside"
git clone --quiet "file://$repo" "$root$inside"
echo "check_fresh_debian: a new Debian in $root"

if [ "$*" != bootstrap ]; then
  for target in "$@"; do
    echo "check_fresh_debian: make $target"
    in_root "$inside" make "$target"
  done
  # Once more: nothing may be fetched, so no network is there.
  for target in "$@"; do
    echo "check_fresh_debian: make $target again, without network"
    in_root "$inside" unshare --net make "$target"
  done
fi

echo "check_fresh_debian: passed: $*"
[ "$keep" = yes ] || rm -rf --one-file-system "$root"
