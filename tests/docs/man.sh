#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The manual pages are made of the manual, the same bytes each time; they have a name that `whatis`
# finds, and every directive.
set -eu
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake/man/man.sh "$work/one"
cmake/man/man.sh "$work/two"
diff -r "$work/one" "$work/two"

for page in mod_client_cert.8 client_cert.conf.5; do
    # The line after .SH NAME, and after .PP where there is one. Newer versions of pandoc write "\-".
    name=$(awk '/^\.SH NAME/ { found = 1; next } found && !/^\./ { print; exit }' "$work/one/$page" | tr -d '\\')
    case $name in
        "${page%.*} - "*) ;;
        *) echo "$page: the name is \"$name\""; exit 1 ;;
    esac
done
sed -n 's/^### //p' docs/directives.md > "$work/directives"
while read -r directive; do
    if ! tr -d '\\' < "$work/one/client_cert.conf.5" | grep -q "^\.SS $directive\$"; then
        echo "client_cert.conf.5 has no section for $directive"
        exit 1
    fi
done < "$work/directives"
echo "the manual pages have $(wc -l < "$work/directives") directives"
