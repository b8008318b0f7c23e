# SPDX-License-Identifier: Apache-2.0

# Requests that fail before any module has seen their headers, with an
# ErrorDocument that comes from the backend: the internal redirect must not take
# the attacker's headers there.

use ClientCertTest;
use ClientCertTest::Attack qw(faults identity target_of ttrp);
use ClientCertTest::Raw qw(exchange http2 recorded_since recorder_mark);

my @CODES = (400 .. 417, 421, 426, 428, 431, 500 .. 505);
my $documents = join '', map {"    ErrorDocument $_ /error/$_\n"} @CODES;

my $forged = "Client-Cert: forged\r\nclient_cert: forged\r\nX.Client.Identity: forged\r\n";
my $long = 'x' x 9000;

# [name, bytes, statuses, options]; HOST and TARGET are filled in. The error
# document must come from the backend unless it is marked otherwise.
my @REQUESTS = (
    ['Expect: foo', "GET TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}Expect: foo\r\n\r\n", 417],
    ['Expect: foo, ours after it', "GET TARGET HTTP/1.1\r\nExpect: foo\r\nHost: HOST\r\n$forged\r\n", 417],
    ['Expect: foo and Connection', "GET TARGET HTTP/1.1\r\nHost: HOST\r\nExpect: foo\r\nConnection: Client-Cert\r\n${forged}\r\n", 417],
    ['no Host', "GET TARGET HTTP/1.1\r\n$forged\r\n", 400],
    ['two Hosts', "GET TARGET HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n$forged\r\n", 400],
    ['an empty Host', "GET TARGET HTTP/1.1\r\nHost:\r\n$forged\r\n", [200, 400]],
    ['a malformed Host', "GET TARGET HTTP/1.1\r\nHost: a b\r\n$forged\r\n", 400],
    ['another Host', "GET TARGET HTTP/1.1\r\nHost: h2c-strip.test\r\n$forged\r\n", [200, 421]],
    ['a bad request line', "GET  TARGET  HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", 400],
    ['a bad version', "GET TARGET HTTP/3.7\r\nHost: HOST\r\n$forged\r\n", [200, 400, 505]],
    ['no version', "GET TARGET FTP\r\nHost: HOST\r\n$forged\r\n", 400],
    ['a bad method', "G(T TARGET HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", 400],
    ['a bad target', "GET TARGET\x01 HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", 400],
    ['a target that leaves the root', "GET /../../TARGET HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", 400],
    ['an encoded NUL', "GET /%00TARGET HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", [400, 404]],
    ['an encoded slash', "GET /%2fTARGET HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", [200, 404]],
    ['a malformed escape', "GET /%zzTARGET HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", 400],
    ['too long a line', "GET /$long HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", 414],
    ['too long a header behind ours', "GET TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}X-Long: $long\r\n\r\n", 400],
    ['too long a header before ours', "GET TARGET HTTP/1.1\r\nHost: HOST\r\nX-Long: $long\r\n$forged\r\n", 400],
    ['ours is too long', "GET TARGET HTTP/1.1\r\nHost: HOST\r\nClient-Cert: forged$long\r\n\r\n", 400],
    ['ours is folded too long', "GET TARGET HTTP/1.1\r\nHost: HOST\r\nClient-Cert: forged\r\n" . (" forged$long\r\n") . "\r\n", 400],
    ['too many headers', "GET TARGET HTTP/1.1\r\nHost: HOST\r\n$forged" . join('', map {"X-$_: a\r\n"} 1 .. 120) . "\r\n", 400],
    ['too many of ours', "GET TARGET HTTP/1.1\r\nHost: HOST\r\n" . $forged x 50 . "\r\n", 400],
    ['a header without a colon', "GET TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}nothing\r\n\r\n", 400],
    ['a header with a bad name', "GET TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}X(A): b\r\n\r\n", 400],
    ['a space before a colon', "GET TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}Client-Cert : forged\r\n\r\n", 400],
    ['a control character', "GET TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}X-A: \x02\r\n\r\n", 400],
    ['an unknown Transfer-Encoding', "POST TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}Transfer-Encoding: x\r\n\r\n", [400, 501]],
    ['a bad Content-Length', "POST TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}Content-Length: x\r\n\r\n", 400],
    ['too long a body', "POST TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}Content-Length: 999999\r\n\r\n", [400, 413], partly => 1],
    ['too long a chunked body', "POST TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}Transfer-Encoding: chunked\r\n\r\nfffff\r\n" . 'x' x 65536, [200, 400, 413], partly => 1],
    ['a bad chunk', "POST TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}Transfer-Encoding: chunked\r\n\r\nzz\r\n", [200, 400], partly => 1],
    ['bad trailers', "POST TARGET HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nClient-Cert: forged\r\nX(: b\r\n\r\n", 400, partly => 1],
    ['too long a trailer', "POST TARGET HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nClient-Cert: forged\r\nX: $long\r\n\r\n", [400, 413], partly => 1],
    ['a body that ends early', "POST TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}Content-Length: 50\r\n\r\nx", [0, 400, 408, 502], partly => 1],
    ['not allowed', "GET /forbiddenTARGET HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", 403],
    ['no such file', "GET /local/none HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", 404],
    ['authentication', "GET /secretTARGET HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", 401],
    ['an error of the backend\'s', "GET TARGET?status=500&Client-Cert=1 HTTP/1.1\r\nHost: HOST\r\n$forged\r\n", 500, twice => 1],
    ['TRACE with a body', "TRACE TARGET HTTP/1.1\r\nHost: HOST\r\n${forged}Content-Length: 1\r\n\r\nx", [200, 400, 413]],
);

my $server = ttrp(lines => <<"LINES");
$documents
    LimitRequestBody 100000
    MergeTrailers on
    ProxyErrorOverride On
    ProxyPass /local !
    Alias /local "$ENV{TEST_HTDOCS}"
    <Location /forbidden>
        Require all denied
    </Location>
    <Location /secret>
        AuthType Basic
        AuthName x
        AuthUserFile /dev/null
        Require valid-user
    </Location>
LINES
my $recorder = $server->{recorder};
my $identity = identity();

my $number = 0;
for my $request (@REQUESTS) {
    my ($name, $bytes, $statuses, %option) = @$request;
    for (['tls', 'http', 'strip', 1], ['tls', 'fcgi', 'strip', 1], ['tls', 'h2c', 'strip', 0],
        ['plain', 'http', 'strip', 0], ['tls', 'http', 'reject', 1]) {
        my ($port, $backend, $incoming, $cert) = @$_;
        my $host = "$backend-$incoming.test";
        my $target = '/' . ++$number;
        (my $sent = $bytes) =~ s/HOST/$host/g;
        $sent =~ s/TARGET/$target/g;
        my $mark = recorder_mark($recorder);
        my ($got, $received) = exchange($sent, port => $server->{$port}, tls => $port eq 'tls' ? '1.3' : 0,
            sni => $host, chain => 1, half => 1, $cert ? (cert => $ClientCertTest::Attack::CLIENT) : ());
        my @records = recorded_since($recorder, $mark);
        # An error before the virtual host is known has its document from the
        # first one, which did not verify the client.
        my @faults = grep { !/ is missing$/ } faults(\@records, identity => $cert && $identity);
        my $status = $got->[0] // 0;
        # The status that these backends give the error document replaces the error's.
        my $document = $status == 200 && $backend ne 'http';
        push @faults, "answered $status"
            unless $document || grep { $_ == $status } ref $statuses ? @$statuses : $statuses, $incoming eq 'reject' ? 400 : ();
        if ($incoming eq 'reject') {
            push @faults, 'the backend saw the request'
                if !$option{partly} && $status != 200 && grep { target_of($_) !~ m{^/error/} } @records;
        }
        ok(!@faults, "$name [$backend, $port, $incoming, " . ($cert ? 'a certificate' : 'none') . "]: $status")
            or diag(join "\n", @faults, substr $received, 0, 400);
    }
}

# That the error documents do come from the backend, with their redirect.
{
    my $mark = recorder_mark($recorder);
    exchange("GET / HTTP/1.1\r\nHost: http-strip.test\r\n${forged}Expect: foo\r\n\r\n",
        port => $server->{tls}, tls => '1.3', sni => 'http-strip.test', half => 1, chain => 1,
        cert => $ClientCertTest::Attack::CLIENT);
    my @records = recorded_since($recorder, $mark);
    is_deeply([map { target_of($_) } @records], ['/error/417'], 'the error document is the backend\'s');
    is_deeply([faults(\@records, identity => $identity)], [], 'and asked for in the client\'s name');
}

subtest 'HTTP/2' => sub {
    my %fields = (
        'Expect: foo' => [['expect', 'foo'], ['client_cert', 'forged']],
        'too many fields' => [(['client-cert', 'forged']) x 5, map { ["x-$_", 'a'] } 1 .. 150],
        'too long a field' => [['client-cert', 'forged'], ['x-long', 'x' x 20_000]],
        'an error of the backend\'s' => [['client-cert', 'forged'], [':path', '/?status=500']],
    );
    for my $name (sort keys %fields) {
        for my $backend (qw(http h2c fcgi)) {
            my $mark = recorder_mark($recorder);
            my @more = @{ $fields{$name} };
            my ($path) = map { $_->[1] } grep { $_->[0] eq ':path' } @more;
            my $result = http2(port => $server->{tls}, sni => "$backend-strip.test",
                cert => $ClientCertTest::Attack::CLIENT,
                streams => [{ headers => [[':method', 'GET'], [':scheme', 'https'],
                    [':authority', "$backend-strip.test"], [':path', $path // '/x'],
                    grep { $_->[0] ne ':path' } @more] }]);
            my @records = recorded_since($recorder, $mark);
            is_deeply([grep { !/missing$/ } faults(\@records, identity => $identity)], [],
                "$name [$backend]: " . ($result->{streams}[0]{status} // 0));
        }
    }
};

# The suite has teeth.
{
    my $bare = ttrp(own => 0, recorder => $recorder, lines => $documents);
    my $mark = recorder_mark($recorder);
    exchange("GET / HTTP/1.1\r\nHost: http-strip.test\r\n${forged}Expect: foo\r\n\r\n",
        port => $bare->{tls}, tls => '1.3', sni => 'http-strip.test', half => 1);
    ok(scalar faults([recorded_since($recorder, $mark)]), 'without the module it arrives');
}

done_testing;
