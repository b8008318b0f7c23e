# SPDX-License-Identifier: Apache-2.0

# A proxy whose module hands a connection through once it has asked for Upgrade
# speaks with its client's voice, whatever the origin answered. So an origin that
# accepts ends a connection on which Upgrade was asked for and not granted.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Backends 'websocket_server';
use ClientCertTest::Client;
use Time::HiRes 'sleep';

trust_pki();
my $websockets = websocket_server();
my $elsewhere = free_port();
my $origin = accept_origin(
    accept => "<Location />\nClientCertAccept rfc9440\nClientCertTrust " . pki('server-ca.crt')
        . "\nClientCertTrustName ttrp.example\n</Location>",
    global => "Protocols http/1.1\nListen 127.0.0.1:$elsewhere",
    lines => <<"LINES",
ErrorDocument 404 /error-document
Alias /absent $ENV{TEST_HTDOCS}/there-is-no-such-file
ScriptAlias /slow $ENV{TEST_HTDOCS}/cgi/slow
RedirectMatch 302 ^/redirected /x
ProxyPass /proxied http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/
ProxyPass /socket http://127.0.0.1:@{[ $websockets->port ]}/ upgrade=websocket
<Location /denied>
    Require all denied
</Location>
<Location /headers>
    RequestHeader unset Upgrade
    RequestHeader set Connection keep-alive
    Header set Connection keep-alive
</Location>
LINES
    more => <<"MORE",
<VirtualHost 127.0.0.1:$elsewhere>
    ServerName never.test
    DocumentRoot $ENV{TEST_HTDOCS}
</VirtualHost>
<VirtualHost 127.0.0.1:$elsewhere>
    ServerName localhost
    <Location />
    ClientCertAccept cms
    @{[ ClientCertTest::Accept::usual_trust() ]}
    ClientCertTrustPeer off
    </Location>
    ScriptAliasMatch ^/ $ENV{TEST_HTDOCS}/cgi/env
</VirtualHost>
MORE
);
my $value = sf_value('client-rsa');
my $signed = signed_value('accept-ttrp', 'client-rsa');

# Whether the origin served the request with this id, and for whom.
sub served {
    my ($id) = @_;
    # Its connection has ended: what was served is being logged.
    sleep 0.1;
    my ($line) = grep {/^id=\Q$id\E /} split /\n/, slurp($origin->access_log);
    return $line && ($line =~ /accept=(\S+)/)[0];
}

# The smuggling attempt, end to end: a proxy without the module, whose mod_proxy_wstunnel
# tunnels, and whose certificate the origin trusts.
subtest 'through a tunnel' => sub {
    my $port = free_port();
    my $proxy = ClientCertTest::Server->new(
        name => 'tunnel', own => 0, modules => load_modules() . load_modules('proxy_wstunnel'),
        config => server_config(
            port => $port, signer => 'accept-ttrp',
            forward => "ProxyWebsocketFallbackToProxyHttp off\nProxyPass /ws/ wss://localhost:$origin->{https}/ws/",
        ),
    )->start;
    my $client = client(port => $port, sni => 'ttrp.test');
    my $upgrade = "GET /ws/x HTTP/1.1\r\nHost: ttrp.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    my $id = ClientCertTest::Client::next_id();
    my $smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\nX-Test-Id: $id\r\nClient-Cert: $value\r\n\r\n";
    $client->send($upgrade);
    my $first = $client->response;
    is($first->status, 200, 'the origin has no WebSocket, and stays with HTTP');
    eval { $client->send($smuggled); 1 while $client->more };
    is($client->{buffer}, '', 'the next request is not answered');
    is(served($id), undef, 'nor served, and above all not as the proxy\'s');

    # At once, before the first answer.
    $client = client(port => $port, sni => 'ttrp.test');
    $client->send($upgrade . $smuggled);
    $client->response;
    eval { 1 while $client->more };
    is($client->{buffer}, '', 'nor one that came with the first');
    is(served($id), undef, 'nor served');
};

# Two requests on one connection of the proxy's: what answers there are to the
# second.
sub two {
    my ($first, %want) = @_;
    my $client = ClientCertTest::Client->connect(port => $want{port} // $origin->{https},
        ($want{plain} ? () : (tls => '1.3', sni => 'localhost', cert => 'accept-ttrp')));
    my $id = ClientCertTest::Client::next_id();
    my $credential = $want{plain} ? $signed : $value;
    my $second = "GET /second HTTP/1.1\r\nHost: localhost\r\nX-Test-Id: $id\r\nClient-Cert: $credential\r\n"
        . "Connection: close\r\n\r\n";
    $client->send($first . ($want{later} ? '' : $second));
    my $response = $client->response(($first =~ /\A(\w+)/)[0]);
    eval {
        $client->send($second) if $want{later};
        1 while $client->more;
    };
    return ($response, $client->{buffer}, served($id));
}

sub request {
    my ($line, @fields) = @_;
    return join "\r\n", $line, 'Host: localhost', @fields, '', '';
}

my @upgrade = ('Upgrade: websocket', 'Connection: Upgrade');
my @CASES = (
    ['200', 200, request('GET /x HTTP/1.1', @upgrade)],
    ['200 to a client that is accepted', 200, request('GET /x HTTP/1.1', @upgrade, "Client-Cert: $value")],
    ['HEAD', 200, request('HEAD /x HTTP/1.1', @upgrade)],
    ['OPTIONS *', 200, request('OPTIONS * HTTP/1.1', @upgrade)],
    ['HTTP/1.0', 200, request('GET /x HTTP/1.0', 'Upgrade: websocket', 'Connection: Upgrade, Keep-Alive')],
    ['POST', 200, request('POST /x HTTP/1.1', @upgrade, 'Content-Length: 3') . 'abc'],
    ['POST in chunks', 200, request('POST /x HTTP/1.1', @upgrade, 'Transfer-Encoding: chunked') . "3\r\nabc\r\n0\r\n\r\n"],
    ['an interim response first', 200,
        request('POST /x HTTP/1.1', @upgrade, 'Expect: 100-continue', 'Content-Length: 3') . 'abc'],
    ['no Connection', 200, request('GET /x HTTP/1.1', 'Upgrade: websocket')],
    ['an empty one', 200, request('GET /x HTTP/1.1', 'Upgrade:', 'Connection: Upgrade')],
    ['another spelling, twice', 200, request('GET /x HTTP/1.1', 'uPGRADE: a', 'Upgrade: b', 'Connection: Upgrade')],
    ['h2c', 200, request('GET /x HTTP/1.1', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAAP__')],
    ['TLS', 200, request('GET /x HTTP/1.1', 'Connection: Upgrade', 'Upgrade: TLS/1.0')],
    ['Via', 200, request('GET /x HTTP/1.1', @upgrade, 'Via: 1.1 other')],
    ['an error document', 404, request('GET /absent HTTP/1.1', @upgrade)],
    ['a redirect', 302, request('GET /redirected HTTP/1.1', @upgrade)],
    ['access denied', 403, request('GET /denied HTTP/1.1', @upgrade)],
    ['a value that is refused', 403, request('GET /x HTTP/1.1', @upgrade, 'Client-Cert: ' . sf_value('client-expired'))],
    ['a value that is malformed', 400, request('GET /x HTTP/1.1', @upgrade, 'Client-Cert: none')],
    ['two values', 400, request('GET /x HTTP/1.1', @upgrade, "Client-Cert: $value", "Client-Cert: $value")],
    ['an early error', 417, request('GET /x HTTP/1.1', @upgrade, 'Expect: something')],
    ['an early error with a body', 417,
        request('POST /x HTTP/1.1', @upgrade, 'Expect: something', 'Content-Length: 3') . 'abc'],
    ['TRACE', 200, request('TRACE /x HTTP/1.1', @upgrade)],
    ['proxied', 200, request('GET /proxied/x HTTP/1.1', @upgrade)],
    ['headers that others set', 200, request('GET /headers/x HTTP/1.1', @upgrade)],
);
for my $later (0, 1) {
    for (@CASES) {
        my ($what, $status, $first) = @$_;
        my ($response, $rest, $served) = two($first, later => $later);
        my $how = $later ? 'after the answer' : 'at once';
        is($response->status, $status, "$what, $how: answered");
        is($rest, '', 'and the connection ended');
        is($served, undef, 'the second request is not served');
        like($response->header('Connection') // '', qr/close/i, 'the answer says so')
            unless $what eq 'headers that others set';
    }
}
for my $plain (0, 1) {
    my ($response, $rest, $served) = two(request('GET /x HTTP/1.1'), plain => $plain,
        port => $plain ? $elsewhere : $origin->{https});
    is($response->status, 200, 'without Upgrade: answered');
    like($rest, qr{\AHTTP/1\.1 200 }, 'and the second request');
    is($served, 'accepted', 'which is accepted');
}

# Whichever server is asked first: the connection is the same.
{
    my ($response, $rest, $served) = two("GET / HTTP/1.1\r\nHost: never.test\r\n" . join("\r\n", @upgrade, '', ''),
        plain => 1, port => $elsewhere);
    is($rest, '', 'a server that never accepts, before one that does');
    is($served, undef, 'which is not asked');
}

# An answer without a length still tells its end.
{
    my $client = ClientCertTest::Client->connect(port => $origin->{https}, tls => '1.3', sni => 'localhost',
        cert => 'accept-ttrp');
    $client->send(request('GET /slow HTTP/1.1', @upgrade));
    1 while $client->more;
    like($client->{buffer}, qr/\r\nTransfer-Encoding: chunked\r\n/i, 'chunks, as before');
    like($client->{buffer}, qr/first\n.*last\n\r\n0\r\n\r\n\z/s, 'up to the last');
}

# What is granted goes on.
{
    my $client = ClientCertTest::Client->connect(port => $origin->{https}, tls => '1.3', sni => 'localhost',
        cert => 'accept-ttrp');
    $client->send(request('GET /socket HTTP/1.1', @upgrade, 'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='));
    1 until $client->{buffer} =~ /\r\n\r\n.{20}/s || !$client->more;
    like($client->{buffer}, qr{\AHTTP/1\.1 101 .*\r\n\r\n\x81}s, '101, and messages');
}

done_testing;
