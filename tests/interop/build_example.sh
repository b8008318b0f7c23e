# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the scripts here: sets `root` (the source tree) and `work` (a directory that goes when
# the script ends), and builds the example into $work/example.
#
# CLIENT_CERT_LIB names the static library; without it, cargo builds one.

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

library=${CLIENT_CERT_LIB:-}
if [ -z "$library" ]; then
    cargo build --quiet --release --locked --manifest-path "$root/Cargo.toml"
    library=${CARGO_TARGET_DIR:-$root/target}/release/libclient_cert.a
fi
"${CC:-cc}" -std=c11 -g -Wall -Wextra -Werror -I"$root/include" -o "$work/example" \
    "$root/tests/interop/example.c" "$library" -lssl -lcrypto -lpthread -ldl -lm
