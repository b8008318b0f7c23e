#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the crates in use by cargo-deny (deny.toml), which is built the first time.
#
#   ADVISORIES    a clone of RustSec's advisory-db, where it cannot be fetched
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
tools=${CARGO_TARGET_DIR:-target}/tools
if ! "$tools/bin/cargo-deny" --version 2> /dev/null | grep -qF "$version"; then
    cargo install --locked --debug --root "$tools" --target-dir "$tools/build" cargo-deny --version "$version"
    rm -rf "$tools/build"
fi

offline=()
databases=$tools/advisories
mkdir -p "$databases"
if [ -n "${ADVISORIES:-}" ]; then
    # As cargo-deny names its own clone.
    database=$databases/advisory-db-3157b0e258782691
    rm -rf "$database"
    git clone -q "$ADVISORIES" "$database"
    git -C "$database" fetch -q
    # The crates of both lock files are then to be there as well.
    for manifest in Cargo.toml fuzz/Cargo.toml; do
        cargo fetch -q --locked --manifest-path "$manifest"
    done
    offline=(--offline)
fi
config=$tools/deny.toml
sed "s|^\\[advisories\\]|&\ndb-path = \"$(realpath "$databases")\"|" deny.toml > "$config"

for manifest in Cargo.toml fuzz/Cargo.toml; do
    echo "=== $manifest"
    "$tools/bin/cargo-deny" --locked ${offline[@]+"${offline[@]}"} --all-features --manifest-path "$manifest" \
        --config "$config" check --show-stats
done
