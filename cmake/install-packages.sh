#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# install-packages.sh PURPOSE...: installs what is missing of packages.txt for these
# purposes (build, demo, tests, rust, fuzz, debian, package, layout). Where something is, the
# others that are listed for them are brought up to date with it: Debian's mod_ssl is built with the OpenSSL of
# its day, and with an older one sessions do not resume as they should. Where nothing is
# missing, nothing is touched. Where there is no apt, it leaves that to the reader: the
# build names what it does not find.
set -euo pipefail

command -v apt-get > /dev/null && command -v dpkg-query > /dev/null || exit 0

# is_for PURPOSES WANTED...: whether one of those wanted is in the list.
is_for() {
    local purposes=,$1, wanted
    shift
    for wanted in "$@"; do
        [[ $purposes != *,$wanted,* ]] || return 0
    done
    return 1
}

listed=()
missing=()
while read -r package purposes _; do
    case $package in
        '' | '#'*) continue ;;
    esac
    is_for "$purposes" "$@" || continue
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" != installed ]; then
        # From elsewhere, and Debian's may conflict with it, as npm does.
        ! command -v "$package" > /dev/null || continue
        missing+=("$package")
    fi
    listed+=("$package")
done < "$(dirname "$0")/packages.txt"
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "Please install these packages as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

echo "Installing: ${missing[*]}"

# Installing must not start or restart a server on this machine. An
# administrator's own policy for that stays as it is.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '${as_root[@]+"${as_root[@]}"} rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    printf '#!/bin/sh\nexit 101\n' | ${as_root[@]+"${as_root[@]}"} tee "$policy" > /dev/null
    ${as_root[@]+"${as_root[@]}"} chmod 755 "$policy"
fi

apt() {
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" < /dev/null
}
apt update
apt install --no-install-recommends "${listed[@]}"

# Nor at its next boot: the tests start what they need, where they need it.
as_superuser() {
    ${as_root[@]+"${as_root[@]}"} "$@" > /dev/null 2>&1 || true
}
for package in "${missing[@]}"; do
    dpkg -L "$package" | sed -n 's|.*/lib/systemd/system/\([^/]*\.service\)$|\1|p; s|^/etc/init\.d/||p'
done | sort -u | while read -r service; do
    case $service in
        *.service) as_superuser systemctl disable "$service" < /dev/null ;;
        *) as_superuser update-rc.d "$service" disable < /dev/null ;;
    esac
done
