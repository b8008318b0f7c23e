# SPDX-License-Identifier: Apache-2.0

# No client gets another's certificate: many clients at once, with keep-alive,
# HTTP/2 and resumed sessions mixed, against several processes. What tests/
# crosstalk.sh runs at length, here in short; CROSSTALK_COUNT and CROSSTALK_MPMS
# say how much.

use ClientCertTest;
use ClientCertTest::Raw 'python';
use File::Basename 'dirname';

my $count = $ENV{CROSSTALK_COUNT} || 2_000;
my @mpms = split ' ', $ENV{CROSSTALK_MPMS} || 'event worker prefork';
my $clients = $ENV{CROSSTALK_CLIENTS} || 200;
my $program = dirname($INC{'ClientCertTest.pm'}) . '/../crosstalk.py';

my $certificates = "$ENV{TEST_SERVERS}/crosstalk.$$";
mkdir $certificates or die "$certificates: $!";
for my $n (1 .. $clients) {
    openssl(qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 10),
        '-subj', "/O=mod_client_cert tests/CN=client $n", '-CA', pki('client-ca.crt'),
        '-CAkey', pki('client-ca.key'), '-addext', 'keyUsage = critical,digitalSignature',
        '-keyout', "$certificates/client-$n.key", '-out', "$certificates/client-$n.crt");
}

my $origin_port = free_port();
my $documents = "$certificates/documents";
mkdir $documents;
spew("$documents/page", "a page\n");
my $origin = ClientCertTest::Server->new(
    name => 'crosstalk-origin',
    own => 0,
    modules => load_modules(qw(mpm_event authz_core headers)),
    config => <<"CONF",
Listen 127.0.0.1:$origin_port
LimitRequestFieldSize 32000
CustomLog /dev/null tests
DocumentRoot "$documents"
MaxRequestWorkers 75
KeepAliveTimeout 60
Header always set X-Got-Cms "expr=%{req_novary:Client-Cert}"
Header always set X-Got-Rfc9440 "expr=%{req_novary:X-Client-9440}"
Header always set X-Got-Id "expr=%{req_novary:X-Id}"
CONF
);
$origin->start;

sub ttrp {
    my ($mpm, $lifetime) = @_;
    my $port = free_port();
    my $modules = load_modules() =~ s/mpm_event/mpm_$mpm/gr;
    $modules =~ s/^LoadModule http2_.*\n//m, $modules =~ s/^LoadModule proxy_http2_.*\n//m
        if $mpm eq 'prefork';
    my $processes = $mpm eq 'prefork' ? "StartServers 8\nMaxRequestWorkers 40" : <<'THREADS';
StartServers 4
ServerLimit 4
ThreadsPerChild 12
MinSpareThreads 48
MaxSpareThreads 48
MaxRequestWorkers 48
THREADS
    my $server = ClientCertTest::Server->new(
        name => "crosstalk-$mpm",
        modules => $modules,
        log_level => 'warn',
        config => <<"CONF",
Listen 127.0.0.1:$port
$processes
LogLevel warn client_cert:warn
@{[ $mpm eq 'prefork' ? '' : 'Protocols h2 http/1.1' ]}
# Too small for all of them, so that signatures come and go.
ClientCertSignatureCache 100K
ClientCertSignatureLifetime $lifetime
<VirtualHost 127.0.0.1:$port>
    ServerName crosstalk.test
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient require
    ClientCertForward cms
    ClientCertForward rfc9440 X-Client-9440
    ProxyPass / http://127.0.0.1:$origin_port/
</VirtualHost>
CONF
    );
    $server->{port} = $port;
    return $server->start;
}

for my $mpm (@mpms) {
    my $server = ttrp($mpm, 60);
    my @command = (python(), $program, '--port', $server->{port}, qw(--name crosstalk.test),
        '--certificates', $certificates, '--count', $count,
        $mpm eq 'prefork' ? '--no-http2' : ());
    open my $pipe, '-|', @command or die "$command[0]: $!";
    my $said = do { local $/; <$pipe> } // '';
    close $pipe;
    my $status = $?;
    my ($totals) = $said =~ /^(clients=.*)$/m;
    my %total = ($totals // '') =~ /(\w+)=([\d.]+)/g;
    is($status, 0, "$mpm: every request its own client's certificate") or diag($said);
    is($total{requests}, $count, 'all of them answered');
    is($total{wrong}, 0, 'none wrong');
    diag("$mpm: $totals") if $totals && $ENV{CROSSTALK_COUNT};
    cmp_ok($total{resumed} // 0, '>', 0, 'some sessions were resumed');
    cmp_ok($total{http2} // 0, '>', 0, 'some over HTTP/2') if $mpm ne 'prefork';
    my %processes = slurp($server->access_log) =~ /^id=\S+ (pid=\d+)()/mg;
    cmp_ok(scalar keys %processes, '>', 1, 'by ' . keys(%processes) . ' processes');
    $server->stop;
}

done_testing;
