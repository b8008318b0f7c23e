# SPDX-License-Identifier: Apache-2.0

# Files that are whole, but have ended or are another's, at a restart: they are used, since an
# administrator put them there, and nothing is signed or accepted by what has ended.
# start/restart_files.t has those that cannot be read or used.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Mistakes 'scratch';

trust_pki();
my $scratch = scratch();
my ($signer, $anchors, $pins, $crls, $cas, $client_crls) =
    map {"$scratch/$_.pem"} qw(signer anchors pins crls cas client-crls);
issue(name => "ended-ca.$$", as => 'ca', start => -20, end => -1);
issue(name => "ended-pin.$$", ca => 'server-ca', as => 'server', names => ['ttrp.example'], start => -20, end => -1);

my %GOOD = (
    $signer => slurp(pki('signer-p256.pem')),
    $anchors => slurp(pki('server-ca.crt')),
    $pins => slurp(pki('accept-ttrp.crt')),
    $crls => slurp(crl("files.$$", 'server-ca', [])),
    $cas => slurp(pki('client-ca.crt')) . slurp(pki('client-intermediate.crt')),
    $client_crls => slurp(crl("files-clients.$$", 'client-ca', [])),
);
spew($_, $GOOD{$_}) for keys %GOOD;

my $port = free_port();
my $proxy = ClientCertTest::Server->new(name => 'ended-proxy',
    config => server_config(port => $port, lines => "ClientCertSigner $signer")
        =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/}mr);
$proxy->start;
my $TRUST = "ClientCertTrust $anchors\nClientCertTrustName ttrp.example";
my %SECTIONS = (
    anchors => $TRUST,
    pins => "ClientCertTrust $pins",
    crls => "$TRUST\nClientCertTrustCRL $crls",
    clients => "$TRUST\nClientCertClientTrust $cas",
    'client-crls' => "$TRUST\nClientCertClientTrust $cas\nClientCertClientCRL $client_crls",
);
my $origin = accept_origin(accept => '', lines => join '', map {
    "<Location /$_>\nClientCertAccept cms\n$SECTIONS{$_}\n</Location>\n"
} sort keys %SECTIONS);

sub signed_status {
    my $response = get('/', port => $port, sni => 'ttrp.test', cert => 'client-rsa');
    is(backend_saw($response), $response->status == 200 ? 1 : 0, 'what the backend saw');
    return $response->status == 200 ? forwarded($response) : $response->status;
}

sub accepted_status {
    my ($section) = @_;
    my $response = ask($origin->{https}, "/$section", cert => 'accept-ttrp',
        headers => ['Client-Cert' => signed_value('accept-ttrp', 'client-rsa')]);
    return $response->status if $response->status != 200;
    return env_of($response)->{SSL_CLIENT_S_DN_CN};
}

is(signed_status(), 'client-rsa', 'signed at first');
is(accepted_status($_), 'client-rsa', "$_: accepted at first") for sort keys %SECTIONS;

my $NO_PATH = qr/info.*does not lead to a trust anchor:/;
my $NO_CLIENT_PATH = qr/info.*does not lead to a trust anchor for clients/;

# What is there at a restart; the status; a line of the restart, if there is one, and one of the
# request.
for (
    ['a signer that has ended', $signer, slurp(pki('signer-expired.pem')), undef, 500,
        qr/warn.*\Q$signer\E.*expired/, qr/error.*expired.*not forwarded/],
    ['anchors that have ended', $anchors, slurp(pki("ended-ca.$$.crt")), 'anchors', 403,
        qr/warn.*\Q$anchors\E.*expired.*nothing is accepted/, $NO_PATH],
    ["another's anchors", $anchors, slurp(pki('foreign-ca.crt')), 'anchors', 403, undef, $NO_PATH],
    ['a pin that has ended', $pins, slurp(pki("ended-pin.$$.crt")), 'pins', 403,
        qr/warn.*\Q$pins\E.*expired.*nothing is accepted/, $NO_PATH],
    ["another's pin", $pins, slurp(pki('accept-other.crt')), 'pins', 403, undef, $NO_PATH],
    ['CRLs that have ended', $crls, slurp(crl("ended.$$", 'server-ca', [], ended => 1)), 'crls', 403,
        qr/warn.*\Q$crls\E.*expired/, qr/info.*CRL.*out of date/],
    ["another's CRLs", $crls, slurp(crl("others.$$", 'foreign-ca', [])), 'crls', 403,
        qr/warn.*\Q$crls\E.*none of its CRLs/, qr/info.*there is no CRL/],
    ['CAs of clients that have ended', $cas, slurp(pki("ended-ca.$$.crt")), 'clients', 403,
        qr/warn.*\Q$cas\E.*expired.*no client is accepted/, $NO_CLIENT_PATH],
    ["another's CAs of clients", $cas, slurp(pki('foreign-ca.crt')), 'clients', 403, undef, $NO_CLIENT_PATH],
    ['CRLs of clients that have ended', $client_crls,
        slurp(crl("ended-clients.$$", 'client-ca', [], ended => 1)), 'client-crls', 403,
        qr/warn.*\Q$client_crls\E.*expired/, qr/info.*CRL.*out of date/],
    ["another's CRLs of clients", $client_crls, slurp(crl("others.$$", 'foreign-ca', [])), 'client-crls', 403,
        qr/warn.*\Q$client_crls\E.*none of its CRLs/, qr/info.*there is no CRL/],
) {
    my ($what, $file, $content, $section, $status, $restart, $request) = @$_;
    subtest $what => sub {
        my $server = defined $section ? $origin : $proxy;
        my $ask = sub { defined $section ? accepted_status($section) : signed_status() };
        spew($file, $content);
        my $seen = length $server->said;
        ok($server->graceful, 'restarted');
        my $said = substr $server->said, $seen;
        like($said, qr/client_cert:$restart/, 'a line of the restart') if $restart;
        unlike($said, qr/client_cert:(?:error|crit)/, 'no error');
        $seen = length $server->said;
        is($ask->(), $status, 'the status');
        like(substr($server->said, $seen), qr/client_cert:$request/, 'the line of the request');
        spew($file, $GOOD{$file});
        ok($server->graceful, 'put right');
        is($ask->(), 'client-rsa', 'is good again');
    };
}

done_testing;
