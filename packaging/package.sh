#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# package.sh [--built BUILD] [DIRECTORY]: Debian's packages for the Debian that it runs on, in
# DIRECTORY (build-packages). With --built, of what cmake has built in BUILD. The same sources, tools
# and SOURCE_DATE_EPOCH (without one, the time of the last commit) give the same bytes.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

built=
if [ "${1-}" = --built ]; then
    built=$(cd "$2" && pwd)
    shift 2
fi
output=${1-$root/build-packages}
mkdir -p "$output"
output=$(cd "$output" && pwd)

version=$(sed -n '/^version *=/{s/[^"]*"\([^"]*\)".*/\1/p;q}' "$root/Cargo.toml")
. /etc/os-release
if [ "${ID-}" != debian ]; then
    echo "package.sh: this is no Debian" >&2
    exit 1
fi
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}

# What a user has set does not count.
umask 022
export LC_ALL=C.UTF-8 TZ=UTC
unset CFLAGS CPPFLAGS CXXFLAGS LDFLAGS DESTDIR CARGO_TARGET_DIR CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS
unset DEB_BUILD_OPTIONS DEB_BUILD_PROFILES

work=$(mktemp -d "${TMPDIR:-/tmp}/client-cert-package.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
source=$work/client-cert-$version
mkdir "$source"
# Of a working tree, what git knows; of an unpacked archive, all but what was built.
if git -C "$root" rev-parse --git-dir > /dev/null 2>&1; then
    git -C "$root" ls-files -z | tar -C "$root" --null -T - -c | tar -C "$source" -x --no-same-permissions
else
    tar -C "$root" --exclude='./build*/*' --exclude=./target --exclude='./build-*' -c . |
        tar -C "$source" -x --no-same-permissions
fi
cp -R "$source/packaging/debian" "$source/debian"
cat > "$source/debian/changelog" <<END
client-cert ($version-1~deb${VERSION_ID}u1) $VERSION_CODENAME; urgency=medium

  * Version $version: see changelog.gz beside this file.

 -- $(sed -n 's/^Maintainer: //p' "$source/debian/control")  $(date -R -u -d "@$SOURCE_DATE_EPOCH")
END

cd "$source"
# What the build needs is there (cmake/packages.txt), with rustup's cargo or Debian's.
CLIENT_CERT_BUILT=$built dpkg-buildpackage --build=binary --no-check-builddeps --no-sign \
    > "$work/log" 2>&1 < /dev/null || {
    cat "$work/log" >&2
    exit 1
}
rm -f "$output"/*.deb
cp "$work"/*.deb "$output"
cd "$output"
sha256sum -- *.deb
