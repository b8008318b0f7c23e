# SPDX-License-Identifier: Apache-2.0

# Machines of a fleet whose virtual hosts name addresses of their own resume each
# other's sessions, with the same ticket keys, as long as they verify clients
# alike and can sign with what was presented. So does one machine after a restart,
# whatever was changed elsewhere.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::TicketKeys;

my $ca = spew(pki("equal-ca.$$.crt"), slurp(pki('client-ca.crt')));
END { unlink $ca if defined $ca }
trust_pki();
my $port = free_port();
my $GLOBAL = ticket_keys();

sub tls {
    my ($depth, $file) = @_;
    return 'SSLCACertificateFile ' . ($file // pki('client-ca.crt')) . "\nSSLVerifyClient optional\nSSLVerifyDepth $depth";
}

# One of the fleet, which listens on 127.0.0.ADDRESS.
sub machine {
    my ($address, $more, %want) = @_;
    my $config = server_config(port => $port, tls => tls(5), global => $GLOBAL, %want);
    $config =~ s/127\.0\.0\.1:$port/127.0.0.$address:$port/g;
    # What else it serves.
    $more =~ s/ADDRESS/127.0.0.$address:$port/g;
    return $config =~ s/(?=^<VirtualHost)/$more/mr;
}

my $OTHER = <<"HOST";
<VirtualHost ADDRESS>
    ServerName other.test
    SSLEngine on
    SSLCertificateFile @{[ pki('ttrp.chain') ]}
    SSLCertificateKeyFile @{[ pki('ttrp.key') ]}
    SSLVerifyDepth 3
    SSLOCSPEnable leaf
</VirtualHost>
HOST

my %configs = (
    1 => machine(1, ''),
    2 => machine(2, $OTHER, lines => 'ServerAlias www.ttrp.test'),
    3 => machine(3, '', tls => tls(4)),
    4 => machine(4, '', signer => 'signer-rsa2048'),
);
my %machines = map {
    $_ => ClientCertTest::Server->new(name => "machine-$_", config => $configs{$_})->start
} sort keys %configs;

# What was told to the backend, signer included; and whether the session resumed.
sub visit {
    my ($address, %client) = @_;
    my $client = client(port => $port, address => "127.0.0.$address", sni => 'ttrp.test', %client);
    my $response = $client->request('/');
    my $told = join ' ', forwarded($response), signer($response);
    my %after = (told => $told, resumed => $client->resumed ? 1 : 0, session => $client->session);
    $client->close;
    return \%after;
}

for my $tls ('1.2', '1.3') {
    my %client = (tls => $tls, cert => 'client-under', chain => 1);
    for (
        [1, 2, 1, 'signer-p256', 'an equal virtual host'], [2, 1, 1, 'signer-p256', 'and back'],
        [1, 3, 0, 'signer-p256', 'one of another depth'], [3, 1, 0, 'signer-p256', 'and back'],
        [1, 4, 0, 'signer-rsa2048', 'one that cannot sign with what was presented'],
    ) {
        my ($from, $to, $resumed, $signer, $what) = @$_;
        my $first = visit($from, %client);
        is($first->{told}, 'client-under ' . ($from == 4 ? 'signer-rsa2048' : 'signer-p256'), "TLS $tls, $from: the client");
        my $second = visit($to, %client, session => $first->{session});
        is($second->{resumed}, $resumed, "$from to $to, $what: " . ($resumed ? 'resumed' : 'a full handshake'));
        is($second->{told}, "client-under $signer", 'the client');
        # All that is known of the client then is the session's.
        my $without = visit($to, tls => $tls, session => $first->{session});
        is($without->{told}, $resumed ? "client-under $signer" : 'no header no header', 'and without the certificate');
    }

    # The same at an origin.
    my $value = signed_value('accept-ttrp', 'client-p256');
    my %peer = (tls => $tls, sni => 'localhost', cert => 'accept-ttrp');
    my $origin_port = free_port();
    my @origins = map {
        my ($address, $depth) = @$_;
        fleet_origin("origin-$address", address => "127.0.0.$address", port => $origin_port, depth => $depth, global => $GLOBAL);
    } [1, 5], [2, 5], [3, 4];
    my $proxy = client(%peer, port => $origin_port);
    is($proxy->request('/', headers => ['Client-Cert' => $value])->status, 200, 'an origin accepts');
    my $session = $proxy->session;
    $proxy->close;
    for ([1, 1], [2, 1], [3, 0]) {
        my ($address, $resumed) = @$_;
        $proxy = client(%peer, port => $origin_port, address => "127.0.0.$address", session => $session);
        my $response = $proxy->request('/', headers => ['Client-Cert' => $value]);
        is($proxy->resumed ? 1 : 0, $resumed, "origin $address: " . ($resumed ? 'resumed' : 'a full handshake'));
        is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-p256', 'the client');
        $proxy->close;
    }
}

# Restarts of one of them.
my %client = (tls => '1.3', cert => 'client-under', chain => 1);
my $server = $machines{1};
my $before = visit(1, %client);
for (
    [1, 'nothing changed', sub { machine(1, '') }],
    [1, 'a virtual host more', sub { machine(1, $OTHER) }],
    [1, 'its directives changed', sub { machine(1, $OTHER =~ s/SSLVerifyDepth 3/SSLVerifyDepth 2\n    SSLOCSPNoVerify on/r) }],
    [1, 'another name besides', sub { machine(1, '', lines => 'ServerAlias more.test') }],
    [1, 'the CA in another file', sub { machine(1, '', tls => tls(5, $ca)) }],
    [0, 'a CA more', sub { spew($ca, map { slurp(pki("$_.crt")) } 'client-ca', 'foreign-ca'); machine(1, '', tls => tls(5, $ca)) }],
    [0, 'another depth', sub { machine(1, '', tls => tls(4)) }],
    [1, 'all as it was', sub { machine(1, '') }],
) {
    my ($resumed, $what, $config) = @$_;
    $server->configure($config->());
    ok($server->graceful, "restarted: $what");
    my $after = visit(1, %client, session => $before->{session});
    is($after->{resumed}, $resumed, $resumed ? 'resumed' : 'a full handshake');
    is($after->{told}, 'client-under signer-p256', 'the client');
}

done_testing;
