# SPDX-License-Identifier: Apache-2.0

# Anchors, CRLs and signers that are of no use now start the server, and are warned
# of, at the start and at each restart: what they would have accepted is refused.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Mistakes;

trust_pki();
my $date = qr/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/;
my @server = (as => 'server', ca => 'server-ca', names => ['ttrp.example', '*.test']);
my ($past, $future, $user) = map {"warned-$_.$$"} qw(past future user);
issue(name => $past, @server, start => -10, end => -1);
issue(name => $future, @server, start => 2, end => 60);
issue(name => $user, @server, as => 'client');
my ($old_ca, $other_ca) = map {"warned-$_-ca.$$"} qw(old other);
issue(name => $old_ca, as => 'ca', start => -10, end => -1);
issue(name => $other_ca, as => 'ca');
issue(name => "warned-ttrp.$$", @server, ca => $old_ca);

my %CRL = (
    good => crl("warned-good.$$", 'server-ca', []),
    old => crl("warned-old.$$", 'server-ca', [], ended => 1),
    other => crl("warned-other.$$", $other_ca, []),
);
my $TRUST = 'ClientCertTrust ' . pki('server-ca.crt') . "\nClientCertTrustName ttrp.example";

# CAs of clients.
my $old_client_ca = issue(name => "warned-client-ca.$$", as => 'ca', start => -10, end => -1);
my %CLIENTS = (
    good => crl("warned-clients.$$", 'client-ca', []),
    old => crl("warned-clients-old.$$", 'client-ca', [], ended => 1),
);
my $CLIENT_TRUST = "$TRUST\nClientCertClientTrust " . pki('client-ca.crt');

# What is configured, what the warnings say, and who is refused with it.
my @CASES = (
    ['all good', "$TRUST\nClientCertTrustCRL $CRL{good}", [], undef],
    ['an expired pin', 'ClientCertTrust ' . pki("$past.crt"),
        [qr/ClientCertTrust \Q@{[ pki("$past.crt") ]}\E .*"CN=\Q$past\E.*": expired \(notAfter $date\)/], $past],
    ['a pin of tomorrow', 'ClientCertTrust ' . pki("$future.crt"),
        [qr/ClientCertTrust .*"CN=\Q$future\E.*": not valid yet \(notBefore $date\)/], $future],
    ['an expired CA', 'ClientCertTrust ' . pki("$old_ca.crt") . "\nClientCertTrustName ttrp.example",
        [qr/ClientCertTrust .*"CN=\Q$old_ca\E.*": expired \(notAfter $date\)/], "warned-ttrp.$$"],
    ['an expired CA beside a good one', 'ClientCertTrust '
        . file('both.pem', map { slurp(pki("$_.crt")) } $old_ca, 'server-ca') . "\nClientCertTrustName ttrp.example",
        [qr/ClientCertTrust .*both\.pem.*"CN=\Q$old_ca\E/], "warned-ttrp.$$"],
    ['a CRL that is out of date', "$TRUST\nClientCertTrustCRL $CRL{old}",
        [qr/ClientCertTrustCRL \Q$CRL{old}\E .*"CN=server-ca.*": expired \(nextUpdate $date\)/], 'accept-ttrp'],
    ['one beside one that is not', "$TRUST\nClientCertTrustCRL "
        . file('two.crl', map { slurp($CRL{$_}) } qw(old good)), [], undef],
    ["another CA's CRL", "$TRUST\nClientCertTrustCRL $CRL{other}",
        [qr/ClientCertTrustCRL \Q$CRL{other}\E .*none of its CRLs is of a CA in ClientCertTrust .*server-ca\.crt/],
        'accept-ttrp'],
    ['a CRL for a pin', 'ClientCertTrust ' . pki('accept-ttrp.crt') . "\nClientCertTrustCRL $CRL{good}",
        [qr/ClientCertTrustCRL .*holds no CA/], undef],
    ['a CRL in a section, its anchors in the server', "$TRUST\n<Location /x>\nClientCertTrustCRL $CRL{other}\n</Location>",
        [qr/ClientCertTrustCRL \Q$CRL{other}\E/], undef],
    ['clients verified', "$CLIENT_TRUST\nClientCertClientCRL $CLIENTS{good}", [], undef],
    ['an expired CA of clients', "$TRUST\nClientCertClientTrust "
        . file('clients.pem', map { slurp(pki("$_.crt")) } $old_client_ca, 'client-ca'),
        [qr/ClientCertClientTrust .*clients\.pem.*"CN=\Q$old_client_ca\E.*": expired \(notAfter $date\); no client/], undef],
    ['a CRL of clients that is out of date', "$CLIENT_TRUST\nClientCertClientCRL $CLIENTS{old}",
        [qr/ClientCertClientCRL \Q$CLIENTS{old}\E .*"CN=client-ca.*": expired \(nextUpdate $date\); no client of this issuer/],
        'accept-ttrp'],
    ["another CA's CRL for clients", "$CLIENT_TRUST\nClientCertClientCRL $CRL{other}",
        [qr/ClientCertClientCRL \Q$CRL{other}\E .*none of its CRLs is of a CA in ClientCertClientTrust .*client-ca\.crt/],
        'accept-ttrp'],
);

sub warnings_of { return grep {/client_cert:(?:warn|error)/ && !/LogFormat/} split /\n/, $_[0] }

for (@CASES) {
    my ($what, $lines, $expected, $refused) = @$_;
    subtest $what => sub {
        my $origin = accept_origin(accept => "ClientCertTrustPeer off\nClientCertAccept cms\n$lines");
        my $start = $origin->said;
        ok($origin->graceful, 'a restart');
        my %said = (start => $start, restart => substr $origin->said, length $start);
        for my $when (sort keys %said) {
            my @warnings = warnings_of($said{$when});
            is(scalar @warnings, scalar @$expected, "$when: warnings") or diag join "\n", @warnings;
            like($warnings[$_] // '', $expected->[$_], 'that name directive, file, subject and date') for 0 .. $#$expected;
            like($_, qr/httpd\.conf:\d+/, 'and the place') for @warnings;
        }
        my $signer = $refused // 'accept-ttrp';
        my $response = ask($origin->{https}, '/', headers => ['Client-Cert' => signed_value($signer, 'client-rsa')]);
        is($response->status, $refused ? 403 : 200, ($refused ? 'refused' : 'accepted') . ": $signer");
        $origin->stop;
    };
}

subtest 'an intermediate of a signer' => sub {
    my $ca = issue(name => "warned-intermediate.$$", as => 'ca', ca => 'server-ca', start => -10, end => -1);
    my $name = issue(name => "warned-under.$$", @server, ca => $ca);
    my $server = ClientCertTest::Server->new(name => 'intermediate', config => server_config(port => free_port(),
        lines => 'ClientCertSigner ' . pki("$name.pem")));
    $server->start;
    my @warnings = warnings_of($server->said);
    is(scalar @warnings, 1, 'one warning') or diag join "\n", @warnings;
    like($warnings[0] // '', qr/ClientCertSigner .*\Q$name.pem\E.*"CN=\Q$ca\E.*": expired \(notAfter $date\).*refuse/,
        'that names it');
};

subtest 'what stays in use is warned of, too' => sub {
    # The server's own reading is of no use, and what it goes on with soon.
    my $soon = issue(name => "warned-soon.$$", @server, end_s => 8);
    my $file = file('soon.pem', slurp(pki("$soon.crt")));
    my $origin = accept_origin(accept => "ClientCertTrustPeer off\nClientCertAccept cms\nClientCertTrust $file");
    my @before = warnings_of($origin->said);
    is(scalar @before, 1, 'one warning') or diag join "\n", @before;
    like($before[0] // '', qr/warn.*\Q$file\E.*expires in less than 2 days/, 'that it is about to expire');
    my $status = sub {
        ask($origin->{https}, '/', headers => ['Client-Cert' => signed_value($soon, 'client-rsa')])->status;
    };
    is($status->(), 200, 'accepted');
    unlink $file;
    sleep 9;
    my $before = length $origin->said;
    ok($origin->graceful, 'a restart');
    my @said = warnings_of(substr $origin->said, $before);
    is(scalar @said, 2, 'an error and a warning') or diag join "\n", @said;
    like($said[0] // '', qr/error.*stays in use/, 'the file is gone');
    like($said[1] // '', qr/warn.*expired \(notAfter $date\)/, 'and what was in it has expired');
    is($status->(), 403, 'refused');
};

done_testing;
