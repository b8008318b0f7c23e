#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# debian.sh 12|13 [NAME...]: the suite, or what is named of it (all.sh), on that Debian: in
# a tree of its own, build-debian-N, which debootstrap makes the first time, with Debian's
# own Rust, and with what is committed here. As root. The tree stays for the next time, and
# can be removed at any; what was started in it ends with this.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/lib/debian_tree.sh

version=${1-}
[ $# -eq 0 ] || shift
debian_release "$version" || {
    echo "usage: ./run debian 12|13 [NAME...]" >&2
    exit 2
}
tree=$PWD/build-debian-$version
make_tree "$tree" ca-certificates git gcc "$rust"

rm -rf "$tree/src"
git clone -q . "$tree/src"
# shellcheck disable=SC2016 # for the inner shell
enter "$tree" sh -c 'cd /src && exec ./run test "$@" < /dev/null' sh "$@"
