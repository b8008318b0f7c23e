# SPDX-License-Identifier: Apache-2.0

# ClientCertSigner server: whatever certificate SNI or the client's algorithms
# chose signs, on a resumed session too.

use ClientCertTest;
use ClientCertTest::Accept qw(signed_value trust_pki);

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

# A Location's ciphers make mod_ssl renegotiate, and choose another certificate.
trust_pki();
my $port = free_port();
my $server = ClientCertTest::Server->new(name => 'renegotiates', config => server_config(
    port => $port,
    lines => join "\n", 'SSLCertificateFile ' . pki('signer-rsa2048.chain'),
    'SSLCertificateKeyFile ' . pki('signer-rsa2048.key'), <<"LINES"));
<LocationMatch "^/accepted">
    ClientCertAccept cms
    ClientCertTrust @{[ pki('server-ca.crt') ]}
    ClientCertTrustName ttrp.example
    ClientCertTrustPeer off
</LocationMatch>
<LocationMatch "/rsa\$">
    SSLCipherSuite ECDHE-RSA-AES256-GCM-SHA384
</LocationMatch>
<LocationMatch "/ecdsa\$">
    SSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256
</LocationMatch>
LINES
$server->start;

my %TYPE = ('signer-p256' => 'ecdsa', 'signer-rsa2048' => 'rsa');
for my $first (sort keys %TYPE) {
    my ($second) = grep { $_ ne $first } keys %TYPE;
    my %client = (
        port => $port, tls => '1.2', sni => 'ttrp.test',
        ciphers => join ':', map {"ECDHE-$_"} $first eq 'signer-p256'
            ? qw(ECDSA-AES128-GCM-SHA256 RSA-AES256-GCM-SHA384)
            : qw(RSA-AES256-GCM-SHA384 ECDSA-AES128-GCM-SHA256),
    );
    # From the client's certificate, and from a header whatever that is.
    for (['/forwarded', cert => 'client-rsa'], ['/accepted', cert => 'client-rsa'], ['/accepted']) {
        my ($path, %more) = @$_;
        my @header = (headers => ['Client-Cert' => signed_value('accept-ttrp', 'client-p256')]);
        my $expected = $path eq '/accepted' ? 'client-p256' : 'client-rsa';
        my $session;
        for my $how ('full', 'resumed') {
            subtest join(' ', "$first, then $second:", $how, @$_) => sub {
                my $client = client(%client, %more, session => $session);
                is($client->resumed ? 1 : 0, $how eq 'full' ? 0 : 1, "$how handshake");
                $session //= $client->session;
                is(signer($client->request($path, @header)), $first, "$first signs");
                for my $now ($second, $second, $first, $second) {
                    my $response = $client->request("$path/$TYPE{$now}", @header);
                    is(signer($response), $now, "$now signs");
                    is(forwarded($response), $expected, 'the client');
                    is(name_of(pem_to_der($client->peer)), $now, 'and was presented');
                }
            };
        }
    }
}

# Post-handshake authentication presents none: what the handshake before it
# presented signs, and that may be the one that the session resumed.
$port = free_port();
my $asks = ClientCertTest::Server->new(name => 'asks', config => server_config(
    port => $port, verify => 'none',
    lines => join "\n", 'SSLCertificateFile ' . pki('signer-rsa2048.chain'),
    'SSLCertificateKeyFile ' . pki('signer-rsa2048.key'),
    '<Location /asked>', 'SSLVerifyClient require', '</Location>', ''));
$asks->start;

for my $choice (grep { $_->{tls} eq '1.3' } @CHOICES) {
    my %client = (%$choice, port => $port, sni => 'ttrp.test', post_handshake => 1);
    my $signer = delete $client{signer};
    subtest "TLS 1.3, $signer, asked later" => sub {
        my ($without, $with);
        for my $session (undef, \$without, \$with) {
            my $client = client(%client, session => $session && $$session);
            my $response = $client->request('/before');
            is($client->resumed ? 1 : 0, $session ? 1 : 0, $session ? 'resumed' : 'a full handshake');
            my $known = $session && $session == \$with;
            is(forwarded($response), $known ? $client{cert} : 'no header', 'before');
            $without //= $client->session;
            $response = $client->request('/asked');
            is(forwarded($response), $client{cert}, 'the client');
            is(signer($response), $signer, 'the signer');
            is(signer($client->request('/after')), $signer, 'and afterwards');
            $with = $client->session;
        }
    };
}

done_testing;
