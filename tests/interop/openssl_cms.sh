#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the openssl command says of our values, for every key that its CMS knows.
set -eu
. "$(dirname "$0")/build_example"

for key in rsa2048 rsa4096 p256 p384 p521 ed25519; do
    mkdir "$work/$key"
    "$work/example" "$key" "$work/$key"
    cd "$work/$key"
    openssl base64 -d -A -in value.b64 -out value.der

    # Strict DER: nothing changes when OpenSSL reads and writes it.
    openssl cms -cmsout -inform DER -in value.der -outform DER -out again.der
    cmp value.der again.der

    if [ "$key" != ed25519 ]; then
        for cades in "" -cades; do
            # Unquoted, so that without -cades there is no argument.
            openssl cms -verify $cades -purpose any -CAfile root.pem -binary -inform DER \
                -in value.der -out content.der 2>verify.log || { cat verify.log; exit 1; }
            cmp content.der client.der
        done
        # One bit of the content changed: no longer.
        offset=$(openssl asn1parse -inform DER -in value.der |
            sed -n 's/^ *\([0-9]*\):d=5 *hl=\([0-9]*\) .*OCTET STRING.*/\1+\2/p' | head -n 1)
        at=$(($offset + 40))
        byte=$(od -An -tu1 -j "$at" -N 1 value.der)
        cp value.der changed.der
        printf "\\$(printf %o $((byte ^ 1)))" |
            dd of=changed.der bs=1 seek="$at" conv=notrunc 2>dd.log
        if openssl cms -verify -purpose any -CAfile root.pem -binary -inform DER \
            -in changed.der -out content.der 2>verify.log; then
            echo "$key: a changed content was accepted"
            exit 1
        fi
        grep -q "verification failure" verify.log || { cat verify.log; exit 1; }
    fi
    echo "ok: $key"
done
