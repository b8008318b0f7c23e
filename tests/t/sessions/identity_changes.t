# SPDX-License-Identifier: Apache-2.0

# A client that becomes known, or another, in mid connection: renegotiation (TLS
# 1.2) and post-handshake authentication (TLS 1.3) where a Location asks for a
# certificate. Each request carries the certificate that was proved when it came,
# or none; never one whose key the client could not prove to hold.

use ClientCertTest;
use ClientCertTest::Raw qw(http2 recorded_since recorder recorder_mark);
use ClientCertTest::Attack ();
use MIME::Base64 qw(decode_base64 encode_base64);

my $recorder = recorder();
my ($port, $strong, $weak) = (free_port(), 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256');
my $hosts = join '', map {
    my ($name, $verify) = @$_;
    <<"HOST";
<VirtualHost 127.0.0.1:$port>
    ServerName $name.test
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient $verify
    SSLVerifyDepth 5
    ClientCertForward rfc9440
    <Location /optional>
        SSLVerifyClient optional
    </Location>
    <Location /require>
        SSLVerifyClient require
    </Location>
    <Location /any>
        SSLVerifyClient optional_no_ca
    </Location>
    # Each of these makes mod_ssl renegotiate if the other was in use.
    <Location /aes128>
        SSLVerifyClient optional
        SSLCipherSuite $weak
    </Location>
    <Location /aes256>
        SSLVerifyClient optional
        SSLCipherSuite $strong
    </Location>
    <Location /quick>
        SSLVerifyClient optional
        SSLVerifyDepth 0
        SSLOptions +OptRenegotiate
    </Location>
    <Location /error>
        ProxyErrorOverride On
    </Location>
    ErrorDocument 404 /document/404
    ErrorDocument 403 /document/403
    RewriteEngine on
    RewriteRule ^/redirect/(.*) /optional/\$1 [PT]
    ProxyPass / http://127.0.0.1:$recorder->{http}/
</VirtualHost>
HOST
} ['later', 'none'], ['first', 'optional'];
my $server = ClientCertTest::Server->new(name => 'changes', config => <<"CONF");
Listen 127.0.0.1:$port
StartServers 1
Protocols h2 http/1.1
$hosts
CONF
$server->start;

my %known = map { ClientCertTest::Attack::byte_sequence($_) => $_ }
    qw(client-rsa client-p256 client-under client-self client-foreign);

# Whose certificate the backend received, from its record; - for none.
sub asked {
    my ($client, $target, %want) = @_;
    my $at = recorder_mark($recorder);
    my $response = eval { $client->request($target, %want) };
    my @seen = map {
        my @values = map { $_->[1] } grep { lc $_->[0] eq 'client-cert' } @{ $_->{fields} };
        @values > 1 ? 'several' : @values ? $known{ $values[0] } // 'unknown' : '-';
    } grep { defined $_->{trailers} || $_->{line} !~ /^POST/ } recorded_since($recorder, $at);
    return ($response ? $response->status : 0) . " @seen";
}

# A request that its client has given up may still be on its way to the backend: until none has come
# for half a second.
sub settle {
    my ($mark, $quiet) = (-1, 0);
    wait_for {
        my $now = recorder_mark($recorder);
        $quiet = $now == $mark ? $quiet + 1 : 0;
        $mark = $now;
        $quiet >= 10;
    };
    return;
}

# A key file whose public half fits the certificate and whose private half does
# not: what it signs does not verify.
my $der = decode_base64(slurp(pki('client-p256.key')) =~ s/-----[^-]+-----//gr);
my $wrong = $der;
my ($at) = $wrong =~ /\x02\x01\x01\x04\x20/ ? $+[0] : die 'no private key where one was expected';
substr($wrong, $at + 20, 1) ^= "\x55";
spew(pki("wrong-$$.key"), "-----BEGIN PRIVATE KEY-----\n", encode_base64($wrong), "-----END PRIVATE KEY-----\n");
my $wrong_key = "wrong-$$.key";

sub connected {
    my ($tls, $sni, %want) = @_;
    return client(port => $port, tls => $tls, sni => "$sni.test", post_handshake => 1, %want);
}

for my $tls ('1.2', '1.3') {
    my $how = $tls eq '1.2' ? 'renegotiation' : 'post-handshake authentication';
    subtest $how => sub {
        for my $path ('/optional', '/require') {
            my $client = connected($tls, 'later', cert => 'client-rsa');
            is(asked($client, '/before'), '200 -', 'before: none');
            is(asked($client, "$path/x"), '200 client-rsa', "$path: the certificate");
            is(asked($client, "$path/x"), '200 client-rsa', 'and again');
            is(asked($client, '/after'), '200 client-rsa', 'and afterwards');
            is(asked(connected($tls, 'later', cert => 'client-p256'), '/x'), '200 -', 'not on another connection');
        }
        my $client = connected($tls, 'later', cert => 'client-rsa');
        is(asked($client, '/require/x', method => 'POST', body => 'x' x 5000), '200 client-rsa', 'with a body');
        $client = connected($tls, 'later', cert => 'client-rsa');
        is(asked($client, '/redirect/x'), '200 client-rsa', 'after mod_rewrite\'s redirect');
        $client = connected($tls, 'later');
        is(asked($client, '/optional/x'), '200 -', 'a client without one');
        like(asked($client, '/require/x'), qr/^(?:0|403|200 -|403 -)\s?/, 'where one is required');

        for my $name (qw(client-self client-foreign)) {
            $client = connected($tls, 'later', cert => $name);
            is(asked($client, '/any/x'), '200 -', "$name, optional_no_ca: none");
            is(asked($client, '/after'), '200 -', 'nor afterwards');
            my $session = eval { $client->session };
            $client->close;
            if ($session) {
                $client = connected($tls, 'later', cert => $name, session => $session);
                # mod_ssl lets such a session of TLS 1.3 resume, and then closes.
                my $wanted = $tls eq '1.2' ? qr/^200 -$/ : qr/^(?:200 -|0 )$/;
                like(asked($client, '/x'), $wanted, 'nor when it resumes');
                like(asked($client, '/any/x'), $wanted, 'and is asked again');
            }
            $client = connected($tls, 'later', cert => $name);
            unlike(asked($client, '/optional/x'), qr/client|unknown|several/, "$name, optional: none");
        }
    };

    subtest "$how: another certificate in mid connection" => sub {
        for my $sni ('first', 'later') {
            my $client = connected($tls, $sni, cert => 'client-rsa');
            asked($client, '/optional/x');
            is(asked($client, '/x'), '200 client-rsa', "$sni: the first");
            $client->use_certificate('client-p256');
            is(asked($client, '/x'), '200 client-rsa', 'which stays as long as none is asked for');
            # TLS 1.3 has no renegotiation: a certificate is asked for only once.
            my $next = $tls eq '1.2' ? 'client-p256' : 'client-rsa';
            my @paths = $tls eq '1.2' ? ('/aes128/x', '/aes256/x') : ('/require/x', '/optional/x');
            my @got = map { asked($client, $_) } @paths;
            is($got[-1], "200 $next", "the next: @got");
            is(asked($client, '/x'), "200 $next", 'and afterwards');
            my $session = $client->session;
            $client->close;
            $client = connected($tls, $sni, cert => 'client-under', chain => 1, session => $session);
            my $resumed = $client->resumed;
            my $seen = asked($client, '/x');
            my $expected = $resumed ? qr/^200 (?:$next|-)$/ : $sni eq 'first' ? qr/^200 client-under$/ : qr/^200 -$/;
            like($seen, $expected, 'resumed: ' . ($resumed ? 'yes' : 'no'));
        }
        return unless $tls eq '1.2';
        my $client = connected($tls, 'first', cert => 'client-rsa');
        is(asked($client, '/aes128/x'), '200 client-rsa', 'the first');
        $client->use_certificate('client-self');
        unlike(asked($client, '/aes256/x'), qr/client/, 'a self-signed one: neither it nor the first');
    };

    subtest "$how: a key that the client does not hold" => sub {
        ok(!eval { connected($tls, 'first', cert => 'client-p256', key => $wrong_key)->request('/x')->status },
            'in the first handshake: none');
        for my $path ('/optional', '/require', '/any') {
            my $client = connected($tls, 'later', cert => 'client-p256', key => $wrong_key);
            is(asked($client, '/before'), '200 -', 'before: none');
            unlike(asked($client, "$path/x"), qr/client-|unknown|several/, "$path: no header");
            unlike(asked($client, '/after'), qr/client-|unknown|several/, 'nor afterwards');
            $client->close;
            settle();
        }
        my $client = connected($tls, 'later', cert => 'client-rsa');
        is(asked($client, '/optional/x'), '200 client-rsa', 'after one that was proved');
        $client->use_certificate('client-p256', $wrong_key);
        my $seen = join ' | ', map { asked($client, $_) } '/aes128/x', '/aes256/x', '/x';
        unlike($seen, qr/client-p256|unknown|several/, "another's is not taken: $seen");
    };

    subtest "$tls: quick renegotiation" => sub {
        my $client = connected($tls, 'first', cert => 'client-under', chain => 1);
        is(asked($client, '/x'), '200 client-under', 'the certificate');
        unlike(asked($client, '/quick/x'), qr/client-(?!under)|unknown|several/, 'where it is verified again');
    };

    subtest "$tls: error documents" => sub {
        my @names = qw(client-rsa client-p256);
        my @clients = map { connected($tls, 'first', cert => $_) } @names;
        for my $round (1 .. 3) {
            for my $n (0, 1) {
                is(asked($clients[$n], '/error/x?status=404'), "200 $names[$n] $names[$n]",
                    "round $round: the error and its document, $names[$n]");
                is(asked($clients[$n], '/x'), "200 $names[$n]", 'and afterwards');
            }
        }
        is(asked(connected($tls, 'first'), '/error/x?status=404'), '200 - -', 'without a certificate');
    };
}

subtest 'HTTP/2: streams at once' => sub {
    my @streams = map { my $path = $_; +{ headers => [[':method', 'GET'], [':scheme', 'https'],
        [':authority', 'first.test'], [':path', $path]] } } map { $_ % 5 ? "/s$_" : "/error/s$_?status=404" } 1 .. 40;
    for my $name ('client-rsa', 'client-p256', undef, 'client-rsa') {
        my $at = recorder_mark($recorder);
        my $result = http2(port => $port, sni => 'first.test', $name ? (cert => $name) : (), streams => \@streams);
        is(scalar(grep { $_->{status} } @{ $result->{streams} }), 40, 'all answered');
        my %seen = map { $_ => 1 } map {
            my @values = map { $_->[1] } grep { lc $_->[0] eq 'client-cert' } @{ $_->{fields} };
            @values == 1 ? $known{ $values[0] } // 'unknown' : @values ? 'several' : '-';
        } recorded_since($recorder, $at);
        is(join(' ', sort keys %seen), $name // '-', 'each with ' . ($name // 'none'));
    }
    # HTTP/2 allows neither.
    for my $tls ('1.2', '1.3') {
        my $at = recorder_mark($recorder);
        my $result = http2(port => $port, sni => 'later.test', cert => 'client-rsa', tls => $tls, streams => [
            map { +{ headers => [[':method', 'GET'], [':scheme', 'https'], [':authority', 'later.test'], [':path', $_]] } }
                '/x', '/require/x', '/optional/x', '/y']);
        is((grep { my $record = $_; grep { lc $_->[0] eq 'client-cert' } @{ $record->{fields} } }
            recorded_since($recorder, $at)) + 0, 0, "$tls: no certificate is asked for, none is sent");
    }
};

unlink pki($wrong_key);
done_testing;
