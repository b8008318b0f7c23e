# SPDX-License-Identifier: Apache-2.0

# Named requests of an attacker who knows httpd, byte by byte over TLS and over
# plain TCP, to http, h2c and fcgi backends and a balancer's second member: none
# of the attacker's values reaches a backend under a name that folds to ours,
# and none takes ours away. Each is followed on its connection by an innocent
# request. See also the other tests of this folder.

use ClientCertTest;
use ClientCertTest::Attack qw(faults identity target_of ttrp);
use ClientCertTest::Raw qw(exchange recorded_since recorder_mark);

# TARGET and HOST are filled in.
sub request {
    my ($line, @lines) = @_;
    return join '', map {"$_\r\n"} $line, 'Host: HOST', @lines, '';
}
sub get_with { return request('GET TARGET HTTP/1.1', @_) }

# A body in front of which everything else stands.
sub post_with {
    my ($body, @lines) = @_;
    return request('POST TARGET HTTP/1.1', @lines) . $body;
}

# [name, bytes, status where our headers are stripped, status where they are
# rejected, options]: several statuses stand for any of them, 0 for a connection
# that is closed unanswered. Option alone: nothing follows. Option named: the
# request brings none of our fields, so that `reject` has nothing to object to.
my @REQUESTS;
sub attack { push @REQUESTS, [@_]; return }

# The field's name.
attack("name: $_", get_with("$_: forged"))
    for qw(Client-Cert client-cert CLIENT-CERT cLiEnT-cErT Client-Cert-Chain X-Client-Identity
    X-Named-Elsewhere);
attack("name: Client${_}Cert", get_with("Client${_}Cert: forged"))
    for qw(! $ % & ' * + . ^ _ ` | ~), '#';
attack('name: every separator at once', get_with("Client'Cert*Chain: forged", 'X.Client_Identity: forged'));
attack('name: underscore in the chain\'s', get_with('CLIENT_CERT_CHAIN: forged'));
attack('name: dots in a configured one', get_with('x.client.identity: forged'));
attack('name: one that another virtual host names', get_with('x_named|elsewhere: forged'));
attack('name: no space after the colon', get_with('Client_Cert:forged'));
attack('name: tabs after the colon', get_with("Client_Cert:\t\tforged"));
attack('name: space before the colon', get_with('Client-Cert : forged'), 400, 400);
attack('name: tab before the colon', get_with("Client-Cert\t: forged"), 400, 400);
attack('name: a space inside', get_with('Client Cert: forged'), 400, 400);
attack('name: a slash inside', get_with('Client/Cert: forged'), 400, 400);
attack('name: a high byte inside', get_with("Client\xadCert: forged"), 400, 400);
attack('name: UTF-8 hyphen', get_with("Client\xe2\x80\x90Cert: forged"), 400, 400);
attack('name: NUL inside', get_with("Client\0Cert: forged"), 400, 400);
attack('name: a control character', get_with("Client\x01Cert: forged"), 400, 400);
attack('name: no colon', get_with('Client-Cert forged'), 400, 400);
attack('name: empty', get_with(': forged', 'Client-Cert: forged'), 400, 400);

# The value.
attack('value: empty', get_with('Client-Cert:'));
attack('value: white space', get_with("Client-Cert: \t  "));
attack('value: high bytes', get_with("Client-Cert: forged\xff\xfe"));
attack('value: a comma list', get_with('Client-Cert: forged, forged,,forged'));
attack('value: quoted', get_with('Client-Cert: "forged\\""'));
attack('value: 8,000 bytes', get_with('Client-Cert: forged' . 'x' x 8000));
attack('value: the real one of another client',
    get_with('Client-Cert: ' . ClientCertTest::Attack::byte_sequence('client-rsa')));
attack('value: NUL', get_with("Client-Cert: forged\0forged"), 400, 400);
attack('value: a bare CR and a header behind it', get_with("X-A: b\rClient-Cert: forged"), 400, 400);

# Repeats, folding, order.
attack('twice', get_with('Client-Cert: forged', 'Client-Cert: forged too'));
attack('in four spellings', get_with(map {"$_: forged"} qw(Client-Cert client_cert CLIENT.CERT Client~Cert)));
attack('ninety times', get_with(map { 'Client' . ('-', '_', '.')[$_ % 3] . 'Cert: forged' . $_ } 1 .. 90));
attack('among many others',
    get_with((map {"X-Filler-$_: $_"} 1 .. 40), 'Client_Cert: forged', map {"X-Filler-$_: $_"} 41 .. 80));
attack('obs-fold in the value', get_with('Client-Cert: forged', ' forged', "\tforged"));
attack('obs-fold before the value', get_with('Client_Cert:', ' forged'));
attack('obs-fold of an empty line', get_with('Client-Cert: forged', ' ', 'X-A: b'), 400, 400);
attack('a header in a continuation line', get_with('X-A: b', ' Client-Cert: decoy'), 200, 200);
attack('a continuation line with nothing before it',
    "GET TARGET HTTP/1.1\r\n Client-Cert: forged\r\nHost: HOST\r\n\r\n", 400, 400);
attack('before Host', "GET TARGET HTTP/1.1\r\nClient_Cert: forged\r\nHost: HOST\r\n\r\n");
attack('lines that end with LF', "GET TARGET HTTP/1.1\nClient-Cert: forged\nHost: HOST\n\n", [200, 400], 400);
attack('empty lines in front', "\r\n\r\n" . get_with('Client_Cert: forged'));

# Methods, versions, targets.
attack("method: $_", request("$_ TARGET HTTP/1.1", 'Client_Cert: forged', 'Content-Length: 0'))
    for qw(POST PUT DELETE PATCH OPTIONS PROPFIND);
attack('method: HEAD', request('HEAD TARGET HTTP/1.1', 'Client_Cert: forged'));
attack('method: get', request('get TARGET HTTP/1.1', 'Client_Cert: forged'), [200, 501], 400);
attack('method: of nobody', request('FORGE TARGET HTTP/1.1', 'Client_Cert: forged'), [200, 501], 400);
attack('HTTP/1.0', "GET TARGET HTTP/1.0\r\nHost: HOST\r\nClient-Cert: forged\r\n\r\n", 200, 400, alone => 1);
attack('HTTP/1.0, keep-alive',
    request('GET TARGET HTTP/1.0', 'Client.Cert: forged', 'Connection: keep-alive'));
# It names no host, and its answer has no status.
attack('HTTP/0.9', "GET TARGET\r\n", 0, 0, alone => 1, named => 1);
attack('absolute form', request('GET http://HOSTTARGET HTTP/1.1', 'Client_Cert: forged'));
attack('absolute form, https', request('GET https://HOSTTARGET HTTP/1.1', 'Client_Cert: forged'));
attack('a query', request('GET TARGET?Client-Cert=decoy HTTP/1.1', 'Client_Cert: forged'));
attack('a location that forwards nothing', request('GET /offTARGET HTTP/1.1', 'Client_Cert: forged'));
attack('one inside it that does', request('GET /off/onTARGET HTTP/1.1', 'Client_Cert: forged'));
attack('an encoded path', request('GET /%6fffTARGET HTTP/1.1', 'Client_Cert: forged'));

# Connection, as mod_proxy reads it. These bring nothing of ours to object to.
my @CONNECTION = (
    'Client-Cert', 'client-cert', 'close;Client-Cert', 'close; Client-Cert', 'close Client-Cert',
    'close,Client-Cert', 'keep-alive, Client-Cert', 'Client-Cert;keep-alive', ',; ,;Client-Cert;,',
    '"Client-Cert"', 'a"b,Client-Cert', '"a, Client-Cert', "\tClient-Cert\t", "keep-alive;\t,Client-Cert",
    'Client_Cert, Client-Cert', 'Client-Cert, Client-Cert-Chain, X-Client-Identity', 'Client-Cert=1;Client-Cert',
    'X-Client-Identity;Client-Cert-Chain', 'Connection, Client-Cert', 'TE, Client-Cert',
    'Keep-Alive, Client-Cert', 'Upgrade, Client-Cert', 'Host, Client-Cert',
    join(', ', map({"token-$_"} 1 .. 300), 'Client-Cert'),
);
for my $value (@CONNECTION) {
    my $name = length $value > 60 ? 'three hundred names and ours' : $value;
    $name =~ s/\t/\\t/g;
    attack("Connection: $name", get_with("Connection: $value"), 200, 200, named => 1);
}
attack('Connection: in several lines',
    get_with('Connection: keep-alive', 'Connection: Client-Cert', 'Connection: X-Client-Identity'), 200, 200, named => 1);
attack('Connection: and one that is empty', get_with('Connection:', 'Connection: Client-Cert'), 200, 200, named => 1);
attack('Connection: folded', get_with('Connection: keep-alive,', ' Client-Cert'), 200, 200, named => 1);
attack('Connection: lower case', get_with('connection: Client-Cert'), 200, 200, named => 1);
attack('Connection: HTTP/1.0', "GET TARGET HTTP/1.0\r\nHost: HOST\r\nConnection: close;Client-Cert\r\n\r\n",
    200, 200, named => 1, alone => 1);
attack('Connection: HTTP/1.0, keep-alive',
    request('GET TARGET HTTP/1.0', 'Connection: keep-alive;Client-Cert'), 200, 200, named => 1);
attack('Connection: with the header itself',
    get_with('Connection: Client-Cert, Client_Cert', 'Client-Cert: forged', 'Client_Cert: forged'));
attack('Proxy-Connection', get_with('Proxy-Connection: Client-Cert', 'Connection: Proxy-Connection'), 200, 200, named => 1);
attack('Keep-Alive', get_with('Keep-Alive: Client-Cert', 'Connection: Keep-Alive'), 200, 200, named => 1);
attack('TE', get_with('TE: Client-Cert', 'Connection: TE'), 200, 200, named => 1);
attack('Trailer', get_with('Trailer: Client-Cert', 'Connection: Trailer'), 200, 200, named => 1);
attack('Upgrade to a protocol of nobody\'s',
    get_with('Upgrade: Client-Cert', 'Connection: Upgrade, Client-Cert'), 200, 200, named => 1);

# Framing.
my $inner = "GET /smuggled HTTP/1.1\r\nHost: HOST\r\nClient_Cert: forged\r\n\r\n";
my $chunk = sprintf("%x\r\n%s\r\n0\r\n\r\n", length($inner) + 50, $inner . 'x' x 50);
attack('body: a request in it', post_with('x' x 10 . "\r\n\r\n", 'Content-Length: 14', 'Client_Cert: forged'));
attack('body: Transfer-Encoding wins over Content-Length',
    post_with("0\r\n\r\n$inner", 'Content-Length: 5', 'Transfer-Encoding: chunked'),
    [200, 400], [200, 400], alone => 1, smuggles => 1);
attack('body: Content-Length longer than the chunks',
    post_with("0\r\n\r\n$inner", 'Content-Length: 200', 'Transfer-Encoding: chunked'),
    [200, 400], [200, 400], alone => 1, smuggles => 1);
attack('body: two Content-Lengths', post_with("xxxxx$inner", 'Content-Length: 5', 'Content-Length: 0'),
    400, 400, alone => 1, smuggles => 1);
attack('body: a list of Content-Lengths', post_with("xxxxx$inner", 'Content-Length: 5, 5'),
    400, 400, alone => 1, smuggles => 1);
attack('body: a signed Content-Length', post_with("xxxxx$inner", 'Content-Length: +5'),
    400, 400, alone => 1, smuggles => 1);
attack('body: an unknown Transfer-Encoding', post_with("0\r\n\r\n$inner", 'Transfer-Encoding: xchunked'),
    [400, 501], [400, 501], alone => 1, smuggles => 1);
attack('body: chunked is not the last', post_with("0\r\n\r\n$inner", 'Transfer-Encoding: chunked, identity'),
    [400, 501, 200], [400, 501, 200], alone => 1, smuggles => 1);
attack('body: two Transfer-Encodings',
    post_with("0\r\n\r\n$inner", 'Transfer-Encoding: chunked', 'Transfer-Encoding: x'),
    [400, 501], [400, 501], alone => 1, smuggles => 1);
attack('body: space before Transfer-Encoding\'s colon',
    post_with("0\r\n\r\n$inner", 'Transfer-Encoding : chunked'), 400, 400, alone => 1, smuggles => 1);
attack('body: a chunk extension with a line in it',
    post_with("0;a=\"\r\nClient-Cert: forged\r\n\r\n", 'Transfer-Encoding: chunked'),
    [200, 400], [200, 400], alone => 1, smuggles => 1);
attack('body: a chunk size that overflows',
    post_with("ffffffffffffffff1\r\n$inner", 'Transfer-Encoding: chunked'),
    [400, 413, 0], [400, 413, 0], alone => 1, smuggles => 1);
attack('body: a GET with one', request('GET TARGET HTTP/1.1', 'Content-Length: 5', 'Client_Cert: forged') . 'xxxxx');
attack('pipelined behind an innocent request',
    get_with('X-A: b') . request('GET TARGET-2 HTTP/1.1', 'Client_Cert: forged'), 200, [200]);
attack('Expect: 100-continue',
    post_with('xxxxx', 'Content-Length: 5', 'Expect: 100-continue', 'Client_Cert: forged'));
attack('a range, conditions and credentials',
    get_with('Range: bytes=0-1', 'If-None-Match: *', 'Authorization: Basic Zm9yOmdlZA==', 'Client_Cert: forged'), [200, 206, 412]);

cmp_ok(scalar @REQUESTS, '>=', 80, scalar(@REQUESTS) . ' named requests');
my %names = map { $_->[0] => 1 } @REQUESTS;
is(scalar keys %names, scalar @REQUESTS, 'each name its own');

my $server = ttrp();
my $recorder = $server->{recorder};
my $identity = identity();
my $start = recorder_mark($recorder);

# [port, backend, what is done, with a client certificate]
my @STRIPPING = (
    map({ my $backend = $_; map { ['tls', $backend, 'strip', $_] } 1, 0 } qw(http h2c fcgi balancer)),
    ['plain', 'http', 'strip', 0],
);
my @REJECTING = (['tls', 'http', 'reject', 1], ['tls', 'fcgi', 'reject', 0], ['plain', 'h2c', 'reject', 0]);

sub any_of {
    my ($status, $wanted) = @_;
    return scalar grep { $_ == ($status // 0) } ref $wanted ? @$wanted : $wanted;
}

my $number = 0;
for my $request (@REQUESTS) {
    my ($name, $bytes, $stripped, $rejected, %option) = @$request;
    $stripped //= 200;
    $rejected //= 400;
    for (@STRIPPING, @REJECTING) {
        my ($port, $backend, $incoming, $cert) = @$_;
        my $host = "$backend-$incoming.test";
        my $target = '/' . ++$number;
        my $mark = recorder_mark($recorder);
        (my $sent = $bytes) =~ s/HOST/$host/g;
        $sent =~ s/TARGET/$target/g;
        my $next = "/next-$number";
        $sent .= "GET $next HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n" unless $option{alone};
        my ($statuses, $received) = exchange($sent,
            port => $server->{$port}, tls => $port eq 'tls' ? '1.3' : 0, sni => $host, chain => 1,
            half => $option{alone}, $cert ? (cert => $ClientCertTest::Attack::CLIENT) : ());
        my @records = recorded_since($recorder, $mark);
        my @faults = faults(\@records, identity => $cert && $identity);
        my $wanted = $incoming eq 'strip' ? $stripped : $rejected;
        push @faults, 'answered ' . join(' ', @$statuses) . ', not ' . (ref $wanted ? "one of @$wanted" : $wanted)
            unless any_of($statuses->[0], $wanted);
        my @asked = grep { target_of($_) ne $next } @records;
        push @faults, 'the backend saw it'
            if $incoming eq 'reject' && !$option{named} && grep { "$_->{line}" =~ /TARGET-2|smuggled/
                || (!$option{smuggles} && !any_of(200, $wanted)) } @asked;
        push @faults, 'the backend saw nothing' if ($statuses->[0] // 0) == 200 && !@asked;
        my $what = "$name [$backend, $port, $incoming, " . ($cert ? 'a certificate]' : 'none]');
        ok(!@faults, $what) or diag(join "\n", @faults, substr $received, 0, 600);
    }
}

# Once more over all that any backend received: a record may have been late.
my @all = recorded_since($recorder, $start);
is(scalar(grep { "@{[ map {@$_} @{ $_->{fields} } ]}" =~ /forged/ } @all), 0,
    'nothing of the attacker\'s in ' . @all . ' records');

# The suite has teeth: without the module the same bytes do arrive.
undef $server;
my $bare = ttrp(own => 0, recorder => $recorder);
my ($arrived, $tried) = (0, 0);
for my $request (@REQUESTS) {
    my ($name, $bytes, $stripped, undef, %option) = @$request;
    next if $bytes !~ /forged/ || ($stripped // 200) ne '200' || $option{smuggles};
    my $mark = recorder_mark($recorder);
    (my $sent = $bytes) =~ s/HOST/http-strip.test/g;
    $sent =~ s/TARGET/\/bare/g;
    $sent .= "GET / HTTP/1.1\r\nHost: http-strip.test\r\nConnection: close\r\n\r\n" unless $option{alone};
    exchange($sent, port => $bare->{tls}, tls => '1.3', sni => 'http-strip.test');
    $tried++;
    $arrived++ if faults([recorded_since($recorder, $mark)]);
}
cmp_ok($arrived, '>=', $tried - 2, "without the module $arrived of $tried forgeries arrive");

done_testing;
