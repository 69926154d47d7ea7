# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# For the check_*.sh beside it: a new Debian 12 in $root, and commands inside. The
# way to the mirrors is the machine's: apt's archive and its Acquire settings,
# pip's configuration and certificates, and name resolution are copied in. Without
# an archive in apt's sources Debian's public one serves.
# shellcheck shell=sh

suite=bookworm

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# The archive of this suite that apt uses here, else the public one.
mirror() {
  found=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
    'Created-By: Packages' 2> /dev/null | sed -n "s/ $suite\$//p" | head -n 1)
  echo "${found:-http://deb.debian.org/debian}"
}

# make_root <packages, parted by commas>: a root that is there already is kept.
make_root() {
  [ "$(id -u)" -eq 0 ] || die "must be root, to make a root file system"
  command -v debootstrap > /dev/null ||
    die "needs debootstrap (apt-get install it)"
  [ -e "$root/.ready" ] && return
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase --include="$1" "$suite" "$root" "$(mirror)"
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

# in_root <directory> <command>...: its mounts and processes end with it.
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
    ' sh "$root" "$@"
}
