#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# packages.sh 12|13 [DIRECTORY]: Debian's packages for that Debian, from what is committed here. As
# root. They are built in the tree of debian.sh with Debian's own Rust, twice: in another directory, at
# another time, with another umask and locale the bytes are the same, and lintian has no errors. Then they
# are installed in a tree with nothing else, where packages/lifecycle.sh tries them from the first
# installation to the purge. With DIRECTORY, the packages that are there are tried so.
#
# The packages stay in build-packages/N, and the trees for the next time: build-debian-N, and
# build-debian-N-minimal.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/lib/debian_tree.sh

version=${1-}
debian_release "$version" || {
    echo "usage: ./run package --test 12|13 [DIRECTORY]" >&2
    exit 2
}
builder=$PWD/build-debian-$version
output=${2-$PWD/build-packages/$version}

# build DIRECTORY SETTING...: as ./run package does, below /packages; the settings are of env.
build() {
    local directory=$1 source
    source=/packages/$directory/sources
    shift
    rm -rf "${builder:?}/packages/$directory"
    mkdir -p "$builder/packages/$directory"
    git clone -q . "$builder$source"
    # shellcheck disable=SC2016 # for the inner shell
    enter "$builder" sh -c 'umask "$1"; cd "$2" && shift 2 &&
        exec env "$@" ./run package ../packages < /dev/null' sh "${umask:-022}" "$source" \
        SOURCE_DATE_EPOCH="$epoch" "$@"
}
build_twice() {
    local crates=${CARGO_HOME:-$HOME/.cargo}/registry first second package
    epoch=$(git log -1 --format=%ct)
    make_tree "$builder" ca-certificates git gcc "$rust"
    # What was fetched here need not be fetched there.
    mkdir -p "$builder/root/.cargo"
    [ ! -d "$crates" ] || cp -a --update "$crates" "$builder/root/.cargo"

    build first
    umask=077 build a/second/with-another-length TZ=Asia/Tokyo LC_ALL=C HOME=/tmp/home CARGO_HOME=/root/.cargo \
        USER=other LOGNAME=other
    first=$builder/packages/first/packages
    second=$builder/packages/a/second/with-another-length/packages
    for package in "$first"/*.deb; do
        cmp "$package" "$second/${package##*/}"
    done
    [ "$(ls "$first")" = "$(ls "$second")" ]
    echo "ok: two builds, the same bytes"
    # Here, and not where they are installed: lintian's 200 packages would hide a missing dependency.
    # shellcheck disable=SC2016 # for the inner shell
    enter "$builder" sh -c 'command -v lintian > /dev/null ||
            apt-get -q -y --no-install-recommends install lintian
        exec lintian --allow-root --fail-on error /packages/first/packages/*.deb'
    echo "ok: lintian has no errors"
    rm -rf "$output"
    mkdir -p "$output"
    cp "$first"/*.deb "$output"
    rm -rf "$builder/packages"
}
[ $# -ge 2 ] || build_twice

minimal=$builder-minimal
make_tree "$minimal"
tree=$(mktemp -d "${TMPDIR:-/tmp}/client-cert-packages.XXXXXX")
trap 'rm -rf "$tree"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
cp -a "$minimal/." "$tree"
cp -R tests/packages "$tree/test"
cp "$output"/*.deb "$tree/test"

# Debian's own packages are fetched first: after that there is no network, and so what is started
# can have the ports of its configuration.
enter "$tree" /test/fetch.sh
enter --alone "$tree" /test/lifecycle.sh
