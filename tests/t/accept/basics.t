# SPDX-License-Identifier: Apache-2.0

# The accept role: a TTRP signs, and the application behind the origin has the
# client as though TLS had ended there; or is told that there is none; or never
# hears of the request.

use ClientCertTest;
use ClientCertTest::Accept;
use Digest::SHA qw(sha256 sha256_hex);
use MIME::Base64 'encode_base64url';
use POSIX 'strftime';

trust_pki();
my $TRUST = 'ClientCertTrust ' . pki('server-ca.crt');
my $NAME = 'ClientCertTrustName ttrp.example';
my $PIN = 'ClientCertTrust ' . pki('accept-ttrp.crt');

my $origin = accept_origin(
    global => "Protocols h2 http/1.1\nLogLevel client_cert:trace1",
    lines => <<"LINES",
<Location /pinned>
    $PIN
</Location>
<Location /named>
    ClientCertAccept cms X-Client-Identity
</Location>
<Location /cms-sf>
    ClientCertAccept cms-sf
</Location>
<Location /rfc9440>
    ClientCertAccept rfc9440
</Location>
<Location /no-peer>
    ClientCertTrustPeer off
</Location>
<Location /no-peer-pinned>
    ClientCertTrustPeer off
    $PIN
</Location>
<Location /other-name>
    ClientCertTrustName somebody.example OTHER-NAME.Example
</Location>
<Location /wrong-name>
    ClientCertTrustName wrong.example
</Location>
<Location /foreign>
    ClientCertTrust @{[ pki('foreign-ca.crt') ]}
</Location>
<Location /other-pin>
    ClientCertTrust @{[ pki('accept-other.crt') ]}
    ClientCertTrustName other.example ttrp.example
</Location>
<Location /age>
    ClientCertTrustPeer off
    ClientCertMaxAge 100 20
</Location>
<Location /off>
    ClientCertAccept off
</Location>
LINES
);
my $ttrp = accept_ttrp($origin, lines => <<"LINES");
ClientCertSignatureLifetime 0
<Location /named>
    ClientCertForward cms X-Client-Identity
</Location>
<Location /cms-sf>
    ClientCertForward cms-sf
</Location>
<Location /rfc9440>
    ClientCertForward rfc9440
</Location>
<Location /silent>
    ClientCertForward off
</Location>
ProxyPass /h2/ h2://localhost:$origin->{https}/
ProxyPass /no-peer/http/ http://127.0.0.1:$origin->{http}/no-peer/
ProxyPass /http/ http://127.0.0.1:$origin->{http}/
ProxyPass /rfc9440/http/ http://127.0.0.1:$origin->{http}/rfc9440/
LINES

sub through { return ask($ttrp->{port}, shift, sni => 'ttrp.test', @_) }

# What a client's environment must have and must not have.
sub is_client {
    my ($response, $client, $what, %want) = @_;
    my $server = $want{server} // $origin;
    subtest $what => sub {
        is($response->status, 200, 'answered') or diag((error_lines($server))[-1]), return;
        my $env = env_of($response) // {};
        is($env->{SSL_CLIENT_VERIFY}, 'SUCCESS', 'SSL_CLIENT_VERIFY');
        is($env->{SSL_CLIENT_S_DN_CN}, $client, 'SSL_CLIENT_S_DN_CN');
        is($env->{SSL_CLIENT_S_DN}, "CN=$client,O=mod_client_cert tests", 'SSL_CLIENT_S_DN');
        is($env->{SSL_CLIENT_CERT}, pem_of($client), 'SSL_CLIENT_CERT');
        is($env->{CLIENT_CERT_VERIFY}, 'SUCCESS', 'CLIENT_CERT_VERIFY');
        is($env->{CLIENT_CERT_SIGNER_S_DN}, 'CN=accept-ttrp,O=mod_client_cert tests',
            'CLIENT_CERT_SIGNER_S_DN');
        is($env->{CLIENT_CERT_SHA256}, sha256_hex(der_of($client)), 'CLIENT_CERT_SHA256');
        is($env->{CLIENT_CERT_X5T_S256}, encode_base64url(sha256(der_of($client))), 'CLIENT_CERT_X5T_S256');
        if ($want{unsigned}) {
            is($env->{CLIENT_CERT_SIGNING_TIME}, undef, 'CLIENT_CERT_SIGNING_TIME');
        }
        else {
            my $time = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime);
            my $before = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - 60));
            my $signed = $env->{CLIENT_CERT_SIGNING_TIME} // '';
            like($signed, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/, 'CLIENT_CERT_SIGNING_TIME');
            ok($signed ge $before && $signed le $time, 'which was just now');
        }
        without_header($env);
        is(note_of($server, $response), 'accepted', 'note');
    };
    return;
}

sub without_header {
    my ($env) = @_;
    is_deeply([grep {/^(?:REDIRECT_)?HTTP_(?:CLIENT_CERT|X_CLIENT_IDENTITY)/} sort keys %$env], [],
        'the header went no further');
    unlike(join("\n", map {"$_=$env->{$_}"} grep { !/^CLIENT_CERT_SIGNER/ } keys %$env),
        qr/accept-ttrp/, 'nor does the TTRP show');
    return;
}

sub is_nobody {
    my ($response, $what, %want) = @_;
    subtest $what => sub {
        is($response->status, 200, 'answered');
        my $env = env_of($response) // {};
        is_deeply({ map { $_ => $env->{$_} } grep {/^(?:SSL_CLIENT|CLIENT_CERT|REMOTE_USER)/} keys %$env },
            { SSL_CLIENT_VERIFY => 'NONE', CLIENT_CERT_VERIFY => 'NONE' }, 'no identity');
        without_header($env);
        is(note_of($want{server} // $origin, $response), 'none', 'note');
    };
    return;
}

# A refusal, with its reason in the log and nowhere else.
sub is_refused {
    my ($response, $status, $reason, $what, %want) = @_;
    my $server = $want{server} // $origin;
    subtest $what => sub {
        is($response->status, $status, 'status');
        is(note_of($server, $response), 'refused', 'note');
        my @lines = error_lines($server);
        like($lines[-1], qr/client_cert:info\].*is refused: .*$reason/, 'the reason is logged');
        my $said = join "\n", $response->body, map {"@$_"} @{ $response->{headers} };
        unlike($said, qr/$reason|signer|peer|trust|certificate/i, 'and not told');
        ok(!env_of($response), 'nothing ran');
    };
    return;
}

for my $client (qw(client-rsa client-p256 client-under)) {
    is_client(through('/x', cert => $client, chain => 1), $client, "strong path: $client");
}
is_client(through('/x', cert => 'client-rsa', tls => '1.2'), 'client-rsa', 'a TLS 1.2 client');
is_client(through('/pinned/x', cert => 'client-rsa'), 'client-rsa', 'a pinned signer');
is_client(through('/named/x', cert => 'client-rsa'), 'client-rsa', 'another header');
is_client(through('/cms-sf/x', cert => 'client-rsa'), 'client-rsa', 'cms-sf');
is_client(through('/rfc9440/x', cert => 'client-rsa'), 'client-rsa', 'rfc9440', unsigned => 1);
is_client(through('/other-name/x', cert => 'client-rsa'), 'client-rsa', 'one of several names');
is_client(through('/h2/x', cert => 'client-rsa'), 'client-rsa', 'HTTP/2 to the origin');
is_client(through('/no-peer/x', cert => 'client-rsa'), 'client-rsa', 'ClientCertTrustPeer off');
is_client(through('/no-peer/http/x', cert => 'client-rsa'), 'client-rsa',
    'ClientCertTrustPeer off, plain HTTP');

subtest 'HTTP/2: streams of several clients on one connection to the origin' => sub {
    for my $round (1 .. 3) {
        for my $client (qw(client-rsa client-p256)) {
            my $env = env_of(through('/h2/x', cert => $client));
            is($env->{SSL_CLIENT_S_DN_CN}, $client, "$round: $client");
            is($env->{SERVER_PROTOCOL}, 'HTTP/2.0', 'by HTTP/2');
        }
        is(env_of(through('/h2/x'))->{SSL_CLIENT_S_DN_CN}, undef, "$round: no client");
    }
};

is_nobody(through('/x'), 'a client without a certificate');
is_nobody(through('/silent/x', cert => 'client-rsa'), 'a TTRP that forwards nothing');
is_nobody(through('/x', headers => ['Client-Cert' => 'forged', Client_Cert => 'forged']),
    'a forger without a certificate');
is_nobody(ask($origin->{https}, '/x', cert => 'accept-ttrp'), 'the TTRP itself, asking directly');
is_nobody(ask($origin->{https}, '/x', cert => 'accept-ttrp', tls => '1.2'), 'with TLS 1.2');
is_nobody(ask($origin->{https}, '/x'), 'a peer without any certificate');
is_nobody(ask($origin->{http}, '/x', tls => 0), 'plain HTTP');
is_nobody(ask($origin->{https}, '/rfc9440/x', cert => 'accept-ttrp'), 'rfc9440 without the header');

subtest 'where the role is off, mod_ssl has the word' => sub {
    my $response = through('/off/x', cert => 'client-rsa');
    my $env = env_of($response);
    is($env->{SSL_CLIENT_S_DN_CN}, 'accept-ttrp', 'the peer is the client');
    is_deeply([grep {/^CLIENT_CERT/} keys %$env], [], 'none of our variables');
    is($env->{HTTP_CLIENT_CERT}, undef, 'and no header');
    is(note_of($origin, $response), '-', 'note');
};

my $good = signed_value('accept-ttrp', 'client-rsa');
my @ttrp = (cert => 'accept-ttrp');

sub with { return ask($origin->{https}, shift, @ttrp, headers => ['Client-Cert' => @_]) }

is_client(with('/x', $good), 'client-rsa', 'a value made by hand');
is_client(with('/cms-sf/x', ":$good:"), 'client-rsa', 'the same as a Byte Sequence');
is_client(with('/rfc9440/x', sf_value('client-p256')), 'client-p256', 'a bare certificate from the TTRP',
    unsigned => 1);
is_client(ask($origin->{http}, '/no-peer/x', tls => 0, headers => ['Client-Cert' => $good]),
    'client-rsa', 'by plain HTTP, ClientCertTrustPeer off');

subtest 'malformed: 400' => sub {
    my @BAD = (
        ['', 'an empty value', qr/the header is empty/],
        ['forged', 'no base64', qr/base64/],
        [substr($good, 0, -4), 'the end is missing', qr/DER|base64/],
        ["$good, $good", 'twice in one header', qr/base64/],
        [":$good:", 'cms-sf in place of cms', qr/base64/],
        ["$good AAAA", 'white space', qr/base64/],
        ["${good}AAAA", 'something behind it', qr/base64|goes on/],
        [sf_value('client-rsa'), 'rfc9440 in place of cms', qr/base64/],
        [substr(sf_value('client-rsa'), 1, -1), 'a bare certificate', qr/DER|SignedData/],
    );
    is_refused(with('/x', $_->[0]), 400, $_->[2], $_->[1]) for @BAD;
    is_refused(with('/rfc9440/x', $good), 400, qr/Byte Sequence/, 'cms in place of rfc9440');
    is_refused(with('/cms-sf/x', $good), 400, qr/Byte Sequence/, 'cms in place of cms-sf');
    is_refused(with('/x', $good, 'Client-Cert', $good), 400, qr/base64|more than once/, 'two headers');
    is_refused(ask($origin->{https}, '/no-peer/x', headers => ['Client-Cert' => 'x']), 400, qr/base64/,
        'from any sender');
};

subtest 'not trusted: 403' => sub {
    is_refused(with('/wrong-name/x', $good), 403, qr/name/, 'none of the names');
    is_refused(with('/foreign/x', $good), 403, qr/anchor/, 'another CA');
    is_refused(with('/other-pin/x', $good), 403, qr/anchor/, 'another pin');
    is_refused(with('/x', signed_value('accept-other', 'client-rsa')), 403, qr/not the TLS peer/,
        'another signer than the peer');
    is_refused(with('/no-peer/x', signed_value('accept-other', 'client-rsa')), 403, qr/names/,
        'another server of the CA, ClientCertTrustPeer off');
    is_refused(with('/no-peer-pinned/x', signed_value('accept-other', 'client-rsa')), 403, qr/anchor/,
        'the same, against a pin');
    is_refused(with('/x', signed_value('accept-ttrp', 'client-rsa', age => 400)), 403, qr/long ago|old/,
        'stale');
    is_refused(with('/x', signed_value('accept-ttrp', 'client-rsa', age => -60)), 403, qr/future/,
        'from the future');
    is_client(with('/x', signed_value('accept-ttrp', 'client-rsa', age => 0)), 'client-rsa', 'fresh');
    is(with('/x', signed_value('accept-ttrp', 'client-rsa', age => 250))->status, 200, 'within 300 s');
    is(with('/x', signed_value('accept-ttrp', 'client-rsa', age => -20))->status, 200, 'within the skew');
    is(with('/age/x', signed_value('accept-ttrp', 'client-rsa', age => 90))->status, 200,
        'ClientCertMaxAge 100 20: 90 s old');
    is_refused(with('/age/x', signed_value('accept-ttrp', 'client-rsa', age => 110)), 403,
        qr/long ago|old/, '110 s old');
    is_refused(with('/age/x', signed_value('accept-ttrp', 'client-rsa', age => -25)), 403,
        qr/future/, '25 s ahead');
    is_refused(with('/x', signed_value('accept-ttrp', 'client-expired')), 403, qr/expired/,
        'an expired client');
    is_refused(with('/x', signed_value('accept-ttrp', 'client-rsa', key => 'accept-other')), 403,
        qr/signature/, 'signed with another key');
    is_refused(ask($origin->{https}, '/x', headers => ['Client-Cert' => $good]), 403,
        qr/presented no certificate/, 'no peer');
    is_refused(ask($origin->{http}, '/x', tls => 0, headers => ['Client-Cert' => $good]), 403,
        qr/presented no certificate/, 'no TLS');
    is_refused(ask($origin->{https}, '/rfc9440/x', headers => ['Client-Cert' => sf_value('client-rsa')]),
        403, qr/presented no certificate/, 'rfc9440 without a peer');
    is_refused(ask($origin->{http}, '/rfc9440/x', tls => 0,
        headers => ['Client-Cert' => sf_value('client-rsa')]),
        403, qr/presented no certificate/, 'rfc9440 without TLS');
    is_refused(ask($origin->{https}, '/rfc9440/x', cert => 'accept-other',
        headers => ['Client-Cert' => sf_value('client-rsa')]),
        403, qr/names/, 'rfc9440 from a peer without the name');
    is_refused(through('/http/x', cert => 'client-rsa'), 403, qr/presented no certificate/,
        'a TTRP that speaks plain HTTP');
    is_refused(through('/rfc9440/http/x', cert => 'client-rsa'), 403, qr/presented no certificate/,
        'rfc9440 the same way');
};

subtest 'a connection that resumes' => sub {
    for my $tls ('1.2', '1.3') {
        for my $tickets ($tls eq '1.2' ? (0, 1) : 1) {
            my %tls = (port => $origin->{https}, sni => 'localhost', @ttrp, tls => $tls,
                tickets => $tickets);
            my $client = client(%tls);
            my $first = $client->request('/x', headers => ['Client-Cert' => $good]);
            is(env_of($first)->{SSL_CLIENT_S_DN_CN}, 'client-rsa', "TLS $tls: full handshake");
            my $session = $client->session;
            $client->close;
            $client = client(%tls, session => $session);
            ok($client->resumed, 'resumed');
            is_client($client->request('/x', headers => ['Client-Cert' => $good]), 'client-rsa',
                'the strong path holds');
            is_client($client->request('/rfc9440/x', headers => ['Client-Cert' => sf_value('client-rsa')]),
                'client-rsa', 'for rfc9440', unsigned => 1);
            is_refused($client->request('/x',
                headers => ['Client-Cert' => signed_value('accept-other', 'client-rsa')]),
                403, qr/not the TLS peer/, 'and no other may sign') ;
            is_nobody($client->request('/x'), 'and without the header there is no client');
        }
    }
};

subtest 'TRACE does not echo it' => sub {
    my $response = ask($origin->{https}, '/x', @ttrp, method => 'TRACE',
        headers => ['Client-Cert' => $good]);
    unlike($response->body // '', qr/Client.?Cert/i, 'status ' . $response->status);
};

subtest 'the log tells each decision' => sub {
    my @value = ('Client-Cert' => signed_value('accept-ttrp', 'client-rsa'));
    ask($origin->{https}, '/', cert => 'accept-ttrp', headers => \@value) for 1 .. 8;
    ask($origin->{https}, '/', cert => 'accept-ttrp');
    like(slurp($origin->error_log), $_, "$_")
        for qr/:trace1\].* the forwarded client certificate is accepted$/m,
            qr/:trace1\].* the forwarded client certificate is one that was accepted before$/m,
            qr/:trace1\].* no forwarded client certificate came with the request$/m;
};

done_testing;
