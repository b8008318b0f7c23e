# SPDX-License-Identifier: Apache-2.0

# A connection that becomes HTTP/2 by Upgrade: the request that asked for it is
# answered as the first stream, with the identity that came with it.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Raw 'h2_frame';

trust_pki();
my $origin = accept_origin(global => "Protocols h2c http/1.1\nH2Upgrade on\nClientCertIncoming reject",
    accept => "ClientCertAccept cms\n" . ClientCertTest::Accept::usual_trust() . "ClientCertTrustPeer off\n");

# What the access log says of the request once it is answered as a stream.
sub upgraded {
    my (@fields) = @_;
    my $client = client(port => $origin->{http}, tls => undef);
    my $id = ClientCertTest::Client::next_id();
    $client->send(join "\r\n", 'GET /x HTTP/1.1', 'Host: localhost', "X-Test-Id: $id", @fields,
        'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__', '', '');
    1 while $client->{buffer} !~ /\r\n\r\n/ && $client->more;
    return $client->{buffer} if $client->{buffer} !~ m{^HTTP/1\.1 101 };
    $client->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . h2_frame(4, 0, 0, ''));
    my $line;
    for (1 .. 60) {
        ($line) = grep {/^id=\Q$id\E .* status=200 /} split /\n/, slurp($origin->access_log);
        last if $line;
        select undef, undef, undef, 0.05;
    }
    $client->close;
    return $line;
}

# One upgrade in ten or so httpd leaves unfinished, also without us.
sub upgrade {
    for (1 .. 10) {
        my $line = upgraded(@_);
        return $line if defined $line;
    }
    return;
}

my $good = signed_value('accept-ttrp', 'client-rsa');
like(upgrade("Client-Cert: $good"), qr/accept=accepted/, 'the identity comes along');
like(upgrade(), qr/accept=none/, 'none does not');
like(upgrade("Client-Cert: $good", "client-cert: $good"), qr{^HTTP/1\.1 400 }, 'nor do two');

done_testing;
