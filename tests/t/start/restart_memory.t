# SPDX-License-Identifier: Apache-2.0

# What a server holds of its files in case that one turns bad is replaced at each
# restart, and wiped: it does not pile up, and no old key stays in memory.

use ClientCertTest;
use ClientCertTest::Mistakes;

my $scratch = scratch();
my $port = free_port();
my ($signer, $anchors) = map {"$scratch/$_.pem"} qw(signer anchors);

# 100 KB of anchors: what piles up in 100 restarts is 10 MB.
my @cas = map { slurp(pki("$_.crt")) } qw(server-ca client-ca foreign-ca);
my $bundle = join '', @cas, "\n", '#' x 100_000, "\n";
my @names = qw(signer-p256 signer-rsa2048);

sub renew {
    my ($n) = @_;
    # Every third time neither can be used.
    spew($signer, $n % 3 == 2 ? "half of a file\n" : slurp(pki("$names[$n % 2].pem")));
    spew($anchors, $bundle, $n % 3 == 2 ? "-----BEGIN CERTIFICATE-----\n" : '');
    return;
}

renew(0);
my $server = ClientCertTest::Server->new(name => 'restarts', config => server_config(port => $port,
    lines => "ClientCertSigner $signer\n<Location /accept>\nClientCertAccept cms\nClientCertTrust $anchors\n"
        . "ClientCertTrustName a.example\n</Location>"));
$server->start;

sub memory {
    my ($kib) = slurp("/proc/$server->{pid}/status") =~ /^VmRSS:\s+(\d+) kB/m;
    return $kib;
}

my $restarts = 0;
my $before;
my $signed = 0;
for my $n (1 .. 120) {
    renew($n);
    $server->graceful and $restarts++;
    $before = memory() if $n == 20;
}
is($restarts, 120, 'restarts');
my $grown = memory() - $before;
diag "100 restarts: $grown KiB more";
cmp_ok($grown, '<', 2048, 'the parent does not grow');
is(signer(get('/', port => $port, cert => 'client-rsa')), 'signer-p256', 'signed');

# All that the server can write to, as far as it can be read.
sub in_memory {
    no warnings 'portable';
    my ($wanted) = @_;
    my $found = 0;
    open my $memory, '<:raw', "/proc/$server->{pid}/mem" or return;
    for (split /\n/, slurp("/proc/$server->{pid}/maps")) {
        my ($from, $to) = /^([0-9a-f]+)-([0-9a-f]+) rw/ or next;
        sysseek $memory, hex $from, 0 or next;
        my $read = sysread $memory, my $content, hex($to) - hex($from) or next;
        $found += () = $content =~ /\Q$wanted\E/g;
    }
    return $found;
}

SKIP: {
    # A line in the middle of the key.
    my ($old, $new) = map { (split /\n/, slurp(pki("$_.key")))[2] } qw(signer-p521 signer-p384);
    skip "another process's memory cannot be read here" unless defined in_memory($old);
    put('signer-p521');
    is(in_memory($old), 1, 'the key is there once');
    spew($signer, '');
    $server->graceful;
    is(in_memory($old), 1, 'and so it is while the file is bad');
    put('signer-p384');
    is(in_memory($new), 1, 'the new one is there once');
    is(in_memory($old), 0, 'the old one is gone');
}

sub put {
    my ($name) = @_;
    spew($signer, slurp(pki("$name.pem")));
    return ok($server->graceful, "$name: restarted");
}

unlike($server->said, qr/exit signal/, 'no child died');

done_testing;
