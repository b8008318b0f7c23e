# SPDX-License-Identifier: Apache-2.0

# A client that mod_ssl asks for a certificate in mid connection is verified as the
# section or the .htaccess file says that wants it, and mod_ssl takes that for the
# whole connection. It does not count as a client where the virtual host, sections included,
# would not have verified it so.

use ClientCertTest;
use File::Path qw(make_path remove_tree);

my $documents = "$ENV{TEST_SERVERS}/late.$$";
END { remove_tree($documents) if defined $documents }
make_path(map {"$documents/$_"} qw(deep weak usual));
spew("$documents/$_/x", "x\n") for qw(deep weak usual);
spew("$documents/deep/.htaccess", "SSLVerifyClient require\nSSLVerifyDepth 9\n");
spew("$documents/usual/.htaccess", "SSLVerifyClient require\nSSLVerifyDepth 1\n");
my $WEAK = 'ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0';
spew("$documents/weak/.htaccess", "SSLVerifyClient require\nSSLCipherSuite $WEAK\n");
issue(name => "client-weak-$$", ca => 'client-ca', key => 'rsa1024');

# Three certificates above the client's, and one.
my ($DEEP, $SHALLOW, $SMALL) = ('client-deepest', 'client-rsa', "client-weak-$$");

my $port = free_port();
my $TLS = 'SSLCACertificateFile ' . pki('client-ca.crt') . "\nSSLVerifyClient none";
my %lines = (
    # mod_ssl takes these two for compatible.
    first => "<Location /asked>\nSSLVerifyClient require\n</Location>",
    deeper => "<Location /deep>\nSSLVerifyClient require\nSSLVerifyDepth 5\n</Location>",
    weaker => "<Location /weak>\nSSLVerifyClient require\nSSLCipherSuite $WEAK\n</Location>",
    files => <<"LINES",
DocumentRoot $documents
ProxyPass /deep !
ProxyPass /weak !
ProxyPass /usual !
<Directory $documents>
    AllowOverride AuthConfig
    Require all granted
</Directory>
LINES
);
my $server = ClientCertTest::Server->new(name => 'late', config => join '', "Listen 127.0.0.1:$port\n",
    map {
        # The exceptions to ProxyPass come first.
        server_config(port => $port, name => "$_.test", tls => $TLS, forward => "$lines{$_}\nClientCertForward cms")
            =~ s/^Listen.*\n//mr
    } qw(first deeper weaker files));
$server->start;

sub connected {
    my ($tls, $sni, $cert) = @_;
    return client(
        port => $port, tls => $tls, sni => "$sni.test", cert => $cert, chain => 1, post_handshake => 1,
        ($tls eq '1.2' ? (ciphers => 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0') : ()),
    );
}

sub told {
    my ($response) = @_;
    return 'status ' . $response->status if !$response->{origin};
    return $response->folded('Client-Cert') ? forwarded($response) : 'none';
}

for my $tls ('1.2', '1.3') {
    subtest "TLS $tls: for another virtual host" => sub {
        my $client = connected($tls, 'deeper', $DEEP);
        is(told($client->request('/deep/x')), $DEEP, 'deeper.test, its own section: the client');
        is(told($client->request('/x')), $DEEP, 'and elsewhere in it');
        my $session = $client->session;
        $client->close;

        $client = connected($tls, 'first', $DEEP);
        is(told($client->request('/deep/x', host => 'deeper.test')), 'none', 'on a connection of first.test: none');
        is(told($client->request('/x')), 'none', 'and none in first.test');
        my $mixed = $client->session;
        # In TLS 1.2 mod_ssl verifies again, as that section says, and closes.
        unlike(told($client->request('/asked/x')), qr/client/, 'where first.test wants one');
        $client->close;
        $client = client(port => $port, tls => $tls, sni => 'first.test', cert => $DEEP, session => $mixed);
        is(told($client->request('/x')), 'none', 'nor when the session resumes');

        $client = connected($tls, 'first', $SHALLOW);
        is(told($client->request('/asked/x')), $SHALLOW, 'first.test, its own section: the client');
    };

    subtest "TLS $tls: for a .htaccess file" => sub {
        my $client = connected($tls, 'files', $DEEP);
        is($client->request('/deep/x')->status, 200, 'a depth of its own: mod_ssl is content');
        is(told($client->request('/x')), 'none', 'which is not the virtual host\'s');
        $client->close;
        $client = connected($tls, 'files', $SHALLOW);
        is($client->request('/usual/x')->status, 200, 'the depth of the virtual host');
        is(told($client->request('/x')), $SHALLOW, 'the client');
    };
}

subtest 'TLS 1.2: a lower security level' => sub {
    my $client = connected('1.2', 'files', $SMALL);
    is($client->request('/weak/x')->status, 200, 'of a .htaccess file: mod_ssl is content');
    is(told($client->request('/x')), 'none', 'which is not the virtual host\'s');
    $client->close;
    $client = connected('1.2', 'weaker', $SMALL);
    is(told($client->request('/weak/x')), $SMALL, 'of a section: the client');
};

my $said = $server->said;
like($said, qr/counts as unverified: $_/, "the log: $_")
    for 'it was asked for by a virtual host', 'its chain is longer than', 'the security level was below';

done_testing;
