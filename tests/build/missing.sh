#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the build needs and does not find stops the configuration with the name
# of the Debian package that has it.
set -eu
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
status=0

# refused PACKAGE OPTION...: a configuration with these options stops, and
# names the package.
refused() {
    package=$1
    shift
    number=$((number + 1))
    if cmake -S . -B "$work/build$number" "$@" > "$work/output" 2>&1; then
        echo "not ok $number - $package: the configuration went through"
        status=1
    # CMake wraps its messages.
    elif ! tr -s ' \n' ' ' < "$work/output" | grep -q "install $package"; then
        echo "not ok $number - $package is not named"
        sed 's/^/# /' "$work/output"
        status=1
    else
        echo "ok $number - $package"
    fi
}

# fake_apxs NAME=VALUE: an apxs that gives another answer to one question.
fake_apxs() {
    cat > "$work/apxs$number" <<END
#!/bin/sh
if [ "\$2" = "${1%%=*}" ]; then echo "${1#*=}"; else exec apxs "\$@"; fi
END
    chmod +x "$work/apxs$number"
    echo "$work/apxs$number"
}

headers=$(apxs -q INCLUDEDIR)
mkdir -p "$work/empty" "$work/no-ssl" "$work/old" "$work/openssl/openssl"
ln -s "$headers"/* "$work/no-ssl"
rm "$work/no-ssl/mod_ssl_openssl.h"
ln -s "$headers"/* "$work/old"
rm "$work/old/ap_release.h"
sed 's/\(AP_SERVER_PATCHLEVEL_NUMBER\).*/\1 37/' "$headers/ap_release.h" > "$work/old/ap_release.h"
echo '# define OPENSSL_VERSION_NUMBER 0x1010117fL' > "$work/openssl/openssl/opensslv.h"
printf '#!/bin/sh\necho "cargo 1.63.0"\n' > "$work/cargo"
chmod +x "$work/cargo"

echo 1..9
# No PATH to find anything in, but for what is asked for before apxs.
refused apache2-dev -DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF \
    -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF "-DCARGO=$(command -v cargo)" \
    "-DCMAKE_MAKE_PROGRAM=$(command -v make)" "-DCMAKE_C_COMPILER=$(command -v cc)"
refused apache2-dev "-DAPXS=$work/no-such-apxs"
refused apache2-dev "-DAPXS=$(fake_apxs "INCLUDEDIR=$work/empty")"
refused apache2-ssl-dev "-DAPXS=$(fake_apxs "INCLUDEDIR=$work/no-ssl")"
refused 'a newer apache2-dev' "-DAPXS=$(fake_apxs "INCLUDEDIR=$work/old")"
refused libapr1-dev "-DAPXS=$(fake_apxs "APR_CONFIG=$work/no-such-apr")"
refused libssl-dev "-DOPENSSL_INCLUDE_DIR=$work/openssl"
refused libclang-dev "-DCMAKE_IGNORE_PATH=$(printf '%s;' /usr/lib/llvm-*/lib)"
refused cargo-web "-DCARGO=$work/cargo"
exit $status
