# SPDX-License-Identifier: Apache-2.0

# ClientCertForward rfc9440: the DER certificate as a Byte Sequence (RFC 9440
# section 2.2), not signed.

use ClientCertTest;

for my $tls ('1.2', '1.3') {
    for my $name (qw(client-rsa client-p256)) {
        for my $http ('1.1', '2') {
            my $response = curl('/rfc9440', tls => $tls, http => $http, cert => $name);
            is($response->status, 200, "TLS $tls, HTTP/$http, $name: answered");
            my @values = $response->sent('Client-Cert');
            is(scalar @values, 1, 'one Client-Cert');
            is(name_of(decode_sf($values[0])), $name, 'the certificate between colons');
            is_deeply([$response->sent('Client-Cert-Chain')], [], 'no chain unasked');
        }
    }
    my $response = get('/rfc9440', sni => 'ttrp.test', tls => $tls);
    is($response->status, 200, "TLS $tls, no client certificate: answered");
    is_deeply([$response->folded('Client-Cert')], [], 'no header');
}

done_testing;
