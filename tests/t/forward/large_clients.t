# SPDX-License-Identifier: Apache-2.0

# Clients whose certificates make values that many backends refuse with a bare 400: the
# proxy sends them, and its log warns, once for a connection, whichever way requests come
# on it. A value that no origin would read is not sent: 500, and the log says why.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Raw qw(http2 recorded_since recorder recorder_mark);

trust_pki();
my $recorder = recorder();
my $TRUST = 'ClientCertTrust ' . pki('server-ca.crt') . "\nClientCertTrustName ttrp.example";

# DNS names of 40 bytes each.
sub names { return [map { sprintf 'name-%04d.department.subsidiary.example', $_ } 1 .. $_[0]] }
my ($large, $huge, $wide) = map {"client-$_-$$"} qw(large huge wide);
issue(name => $large, ca => 'client-ca', names => names(180));
issue(name => $huge, ca => 'client-ca', names => names(1300));
issue(name => "$wide-ca", as => 'ca', ca => 'client-ca', names => names(180));
issue(name => $wide, ca => "$wide-ca");
issue(name => "$huge-ca", as => 'ca', ca => 'client-ca', names => names(1300));
issue(name => "under-$huge", ca => "$huge-ca");

sub ttrp {
    my ($backend, %want) = @_;
    my $port = free_port();
    my $server = ClientCertTest::Server->new(name => 'ttrp', config => server_config(
        port => $port, global => "Protocols h2 http/1.1\nLimitRequestFieldSize 80000", %want,
        signer => 'accept-ttrp', forward => <<"LINES"
ClientCertForward cms
<Location /both>
    ClientCertForward cms
    ClientCertForward rfc9440 X-Rfc
</Location>
<Location /chain>
    ClientCertForward cms
    ClientCertForwardChain on
</Location>
@{[ map {"<Location /$_>\nClientCertForward $_ X-Value\n</Location>\n"} qw(cms cms-sf rfc9440 escaped-pem xfcc) ]}
@{[ $want{forward} // '' ]}
LINES
    ) =~ s{^ProxyPass / .*$}{ProxyPass / $backend/}mr);
    $server->{port} = $port;
    return $server->start;
}
my $ttrp = ttrp("http://127.0.0.1:$recorder->{http}");

# [header, length] of each warning in the log of this server since then.
my %read;
sub warnings {
    my ($server) = @_;
    my $said = $server->said;
    my $new = substr $said, $read{$server} // 0;
    $read{$server} = length $said;
    return [map { [/client_cert:warn.*header "([^"]*)" has a value of (\d+) bytes/ ? ($1, $2) : ()] }
        grep {/has a value of/} split /\n/, $new];
}

sub values_of {
    my ($response) = @_;
    return map { [$_->[0], length $_->[1]] }
        grep { $_->[0] =~ /^(?:client-cert|x-(?:rfc|value))/i && length $_->[1] > 8000 }
        @{ $response->{origin}{fields} };
}

my %client = (port => $ttrp->{port}, sni => 'ttrp.test', cert => $large);

subtest 'HTTP/1.1' => sub {
    my $client = client(%client);
    my $response = $client->request('/x');
    is($response->status, 200, 'answered');
    my ($value) = values_of($response);
    cmp_ok($value->[1], '>', 8000, "with a value of $value->[1] bytes");
    my $cms = decode_cms((map { $_->[1] } grep { $_->[0] eq 'Client-Cert' } @{ $response->{origin}{fields} })[0]);
    is(name_of(cms_verified($cms)), $large, 'that verifies');
    is_deeply(warnings($ttrp), [['Client-Cert', $value->[1]]], 'the log warns, of its header and length');
    like($ttrp->said, qr/more than most servers take: .*LimitRequestFieldSize.*ClientCertSignerCerts/,
        'and says what to do');
    is($client->request($_)->status, 200, "again: $_") for qw(/x /both /rfc9440);
    is_deeply(warnings($ttrp), [], 'once');
    $client->close;
};

subtest 'another connection' => sub {
    my $response = client(%client)->request('/x');
    is($response->status, 200, 'answered');
    is_deeply([map { $_->[0] } @{ warnings($ttrp) }], ['Client-Cert'], 'another warning');
};

subtest 'several headers' => sub {
    my $client = client(%client);
    my $response = $client->request('/both');
    my @values = values_of($response);
    is(@values, 2, 'two large values');
    is_deeply([sort { $a->[0] cmp $b->[0] } @{ warnings($ttrp) }],
        [sort { $a->[0] cmp $b->[0] } @values], 'of each of the request the log warns');
    $client->request('/both');
    is_deeply(warnings($ttrp), [], 'once');
};

subtest 'HTTP/2' => sub {
    my @targets = map {"/x?$_"} 1 .. 4;
    my @responses = curl(\@targets, sni => 'ttrp.test', port => $ttrp->{port}, cert => $large);
    is_deeply([map { $_->status } @responses], [(200) x 4], 'one after another');
    is($responses[0]{http}, '2', 'over HTTP/2');
    is(scalar @{ warnings($ttrp) }, 1, 'one warning');
    my $result = http2(port => $ttrp->{port}, sni => 'ttrp.test', cert => $large,
        streams => [map { { headers => [[':method', 'GET'], [':scheme', 'https'],
            [':authority', 'ttrp.test'], [':path', $_]] } } @targets]);
    is_deeply([map { $_->{status} } @{ $result->{streams} }], [(200) x 4], 'at once') or diag(explain($result));
    is(scalar @{ warnings($ttrp) }, 1, 'one warning');
};

subtest 'a small one' => sub {
    my $response = client(%client, cert => 'client-rsa')->request('/both');
    is($response->status, 200, 'answered');
    is_deeply(warnings($ttrp), [], 'no warning');
};

subtest 'a large chain' => sub {
    my $client = client(%client, cert => $wide, chain => 1);
    is($client->request('/x')->status, 200, 'answered');
    is_deeply(warnings($ttrp), [], 'no warning of what is not sent');
    my $response = $client->request('/chain');
    is_deeply(warnings($ttrp), [values_of($response)], 'one of Client-Cert-Chain');
    is((values_of($response))[0][0], 'Client-Cert-Chain', 'which is large');
};

# A hop that accepts the client by a header, on a connection without TLS.
subtest 'an accepted client' => sub {
    my $port = free_port();
    my $hop = ClientCertTest::Server->new(name => 'hop', config => <<"CONF");
Listen 127.0.0.1:$port
LimitRequestFieldSize 80000
<VirtualHost 127.0.0.1:$port>
ClientCertAccept cms X-Client
$TRUST
ClientCertTrustPeer off
ClientCertForward cms
ClientCertSigner @{[ pki('accept-ttrp.pem') ]}
ProxyPass / http://127.0.0.1:$recorder->{http}/
</VirtualHost>
CONF
    $hop->start;
    my $value = signed_value('accept-ttrp', $large);
    for (1 .. 2) {
        my $client = client(port => $port, tls => 0);
        my @responses = map { $client->request('/x', headers => ['X-Client' => $value]) } 1 .. 3;
        is_deeply([map { $_->status } @responses], [(200) x 3], 'goes on');
        is_deeply(warnings($hop), [values_of($responses[0])], 'one warning for the connection');
    }
};

subtest 'an origin with the limit that httpd has' => sub {
    my $origin = accept_origin(global => 'LimitRequestFieldSize 8190');
    my $server = ttrp("https://localhost:$origin->{https}");
    my $response = client(%client, port => $server->{port})->request('/x');
    is($response->status, 400, 'answers 400');
    is(scalar @{ warnings($server) }, 1, 'the log of the proxy warns');
};

subtest 'longer than any origin reads' => sub {
    for my $format (qw(cms cms-sf rfc9440 escaped-pem xfcc)) {
        my $mark = recorder_mark($recorder);
        for (1, 2) {
            my $response = client(%client, cert => $huge)->request("/$format");
            is($response->status, 500, "$format: answered 500");
        }
        is_deeply([recorded_since($recorder, $mark)], [], 'and nothing reaches the backend');
        like((error_lines($ttrp))[-1],
            qr/client_cert:error.*header "X-Value": the value would be longer than 65536 bytes/, 'and why');
    }
    my $response = client(%client, cert => "under-$huge", chain => 1)->request('/chain');
    is($response->status, 500, 'Client-Cert-Chain: answered 500');
    like((error_lines($ttrp))[-1], qr/"Client-Cert-Chain": the value would be longer/, 'and why');
};

unlink glob pki("*-$$*");
done_testing;
