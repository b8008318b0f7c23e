#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The demo's origin: believes a Client-Cert header when the very server that
# holds the other end of this TLS connection signed it, and says who is there.
#
#   SSL_CLIENT_CERT    the TLS peer's certificate (PEM, from mod_ssl)
#   HTTP_CLIENT_CERT   the header
#   SERVERS_CA         file with the root of the servers' certificates
#   SCRATCH            directory to write in
set -eu
umask 077

answer() {
    printf 'Status: %s\nContent-Type: text/plain\n\n' "$1"
    cat
}

refuse() {
    echo "Refused: $1" | answer '403 Forbidden'
    exit 0
}

if [ -z "${HTTP_CLIENT_CERT+set}" ]; then
    echo 'Visitor: unknown, the request has no Client-Cert header' | answer '200 OK'
    exit 0
fi
if [ "${PATH_INFO-}" = /header ]; then
    echo "$HTTP_CLIENT_CERT" | answer '200 OK'
    exit 0
fi

work=$(mktemp -d "$SCRATCH/request.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

printf '%s' "$HTTP_CLIENT_CERT" | base64 -d > value.der 2> complaint ||
    refuse 'the header is not base64'

# Without -no-CApath and -no-CAstore every CA of the system would do as well.
openssl cms -verify -inform DER -in value.der -binary -purpose any \
    -CAfile "$SERVERS_CA" -no-CApath -no-CAstore \
    -signer signer.pem -out visitor.der 2> complaint ||
    refuse 'openssl cms -verify does not accept the header'

printf '%s\n' "$SSL_CLIENT_CERT" | openssl x509 -outform DER -out peer.der
openssl x509 -in signer.pem -outform DER -out signer.der
if [ "$(grep -c BEGIN signer.pem)" -ne 1 ] || ! cmp -s peer.der signer.der; then
    refuse 'the header was signed by another server than the one that sent it'
fi

name() {
    openssl x509 -inform DER -in "$2" -noout -nameopt RFC2253 "$1" | sed 's/^[a-z]*=//'
}
answer '200 OK' <<END
TLS peer:      $(name -subject peer.der)
Header signed: by that same certificate; openssl cms -verify accepts it
Visitor:       $(name -subject visitor.der)
Issued by:     $(name -issuer visitor.der)
SHA-256:       $(sha256sum < visitor.der | cut -d ' ' -f 1)
END
