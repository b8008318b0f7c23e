#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Debian's packages of what has been built: what is in them, what they ask for, that lintian has
# nothing to say, that httpd loads the module by the configuration that comes with it, and that a
# program is compiled with the library. `./run package --test` installs them.
set -uo pipefail
cd "$(dirname "$0")/../.."

if ! grep -qx 'ID=debian' /etc/os-release; then
    echo '1..0 # SKIP this is no Debian'
    exit 0
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/client-cert-packages.XXXXXX")
trap 'rm -rf "$work"' EXIT
number=0
failed=0

# ok WHAT COMMAND...
ok() {
    local what=$1
    shift
    number=$((number + 1))
    if "$@" > "$work/output" 2>&1; then
        echo "ok $number - $what"
    else
        echo "not ok $number - $what"
        sed 's/^/# /' "$work/output"
        failed=1
    fi
}

# packages: they are made; their files are in $work/root.
packages() {
    packaging/package.sh --built build "$work" || return
    for file in "$work"/*.deb; do
        dpkg-deb -x "$file" "$work/root" || return
    done
}

# same WHAT LINE...: those are the lines on standard input.
same() {
    diff - <(printf '%s\n' "$@")
}

# lists PACKAGE: what has been packed that is neither documentation nor a directory.
lists() {
    dpkg-deb -c "$work/$1"_*.deb | awk '$1 !~ /^d/ { sub(/^\./, "", $6); print $6 }' |
        grep -v '^/usr/share/doc/' | sort
}

field() {
    dpkg-deb -f "$work/$1"_*.deb "$2"
}

loads() {
    sed "s|/usr/lib|$work/root/usr/lib|" "$work/root/etc/apache2/mods-available/client_cert.load" &&
        sed 's/^#\([^ ]\)/\1/' "$work/root/etc/apache2/mods-available/client_cert.conf"
}

starts() {
    local modules
    modules=$(apxs -q LIBEXECDIR)
    {
        printf 'ServerName localhost\nErrorLog "%s/error.log"\n' "$work"
        printf 'LoadModule mpm_event_module "%s/mod_mpm_event.so"\n' "$modules"
        printf 'LoadModule ssl_module "%s/mod_ssl.so"\n' "$modules"
        loads
    } > "$work/httpd.conf"
    grep -q '^ClientCert' "$work/httpd.conf" &&
        "$(apxs -q SBINDIR)/$(apxs -q PROGNAME)" -t -d "$work" -f "$work/httpd.conf"
}

# directives: those of a configuration on standard input, without what the sites have beyond README.
directives() {
    grep -v -e '^ *#' -e '^ *$' -e '^LoadModule' -e '^ *DocumentRoot' | tr -s ' '
}

# site NAME HEADING: the site is what README has below that heading.
site() {
    awk -v heading="## $2" '$0 == heading { here = 1 } here && /^```apache/ { inside = 1; next }
        inside && /^```/ { exit } inside' README.md | directives > "$work/readme"
    directives < "$work/root/usr/share/doc/$module/examples/$1.conf" > "$work/site"
    grep -q ClientCert "$work/readme" && diff "$work/readme" "$work/site"
}

# manual_is_whole: each link of the manual that is packed leads to a file that is packed.
manual_is_whole() {
    PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys
from pathlib import Path
sys.path.insert(0, "packaging")
from manual import without_links
top = Path(sys.argv[1])
pages = sorted(top.rglob("*.md"))
nowhere = {path for page in pages for path in without_links(page.read_text(), page, top)[1]}
print(len(pages), "pages; nowhere:", nowhere)
sys.exit(len(pages) < 10 or bool(nowhere))' "$work/root/usr/share/doc/$module"
}

compiles() {
    # shellcheck disable=SC2046 # words
    "${CC:-cc}" -Wall -Werror -o "$work/example" "$work"/root/usr/share/doc/libclient-cert-dev/examples/example.c \
        $(PKG_CONFIG_SYSROOT_DIR=$work/root PKG_CONFIG_PATH=$(echo "$work"/root/usr/lib/*/pkgconfig) \
            pkg-config --cflags --libs client_cert) && "$work/example"
}

# says TEXT COMMAND...: the command's output has this text in it.
says() {
    local text=$1
    shift
    "$@" | tee /dev/stderr | grep -q -F -- "$text"
}

version=$(sed -n '/^version *=/{s/[^"]*"\([^"]*\)".*/\1/p;q}' Cargo.toml)
libraries=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
module=libapache2-mod-client-cert

ok 'packages of what is in build' packages
for package in $module client-cert libclient-cert-dev; do
    ok "$package has the version of Cargo.toml" says "$version-1~deb" field $package Version
done
ok 'CHANGELOG.md has it' grep -q "^## $version" CHANGELOG.md
# Not of the library, whose objects it all looks at: the long form does.
ok 'lintian has no errors' lintian --allow-root --fail-on error "$work/$module"_*.deb "$work"/client-cert_*.deb
ok "files of $module" same < <(lists $module) \
    /etc/apache2/mods-available/client_cert.conf /etc/apache2/mods-available/client_cert.load \
    /usr/lib/apache2/modules/mod_client_cert.so \
    /usr/share/man/man5/client_cert.conf.5.gz /usr/share/man/man8/mod_client_cert.8.gz
ok 'files of client-cert' same < <(lists client-cert) \
    /usr/bin/client-cert /usr/share/bash-completion/completions/client-cert \
    /usr/share/fish/vendor_completions.d/client-cert.fish /usr/share/man/man1/client-cert.1.gz \
    /usr/share/zsh/vendor-completions/_client-cert
ok 'files of libclient-cert-dev' same < <(lists libclient-cert-dev) \
    /usr/include/client_cert.h "$libraries/libclient_cert.a" "$libraries/pkgconfig/client_cert.pc"
ok 'the tool says its version' says "client-cert $version" "$work/root/usr/bin/client-cert" --version
ok 'the module depends on the interface of httpd' says apache2-api- field $module Depends
ok 'and on that of its OpenSSL' says -openssl field $module Depends
ok 'it is enabled by the maintainer scripts' says 'apache2_invoke enmod' dpkg-deb -I "$work/$module"_*.deb postinst
ok 'and disabled' says 'apache2_invoke dismod' dpkg-deb -I "$work/$module"_*.deb prerm
ok 'configuration files are conffiles' says mods-available/client_cert.conf dpkg-deb -I "$work/$module"_*.deb conffiles
ok 'httpd loads the module, with each line of client_cert.conf' starts
ok 'the site of a proxy is the one in README' site proxy 'A proxy'
ok 'the site of an origin is the one in README' site origin 'An origin'
ok 'each link of the manual leads to a file of the package' manual_is_whole
ok 'the example is compiled with the library, and runs' compiles
echo "1..$number"
exit "$failed"
