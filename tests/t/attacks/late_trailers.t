# SPDX-License-Identifier: Apache-2.0

# Trailers that are read past the place where they are usually watched: after
# MultiViews, which takes a request's input filters away, and by mod_ssl, which
# reads the body before a client is asked for its certificate in mid connection.

use ClientCertTest;
use ClientCertTest::Attack qw(faults identity ttrp);
use ClientCertTest::Raw qw(exchange http2 recorded_since recorder recorder_mark);
use File::Path 'make_path';

my $recorder = recorder();
my $identity = identity();
my $directory = "$ENV{TEST_SERVERS}/late.$$";
make_path("$directory/views", "$directory/cgi");
spew("$directory/views/page.php", '');
spew("$directory/cgi/env", slurp("$ENV{TEST_HTDOCS}/cgi/env"));
chmod 0755, "$directory/cgi/env";

my $body = "Transfer-Encoding: chunked\r\nTrailer: Client-Cert\r\n\r\n5\r\nxxxxx\r\n0\r\n";
my @TRAILERS = (['Client-Cert', 'forged'], ['Connection', 'Client-Cert']);
my $number = 0;

for my $merge ('on', 'off') {
    my $server = ttrp(recorder => $recorder, modules => ['negotiation'], lines => <<"LINES");
    MergeTrailers $merge
    ProxyPass /views !
    Alias /views $directory/views
    <Directory $directory/views>
        Require all granted
        Options +MultiViews
        AddType application/x-php .php
        <Files page.php>
            SetHandler "proxy:BACKEND"
        </Files>
    </Directory>
LINES
    for my $backend (qw(http h2c fcgi balancer)) {
        for my $incoming (qw(strip reject)) {
            my $host = "$backend-$incoming.test";
            my $where = "[$backend, $incoming, MergeTrailers $merge]";
            for my $cert (1, 0) {
                for my $trailer (@TRAILERS) {
                    my $mark = recorder_mark($recorder);
                    $number++;
                    my ($statuses) = exchange(
                        "POST /views/page?$number HTTP/1.1\r\nHost: $host\r\nAccept: */*\r\n$body"
                            . "$trailer->[0]: $trailer->[1]\r\n\r\n"
                            . "GET /next-$number HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n",
                        port => $server->{tls}, tls => '1.3', sni => $host, chain => 1,
                        $cert ? (cert => $ClientCertTest::Attack::CLIENT) : ());
                    my @records = recorded_since($recorder, $mark);
                    my @faults = faults(\@records, identity => $cert && $identity);
                    my $rejected = $incoming eq 'reject' && $trailer->[0] eq 'Client-Cert';
                    push @faults, "answered @$statuses" if $rejected == (($statuses->[0] // 0) == 200);
                    push @faults, 'the backend saw nothing' if !$rejected && !@records;
                    ok(!@faults, "MultiViews, trailer $trailer->[0] $where, " . ($cert ? 'a certificate' : 'none'))
                        or diag(join "\n", @faults);
                }
            }
            my $mark = recorder_mark($recorder);
            http2(port => $server->{tls}, sni => $host, cert => $ClientCertTest::Attack::CLIENT,
                streams => [{
                    headers => [
                        [':method', 'POST'], [':scheme', 'https'], [':authority', $host],
                        [':path', '/views/page?' . ++$number], ['trailer', 'client-cert'],
                    ],
                    body => 'xxxxx',
                    trailers => [['client-cert', 'forged']],
                }]);
            my @faults = faults([recorded_since($recorder, $mark)], identity => $identity);
            ok(!@faults, "MultiViews, HTTP/2 $where") or diag(join "\n", @faults);
        }
    }
}

my $port = free_port();
my $hosts = join '', map {
    my ($scheme, $incoming) = @$_;
    <<"HOST" } map { my $scheme = $_; map { [$scheme, $_] } qw(strip reject) } qw(http h2c fcgi);
<VirtualHost 127.0.0.1:$port>
    ServerName $scheme-$incoming.test
    ClientCertIncoming $incoming
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient none
    SSLVerifyDepth 5
    MergeTrailers on
    <LocationMatch "^/(on|off|cgi)/">
        SSLVerifyClient optional
    </LocationMatch>
    <Location /on/>
        ClientCertForward cms
    </Location>
    <Location /off/peer>
        Require expr "-z req('Client-Cert')"
    </Location>
    ScriptAlias /cgi/ $directory/cgi/
    <Directory $directory/cgi>
        Require all granted
    </Directory>
    ProxyPass /cgi !
    ProxyPass / $scheme://127.0.0.1:$recorder->{$scheme}/
</VirtualHost>
HOST
my $server = ClientCertTest::Server->new(name => 'asks_late', config => <<"CONF")->start;
Listen 127.0.0.1:$port
ScriptSock cgisock
$hosts
CONF

for my $tls ('1.2', '1.3') {
    for my $scheme (qw(http h2c fcgi)) {
        for my $incoming (qw(strip reject)) {
            for my $cert (1, 0) {
                for my $path (qw(/on/x /off/x /off/peer /cgi/env)) {
                    my $mark = recorder_mark($recorder);
                    my $client = client(port => $port, tls => $tls, sni => "$scheme-$incoming.test",
                        post_handshake => 1, $cert ? (cert => 'client-rsa') : ());
                    $client->send("POST $path HTTP/1.1\r\nHost: $scheme-$incoming.test\r\nConnection: close\r\n"
                        . "${body}Client-Cert: forged\r\n\r\n");
                    my $response = $client->response;
                    my $expected = $incoming eq 'reject' ? 400 : 200;
                    my $what = "mod_ssl reads the body [TLS $tls, $scheme, $incoming, $path, "
                        . ($cert ? 'a certificate]' : 'none]');
                    my @records = recorded_since($recorder, $mark);
                    my @forged = (grep({/forged/} map { map { "$_->[0]: $_->[1]" } @{ $_->{fields} } } @records),
                        $response->body =~ /forged/ ? 'the script' : ());
                    is_deeply([$response->status, @forged], [$expected], $what);
                }
            }
        }
    }
}

done_testing;
