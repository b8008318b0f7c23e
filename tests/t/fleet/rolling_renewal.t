# SPDX-License-Identifier: Apache-2.0

# A rolling renewal, as docs/renewing-files.md has it: two proxies get certificates of a new CA one
# after the other while clients ask, and the origin, which pins the proxies in one location and knows
# them by their CA in the others, accepts the old and the new ones meanwhile. No request fails, none
# is refused, and each is for the client that asked. Both proxies and both origins share a session
# cache.

use ClientCertTest;
use ClientCertTest::Accept 'crl';
use ClientCertTest::Process;
use ClientCertTest::Soak;

my $SECONDS = 2;
my @PROXIES = ('127.0.0.1', '127.0.0.2');

my $directory = "$ENV{TEST_SERVERS}/rolling.$$";
my $documents = soak_documents("$directory/documents");
issue(name => "new-ca.$$", as => 'ca');
my %SIGNERS = (old => 'server-ca', new => "new-ca.$$");
soak_signer($_, $SIGNERS{$_}) for sort keys %SIGNERS;

sub put {
    my ($name, @files) = @_;
    spew("$directory/$name.new", map { slurp($_) } @files);
    rename "$directory/$name.new", "$directory/$name" or die "rename: $!";
    return;
}

# The origin's files, for proxies of these; and one proxy's.
sub put_trust {
    my (@generations) = @_;
    put('pins.pem', map { pki("soak-signer-$_.crt") } @generations);
    put('servers-ca.pem', map { pki("$SIGNERS{$_}.crt") } @generations);
    put('servers-ca.crl.pem', map { crl("rolling-$_", $SIGNERS{$_}, []) } @generations);
    return;
}

sub put_proxy {
    my ($address, $generation) = @_;
    put("proxy-$address.pem", pki("soak-signer-$generation.pair"));
    return;
}

put_trust('old');
put_proxy($_, 'old') for @PROXIES;

my $redis_port = free_port();
my $redis = ClientCertTest::Process->new(name => 'redis');
$redis->start($redis_port, qw(redis-server --bind 127.0.0.1 --daemonize no --save), '',
    '--dir', $redis->directory, '--port', $redis_port);
my @shared = (session_cache => "redis:127.0.0.1:$redis_port", log_level => 'warn',
    modules => load_modules() . load_modules(qw(include socache_redis)));

my $soak = ClientCertTest::Soak->new(requests => 1_000, clients => 60, threads => 6, most => 20,
    slack => 1000 * $SECONDS / 2, signer => 'old', http2 => 1);

my $COMMON = <<'CONF';
LogLevel warn client_cert:warn
StartServers 2
ServerLimit 8
ThreadsPerChild 25
MinSpareThreads 8
MaxSpareThreads 50
MaxRequestWorkers 50
SSLSessionTickets off
CONF

my $origin_port = free_port();
my $origin = ClientCertTest::Server->new(name => 'rolling-origin', @shared, config => <<"CONF")->start;
Listen 127.0.0.1:$origin_port
$COMMON
<VirtualHost 127.0.0.1:$origin_port>
    ServerName localhost
    DocumentRoot $documents
    CustomLog $directory/origin_log tests
    SSLEngine on
    SSLCertificateFile @{[ pki('origin.crt') ]}
    SSLCertificateKeyFile @{[ pki('origin.key') ]}
    SSLCACertificateFile $directory/servers-ca.pem
    SSLVerifyClient require
    ClientCertAccept cms
    ClientCertTrust $directory/servers-ca.pem
    ClientCertTrustCRL $directory/servers-ca.crl.pem
    ClientCertTrustName ttrp.example
    <Location />
        Require client-cert
    </Location>
    <Location /pinned/>
        ClientCertTrust $directory/pins.pem
    </Location>
    <LocationMatch /page\$>
        Options +Includes
        SetOutputFilter INCLUDES
    </LocationMatch>
    <Location /ws>
        RequestHeader set X-Who %{CLIENT_CERT_SHA256}s
        RequestHeader set X-Signer %{CLIENT_CERT_SIGNER_S_DN}s
    </Location>
    ProxyPass /ws http://127.0.0.1:$soak->{backend}/ upgrade=websocket
</VirtualHost>
CONF

my $port = free_port();
my %proxy = map { $_ => ClientCertTest::Server->new(name => "rolling-$_", @shared, config => <<"CONF")->start } @PROXIES;
Listen $_:$port
$COMMON
Protocols h2 http/1.1
<VirtualHost $_:$port>
    ServerName rolling.test
    CustomLog /dev/null tests
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient require
    SSLVerifyDepth 3
    SSLProxyEngine on
    SSLProxyVerify require
    SSLProxyCACertificateFile @{[ pki('server-ca.crt') ]}
    SSLProxyMachineCertificateFile $directory/proxy-$_.pem
    ClientCertForward cms
    ClientCertForward rfc9440 X-Client-9440
    ClientCertSigner $directory/proxy-$_.pem
    # A second try is not made on a connection that the origin is about to close.
    SetEnvIf X-Again . proxy-initial-not-pooled
    ProxyPass /ws https://localhost:$origin_port/ws upgrade=websocket ttl=10
    ProxyPass / https://localhost:$origin_port/ ttl=10
</VirtualHost>
CONF

# One after the other, with some time to ask in between.
my @STEPS = (
    ['the origin accepts both', 'old', sub { put_trust('old', 'new'); $origin }],
    ['one proxy has the new certificate', 'new', sub { put_proxy($PROXIES[0], 'new'); $proxy{ $PROXIES[0] } }],
    ['and the other', undef, sub { put_proxy($PROXIES[1], 'new'); $proxy{ $PROXIES[1] } }],
    ['the origin knows the old one no more', 'new', sub { put_trust('new'); $origin }],
);
$soak->begin(map {"rolling.test:$_:$port"} @PROXIES);
$soak->wait($SECONDS);
for (@STEPS) {
    my ($what, $signer, $step) = @$_;
    $soak->say('restarting', soak_subject($signer), 0) if $signer;
    ok($step->()->graceful, $what);
    # Between the two proxies' restarts old and new ones sign.
    $soak->say('restarted') if !$signer || $what =~ /origin/;
    $soak->wait($SECONDS);
}
$soak->say('end');
my ($total, $status) = $soak->totals;
is($status, 0, 'the clients are done');
is($total->{$_} // 0, 0, "$_: none") or diag($soak->{said}) for qw(failures wrong retired);
cmp_ok($total->{$_} // 0, '>', 0, "$_: some") for qw(http1 http2 resumed_tls12_id resumed_tls13);
my $log = slurp("$directory/origin_log");
my %accepted;
$accepted{$_}++ for $log =~ /\baccept=(\S+)/g;
is_deeply([grep { $_ ne 'accepted' && $_ ne '-' } sort keys %accepted], [], 'the origin refused nothing');
cmp_ok($accepted{accepted} // 0, '>=', ($total->{http1} // 0) + ($total->{http2} // 0), 'and accepted all');
for ($origin, values %proxy) {
    unlike($_->said, qr/exit signal|client_cert:error/, "$_->{name}: no error");
    $_->stop;
}
$redis->stop;

done_testing;
