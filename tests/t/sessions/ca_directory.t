# SPDX-License-Identifier: Apache-2.0

# Clients' CAs in a hash directory: a session does not outlive the CA that its
# client was verified by, once httpd has been told of the change.

use ClientCertTest;
use ClientCertTest::TicketKeys;
use File::Temp ();

my $directory = File::Temp->newdir(TEMPLATE => 'cas.XXXXXX', DIR => pki(''), CLEANUP => 1);
for my $ca ('client-ca', 'foreign-ca') {
    spew("$directory/$ca.crt", slurp(pki("$ca.crt")));
}
openssl('rehash', "$directory");

my $port = free_port();
my $server = ClientCertTest::Server->new(
    name => 'directory',
    config => server_config(
        port => $port, global => ticket_keys(),
        tls => "SSLCACertificatePath $directory\nSSLVerifyClient optional\nSSLVerifyDepth 5",
    ),
);
$server->start;

my %before;
for my $cert ('client-rsa', 'client-foreign') {
    for my $tls ('1.2', '1.3') {
        my %options = (port => $port, tls => $tls, sni => 'ttrp.test', cert => $cert);
        my $client = client(%options);
        is(forwarded($client->request('/')), $cert, "$cert, TLS $tls: verified");
        $before{"$cert $tls"} = { %options, session => $client->session };
        $client->close;
        $client = client(%{ $before{"$cert $tls"} });
        is(forwarded($client->request('/')), $cert, 'and again');
        ok($client->resumed, 'by the session');
        $client->close;
    }
}

# What is not of its CA any more must come with another handshake, or not at all.
unlink "$directory/foreign-ca.crt";
openssl('rehash', "$directory");
ok($server->graceful, 'one CA less');
for my $tls ('1.2', '1.3') {
    my $client = eval { client(%{ $before{"client-foreign $tls"} }) };
    my $response = $client && eval { $client->request('/') };
    ok(!($client && $client->resumed), "client-foreign, TLS $tls: its session does not resume");
    ok(!($response && $response->status && $response->folded('Client-Cert')), 'and has no header');
    $client = client(%{ $before{"client-rsa $tls"} });
    is(forwarded($client->request('/')), 'client-rsa', "client-rsa, TLS $tls: still verified");
}

done_testing;
