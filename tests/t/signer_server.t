# SPDX-License-Identifier: Apache-2.0

# ClientCertSigner server: whatever certificate SNI or the client's algorithms
# chose signs, on a resumed session too.

use ClientCertTest;

for my $tls ('1.2', '1.3') {
    for my $kind (qw(rsa2048 p256 p384)) {
        my $response = get('/', sni => "$kind.test", tls => $tls, cert => 'client-p256');
        is(signer($response), "signer-$kind", "TLS $tls: SNI chose $kind");
    }
    my $response = get('/cms', tls => $tls, cert => 'client-rsa', host => 'ttrp.test');
    is(signer($response), 'ttrp', "TLS $tls: no SNI, the first virtual host\'s");
}

# One virtual host with two certificates. The client's own must fit its
# algorithms, too.
my %RSA = (cert => 'client-rsa', signer => 'signer-rsa2048');
my %ECDSA = (cert => 'client-p256', signer => 'signer-p256');
my @CHOICES = (
    { tls => '1.2', ciphers => 'ECDHE-RSA-AES128-GCM-SHA256', %RSA },
    { tls => '1.2', ciphers => 'ECDHE-ECDSA-AES128-GCM-SHA256', %ECDSA },
    { tls => '1.3', sigalgs => 'rsa_pss_rsae_sha256', %RSA },
    { tls => '1.3', sigalgs => 'ecdsa_secp256r1_sha256', %ECDSA },
);

for my $choice (@CHOICES) {
    for my $tickets (1, 0) {
        my %client = (%$choice, sni => 'dual.test', tickets => $tickets);
        my $signer = delete $client{signer};
        my $what = "TLS $client{tls}, " . ($client{ciphers} // $client{sigalgs})
            . ($tickets ? '' : ', no tickets');
        subtest $what => sub {
            my $full = client(%client);
            my $response = $full->request('/');
            ok(!$full->resumed, 'a full handshake');
            is(name_of(pem_to_der($full->peer)), $signer, 'presented');
            is(signer($response), $signer, 'and signed');
            is(signer($full->request('/')), $signer, 'and signed again on this connection');
            my $session = $full->session;
            $full->close;

            for (1 .. 3) {
                my $again = client(%client, session => $session);
                $response = $again->request('/');
                ok($again->resumed, 'resumed');
                is(signer($response), $signer, 'the same signer');
                is(forwarded($response), $client{cert}, 'the same client');
                $session = $again->session;
                $again->close;
            }
        };
    }
}

done_testing;
