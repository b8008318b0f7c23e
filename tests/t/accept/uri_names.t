# SPDX-License-Identifier: Apache-2.0

# ClientCertTrustName with URIs: a signer, or the TLS peer that is believed, by its SPIFFE ID. It
# is the only URI of the certificate, octet by octet.

use ClientCertTest;
use ClientCertTest::Accept;
use MIME::Base64 'encode_base64';

trust_pki();
my $id = 'spiffe://example.org/edge/proxy';
my @server = (as => 'server', ca => 'server-ca');
my %PEER = (
    only => { uris => [$id] },
    beside => { uris => [$id], names => ['somebody.example'] },
    https => { uris => ['https://Proxy.example:443/a?b=c,d;e'] },
    several => { uris => [$id, 'spiffe://example.org/other'] },
    twice => { uris => [$id, $id] },
    other => { uris => ['spiffe://example.org/edge/other'] },
    below => { uris => ["$id/below"] },
    above => { uris => ['spiffe://example.org/edge'] },
    capitals => { uris => ['spiffe://example.org/edge/Proxy'] },
    domain => { uris => ['spiffe://Example.org/edge/proxy'] },
    name => { names => ['proxy.example'] },
    none => {},
);
issue(name => "uri-$_.$$", @server, %{ $PEER{$_} }) for sort keys %PEER;

my $origin = accept_origin(lines => "<Location /der>\nClientCertAccept der\n</Location>\n"
    . "<Location /loose>\nClientCertTrustPeer off\n</Location>", accept => join "\n", 'ClientCertAccept cms',
    'ClientCertTrust ' . pki('server-ca.crt'), "ClientCertTrustName $id https://Proxy.example:443/a?b=c,d;e");

sub is_client {
    my ($response, $what) = @_;
    is($response->status, 200, $what) or diag((error_lines($origin))[-1]);
    is((env_of($response) // {})->{SSL_CLIENT_S_DN_CN}, 'client-rsa', "$what: the client");
    return;
}

sub refused {
    my ($response, $has, $what) = @_;
    is($response->status, 403, $what);
    is(env_of($response), undef, "$what: nothing ran");
    like((error_lines($origin))[-1], qr/none of the trusted names: $has$/, "$what: the names");
    return;
}

# How the name is asked for: of a signer that is the peer, of one that is not, and of a peer.
my $der = encode_base64(der_of('client-rsa'), '');
my %WAYS = (
    'signed by the peer' => sub { ['/x', cert => $_[0], headers => ['Client-Cert' => signed_value($_[0], 'client-rsa')]] },
    'signed by another' => sub { ['/loose/x', headers => ['Client-Cert' => signed_value($_[0], 'client-rsa')]] },
    'believed' => sub { ['/der/x', cert => $_[0], headers => ['X-Client-Cert' => $der]] },
);
for my $way (sort keys %WAYS) {
    my $as = sub { ask($origin->{https}, @{ $WAYS{$way}->("uri-$_[0].$$") }) };
    subtest $way => sub {
        is_client($as->($_), $_) for qw(only beside https);
        for (
            ['several', "it has \Q$id\E, spiffe://example\\.org/other \\(of several URIs none counts\\)"],
            ['twice', "it has \Q$id\E, \Q$id\E \\(of several URIs none counts\\)"],
            ['other', 'it has spiffe://example\.org/edge/other'],
            ['below', "it has \Q$id\E/below"],
            ['above', 'it has spiffe://example\.org/edge'],
            ['capitals', 'it has spiffe://example\.org/edge/Proxy'],
            ['domain', 'it has spiffe://Example\.org/edge/proxy'],
            ['name', 'it has proxy\.example'],
            ['none', 'it has none'],
        ) {
            refused($as->($_->[0]), $_->[1], $_->[0]);
        }
    };
}

subtest 'our own proxy, with mutual TLS' => sub {
    my $ttrp = accept_ttrp($origin, signer => "uri-beside.$$", lines => "<Location /der>\nClientCertForward der\n</Location>");
    is_client(ask($ttrp->{port}, $_, sni => 'ttrp.test', cert => 'client-rsa'), $_) for '/x', '/der/x';
};

done_testing;
