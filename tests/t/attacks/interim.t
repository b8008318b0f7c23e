# SPDX-License-Identifier: Apache-2.0

# Heads of responses that httpd writes past every filter of the request: 100, 103,
# 101 and what mod_proxy_wstunnel hands through. They have none of our headers
# either, and an honest Vary; and a final response with such a status is left alone.

use ClientCertTest;
use ClientCertTest::Raw qw(exchange http2 recorder);

my $recorder = recorder();
my ($plain, $tls, $proxy) = (free_port(), free_port(), free_port());

# The heads in what a client received, and what follows the last of them.
sub heads {
    my ($received) = @_;
    my @heads;
    push @heads, $1 while $received =~ s{^(HTTP/1\.1 .*?\r\n)\r\n}{}s;
    return (\@heads, $received);
}

# Checks that a head has another's field and none of ours.
sub is_clean {
    my ($head, $status, $what) = @_;
    like($head // '', qr{^HTTP/1\.1 $status }, "$what: $status comes");
    like($head // '', qr/^x-kept: b\r$/mi, 'with its headers');
    unlike($head // '', qr/^(?:client.cert(?:.chain)?|x.client.identity)\s*:/mi, 'but ours');
    return;
}

sub vary { return join ', ', $_[0] =~ /^vary: *(.*?)\r$/mgi }

my $OURS = 'Client-Cert:a&%1$s=client_cert:b&%1$s=CLIENT-CERT-CHAIN:c&%1$s=X.Client.Identity:d&%1$s=X-Kept:b';
sub ours { return "$_[0]=" . sprintf $OURS, $_[0] }

sub server {
    my ($mpm) = @_;
    my $modules = load_modules() =~ s/mpm_event/mpm_$mpm/gr;
    $modules =~ s/cgid/cgi/g if $mpm eq 'prefork';
    $modules .= load_modules('proxy_wstunnel');
    my $same = <<"CONF";
    ClientCertForward cms X-Client-Identity
    ClientCertSigner @{[ pki('signer-p256.pair') ]}
    SetEnvIf Request_URI rfc proxy-interim-response=RFC
    ProxyPass /fcgi/ fcgi://127.0.0.1:$recorder->{fcgi}/
    ProxyPass /socket/ http://127.0.0.1:$recorder->{http}/ upgrade=websocket responsefieldsize=40000
    ProxyPass / http://127.0.0.1:$recorder->{http}/
CONF
    return ClientCertTest::Server->new(name => "interim-$mpm", modules => $modules, config => <<"CONF")->start;
Listen 127.0.0.1:$plain
Listen 127.0.0.1:$tls
Listen 127.0.0.1:$proxy
StartServers 1
@{[ $mpm eq 'prefork' ? '' : 'Protocols h2 http/1.1' ]}
H2WebSockets on
H2EarlyHints on
ProxyWebsocketFallbackToProxyHttp off
<VirtualHost 127.0.0.1:$plain>
$same
</VirtualHost>
<VirtualHost 127.0.0.1:$tls>
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient optional
$same
</VirtualHost>
# With ClientCertForward a server does not start with a tunnel.
<VirtualHost 127.0.0.1:$proxy>
    ProxyRequests on
    ProxyPass /tunnel/ ws://127.0.0.1:$recorder->{http}/
</VirtualHost>
CONF
}

my @UPGRADE = ('Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==');

sub request {
    my ($line, @fields) = @_;
    return join "\r\n", $line, 'Host: a', @fields, '', '';
}

my %FIELDS = (h => '&h=Upgrade:websocket&h=Connection:Upgrade');
my @CLOSE = ('Connection: close');

for my $mpm (qw(event worker prefork)) {
    my $server = server($mpm);
    my $http11 = sub { return exchange(@_, port => $tls, tls => '1.3', sni => 'a', cert => 'client-rsa') };

    for my $way (['a 100 that was asked for', 'POST /x?', 'Expect: 100-continue'], ['another 100', 'POST /rfc?']) {
        my ($what, $line, @expect) = @$way;
        my (undef, $received) = $http11->(request($line . ours('c') . ' HTTP/1.1', @expect,
            'Content-Length: 2', @CLOSE) . 'hi');
        my ($heads) = heads($received);
        # httpd may say its own 100 first.
        my ($theirs) = grep {/^HTTP\/1\.1 100 .*x-kept/si} @$heads;
        is_clean($theirs, 100, "$mpm, $what") if @expect || $theirs;
        like($heads->[-1], qr{^HTTP/1\.1 200 }, 'and the answer');
    }
    for my $size (10, 9_000, 30_000) {
        my (undef, $received) = $http11->(request('GET /x?' . ours('i') . "&i=X-Size:*$size&i=Vary:Accept"
            . '&i=Vary:client_cert HTTP/1.1', @CLOSE));
        my ($heads, $body) = heads($received);
        is_clean($heads->[0], 103, "$mpm, a 103 with a field of $size bytes");
        like($heads->[0], qr/^x-size: x{$size}\r$/mi, 'whole');
        is(vary($heads->[0]), '*', 'Vary: *');
        like($heads->[1] // '', qr{^HTTP/1\.1 200 }, 'and the answer');
        like($body, qr/\}\n/, 'with its body');
    }
    for (['another Vary', 'Vary:Accept', 'Accept'], ['no Vary', 'X:y', '']) {
        my ($what, $field, $vary) = @$_;
        my (undef, $received) = $http11->(request("GET /x?i=$field HTTP/1.1", @CLOSE));
        is(vary((heads($received))[0][0]), $vary, "$mpm, $what");
    }
    for my $way (qw(socket tunnel)) {
        my $send = $way eq 'tunnel' ? sub { return exchange(@_, port => $proxy) } : $http11;
        my (undef, $received) = $send->(request("GET /$way/x?status=101&" . ours('h')
            . "$FIELDS{h}&h=Vary:Client-Cert HTTP/1.1", @UPGRADE));
        my ($heads, $frames) = heads($received);
        is_clean($heads->[-1], 101, "$mpm, a WebSocket ($way)");
        is(vary($heads->[-1]), '*', 'Vary: *');
        like($frames, qr/^frames\n/, 'and what follows is left alone');
    }
    # Neither side ends this tunnel.
    my (undef, $received) = exchange(request('GET /tunnel/x?status=403&' . ours('h') . ' HTTP/1.1', @UPGRADE),
        port => $proxy, until => qr/\}\n/);
    my ($heads, $body) = heads($received);
    is_clean($heads->[0], 403, "$mpm, a WebSocket refused");
    like($body, qr/\}\n/, 'with its body');

    (undef, $received) = exchange(request("GET http://127.0.0.1:$recorder->{http}/x?" . ours('i')
        . ' HTTP/1.1', @CLOSE), port => $proxy);
    is_clean((heads($received))[0][0], 103, "$mpm, a forward proxy");

    subtest "$mpm: a final response with an interim status" => sub {
        for my $turn (1 .. 15) {
            my (undef, $got) = exchange(join('', map { request($_) } 'GET /x?n HTTP/1.1',
                'GET /fcgi/x?status=103&h=X-Answer:103 HTTP/1.1', 'GET /x?h=X-Answer:last HTTP/1.1')
                =~ s/\r\n\r\n\z/\r\nConnection: close\r\n\r\n/r, port => $plain);
            is_deeply([$got =~ m{^HTTP/1\.1 (\d+)}mg], [200, 103, 200], 'three answers, in order');
            is_deeply([$got =~ /^x-answer: (\w+)/mgi], [103, 'last'], 'each its own');
        }
    };

    if ($mpm ne 'prefork') {
        my $stream = sub {
            my ($path, @headers) = @_;
            return http2(port => $tls, sni => 'a', cert => 'client-rsa', streams => [{ headers => [
                [':method', 'GET'], [':scheme', 'https'], [':authority', 'a'], [':path', $path], @headers,
            ] }])->{streams}[0];
        };
        my $got = $stream->('/x?' . ours('i') . '&i=Vary:Client-Cert');
        my ($interim) = @{ $got->{interim} };
        my $text = join '', map {"$_->[0]: $_->[1]\r\n"} @{ $interim // [] };
        is_clean('HTTP/1.1 ' . ($text =~ s/^:status: (\d+)/$1 /r), 103, "$mpm, HTTP/2");
        is(vary($text), '*', 'Vary: *');
        is($got->{status}, 200, 'and the answer');

        $got = http2(port => $tls, sni => 'a', cert => 'client-rsa', streams => [{ body => 'x', headers => [
            [':method', 'CONNECT'], [':protocol', 'websocket'], [':scheme', 'https'], [':authority', 'a'],
            [':path', '/socket/x?status=101&' . ours('h') . "$FIELDS{h}&h=Vary:Client-Cert"],
            ['sec-websocket-version', '13'],
        ] }])->{streams}[0];
        $text = join '', map {"$_->[0]: $_->[1]\r\n"} @{ $got->{headers} };
        is_clean('HTTP/1.1 ' . ($text =~ s/^:status: (\d+)/$1 /r), 200, "$mpm, a WebSocket over HTTP/2");
        is(vary($text), '*', 'Vary: *');
        is($got->{body}, "frames\n", 'and what follows');
    }
    $server->stop;
    unlike(slurp($server->error_log), qr/exit signal/, "$mpm: nothing crashed");
}

done_testing;
