# SPDX-License-Identifier: Apache-2.0

# Virtual hosts without a directive of ours in them, all said at server level:
# each still has clients of its own, and no other's.

use ClientCertTest;

my $port = free_port();
my $a = server_config(
    port => $port, name => 'a.test', forward => '',
    global => "SSLVHostSNIPolicy insecure\nClientCertForward cms\nClientCertForward rfc9440 X-Cert",
);
my $b = server_config(
    port => $port, name => 'b.test', forward => '', signer => 'signer-p384',
    tls => 'SSLCACertificateFile ' . pki('foreign-ca.crt') . "\nSSLVerifyClient optional",
);
$b =~ s/^Listen.*\n//m;
my $server = ClientCertTest::Server->new(name => 'server-level', config => "$a$b");
$server->start;

my %own = ('a.test' => ['client-rsa', 'signer-p256'], 'b.test' => ['client-foreign', 'signer-p384']);
for my $tls ('1.2', '1.3') {
    for my $host (sort keys %own) {
        my ($cert, $signer) = @{ $own{$host} };
        my %options = (port => $port, tls => $tls, sni => $host, cert => $cert);
        my $client = client(%options);
        my $response = $client->request('/');
        is(forwarded($response), $cert, "TLS $tls, $host: its own client");
        is(signer($response), $signer, 'signed by its own certificate');
        is(decode_sf($response->sent('X-Cert')), der_of($cert), 'unsigned, too');
        my $session = $client->session;
        $client->close;
        $response = client(%options, session => $session)->request('/');
        is(forwarded($response), $cert, 'resumed');
        is(signer($response), $signer, 'signed by the same');
    }
    for my $without ('no SNI', 'the SNI of the other') {
        my $client = client(
            port => $port, tls => $tls, cert => 'client-rsa',
            ($without eq 'no SNI' ? () : (sni => 'a.test')),
        );
        my $response = $client->request('/', host => 'b.test');
        is($response->status, 200, "TLS $tls, $without: answered by the other host");
        is_deeply([$response->folded('Client-Cert'), $response->folded('X-Cert')], [],
            'which did not verify this client');
    }
}

done_testing;
