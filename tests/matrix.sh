#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# matrix.sh [NAME...]: the suite, or what is named of it (all.sh), against what can be had:
#
#   Debian 12 and 13, each in a tree of its own (debian.sh), which has OpenSSL 3.0 and 3.5;
#   with HTTPD_SOURCE, the Apache::Test suite with an httpd built of it: an unpacked release,
#   or REPOSITORY#TAG, a git repository and a tag of it (2.4.52 is the oldest that README promises).
#
# To build an httpd takes autoconf, libtool, libnghttp2-dev and PCRE (libpcre3-dev
# for old ones, libpcre2-dev). Last comes a line of TAP for each. As root.
set -euo pipefail
cd "$(dirname "$0")/.."

logs=${CARGO_TARGET_DIR:-target}/matrix
mkdir -p "$logs"
logs=$(realpath "$logs")
results=()

# try TITLE COMMAND...
try() {
    local title=$1 log=$logs/${1// /-}.log result='not ok'
    shift
    echo "=== $title: $log"
    ! "$@" > "$log" 2>&1 < /dev/null || result=ok
    results+=("$result $((${#results[@]} + 1)) - $title: $(tail -n 1 "$log")")
    echo "${results[-1]}"
}

# with_httpd SOURCE [NAME...]: built of it, with Debian's APR, and what Debian builds in built in.
with_httpd() {
    local source=$logs/httpd-source prefix=$logs/httpd given=$1
    shift
    if [ "$(cat "$prefix/of" 2> /dev/null)" != "$given" ]; then
        rm -rf "$source" "$prefix"
        case $given in
            *'#'*)
                mkdir -p "$source"
                git -C "${given%#*}" archive "${given##*#}" | tar x -C "$source"
                (cd "$source" && ./buildconf --with-apr=/usr/bin/apr-1-config)
                ;;
            *) cp -R "$given" "$source" ;;
        esac
        (
            cd "$source"
            ./configure --prefix="$prefix" --with-apr=/usr/bin/apr-1-config \
                --with-apr-util=/usr/bin/apu-1-config --enable-mods-shared=most \
                --enable-mods-static='unixd log_config logio version watchdog http so' \
                --enable-mpms-shared='event worker prefork' --enable-ssl --enable-http2 \
                --enable-proxy --enable-proxy-http2 --enable-cgid --enable-unique-id --enable-log-forensic \
                --disable-md --disable-lua --disable-ldap --disable-authnz-ldap
            make -j"$(nproc)"
            make install
        )
        # Debian's name for it, and Debian's mod_perl.
        ln -sf httpd "$prefix/bin/apache2"
        ln -sf "$(apxs -q LIBEXECDIR)/mod_perl.so" "$prefix/modules/"
        echo "$given" > "$prefix/of"
    fi
    "$prefix/bin/httpd" -v
    PATH=$prefix/bin:$PATH
    cmake -S . -B "$logs/build" -DAPXS="$prefix/bin/apxs"
    cmake --build "$logs/build"
    MODULE=$logs/build/mod_client_cert.so tests/apache.sh "$@"
}

for version in 12 13; do
    try "Debian $version" tests/debian.sh "$version" "$@"
done
if [ -n "${HTTPD_SOURCE:-}" ]; then
    names=()
    for name in "$@"; do
        case $name in
            rust | interop | build | apache | demo | fuzz | bench) ;;
            *) names+=("$name") ;;
        esac
    done
    try 'httpd of its sources' with_httpd "$HTTPD_SOURCE" ${names[@]+"${names[@]}"}
fi

echo "1..${#results[@]}"
printf '%s\n' "${results[@]}"
[[ ! ${results[*]} = *'not ok'* ]]
