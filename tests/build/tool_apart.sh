#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the command line tool depends on is in no part of the module: of what cargo builds for it,
# nothing else than the tool's own package needs them.
set -eu
cd "$(dirname "$0")/../.."

# packages PACKAGE: what it is linked with.
packages() {
    cargo tree --locked --package "$1" --edges normal --prefix none --format '{p}' |
        sed 's/ .*//' | sort -u
}

module=$(packages client-cert)
for name in clap clap_builder clap_complete clap_mangen serde_json; do
    if echo "$module" | grep -qx "$name"; then
        echo "the module is built from $name"
        exit 1
    fi
    packages client-cert-tool | grep -qx "$name" || {
        echo "the tool is not built from $name: is this test of any use?"
        exit 1
    }
done
echo "of the tool's dependencies the module has none"
