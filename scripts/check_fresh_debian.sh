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
#
# The way to the mirrors is the machine's: apt's archive and its Acquire settings,
# pip's configuration and certificates, and name resolution are copied in. Without
# an archive in apt's sources Debian's public one serves.
set -eu

repo=$(cd "$(dirname "$0")/.." && pwd)
root=$repo/build/fresh-debian
keep=no
suite=bookworm
inside=/home/chimaera

die() {
  echo "check_fresh_debian: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --root) root=$2; shift 2 ;;
    --keep) keep=yes; shift ;;
    -*) die "unknown option $1" ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || set -- demo test

[ "$(id -u)" -eq 0 ] || die "must be root, to make a root file system"
command -v debootstrap > /dev/null || die "needs debootstrap (apt-get install it)"

# The archive of this suite that apt uses here, else the public one.
mirror() {
  found=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
    'Created-By: Packages' 2> /dev/null | sed -n "s/ $suite\$//p" | head -n 1)
  echo "${found:-http://deb.debian.org/debian}"
}

make_root() {
  [ -e "$root/.ready" ] && return
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase --include=git,make,python3 \
    "$suite" "$root" "$(mirror)"
  touch "$root/.ready"
}

# What this machine needs to reach its mirrors, and nothing else of it.
copy_network_settings() {
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2> /dev/null || true
  apt-config dump | grep '^Acquire::' > "$root/etc/apt/apt.conf.d/00machine"
  [ ! -f /etc/pip.conf ] || cp -L /etc/pip.conf "$root/etc/pip.conf"
  # Certificates of the machine may be more than the package brings.
  if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/machine-certificates.crt"
  fi
}

# Runs "$@" in the checkout inside the root; its mounts end with it.
in_root() {
  unshare --mount --pid --fork --kill-child --propagation private \
    sh -euc '
      root=$1; inside=$2; shift 2
      mount -t proc proc "$root/proc"
      mount -t sysfs -o ro sysfs "$root/sys"
      mount --rbind /dev "$root/dev"
      mount -t tmpfs tmpfs "$root/tmp"
      exec chroot "$root" /usr/bin/env -i \
        HOME=/root TERM=dumb LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        PIP_CERT=/etc/machine-certificates.crt \
        sh -euc "cd $inside && exec \"\$@\"" sh "$@"
    ' sh "$root" "$inside" "$@"
}

make_root
copy_network_settings
rm -rf "$root$inside"
git clone --quiet "file://$repo" "$root$inside"
echo "check_fresh_debian: a new Debian in $root"

if [ "$*" != bootstrap ]; then
  for target in "$@"; do
    echo "check_fresh_debian: make $target"
    in_root make "$target"
  done
  # Once more: nothing may be fetched, so no network is there.
  for target in "$@"; do
    echo "check_fresh_debian: make $target again, without network"
    in_root unshare --net make "$target"
  done
fi

echo "check_fresh_debian: passed: $*"
[ "$keep" = yes ] || rm -rf --one-file-system "$root"
