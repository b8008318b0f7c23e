# SPDX-License-Identifier: Apache-2.0

# Attacks as frames of HTTP/2, over TLS and with prior knowledge: names and
# values that HTTP/1.1 cannot carry, pseudo headers in odd places, streams at
# once. Whatever mod_http2 lets through, nothing that folds to ours arrives.

use ClientCertTest;
use ClientCertTest::Attack qw(faults identity target_of ttrp);
use ClientCertTest::Raw qw(http2 recorded_since recorder_mark);

# Fields after the usual pseudo headers, or all of them with `whole`; `named`
# brings none of ours.
my @REQUESTS;
sub attack { push @REQUESTS, [@_]; return }

attack("name: $_", [[$_, 'forged']]) for qw(client-cert client_cert client.cert client!cert client~cert
    client'cert client|cert client`cert client^cert client*cert client+cert client&cert client%cert
    client$cert client-cert-chain client_cert.chain x-client-identity x_client_identity
    x-named-elsewhere), 'client#cert';
attack('name: upper case', [['Client-Cert', 'forged']]);
attack('name: mixed case', [['client-Cert', 'forged']]);
attack('name: a space inside', [['client cert', 'forged']]);
attack('name: a space behind', [['client-cert ', 'forged']]);
attack('name: a tab in front', [["\tclient-cert", 'forged']]);
attack('name: a colon behind', [['client-cert:', 'forged']]);
attack('name: a colon in front', [[':client-cert', 'forged']]);
attack('name: a high byte', [["client\xadcert", 'forged']]);
attack('name: NUL', [["client\0cert", 'forged']]);
attack('name: CR LF and another', [["x-a: b\r\nclient-cert", 'forged']]);
attack('no name', [['', 'forged'], ['client-cert', 'forged']]);
attack('value: CR LF and a header', [['x-a', "b\r\nclient-cert: forged"]]);
attack('value: LF and a header', [['x-a', "b\nclient-cert: forged"]]);
attack('value: CR and a header', [['x-a', "b\rclient-cert: forged"]]);
attack('value: NUL', [['client-cert', "forged\0forged"]]);
attack('value: empty', [['client-cert', '']]);
attack('value: white space around', [['client-cert', '  forged  ']]);
attack('value: 8,000 bytes', [['client-cert', 'forged' . 'x' x 8000]]);
attack('value: 100,000 bytes', [['client-cert', 'forged' . 'x' x 100_000]]);
attack('twice', [['client-cert', 'forged'], ['client-cert', 'forged']]);
attack('in three spellings', [map { [$_, 'forged'] } qw(client-cert client_cert client.cert)]);
attack('ninety times', [map { ['client_cert', "forged$_"] } 1 .. 90]);
attack('more fields than the limit', [map { ["client_cert", "forged$_"] } 1 .. 150]);
attack('cookie-like crumbs', [['cookie', 'a=b'], ['client-cert', 'forged'], ['cookie', 'c=d']]);
attack('connection', [['connection', 'client-cert']], named => 1);
attack('connection: close;Client-Cert', [['connection', 'close;Client-Cert']], named => 1);
attack('proxy-connection', [['proxy-connection', 'client-cert']], named => 1);
attack('keep-alive', [['keep-alive', 'client-cert']], named => 1);
attack('te: trailers, client-cert', [['te', 'trailers, client-cert']], named => 1);
attack('te: trailers', [['te', 'trailers'], ['client_cert', 'forged']]);
attack('transfer-encoding', [['transfer-encoding', 'chunked'], ['client_cert', 'forged']]);
attack('upgrade', [['upgrade', 'h2c'], ['connection', 'upgrade'], ['client_cert', 'forged']]);
attack('trailer announced, none sent', [['trailer', 'client-cert'], ['client_cert', 'forged']]);
attack('expect: 100-continue', [['expect', '100-continue'], ['client_cert', 'forged']]);
attack('expect: foo', [['expect', 'foo'], ['client_cert', 'forged']]);
attack('host unlike :authority', [['host', 'elsewhere.test'], ['client_cert', 'forged']]);
attack('content-length without a body', [['content-length', '5'], ['client_cert', 'forged']]);
attack('a pseudo header after the fields',
    [[':method', 'GET'], ['client_cert', 'forged'], [':scheme', 'https'], [':authority', 'HOST'], [':path', 'TARGET']], whole => 1);
attack('a pseudo header twice',
    [[':method', 'GET'], [':method', 'TRACE'], [':scheme', 'https'], [':authority', 'HOST'], [':path', 'TARGET'], ['client_cert', 'forged']], whole => 1);
attack('no :authority',
    [[':method', 'GET'], [':scheme', 'https'], [':path', 'TARGET'], ['client_cert', 'forged']], whole => 1);
attack('no :authority, but host',
    [[':method', 'GET'], [':scheme', 'https'], [':path', 'TARGET'], ['host', 'HOST'], ['client_cert', 'forged']], whole => 1);
attack('no :path', [[':method', 'GET'], [':scheme', 'https'], [':authority', 'HOST'], ['client_cert', 'forged']], whole => 1);
attack('an unknown pseudo header',
    [[':method', 'GET'], [':scheme', 'https'], [':authority', 'HOST'], [':path', 'TARGET'], [':client-cert', 'forged']], whole => 1);
attack(':scheme of http',
    [[':method', 'GET'], [':scheme', 'http'], [':authority', 'HOST'], [':path', 'TARGET'], ['client_cert', 'forged']], whole => 1);
attack(':authority with a port and a user',
    [[':method', 'GET'], [':scheme', 'https'], [':authority', 'client-cert@HOST:1'], [':path', 'TARGET'], ['client_cert', 'forged']], whole => 1);
attack(':path with CR LF',
    [[':method', 'GET'], [':scheme', 'https'], [':authority', 'HOST'], [':path', "TARGET HTTP/1.1\r\nClient-Cert: forged\r\n"]], whole => 1);
attack(':path with a space and a version',
    [[':method', 'GET'], [':scheme', 'https'], [':authority', 'HOST'], [':path', "TARGET HTTP/1.0"], ['client_cert', 'forged']], whole => 1);
attack(':method with CR LF',
    [[':method', "GET / HTTP/1.1\r\nClient-Cert: forged\r\n\r\nGET"], [':scheme', 'https'], [':authority', 'HOST'], [':path', 'TARGET']], whole => 1);
attack('an absolute :path',
    [[':method', 'GET'], [':scheme', 'https'], [':authority', 'HOST'], [':path', 'https://HOSTTARGET'], ['client_cert', 'forged']], whole => 1);
attack('extended CONNECT',
    [[':method', 'CONNECT'], [':protocol', 'websocket'], [':scheme', 'https'], [':authority', 'HOST'], [':path', 'TARGET'], ['client_cert', 'forged']], whole => 1);
attack('CONNECT', [[':method', 'CONNECT'], [':authority', 'HOST:443'], ['client_cert', 'forged']], whole => 1);
attack('TRACE',
    [[':method', 'TRACE'], [':scheme', 'https'], [':authority', 'HOST'], [':path', 'TARGET'], ['max-forwards', '0'], ['client_cert', 'forged']], whole => 1);
attack('a body', [['client_cert', 'forged']], body => 'x' x 50_000);

my $server = ttrp();
my $recorder = $server->{recorder};
my $identity = identity();
my $start = recorder_mark($recorder);

my @WAYS = (
    map({ ['tls', $_, 'strip', 1] } qw(http h2c fcgi)), ['tls', 'http', 'strip', 0],
    ['plain', 'http', 'strip', 0],
    ['tls', 'http', 'reject', 1], ['plain', 'h2c', 'reject', 0],
);
my $number = 0;
for my $request (@REQUESTS) {
    my ($name, $fields, %option) = @$request;
    for (@WAYS) {
        my ($port, $backend, $incoming, $cert) = @$_;
        my $host = "$backend-$incoming.test";
        my $target = '/' . ++$number;
        my @headers = map { [@$_] } $option{whole} ? () : (
            [':method', $option{body} ? 'POST' : 'GET'], [':scheme', 'https'], [':authority', 'HOST'],
            [':path', 'TARGET'],
        ), @$fields;
        for (@headers) {
            $_->[1] =~ s/HOST/$host/g;
            $_->[1] =~ s/TARGET/$target/g;
        }
        my $mark = recorder_mark($recorder);
        my $result = http2(port => $server->{$port}, sni => $host, prior => $port eq 'plain' ? \1 : \0,
            $cert ? (cert => $ClientCertTest::Attack::CLIENT) : (),
            streams => [{ headers => \@headers, defined $option{body} ? (body => $option{body}) : () }]);
        my @records = recorded_since($recorder, $mark);
        my @faults = faults(\@records, identity => $cert && $identity);
        my $status = $result->{streams}[0]{status} // 0;
        push @faults, 'the backend saw it' if $incoming eq 'reject' && !$option{named} && @records;
        push @faults, "answered 200, and the backend saw nothing"
            if $status == 200 && !@records && $name ne 'TRACE';
        push @faults, "answered $status"
            if $name =~ /^name: [a-z]\S+$/ && $status != ($incoming eq 'reject' ? 400 : 200);
        push @faults, 'the answer has it' if ($result->{streams}[0]{body} // '') =~ /forged/ && @records;
        ok(!@faults, "$name [$backend, $port, $incoming, " . ($cert ? 'a certificate' : 'none') . "]: $status")
            or diag(join "\n", @faults, $result->{error} // ());
    }
}

subtest 'streams at once, each with its own forgery' => sub {
    for my $backend (qw(http h2c fcgi)) {
        my $host = "$backend-strip.test";
        my $mark = recorder_mark($recorder);
        my $result = http2(port => $server->{tls}, sni => $host, cert => $ClientCertTest::Attack::CLIENT,
            streams => [map { +{ headers => [
                [':method', 'GET'], [':scheme', 'https'], [':authority', $host],
                [':path', $_ % 3 ? "/stream-$_" : "/off/stream-$_"],
                [('client-cert', 'client_cert', 'client.cert')[$_ % 3], "forged-$_"],
            ] } } 1 .. 40]);
        is(scalar(grep { $_->{status} == 200 } @{ $result->{streams} }), 40, "$backend: all answered");
        my @records = recorded_since($recorder, $mark);
        is(scalar @records, 40, 'all arrived');
        is_deeply([faults(\@records, identity => $identity)], [], 'each with the client\'s certificate');
    }
};

is(scalar(grep { "@{[ map {@$_} @{ $_->{fields} } ]}" =~ /forged/ } recorded_since($recorder, $start)), 0,
    'nothing of the attacker\'s in any record');

done_testing;
