# SPDX-License-Identifier: Apache-2.0

# A connection that becomes HTTP/2 by Upgrade: the request that asks for it is
# answered as the first stream, with the headers that it has by then. And whom
# mod_ssl asked for a certificate in that request is known to the streams.

use ClientCertTest;
use ClientCertTest::Raw qw(h2_frame recorded_since recorder recorder_mark);

my $recorder = recorder();
my $port = free_port();
my $hosts = join '', map { <<"HOST" } qw(strip reject);
<VirtualHost 127.0.0.1:$port>
    ServerName $_.test
    ClientCertIncoming $_
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient none
    <Location /asks/>
        SSLVerifyClient require
    </Location>
    <LocationMatch "^/(asks/on|on)/">
        ClientCertForward rfc9440
    </LocationMatch>
    ProxyPass / http://127.0.0.1:$recorder->{http}/
</VirtualHost>
HOST
my $server = ClientCertTest::Server->new(name => 'upgrades', config => <<"CONF")->start;
Listen 127.0.0.1:$port
Protocols h2 http/1.1
H2Upgrade on
H2ModernTLSOnly off
$hosts
CONF

sub text { return chr(length $_[0]) . $_[0] }

# The requests that reach the origin, by path, of one connection that is upgraded.
sub upgrade {
    my ($tls, $incoming, $first) = @_;
    my $mark = recorder_mark($recorder);
    my $client = client(port => $port, tls => $tls, sni => "$incoming.test", post_handshake => 1,
        cert => 'client-rsa');
    $client->send("GET $first HTTP/1.1\r\nHost: $incoming.test\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        . "Upgrade: h2\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
    1 while $client->{buffer} !~ /\r\n\r\n/ && $client->more;
    like($client->{buffer}, qr{^HTTP/1.1 101 }, "TLS $tls, $incoming, $first: upgraded");
    # Its preface, SETTINGS, and HEADERS for another stream.
    $client->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . h2_frame(4, 0, 0, '')
        . h2_frame(1, 5, 3, "\x82\x87\x04" . text('/on/y') . "\x01" . text("$incoming.test")));
    my %seen;
    for (1 .. 60) {
        %seen = map { ((split ' ', $_->{line})[1] => $_) } recorded_since($recorder, $mark);
        last if keys %seen == 2;
        select undef, undef, undef, 0.05;
    }
    $client->close;
    return %seen;
}

for my $tls ('1.2', '1.3') {
    for my $incoming (qw(strip reject)) {
        for my $first (qw(/asks/on/x /asks/x)) {
            subtest "TLS $tls, $incoming, $first" => sub {
                my %answered;
                # One upgrade in ten or so httpd leaves unfinished, also without us: it reads
                # nothing any more of the connection.
                for (1 .. 10) {
                    my %seen = upgrade($tls, $incoming, $first);
                    for my $path (sort keys %seen) {
                        my @headers = grep { $_->[0] =~ /^client.cert$/i } @{ $seen{$path}{fields} };
                        is(scalar @headers, $path =~ m{/on/} ? 1 : 0, "$path: the header, where it is to be");
                        $answered{$path} = 1;
                    }
                    last if keys %seen == 2;
                }
                is_deeply([sort keys %answered], [sort $first, '/on/y'], 'both are answered');
            };
        }
    }
}
is_deeply([grep {/stripped|rejected/} split /\n/, slurp($server->error_log)], [],
    'and our header is not taken for one that came');

done_testing;
