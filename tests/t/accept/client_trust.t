# SPDX-License-Identifier: Apache-2.0

# ClientCertClientTrust and ClientCertClientCRL: the origin verifies the client's
# own certificate, with the intermediates of its file and of Client-Cert-Chain,
# whether the header is signed or not.

use ClientCertTest;
use ClientCertTest::Accept;
use MIME::Base64 'encode_base64';

trust_pki();
my $scratch = pki("client-trust.$$");
mkdir $scratch or die "$scratch: $!";
END { system 'rm', '-rf', $scratch if $scratch }

sub bundle {
    my ($name, @cas) = @_;
    return spew("$scratch/$name", map { slurp(pki("$_.crt")) } @cas);
}

my %FILE = (
    root => bundle('root.pem', 'client-ca'),
    lower => bundle('lower.pem', 'client-ca', 'client-intermediate'),
    foreign => bundle('foreign.pem', 'foreign-ca'),
    both => bundle('both.pem', 'client-ca', 'foreign-ca'),
);
my %CRL = (
    none => crl("client-none.$$", 'client-ca', []),
    rsa => crl("client-revoked.$$", 'client-ca', ['client-rsa']),
    middle => crl("client-middle.$$", 'client-ca', ['client-intermediate']),
    old => crl("client-old.$$", 'client-ca', [], ended => 1),
    lower => crl("client-lower.$$", 'client-intermediate', []),
);
my $all = spew("$scratch/all.crl", map { slurp($_) } @CRL{qw(none lower)});


my $origin = accept_origin(
    global => "Protocols h2 http/1.1\nLogLevel client_cert:trace1",
    lines => <<"LINES",
ClientCertTrustPeer off
<Location /root>
    ClientCertClientTrust $FILE{root}
</Location>
<Location /root/off>
    ClientCertAccept off
</Location>
<Location /lower>
    ClientCertClientTrust $FILE{lower}
</Location>
<Location /foreign>
    ClientCertClientTrust $FILE{foreign}
</Location>
<Location /both>
    ClientCertClientTrust $FILE{both}
</Location>
<Location /crl>
    ClientCertClientTrust $FILE{root}
    ClientCertClientCRL $all
</Location>
<Location /crl/revoked>
    ClientCertClientCRL $CRL{rsa}
</Location>
<Location /crl/middle>
    ClientCertClientCRL $CRL{middle}
</Location>
<Location /crl/old>
    ClientCertClientCRL $CRL{old}
</Location>
<Location /crl/lower>
    ClientCertClientCRL $CRL{lower}
</Location>
<Location /rfc9440>
    ClientCertAccept rfc9440
    ClientCertTrustPeer on
    ClientCertClientTrust $FILE{root}
</Location>
<Location /der>
    ClientCertAccept der
    ClientCertTrustPeer on
    ClientCertClientTrust $FILE{root}
</Location>
LINES
);

sub chain_of { return join ', ', map { sf_value($_) } @_ }

# A request with a value for this client, and these headers.
sub send_client {
    my ($path, $client, @headers) = @_;
    return ask($origin->{https}, $path, cert => 'accept-ttrp',
        headers => ['Client-Cert' => signed_value('accept-ttrp', $client), @headers]);
}

sub reason {
    my ($line) = (error_lines($origin))[-1] =~ /\[client_cert:info\].* is refused: (.*)/;
    return $line // 'nothing';
}

sub is_accepted {
    my ($response, $client, $what) = @_;
    is($response->status, 200, $what) or diag(reason());
    my $env = env_of($response) // {};
    is($env->{SSL_CLIENT_S_DN_CN}, $client, "$what: the client");
    is_deeply([grep {/HTTP_CLIENT_CERT/} keys %$env], [], "$what: no header goes further");
    return;
}

sub is_refused {
    my ($response, $status, $reason, $what) = @_;
    is($response->status, $status, $what);
    like(reason(), $reason, "$what: the reason");
    is(env_of($response), undef, "$what: nothing ran");
    is(note_of($origin, $response), 'refused', "$what: the note");
    return;
}

my @UNDER = ('Client-Cert-Chain', chain_of('client-intermediate'));
my @DEEPEST = ('Client-Cert-Chain', chain_of('client-deeper', 'client-intermediate'));

subtest 'where the intermediates come from' => sub {
    is_accepted(send_client('/root/x', 'client-rsa'), 'client-rsa', 'none needed');
    is_accepted(send_client('/root/x', 'client-under', @UNDER), 'client-under', 'in Client-Cert-Chain');
    is_accepted(send_client('/lower/x', 'client-under'), 'client-under', 'in the file');
    is_accepted(send_client('/lower/x', 'client-deepest', 'Client-Cert-Chain', chain_of('client-deeper')),
        'client-deepest', 'one in each');
    is_accepted(send_client('/root/x', 'client-deepest', @DEEPEST), 'client-deepest', 'two');
    is_accepted(send_client('/root/x', 'client-deepest', 'Client-Cert-Chain', sf_value('client-deeper'),
            'Client-Cert-Chain', sf_value('client-intermediate')), 'client-deepest', 'two lines are one list');
    is_accepted(send_client('/root/x', 'client-deepest', 'client-cert-CHAIN',
            chain_of('client-intermediate', 'client-deeper') =~ s/=+:/:/gr . ';a=1'),
        'client-deepest', 'another order, without padding, with a parameter');
    is_refused(send_client('/root/x', 'client-under'), 403,
        qr/does not lead to a trust anchor for clients: unable to get .*issuer.*: "CN=client-under,/, 'missing');
    is_refused(send_client('/root/x', 'client-deepest', @UNDER), 403, qr/trust anchor for clients/, 'one missing');
    is_refused(send_client('/root/x', 'client-under', 'Client_Cert_Chain', chain_of('client-intermediate')), 403,
        qr/trust anchor for clients/, 'under another spelling');
};

subtest 'whom the proxy trusts and the origin does not' => sub {
    is_accepted(send_client('/x', 'client-foreign'), 'client-foreign', 'the proxy\'s word');
    is_refused(send_client('/root/x', 'client-foreign'), 403, qr/trust anchor for clients/, 'another CA');
    is_accepted(send_client('/foreign/x', 'client-foreign'), 'client-foreign', 'that CA');
    is_accepted(send_client('/both/x', $_), $_, 'one of two') for qw(client-foreign client-p256);
    is_refused(send_client('/foreign/x', 'client-rsa'), 403, qr/trust anchor for clients/, 'and not the other');
    is_refused(send_client('/root/x', 'client-foreign', 'Client-Cert-Chain', chain_of('foreign-ca')), 403,
        qr/trust anchor for clients/, 'a root in the chain is no anchor');
    is_refused(send_client('/root/x', 'client-self', 'Client-Cert-Chain', chain_of('client-self')), 403,
        qr/trust anchor for clients/, 'a self-signed client');
    is_refused(send_client('/root/x', 'client-expired'), 403, qr/the client certificate has expired/, 'expired');
};

subtest 'chains that are malformed' => sub {
    for (
        ['no list', 'x', qr/not a List of Byte Sequences \(RFC 8941\): member 1: it does not begin/],
        ['a comma too many', chain_of('client-intermediate') . ',', qr/member 1: nothing follows its comma/],
        ['PEM', '-----BEGIN CERTIFICATE-----', qr/List of Byte Sequences/],
        ['bare base64', encode_base64(der_of('client-intermediate'), ''), qr/List of Byte Sequences/],
        ['no certificate', ':Zm9v:', qr/a certificate in Client-Cert-Chain is malformed/],
        ['nine', chain_of(('client-intermediate') x 9), qr/more than 8 certificates in Client-Cert-Chain/],
    ) {
        my ($what, $chain, $reason) = @$_;
        is_refused(send_client('/root/x', 'client-rsa', 'Client-Cert-Chain', $chain), 400, $reason, $what);
        is_accepted(send_client('/x', 'client-rsa', 'Client-Cert-Chain', $chain), 'client-rsa',
            "$what: not read without ClientCertClientTrust");
        is(send_client('/root/off/x', 'client-rsa', 'Client-Cert-Chain', $chain)->status, 200,
            "$what: nor where nothing is accepted");
    }
    is_accepted(send_client('/root/x', 'client-rsa', 'Client-Cert-Chain', ''), 'client-rsa', 'an empty one');
    is_accepted(send_client('/root/x', 'client-under', 'Client-Cert-Chain',
            chain_of(('client-ca') x 7, 'client-intermediate')), 'client-under', 'eight');
    # Only what is accepted has it read.
    is_refused(ask($origin->{https}, '/root/x', headers => ['Client-Cert' => signed_value('accept-other', 'client-rsa'),
            'Client-Cert-Chain' => 'x']), 403, qr/none of the trusted names/, 'of another signer');
    my $alone = ask($origin->{https}, '/root/x', headers => ['Client-Cert-Chain' => chain_of('client-intermediate')]);
    is($alone->status, 200, 'a chain without a client is no client');
    is((env_of($alone) // {})->{SSL_CLIENT_S_DN_CN}, undef, 'it has no name');
};

subtest 'CRLs' => sub {
    is_accepted(send_client('/crl/x', 'client-rsa'), 'client-rsa', 'not revoked');
    is_accepted(send_client('/crl/x', 'client-under', @UNDER), 'client-under', 'nor are its CAs');
    is_refused(send_client('/crl/x', 'client-deepest', @DEEPEST), 403,
        qr/no CRL for a certificate on the client's chain: "CN=client-deepest,/, 'one that is missing');
    is_refused(send_client('/crl/revoked/x', 'client-rsa'), 403,
        qr/on the client's chain is revoked: "CN=client-rsa,/, 'revoked');
    is_accepted(send_client('/crl/revoked/x', 'client-p256'), 'client-p256', 'another client');
    is_refused(send_client('/crl/middle/x', 'client-under', @UNDER), 403, qr/no CRL for .*"CN=client-under,/,
        'an intermediate revoked, none for the client');
    is_refused(send_client('/crl/old/x', 'client-rsa'), 403, qr/CRL for .*client's chain is out of date/, 'out of date');
    is_refused(send_client('/crl/lower/x', 'client-rsa'), 403, qr/no CRL/, 'another CA\'s');
};

subtest 'headers that are not signed' => sub {
    my %value = (
        rfc9440 => sub { ('Client-Cert' => sf_value($_[0])) },
        der => sub { ('X-Client-Cert' => encode_base64(der_of($_[0]), '')) },
    );
    for my $format (sort keys %value) {
        my $send = sub {
            my ($client, @headers) = @_;
            return ask($origin->{https}, "/$format/x", cert => 'accept-ttrp',
                headers => [$value{$format}->($client), @headers]);
        };
        is_accepted($send->('client-under', @UNDER), 'client-under', "$format: accepted");
        is_refused($send->('client-foreign'), 403, qr/trust anchor for clients/, "$format: another CA");
    }
};

subtest 'a path is verified once' => sub {
    # In each process, for values that differ.
    my $seen = () = error_lines($origin);
    my $client = issue(name => "client-once.$$", ca => 'client-intermediate');
    is_accepted(send_client('/root/x', $client, @UNDER), $client, "time $_") for 1 .. 8;
    my @lines = (error_lines($origin))[$seen .. $seen + 100];
    @lines = grep { defined && /the client's own certificate is (?:verified|one that was verified before)$/ } @lines;
    is(scalar @lines, 8, 'so often') or diag join "\n", @lines;
    my %first;
    $first{ /\[pid (\d+)/ ? $1 : '' } .= /is verified$/ ? 'v' : 'r' for @lines;
    like($_, qr/^vr*$/, 'verified once, then remembered') for values %first;
    ok(scalar(grep {/r/} values %first), 'remembered at all');
    my $end = time + 8;
    my $short = issue(name => "client-short.$$", ca => 'client-ca', end_s => 8);
    is_accepted(send_client('/root/x', $short), $short, 'one that ends soon');
    sleep 1 while time <= $end;
    is_refused(send_client('/root/x', $short), 403, qr/the client certificate has expired/, 'and has ended');
};

subtest 'ClientCertIncoming reject' => sub {
    my $strict = accept_origin(name => 'strict', lines => <<"LINES");
ClientCertTrustPeer off
ClientCertIncoming reject
<Location /root>
    ClientCertClientTrust $FILE{root}
</Location>
LINES
    my $send = sub {
        my ($path) = @_;
        return ask($strict->{https}, $path, headers => [@UNDER,
                'Client-Cert' => signed_value('accept-ttrp', 'client-under')])->status;
    };
    is($send->('/root/x'), 200, 'where it is read');
    is($send->('/x'), 400, 'where it is not');
    $strict->stop;
};

# Through a proxy that sends the chain, to an origin that forwards.
subtest 'from end to end' => sub {
    my $ttrp = accept_ttrp($origin, lines => 'ClientCertForwardChain on');
    for my $client (qw(client-rsa client-under client-deepest)) {
        my $response = ask($ttrp->{port}, '/root/x', sni => 'ttrp.test', cert => $client, chain => 1);
        is_accepted($response, $client, "through a proxy: $client");
    }
    is_refused(ask($ttrp->{port}, '/foreign/x', sni => 'ttrp.test', cert => 'client-deepest', chain => 1),
        403,
        qr/trust anchor for clients/, 'whom the origin does not trust');
    $ttrp->stop;
};

subtest 'both roles: only the path that verified goes on' => sub {
    my $port = free_port();
    my ($certificate, $key, $pair) = map { pki("accept-ttrp.$_") } qw(chain key pem);
    my $hop = ClientCertTest::Server->new(name => 'hop', config => <<"CONF");
Listen 127.0.0.1:$port
LimitRequestFieldSize 65536
<VirtualHost 127.0.0.1:$port>
ServerName localhost
SSLEngine on
SSLCertificateFile $certificate
SSLCertificateKeyFile $key
@{[ ClientCertTest::origin_tls('accept-ttrp') ]}
ClientCertAccept cms
ClientCertTrustPeer off
ClientCertTrust @{[ pki('server-ca.crt') ]}
ClientCertTrustName ttrp.example
ClientCertForward cms
ClientCertForwardChain on
ClientCertSigner $pair
ProxyPass / https://localhost:$ENV{TEST_ORIGIN_HTTPS}/ ttl=1
<Location /lower>
ClientCertClientTrust $FILE{lower}
</Location>
</VirtualHost>
CONF
    $hop->start;
    for (
        ['/x', 'not verified here: no chain', [qw(client-deeper client-intermediate)], []],
        ['/lower/x', 'verified', ['client-deeper'], [qw(client-deeper client-intermediate)]],
        ['/lower/x', 'again', ['client-deeper'], [qw(client-deeper client-intermediate)]],
        ['/lower/x', 'among others', [qw(foreign-ca client-ca server-intermediate client-deeper)],
            [qw(client-deeper client-intermediate)]],
    ) {
        my ($path, $what, $chain, $expected) = @$_;
        my $response = ask($port, $path, headers => ['Client-Cert' => signed_value('accept-ttrp', 'client-deepest'),
                'Client-Cert-Chain' => chain_of(@$chain)]);
        is($response->status, 200, $what) or diag((error_lines($hop))[-1]);
        is(forwarded($response), 'client-deepest', "$what: the client");
        my $sent = join ', ', $response->sent('Client-Cert-Chain');
        is_deeply([map { name_of(decode_sf($_)) } split /, /, $sent], $expected, "$what: its chain");
    }
    $hop->stop;
};

done_testing;
