# SPDX-License-Identifier: Apache-2.0

# First-seen clients pass through a proxy and an origin: what both remember of
# them stays within ClientCertSignatureCache, and graceful restarts leave nothing behind.
# benches/end_to_end/memory.py measures the same with many more.

use ClientCertTest;
use ClientCertTest::Accept 'trust_pki';
use IO::Socket::SSL::Utils qw(CERT_create CERT_free PEM_cert2string PEM_file2cert PEM_file2key);

my $strangers = 1_000;
my $after_restart = 100;
# KB.
my $cache = 256;
# What allocators keep beside it for the many short-lived pieces of a handshake: a few
# hundred KB, more where the kernel gives large pages. What 1,000 clients leave behind if none
# of them goes is twice as much and more.
my $tolerance = 3_072;
my $parent_tolerance = 512;

trust_pki();
my $signer = pki('accept-ttrp.pair');

# A server with one child of few threads: each has an allocator of its own to fill.
sub server {
    my ($name, $port, $certificate, $lines) = @_;
    my $server = ClientCertTest::Server->new(name => "memory-$name", log_level => 'warn',
        modules => load_modules(qw(mpm_event authz_core socache_shmcb ssl proxy proxy_http)), config => <<"CONF");
Listen 127.0.0.1:$port
LogLevel warn client_cert:warn
StartServers 1
ServerLimit 4
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
ClientCertSignatureCache ${cache}K
<VirtualHost 127.0.0.1:$port>
SSLEngine on
SSLCertificateFile @{[ pki("$certificate.crt") ]}
SSLCertificateKeyFile @{[ pki("$certificate.key") ]}
SSLVerifyClient require
$lines
</VirtualHost>
CONF
    return $server->start;
}

my ($ttrp_port, $origin_port) = (free_port(), free_port());
my %server;
$server{origin} = server('origin', $origin_port, 'origin', <<"CONF");
SSLCACertificateFile @{[ pki('server-ca.crt') ]}
ClientCertAccept cms
ClientCertTrust @{[ pki('server-ca.crt') ]}
ClientCertTrustName ttrp.example
<Location />
    Require client-cert
</Location>
CONF
$server{ttrp} = server('ttrp', $ttrp_port, 'accept-ttrp', <<"CONF");
SSLCACertificateFile @{[ pki('client-ca.crt') ]}
ClientCertForward cms
ClientCertSigner $signer
SSLProxyEngine on
SSLProxyVerify require
SSLProxyCACertificateFile @{[ pki('server-ca.crt') ]}
SSLProxyMachineCertificateFile $signer
# None that the origin is about to close.
ProxyPass / https://localhost:$origin_port/ ttl=1
CONF

sub children {
    my ($server) = @_;
    return split ' ', slurp("/proc/$server->{pid}/task/$server->{pid}/children");
}

# KB that are in the process's use and no file's.
sub anonymous {
    my ($pid) = @_;
    return slurp("/proc/$pid/smaps_rollup") =~ /^Anonymous:\s*(\d+) kB/m ? $1 : die "$pid?";
}

sub taken {
    return map {
        my ($child, @more) = children($server{$_});
        die "$_ has several children" if @more;
        ($_ => anonymous($child), "$_, parent" => anonymous($server{$_}{pid}));
    } sort keys %server;
}

my $refused = 0;

sub ask {
    my ($name) = @_;
    my $client = ClientCertTest::Client->connect(
        port => $ttrp_port, tls => '1.3', cert => $name, key => 'client-p256.key',
    );
    $refused++ if $client->request('/index.html')->status != 200;
    $client->close;
    return;
}

my ($ca, $ca_key) = (PEM_file2cert(pki('client-ca.crt')), PEM_file2key(pki('client-ca.key')));
my $key = PEM_file2key(pki('client-p256.key'));
# Large certificates, since the size is what counts.
my @names = map { [URI => "https://clients.example/$_/" . 'x' x 270] } 1 .. 10;
my $stranger = "stranger.$$";
END { unlink pki("$stranger.crt") if $stranger }

my $number = 0;

sub strangers_pass {
    my ($count) = @_;
    for (1 .. $count) {
        my ($certificate) = CERT_create(
            subject => { commonName => 'stranger ' . ++$number }, purpose => 'client',
            issuer_cert => $ca, issuer_key => $ca_key, key => $key, digest => 'sha256',
            subjectAltNames => \@names,
        );
        spew(pki("$stranger.crt"), PEM_cert2string($certificate));
        CERT_free($certificate);
        ask($stranger);
    }
    return;
}

sub at_most {
    my ($now, $before, $most, $what) = @_;
    cmp_ok($now - $before, '<=', $most, $what)
        or diag("from $before KB to $now");
    return;
}

# The same work for one client: what the servers take for themselves, they have then.
ask('client-p256') for 1 .. 300;
my %warm = taken();
strangers_pass($strangers);
my %full = taken();
my $bound = $cache * 1.1 + $tolerance;
at_most($full{$_}, $warm{$_}, $bound, "$_: within the cache's size") for sort keys %server;

for my $n (1 .. 3) {
    my @old = map { children($_) } values %server;
    for my $server (values %server) {
        $server->graceful or die 'no restart';
    }
    ok(wait_for(sub { !grep { -e "/proc/$_" } @old }, 60), "restart $n: the old processes are gone");
    strangers_pass($after_restart);
    my %now = taken();
    for my $who (sort keys %server) {
        at_most($now{$who}, $warm{$who}, $bound, "restart $n: no more for the $who");
        my $parent = "$who, parent";
        at_most($now{$parent}, $warm{$parent}, $parent_tolerance, 'nor for its parent');
    }
}
is($refused, 0, 'all clients were served');

done_testing;
