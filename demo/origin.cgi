#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The demo's application: it knows of no proxy, and reads what mod_ssl would have
# set had the visitor come directly.

printf 'Content-Type: text/plain\n\n'
if [ "$SSL_CLIENT_VERIFY" != SUCCESS ]; then
    echo 'Visitor:    unknown'
    exit
fi
cat <<END
Visitor:    $SSL_CLIENT_S_DN
Issued by:  $SSL_CLIENT_I_DN
User name:  $REMOTE_USER
SHA-256:    $(printf '%s\n' "$SSL_CLIENT_CERT" | openssl x509 -outform DER | sha256sum | cut -d ' ' -f 1)
Signed by:  $CLIENT_CERT_SIGNER_S_DN, at $CLIENT_CERT_SIGNING_TIME
END
