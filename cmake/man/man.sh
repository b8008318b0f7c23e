#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# man.sh DIRECTORY: makes the manual pages mod_client_cert.8 and client_cert.conf.5 of the Markdown
# of README.md and docs/, with pandoc (Debian's package pandoc). The same sources make the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
out=${1:?usage: man.sh DIRECTORY}
if ! command -v pandoc > /dev/null; then
    echo 'pandoc was not found: install pandoc' >&2
    exit 1
fi
version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' "$top/Cargo.toml" | head -n 1)

# page NAME SECTION SECTIONS-TO-OMIT PART...
page() {
    name=$1 section=$2 omit=$3
    shift 3
    # A file is never there in part.
    pandoc --from=gfm --to=man --standalone --lua-filter="$here/man.lua" --metadata=omit="$omit" \
        --metadata=titles='Troubleshooting,Log lines' \
        --metadata=title="$(echo "$name" | tr a-z A-Z)" --metadata=section="$section" \
        --metadata=footer="mod_client_cert $version" --metadata=header='Apache HTTP Server' \
        --output="$out/$name.$section.new" "$@"
    mv "$out/$name.$section.new" "$out/$name.$section"
}

mkdir -p "$out"
page mod_client_cert 8 'Install,Two commands,Where to go next' "$here/mod_client_cert.8.md" \
    "$top/README.md" "$top/docs/troubleshooting.md" "$top/docs/log-lines.md" "$here/see-also.8.md"
page client_cert.conf 5 '' "$here/client_cert.conf.5.md" "$top/docs/directives.md" "$here/see-also.5.md"
