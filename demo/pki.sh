#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# pki.sh DIRECTORY: makes the demo's certificates there, valid for a day.
#
#   clients-ca.pem       root of the users' CA, which the TTRP trusts
#   alice.pem alice.key  a user: certificate and intermediate (only she has the
#                        intermediate), and her key
#   alice.p12            the same for a browser; the password is "demo"
#   servers-ca.pem       root of the servers' CA, which TTRP and origin trust
#   ttrp.pem             the TTRP: certificate and key in one file, as
#                        SSLProxyMachineCertificateFile and ClientCertSigner read it
#   origin.pem           the origin: the same
#   neighbour.pem        another server of the same CA: the same
#
# Each server has the name NAME.demo beside localhost.
set -eu
umask 077
cd "$1"

# certificate NAME SUBJECT ISSUER EXTENSION...: NAME.pem and NAME.key; without
# an ISSUER, signed by itself.
certificate() {
    local name=$1 subject=$2 issuer=$3
    shift 3
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.key"
    printf '%s\n' '[req]' 'distinguished_name = dn' '[dn]' '[extensions]' \
        'subjectKeyIdentifier = hash' "$@" > openssl.cnf
    openssl req -new -x509 -config openssl.cnf -extensions extensions -days 1 \
        ${issuer:+-CA "$issuer.pem" -CAkey "$issuer.key"} \
        -key "$name.key" -subj "$subject" -out "$name.pem"
}

certificate clients-ca '/O=Demo/CN=Demo Clients Root' '' \
    'basicConstraints = critical, CA:true' 'keyUsage = critical, keyCertSign, cRLSign'
certificate intermediate '/O=Demo/CN=Demo Clients Intermediate' clients-ca \
    'authorityKeyIdentifier = keyid' \
    'basicConstraints = critical, CA:true, pathlen:0' 'keyUsage = critical, keyCertSign, cRLSign'
certificate alice '/O=Demo/CN=Alice' intermediate \
    'authorityKeyIdentifier = keyid' \
    'keyUsage = critical, digitalSignature' 'extendedKeyUsage = clientAuth'
cat intermediate.pem >> alice.pem
openssl pkcs12 -export -in alice.pem -inkey alice.key -name Alice -passout pass:demo -out alice.p12

certificate servers-ca '/O=Demo/CN=Demo Servers Root' '' \
    'basicConstraints = critical, CA:true' 'keyUsage = critical, keyCertSign, cRLSign'
for server in ttrp origin neighbour; do
    # The TTRP is a TLS server to its clients and a TLS client to the origin.
    certificate "$server" "/O=Demo/CN=$server" servers-ca \
        'authorityKeyIdentifier = keyid' "subjectAltName = DNS:localhost, DNS:$server.demo" \
        'keyUsage = critical, digitalSignature' 'extendedKeyUsage = serverAuth, clientAuth'
    cat "$server.key" >> "$server.pem"
    rm "$server.key"
done

rm intermediate.* clients-ca.key servers-ca.key openssl.cnf
