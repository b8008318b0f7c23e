# SPDX-License-Identifier: Apache-2.0

# ClientCertForward cms-sf: the value of `cms` as an RFC 8941 Byte Sequence.

use ClientCertTest;

for my $tls ('1.2', '1.3') {
    for my $http ('1.1', '2') {
        my $response = curl('/cms-sf', tls => $tls, http => $http, cert => 'client-rsa');
        is($response->status, 200, "TLS $tls, HTTP/$http: answered");
        my @values = $response->sent('Client-Cert');
        is(scalar @values, 1, 'one Client-Cert');
        my $cms = decode_sf($values[0]);
        ok(defined $cms, 'padded base64 between colons');
        is(forwarded($response), 'client-rsa', 'openssl verifies what is between them');
        is(signer($response), 'ttrp', 'signed by the TTRP');
        ok(defined $cms && cms_reencoded($cms) eq $cms, 'DER to the letter');
    }
}

my $response = get('/cms-sf', sni => 'ttrp.test');
is_deeply([$response->folded('Client-Cert')], [], 'no client certificate, no header');

done_testing;
