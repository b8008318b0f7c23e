# SPDX-License-Identifier: Apache-2.0

# Trailers, which httpd reads after every module has looked at the headers: none
# that folds to ours reaches a backend, as a trailer or merged with the headers,
# and one named Connection takes nothing away. With MergeTrailers and without,
# for every kind of backend, a balancer's second attempt, and HTTP/2 clients.

use ClientCertTest;
use ClientCertTest::Attack qw(faults identity target_of ttrp);
use ClientCertTest::Raw qw(exchange http2 recorded_since recorder recorder_mark);

# [name, trailers, brings one of ours]
my @TRAILERS = (
    ['ours', [['Client-Cert', 'forged']], 1],
    ['lower case', [['client-cert', 'forged']], 1],
    ['underscore', [['Client_Cert', 'forged']], 1],
    ['dot', [['client.cert', 'forged']], 1],
    ['the chain', [['Client-Cert-Chain', 'forged']], 1],
    ['a configured name', [['X_Client_Identity', 'forged']], 1],
    ['one that another virtual host names', [['X-Named-Elsewhere', 'forged']], 1],
    ['several', [['Client-Cert', 'forged'], ['Client-Cert', 'forged'], ['CLIENT_CERT', 'forged']], 1],
    ['among others', [['X-A', 'b'], ['Client_Cert', 'forged'], ['X-C', 'd']], 1],
    ['empty', [['Client-Cert', '']], 1],
    ['Connection', [['Connection', 'Client-Cert']], 0],
    ['Connection with more', [['Connection', 'close;Client-Cert, X-Client-Identity']], 0],
    ['Connection and ours', [['Connection', 'Client-Cert'], ['Client-Cert', 'forged']], 1],
    ['none of ours', [['X-Checksum', '1']], 0],
);
my @FRAMES = (
    ['', "5\r\nxxxxx\r\n0\r\n"],
    [', no body', "0\r\n"],
    [', a long body', sprintf("%x\r\n%s\r\n", 60_000, 'x' x 60_000) x 3 . "0\r\n"],
);

my $recorder = recorder();
my $identity = identity();

sub judge {
    my ($what, $statuses, $records, %want) = @_;
    my @faults = faults($records, identity => $want{cert} && $identity);
    if ($want{reject} && $want{brings}) {
        # Some of the request may be with the backend when its trailers come.
        push @faults, "answered $statuses->[0]" if ($statuses->[0] // 0) =~ /^2/;
    }
    else {
        push @faults, "answered @$statuses" if ($statuses->[0] // 0) != 200;
        push @faults, 'the backend saw nothing' if !@$records;
    }
    ok(!@faults, $what) or diag(join "\n", @faults);
    return;
}

my $number = 0;
for my $merge ('on', 'off') {
    my $server = ttrp(recorder => $recorder, lines => "    MergeTrailers $merge");
    for my $trailers (@TRAILERS) {
        my ($name, $fields, $brings) = @$trailers;
        for my $backend (qw(http h2c fcgi balancer)) {
            for my $cert (1, 0) {
                for my $frame ($backend eq 'balancer' ? @FRAMES : @FRAMES[0, $cert ? 2 : 1]) {
                    my $incoming = $frame->[0] eq '' && !$cert ? 'reject' : 'strip';
                    my $host = "$backend-$incoming.test";
                    my $mark = recorder_mark($recorder);
                    $number++;
                    my $bytes = "POST /$number HTTP/1.1\r\nHost: $host\r\nTransfer-Encoding: chunked\r\n"
                        . "Trailer: Client-Cert\r\n\r\n$frame->[1]"
                        . join('', map {"$_->[0]: $_->[1]\r\n"} @$fields) . "\r\n"
                        . "GET /next-$number HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n";
                    my ($statuses) = exchange($bytes, port => $server->{tls}, tls => '1.3', sni => $host,
                        chain => 1, $cert ? (cert => $ClientCertTest::Attack::CLIENT) : ());
                    judge("$name$frame->[0] [$backend, $incoming, MergeTrailers $merge, "
                            . ($cert ? 'a certificate]' : 'none]'),
                        $statuses, [recorded_since($recorder, $mark)],
                        cert => $cert, reject => $incoming eq 'reject', brings => $brings);
                }
            }
            for my $incoming ('strip', 'reject') {
                my $host = "$backend-$incoming.test";
                my $mark = recorder_mark($recorder);
                $number++;
                my $result = http2(port => $server->{tls}, sni => $host, cert => $ClientCertTest::Attack::CLIENT,
                    streams => [{
                        headers => [
                            [':method', 'POST'], [':scheme', 'https'], [':authority', $host],
                            [':path', "/$number"], ['trailer', 'client-cert'],
                        ],
                        body => 'xxxxx',
                        trailers => [map { [lc $_->[0], $_->[1]] } @$fields],
                    }]);
                my $stream = $result->{streams}[0] // {};
                my $wrong = $name =~ /Connection/;
                my @records = recorded_since($recorder, $mark);
                # Connection-specific fields are malformed in HTTP/2.
                if ($wrong && !$stream->{status}) {
                    ok(!faults(\@records, identity => $identity),
                        "$name [HTTP/2 to $backend, $incoming, MergeTrailers $merge]: reset")
                        or diag(faults(\@records, identity => $identity));
                    next;
                }
                judge("$name [HTTP/2 to $backend, $incoming, MergeTrailers $merge]",
                    [$stream->{status}], \@records,
                    cert => 1, reject => $incoming eq 'reject', brings => $brings);
            }
        }
    }
}

# With neither of our names in them, they stay what they were.
{
    my $server = ttrp(recorder => $recorder, lines => '    MergeTrailers on');
    my $mark = recorder_mark($recorder);
    exchange("POST /kept HTTP/1.1\r\nHost: fcgi-strip.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        . "X-Checksum: 7\r\nClient-Cert: forged\r\n\r\n", port => $server->{tls}, tls => '1.3',
        sni => 'fcgi-strip.test', half => 1);
    my ($record) = recorded_since($recorder, $mark);
    is_deeply([map { $_->[1] } grep { $_->[0] eq 'X_CHECKSUM' } @{ $record->{fields} }], ['7'],
        'other trailers are merged as MergeTrailers says');
}

# The suite has teeth.
{
    my $server = ttrp(own => 0, recorder => $recorder, lines => '    MergeTrailers on');
    for my $backend (qw(fcgi h2c balancer)) {
        my $mark = recorder_mark($recorder);
        exchange("POST /bare HTTP/1.1\r\nHost: $backend-strip.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            . "Client-Cert: forged\r\n\r\n", port => $server->{tls}, tls => '1.3',
            sni => "$backend-strip.test", half => 1) for 1 .. 3;
        ok(scalar faults([recorded_since($recorder, $mark)]), "without the module it arrives [$backend]");
    }
}

done_testing;
