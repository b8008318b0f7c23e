#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The module defines one dynamic symbol, the record that httpd looks up. With
# more, two modules with a Rust core in one httpd would take each other's.
set -eu
cd "$(dirname "$0")/../.."

found=$(nm -D --defined-only "${MODULE:-build/mod_client_cert.so}" | awk '{ print $3 }')
if [ "$found" != client_cert_module ]; then
    echo "dynamic symbols other than client_cert_module alone:"
    echo "$found"
    exit 1
fi
echo "client_cert_module is the only dynamic symbol"
