#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `cmake --install` puts the module where apxs says and the tool into bin, below
# DESTDIR, and nothing else anywhere; httpd loads it from there.
set -eu
cd "$(dirname "$0")/../.."

modules=$(apxs -q LIBEXECDIR)
httpd=$(apxs -q SBINDIR)/$(apxs -q PROGNAME)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR=$work/root cmake --install build > "$work/log"
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' build/CMakeCache.txt)
found=$(cd "$work/root" && find . -type f | sort)
expected=$(printf '%s\n' ".$modules/mod_client_cert.so" ".$prefix/bin/client-cert" | sort)
if [ "$found" != "$expected" ]; then
    echo "installed: $found, instead of $expected"
    exit 1
fi
"$work/root$prefix/bin/client-cert" --version

cat > "$work/httpd.conf" <<END
ServerName localhost
ErrorLog "$work/error.log"
LoadModule mpm_event_module "$modules/mod_mpm_event.so"
LoadModule ssl_module "$modules/mod_ssl.so"
LoadModule client_cert_module "$work/root$modules/mod_client_cert.so"
END
"$httpd" -t -d "$work" -f "$work/httpd.conf"
echo "installed as $modules/mod_client_cert.so, and httpd loads it"
