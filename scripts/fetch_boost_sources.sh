#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Puts the sources of Boost.Context and Boost.Fiber into build/boost-src, for the
# sanitizer builds (src/cpp/cmake/SanitizedBoost.cmake says why they need them).
#
#   scripts/fetch_boost_sources.sh
#
# They come from the distribution's own source package, over the mirror that apt
# already uses, verified by apt; apt's configuration is not touched, since the
# source index goes into a private directory. Debian 12 ships Boost 1.74, whose
# contexts know AddressSanitizer but not ThreadSanitizer, and the sources of
# 1.81, which know both: where the system's Boost is too old, 1.81 is taken.
# CHIMAERA_BOOST_SOURCE=<unpacked Boost tree> replaces the download elsewhere.
# Does nothing when the sources are there already.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
target="$root/build/boost-src"
first_with_tsan=108000
fallback=boost1.81

[ -f "$target/.complete" ] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$root/build" "$work/out"

# Prints the source package to use: the system's Boost if it is new enough.
source_package() {
  header=/usr/include/boost/version.hpp
  number=$(sed -n 's/^#define BOOST_VERSION \([0-9]*\).*/\1/p' "$header")
  if [ "${number:-0}" -ge "$first_with_tsan" ]; then
    echo "boost1.$((number / 100 % 1000))"
  else
    echo "$fallback"
  fi
}

# Downloads the upstream archive of source package $1 into $work.
download() {
  # The archive that offers the binary package also has its source:
  # "pkg | version | http://mirror/debian bookworm/main amd64 Packages"
  line=$(apt-cache madison "lib$1-dev" |
    sed -n 's/.*| *\([a-z+]*:[^ ]*\) \([^ /]*\)\/\([^ ]*\) .*/\1 \2 \3/p' |
    head -n 1)
  if [ -z "$line" ]; then
    echo "apt knows no package lib$1-dev: run apt-get update, or set" >&2
    echo "CHIMAERA_BOOST_SOURCE to an unpacked Boost >= 1.80" >&2
    exit 1
  fi
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  options=
  [ -f "$keyring" ] && options="[signed-by=$keyring]"
  echo "deb-src $options $line" > "$work/sources.list"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  chmod -R a+rX "$work"
  set -- "$1" \
    -o "Dir::Etc::SourceList=$work/sources.list" \
    -o "Dir::Etc::SourceParts=/dev/null" \
    -o "Dir::State::Lists=$work/lists" \
    -o "Dir::Cache=$work/cache" \
    -o "APT::Sandbox::User=$(id -un)"
  package=$1
  shift
  apt-get -qq "$@" update
  (cd "$work" &&
    apt-get -qq "$@" source --download-only --only-source --tar-only "$package")
}

if [ -n "${CHIMAERA_BOOST_SOURCE:-}" ]; then
  for library in context fiber; do
    mkdir -p "$work/out/$library"
    cp -R "$CHIMAERA_BOOST_SOURCE/libs/$library/src" \
      "$CHIMAERA_BOOST_SOURCE/libs/$library/include" "$work/out/$library/"
  done
elif command -v apt-get > /dev/null; then
  package=$(source_package)
  echo "fetching the sources of Boost.Context and Boost.Fiber ($package)"
  download "$package"
  tar -xf "$work/${package}_"*.orig.tar.* -C "$work/out" --strip-components=2 \
    --wildcards '*/libs/context/src/*' '*/libs/context/include/*' \
    '*/libs/fiber/src/*' '*/libs/fiber/include/*'
else
  echo "no apt-get here: set CHIMAERA_BOOST_SOURCE to an unpacked" >&2
  echo "Boost >= 1.80, which holds libs/context and libs/fiber" >&2
  exit 1
fi

# Complete or absent: a broken download leaves no half tree behind.
touch "$work/out/.complete"
rm -rf "$target"
mv "$work/out" "$target"
