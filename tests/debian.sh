#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# debian.sh 12|13 [NAME...]: the suite, or what is named of it (all.sh), on that Debian: in
# a tree of its own, build-debian-N, which debootstrap makes the first time, with Debian's
# own Rust, and with what is committed here. As root. The tree stays for the next time, and
# can be removed at any; what was started in it ends with this.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1-}
[ $# -eq 0 ] || shift
case $version in
    12) codename=bookworm rust=cargo-web ;;
    13) codename=trixie rust=cargo ;;
    *)
        echo "usage: ./run debian 12|13 [NAME...]" >&2
        exit 2
        ;;
esac
if [ "$(id -u)" -ne 0 ]; then
    echo "tests/debian.sh: only root can make and enter the tree" >&2
    exit 2
fi
tree=$PWD/build-debian-$version

# enter COMMAND...: in the tree, with a process and a mount namespace of its own.
enter() {
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount --pid --fork --kill-child sh -c '
        tree=$1
        shift
        mount -t proc proc "$tree/proc" && mount --rbind /dev "$tree/dev"
        exec chroot "$tree" env -i HOME=/root LANG=C.UTF-8 TERM=dumb \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            DEBIAN_FRONTEND=noninteractive CARGO_TARGET_DIR=/target "$@"' sh "$tree" "$@"
}

if [ ! -e "$tree/ready" ]; then
    rm -rf "$tree"
    debootstrap --variant=minbase "$codename" "$tree"
    # The same archives as here, updates and security among them.
    own=$(. /etc/os-release && echo "$VERSION_CODENAME")
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        [ ! -f "$file" ] || sed "s/\\b$own\\b/$codename/g" "$file" > "$tree$file"
    done
    enter apt-get -q update
    enter apt-get -q -y --no-install-recommends upgrade
    enter apt-get -q -y --no-install-recommends install ca-certificates git gcc "$rust"
    touch "$tree/ready"
fi

rm -rf "$tree/src"
git clone -q . "$tree/src"
# shellcheck disable=SC2016 # for the inner shell
enter sh -c 'cd /src && exec ./run test "$@" < /dev/null' sh "$@"
