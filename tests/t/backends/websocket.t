# SPDX-License-Identifier: Apache-2.0

# WebSocket: the opening handshake is a request like any other, and carries the
# header. mod_proxy_http serves it; what mod_proxy_wstunnel would, see attacks/tunnels.t.

use ClientCertTest;
use ClientCertTest::Backends;
use JSON::PP ();

my $backend = websocket_server();
my $port = $backend->port;

my %WAYS = (
    'ws:, by mod_proxy_http' => [<<"LINES"],
ProxyPass /socket/ ws://127.0.0.1:$port/
LINES
    'http: with upgrade=websocket' => [<<"LINES"],
ProxyPass /socket/ http://127.0.0.1:$port/ upgrade=websocket
LINES
    'http: with upgrade=ANY' => [<<"LINES"],
ProxyPass /socket/ http://127.0.0.1:$port/ upgrade=ANY
LINES
    'RewriteRule [P] to ws:' => [<<"LINES"],
RewriteEngine on
RewriteCond %{HTTP:Upgrade} websocket [NC]
RewriteRule ^/socket/(.*) ws://127.0.0.1:$port/\$1 [P]
LINES
);

# A text frame with this payload; clients mask theirs, here with zeros.
sub frame {
    my ($text) = @_;
    return pack('CC', 0x81, 0x80 | length $text) . "\0\0\0\0" . $text;
}

# The payload of the next frame.
sub message {
    my ($client) = @_;
    my $need = sub {
        my ($length) = @_;
        until (length $client->{buffer} >= $length) { $client->more or die 'closed' }
        return substr $client->{buffer}, 0, $length, '';
    };
    my ($type, $length) = unpack 'CC', $need->(2);
    $length = unpack 'n', $need->(2) if $length == 126;
    my $payload = $need->($length);
    $type == 0x81 or die sprintf 'no text but a frame of type %#x: %s', $type, $payload;
    return $payload;
}

# Opens a WebSocket; the response has what the backend reported, and what it
# echoed after that.
sub open_socket {
    my ($server, %want) = @_;
    my $client = client(port => $server->{tls_port}, sni => 'ttrp.test',
        tls => $want{tls} // '1.3', cert => $want{cert});
    my $id = ClientCertTest::Client::next_id();
    my @lines = ("GET @{[ $want{target} // '/socket/chat' ]} HTTP/1.1", 'Host: ttrp.test', "X-Test-Id: $id",
        'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==');
    my @headers = @{ $want{headers} // [] };
    my $connection = 'Upgrade';
    while (my ($name, $value) = splice @headers, 0, 2) {
        if ($name eq 'Connection') {
            $connection = "Upgrade, $value";
            next;
        }
        push @lines, "$name: $value";
    }
    $client->send(join("\r\n", @lines, "Connection: $connection", '', ''));
    until ($client->{buffer} =~ /\r\n\r\n/) { $client->more or die 'closed' }
    $client->{buffer} =~ s/\A(.*?)\r\n\r\n//s;
    my ($status) = $1 =~ m{^HTTP/1.1 (\d+)};
    my $response = bless { id => $id, status => $status, headers => [], body => '' },
        'ClientCertTest::Response';
    return $response if $status != 101;
    $response->{origin} = JSON::PP::decode_json(message($client));
    $client->send(frame('both ways'));
    $response->{echo} = message($client);
    return $response;
}

for my $way (sort keys %WAYS) {
    my $ttrp = backend_ttrp(lines => @{ $WAYS{$way} });
    for my $tls ('1.2', '1.3') {
        check_backend("$way, TLS $tls", status => 101,
            ask => sub { open_socket($ttrp, tls => $tls, @_) });
    }
    my $response = open_socket($ttrp, cert => 'client-rsa');
    is($response->{echo}, 'both ways', "$way: then messages pass");
    like(logged($response, $ttrp->access_log)->{forward}, qr/^(?:signed|reused)$/, 'the note');
}

# The websockets library reads lines of 4 or, since version 11, 8 KB; a value with
# the certificate of a signer of many names is longer. It answers 400 or, since
# version 14, closes the connection, which mod_proxy tells as 502.
subtest 'a value that the backend has no room for' => sub {
    issue(name => 'signer-names', as => 'server', ca => 'server-ca',
        names => ['*.test', map {"virtual-host-$_.example"} 1 .. 300]);
    my $long = backend_ttrp(name => 'long', signer => 'signer-names',
        lines => "ProxyPass /socket/ ws://127.0.0.1:$port/\n"
            . "<Location /socket/short>\nClientCertSignerCerts none\n</Location>");
    my $response = open_socket($long, cert => 'client-rsa');
    like($response->status, qr/^(?:400|502)$/, 'the backend refuses it');
    is(open_socket($long)->status, 101, 'and takes the same without a certificate');
    $response = open_socket($long, cert => 'client-rsa', target => '/socket/short');
    is(forwarded($response, undef, '-certfile', pki('signer-names.crt')), 'client-rsa',
        'ClientCertSignerCerts none makes it fit');
};

done_testing;
