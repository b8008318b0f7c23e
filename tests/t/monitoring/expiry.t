# SPDX-License-Identifier: Apache-2.0

# Signers, anchors and CRLs that expire within 30 days are warned of at the start, a line a file, and
# when they do, an error: by the parent, however many children and requests there are.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Status;

trust_pki();
my @server = (as => 'server', ca => 'server-ca', names => ['ttrp.example', '*.test']);
my %name = map { $_ => "expiry-$_.$$" } qw(near far own pin soon);
issue(name => $name{near}, @server, end_s => 10 * 86_400 + 3_600);
issue(name => $name{far}, @server, end => 31);
issue(name => $name{own}, @server, end_s => 20 * 86_400 + 3_600);
issue(name => $name{pin}, @server, end_s => 5 * 86_400 + 3_600);
my ($near_crl, $far_crl) = (crl("expiry-near.$$", 'server-ca', [], days => 3), crl("expiry-far.$$", 'server-ca', []));
my $pins = pki("expiry-pins.$$.pem");
spew($pins, map { slurp(pki("$_.crt")) } $name{pin}, $name{far}, 'accept-ttrp', $name{near});

issue(name => $name{soon}, @server, end_s => 20);
my ($port, $status) = (free_port(), free_port());
my $trust = 'ClientCertTrust ' . pki('server-ca.crt') . "\nClientCertTrustName ttrp.example";
my @hosts = map {
    server_config(port => $port, name => "$_->[0].test", signer => $_->[1], lines => $_->[2])
} ['near', 'signer-p256', 'ClientCertSigner ' . pki("$name{near}.pem")],
    ['far', 'signer-p256', 'ClientCertSigner ' . pki("$name{far}.pem")],
    ['own', $name{own}, ''], ['own-too', $name{own}, ''],
    ['soon', 'signer-p256', 'ClientCertSigner ' . pki("$name{soon}.pem")];
s/^.*?(?=<VirtualHost)//s for @hosts[1 .. $#hosts];
my $server = ClientCertTest::Server->new(name => 'expiry', crash => qr{exit signal Killed}, config => join "\n", @hosts, status_host($status), <<"CONF");
StartServers 3
<Location /pins>
    ClientCertAccept cms
    ClientCertTrust $pins
</Location>
<Location /near>
    ClientCertAccept cms
    $trust
    ClientCertTrustCRL $near_crl
</Location>
<Location /far>
    ClientCertAccept cms
    $trust
    ClientCertTrustCRL $far_crl
</Location>
CONF
$server->start;

my $date = qr/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/;
sub lines { return grep {/client_cert:.*\bexpire[sd]\b/} split /\n/, $_[0] }
sub found { my ($pattern, @lines) = @_; return scalar grep {/$pattern/} @lines }

my @EXPECTED = (
    qr/:warn.*ClientCertSigner \Q@{[ pki("$name{near}.pem") ]}\E \(.*httpd\.conf:\d+\): certificate "CN=\Q$name{near}\E.*" expires in 10 days \(notAfter $date\); then requests/,
    qr/:warn.*ClientCertSigner server \(SSLCertificateFile of own(?:-too)?\.test\): certificate "CN=\Q$name{own}\E.*" expires in 20 days/,
    qr/:warn.*ClientCertSigner \Q@{[ pki("$name{soon}.pem") ]}\E .* expires in less than 2 days/,
    qr/:warn.*ClientCertTrust \Q$pins\E .*"CN=\Q$name{pin}\E.*" expires in 5 days .*; so do or did 1 more of this file/,
    qr/:warn.*ClientCertTrustCRL \Q$near_crl\E .*CRL of "CN=server-ca.*" expires in [23] days \(nextUpdate $date\); then no signer/,
);
sub all_said {
    my ($what, @lines) = @_;
    return subtest $what => sub {
        is(scalar @lines, scalar @EXPECTED, 'a line a file') or diag join "\n", @lines;
        is(found($_, @lines), 1, "$_") for @EXPECTED;
    };
}
all_said('at the start', lines($server->said));
is(get('/', port => $port, sni => "$_.test", cert => 'client-rsa')->status, 200, "$_: a request") for qw(near own) x 5;
kill KILL => $_ for children($server);
wait_for { eval { totals_of($status)->{Expiries} } };
all_said('not by requests and children', lines($server->said));
my $totals = totals_of($status);
like($totals->{'Expiry-0'}, qr/^\d+ signer ClientCertSigner \S+\Q$name{soon}\E/, 'the first on the status page');
my @times = map { $totals->{"Expiry-$_"} =~ /^(\d+)/ } 0 .. $totals->{Expiries} - 1;
is_deeply(\@times, [sort { $a <=> $b } @times], 'the others follow by their time');

subtest 'one that expires' => sub {
    my $said = wait_for { found(qr/expired/, lines($server->said)) } 90;
    ok($said, 'is said to have');
    my @lines = grep {/expired/} lines($server->said);
    is(scalar @lines, 1, 'once') or diag join "\n", @lines;
    like($lines[0], qr/:error.*ClientCertSigner \Q@{[ pki("$name{soon}.pem") ]}\E .*"CN=\Q$name{soon}\E.*" expired \(notAfter $date\); requests that are to be signed are answered 500/,
        'as an error');
    is(get('/', port => $port, sni => 'soon.test', cert => 'client-rsa')->status, 500, 'and they are');
};

subtest 'at a restart' => sub {
    my $before = length $server->said;
    ok($server->graceful, 'a graceful restart');
    my @lines = lines(substr $server->said, $before);
    is(found($EXPECTED[$_], @lines), 1, "$EXPECTED[$_]") for 0, 1, 3, 4;
    is(found(qr/\Q$name{soon}\E.*expired/, @lines), 1, 'what has expired is warned of, once');
    is(scalar @lines, 5, 'nothing else is said') or diag join "\n", @lines;
};
$server->stop;

done_testing;
