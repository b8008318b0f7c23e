# SPDX-License-Identifier: Apache-2.0

# HttpProtocolOptions Unsafe lets names in that are no tokens. What some backend
# trims off the end makes no other name of one of ours.

use ClientCertTest;
use ClientCertTest::Raw qw(exchange recorded_since recorder recorder_mark);

my $recorder = recorder();
my ($port, $elsewhere) = (free_port(), free_port());
my $server = ClientCertTest::Server->new(name => 'unsafe', config => <<"CONF")->start;
Listen 127.0.0.1:$port
HttpProtocolOptions Unsafe
<VirtualHost 127.0.0.1:$port>
    ProxyPass / http://127.0.0.1:$recorder->{http}/
</VirtualHost>
Listen 127.0.0.1:$elsewhere
<VirtualHost 127.0.0.1:$elsewhere>
    ClientCertForward rfc9440 X
    ClientCertForward rfc9440 7
</VirtualHost>
CONF

for my $end ('', ' ', "\t", "\x0b", "\xa0", "\x85", ';', '"', "\xc2\xa0", ';;', "\x7f", "\x7f\x7f") {
    for my $name (qw(Client-Cert client_cert Client-Cert-Chain X x 7)) {
        my $mark = recorder_mark($recorder);
        my ($statuses) = exchange("GET /x HTTP/1.1\r\nHost: a\r\n$name$end: forged\r\nX-Other$end: kept\r\n"
            . "Connection: close\r\n\r\n", port => $port);
        my $what = sprintf '%s%s', $name, unpack 'H*', $end;
        my @reached = recorded_since($recorder, $mark);
        is(scalar @reached, $statuses->[0] == 400 ? 0 : 1, "$what: answered");
        is_deeply([grep { $_->[1] =~ /forged/ } map { @{ $_->{fields} } } @reached], [], 'and stripped');
    }
}
# Before a name: a blank would make the line a part of the one before.
for my $start ("\x0b", "\x0c", "\x1f", "\x01", "\xa0", "\x85", "\xc2\xa0", "\xef\xbb\xbf", "\x0b\x0b\x1c") {
    for my $name (qw(Client-Cert client_cert Client-Cert-Chain X x 7), "Client-Cert\x0b") {
        my $mark = recorder_mark($recorder);
        my ($statuses) = exchange("GET /x HTTP/1.1\r\nHost: a\r\n$start$name: forged\r\n${start}X-Other: kept\r\n"
            . "Connection: close\r\n\r\n", port => $port);
        my $what = sprintf '%s%s', unpack('H*', $start), $name;
        my @reached = recorded_since($recorder, $mark);
        is(scalar @reached, $statuses->[0] == 400 ? 0 : 1, "$what: answered");
        is_deeply([grep { $_->[1] =~ /forged/ } map { @{ $_->{fields} } } @reached], [], 'and stripped');
        is(scalar(grep { $_->[1] =~ /kept/ } map { @{ $_->{fields} } } @reached), scalar @reached,
            'and no other');
    }
}
my $mark = recorder_mark($recorder);
exchange("GET /x HTTP/1.1\r\nHost: a\r\nClient-Cert-X: a\r\nClient-Cert-: b\r\nXY: c\r\nX-: d\r\nConnection: close\r\n\r\n",
    port => $port);
my ($got) = recorded_since($recorder, $mark);
is(scalar(grep { $_->[0] =~ /^(?:client-cert-x?|xy|x-)$/i } @{ $got->{fields} }), 4,
    'longer names are others');

done_testing;
