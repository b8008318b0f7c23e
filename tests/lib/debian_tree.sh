# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by what runs on another Debian, in a tree that debootstrap makes. Only root can.

# debian_release 12|13: sets `codename`, and `rust`, Debian's package of a cargo that is new enough.
debian_release() {
    case $1 in
        12) codename=bookworm rust=cargo-web ;;
        13) codename=trixie rust=cargo ;;
        *) return 2 ;;
    esac
    if [ "$(id -u)" -ne 0 ]; then
        echo "$0: only root can make and enter a tree" >&2
        exit 2
    fi
}

# enter [--alone] TREE COMMAND...: in the tree, with a process and a mount namespace of its own, which
# end what was started there. --alone: with a network of its own as well, which leads nowhere.
enter() {
    local network=() loopback=:
    if [ "$1" = --alone ]; then
        network=(--net)
        loopback='ip link set lo up'
        shift
    fi
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount --pid --fork --kill-child "${network[@]}" sh -c '
        tree=$1
        $2
        shift 2
        mount -t proc proc "$tree/proc" && mount --rbind /dev "$tree/dev"
        exec chroot "$tree" env -i HOME=/root LANG=C.UTF-8 TERM=dumb \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            DEBIAN_FRONTEND=noninteractive CARGO_TARGET_DIR=/target "$@"' sh "$1" "$loopback" "${@:2}"
}

# make_tree TREE [PACKAGE...]: the smallest Debian, up to date; with packages, a copy of
# TREE-minimal, which is that, and these. It stays for the next time.
make_tree() {
    local tree=$1 own file
    shift
    [ ! -e "$tree/ready" ] || return 0
    rm -rf "$tree"
    if [ $# -gt 0 ]; then
        make_tree "$tree-minimal"
        cp -a "$tree-minimal" "$tree"
        rm "$tree/ready"
        enter "$tree" apt-get -q update
        enter "$tree" apt-get -q -y --no-install-recommends install "$@"
        touch "$tree/ready"
        return
    fi
    debootstrap --variant=minbase "$codename" "$tree"
    # The same archives as here, updates and security among them, in place of its own list.
    rm -f "$tree/etc/apt/sources.list"
    own=$(. /etc/os-release && echo "$VERSION_CODENAME")
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        [ ! -f "$file" ] || sed "s/\\b$own\\b/$codename/g" "$file" > "$tree$file"
    done
    enter "$tree" apt-get -q update
    enter "$tree" apt-get -q -y --no-install-recommends upgrade
    touch "$tree/ready"
}
