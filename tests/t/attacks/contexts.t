# SPDX-License-Identifier: Apache-2.0

# The same attack wherever a request can come from or go to: forward proxy,
# TRACE, plain HTTP on the TLS port, upgrades, other modules that touch the
# request, subrequests and redirects, virtual hosts that know nothing of clients.

use ClientCertTest;
use ClientCertTest::Attack qw(faults identity target_of ttrp);
use ClientCertTest::Raw qw(exchange recorded_since recorder_mark);

my $documents = "$ENV{TEST_SERVERS}/contexts.$$";
mkdir $documents or die "$documents: $!";
mkdir "$documents/$_" for qw(index fallback ssi action local);
spew("$documents/ssi/page.shtml", '<!--#include virtual="/part" --><!--#include virtual="/off/part" -->');
spew("$documents/ssi/nested.shtml", '<!--#include virtual="/ssi/page.shtml" -->');
spew("$documents/ssi/look.shtml", '<!--#flastmod virtual="/part" --><!--#include virtual="/off/part" -->');
spew("$documents/action/page.acted", 'x');
spew("$documents/local/page.html", 'x');

my $server = ttrp(lines => <<"LINES", more => <<'MORE');
    DocumentRoot "$documents"
    <Directory "$documents">
        Options +Includes
        AddOutputFilter INCLUDES .shtml
        AddType text/html .shtml
    </Directory>
    ProxyPass /ssi !
    ProxyPass /index !
    ProxyPass /fallback !
    ProxyPass /action !
    ProxyPass /local !
    ProxyPass /handler !
    RewriteEngine on
    <Directory "$documents/index">
        DirectoryIndex /part-index
    </Directory>
    <Directory "$documents/fallback">
        FallbackResource /part-fallback
    </Directory>
    <Directory "$documents/action">
        AddHandler acted .acted
        Action acted /part-action virtual
    </Directory>
    <Location /headers/copied>
        RequestHeader set X-Copy "%{HTTP:Client-Cert}s"
        RequestHeader set X-Copy-2 "expr=%{req_novary:Client-Cert}"
    </Location>
    <Location /headers/set>
        RequestHeader set Client-Cert from-a-header
        RequestHeader add Client_Cert from-a-header
    </Location>
    <Location /headers/edited>
        RequestHeader edit X-Innocent innocent forged-looking
        RequestHeader append X-Client-Identity from-a-header
    </Location>
    <Location /headers/environment>
        SetEnvIf Client-Cert "(.+)" SEEN=\$1
        SetEnvIfExpr "req_novary('Client-Cert') =~ /(.+)/" SEEN2=\$1
        RequestHeader set X-Seen "%{SEEN}e" env=SEEN
        RequestHeader set X-Seen-2 "%{SEEN2}e" env=SEEN2
    </Location>
    <Location /headers/early>
        RequestHeader set X-Early 1
    </Location>
    RewriteCond %{HTTP:Client-Cert} (.+)
    RewriteRule ^/rewritten-by-header(.*) BACKEND/forged-%1 [P]
    RewriteRule ^/rewritten(.*) BACKEND/rewritten\$1 [P]
    RewriteRule ^/redirected(.*) /part-redirected\$1 [PT]
    RewriteCond %{LA-U:REQUEST_URI} part
    RewriteRule ^/looked(.*) BACKEND/looked\$1 [P]
    <Location /handler>
        SetHandler "proxy:BACKEND"
    </Location>
LINES
ServerSignature Off
MORE
my $recorder = $server->{recorder};
my $identity = identity();
my $client = $ClientCertTest::Attack::CLIENT;
my $forged = "Client-Cert: forged\r\nclient_cert: forged\r\nX.Client.Identity: forged\r\nConnection: Client-Cert;X-Client-Identity\r\n";

sub attack {
    my ($bytes, %want) = @_;
    my $mark = recorder_mark($recorder);
    my $port = delete $want{port} // 'tls';
    my ($statuses, $received) = exchange($bytes, port => $server->{$port} // $port,
        tls => $port eq 'plain' ? 0 : '1.3', half => 1, chain => 1, cert => $client, %want);
    return ($statuses->[0] // 0, [recorded_since($recorder, $mark)], $received);
}

# [name, target, what must reach the backend, in the client's name or not]
my @TARGETS = (
    ['a copy by mod_headers', '/headers/copied'],
    ['set by mod_headers', '/headers/set'],
    ['edited by mod_headers', '/headers/edited'],
    ['SetEnvIf', '/headers/environment'],
    ['RewriteCond sees no forgery', '/rewritten-by-header'],
    ['RewriteRule [P]', '/rewritten'],
    ['RewriteRule [PT]', '/redirected'],
    ['a look-ahead of mod_rewrite', '/looked/part'],
    ['SetHandler proxy:', '/handler/x'],
    ['DirectoryIndex', '/index/'],
    ['FallbackResource', '/fallback/none'],
    ['Action', '/action/page.acted'],
    ['server-side includes', '/ssi/page.shtml', 2],
    ['nested ones', '/ssi/nested.shtml', 2],
    ['one that is only looked at', '/ssi/look.shtml'],
    ['off', '/off/x'],
    ['on inside off', '/off/on/x'],
);
for my $backend (qw(http fcgi h2c)) {
    for (@TARGETS) {
        my ($name, $target, $count) = @$_;
        $count //= 1;
        for my $cert ($client, undef) {
            my $host = "$backend-strip.test";
            my ($status, $records, $received) = attack(
                "GET $target HTTP/1.1\r\nHost: $host\r\nX-Innocent: innocent\r\n$forged\r\n",
                sni => $host, cert => $cert);
            # What it forwards itself is not the attacker's, and neither is what
            # the administrator sets where nothing is forwarded.
            my $faults = join "\n", grep { !/X[-_]INNOCENT: forged-looking|x_innocent/i }
                faults($records, identity => $cert && $identity);
            $faults = '' if $target eq '/headers/edited' && $faults =~ /\A[^\n]*somewhere in the head\z/;
            is($faults, '', "$name [$backend, " . ($cert ? 'a certificate]' : 'none]')) or diag($received);
            is(scalar @$records, $count, "$name [$backend]: the backend saw it") or diag("$status $received");
        }
        my $host = "$backend-reject.test";
        my ($status, $records) = attack("GET $target HTTP/1.1\r\nHost: $host\r\n$forged\r\n", sni => $host);
        is("$status " . @$records, '400 0', "$name [$backend, reject]");
    }
}

subtest 'TRACE' => sub {
    for my $hops ('', 0, 1, 5) {
        my ($status, $records, $received) = attack("TRACE /x HTTP/1.1\r\nHost: http-strip.test\r\n$forged"
            . (length $hops ? "Max-Forwards: $hops\r\n" : '') . "\r\n", sni => 'http-strip.test');
        my $what = 'Max-Forwards: ' . (length $hops ? $hops : 'none');
        is_deeply([faults($records)], [], "$what: nothing goes to the backend");
        unlike($received, qr/forged|@{[ substr $identity->{client_cert}, 1, 60 ]}/, 'nor to the client');
    }
    my ($status, $records) = attack("trace /x HTTP/1.1\r\nHost: http-strip.test\r\n$forged\r\n",
        sni => 'http-strip.test');
    is_deeply([faults($records, identity => $identity)], [], 'trace is another method');
};

subtest 'plain HTTP on the TLS port' => sub {
    my ($status, $records, $received) = attack("GET /x HTTP/1.1\r\nHost: http-strip.test\r\n$forged\r\n",
        port => $server->{tls}, tls => 0);
    is($status, 400, '400');
    is_deeply([faults($records)], [], 'nothing of it at a backend');
};

subtest 'virtual hosts without client certificates' => sub {
    my ($status, $records) = attack("GET /x HTTP/1.1\r\nHost: http-strip.test\r\n$forged\r\n", port => 'plain');
    is($status, 200, 'without TLS: answered');
    is_deeply([faults($records)], [], 'stripped');
    for my $fields ("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Connection: Upgrade, HTTP2-Settings, Client-Cert\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n") {
        for my $incoming ('strip', 'reject') {
            my ($status, $records, $received) = attack(
                "GET /x HTTP/1.1\r\nHost: http-$incoming.test\r\nClient_Cert: forged\r\n$fields\r\n", port => 'plain');
            is_deeply([faults($records)], [], "Upgrade: h2c, $incoming: nothing of it");
            is(scalar @$records, 0, 'the backend saw nothing') if $incoming eq 'reject';
        }
    }
};

subtest 'Upgrade: websocket' => sub {
    my $smuggled = "GET /smuggled HTTP/1.1\r\nHost: http-strip.test\r\nClient-Cert: forged\r\n\r\n";
    for my $more ('', ', Client-Cert') {
        my ($status, $records) = attack("GET /x HTTP/1.1\r\nHost: http-strip.test\r\nUpgrade: websocket\r\n"
            . "Connection: Upgrade$more\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            . "Sec-WebSocket-Version: 13\r\nClient_Cert: forged\r\n\r\n$smuggled",
            sni => 'http-strip.test');
        is_deeply([faults($records, identity => $identity)], [],
            "Connection: Upgrade$more: what follows is a request like any other");
    }
};

subtest 'forward proxy' => sub {
    my $port = free_port();
    my $proxy = ClientCertTest::Server->new(name => 'forward-proxy', config => <<"CONF");
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
    ServerName proxy.test
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient optional
    SSLVerifyDepth 5
    ClientCertForward rfc9440
    ClientCertForward cms X-Client-Identity
    ProxyRequests on
    AllowCONNECT $recorder->{http}
    ProxyPass /reverse http://127.0.0.1:$recorder->{http}
</VirtualHost>
CONF
    $proxy->start;
    my %proxy = (port => $port, sni => 'proxy.test');
    my ($status, $records) = attack("GET http://127.0.0.1:$recorder->{http}/x HTTP/1.1\r\nHost: http-strip.test\r\n$forged\r\n", %proxy);
    is("$status " . @$records, '200 1', 'absolute URI: answered');
    is_deeply([faults($records)], [], 'neither the forgery nor ours goes to another server');
    ($status, $records) = attack("GET http://127.0.0.1:$recorder->{http}/reverse/x HTTP/1.1\r\nHost: proxy.test\r\n$forged\r\n", %proxy);
    is_deeply([faults($records)], [], 'nor with a path that is proxied here');
    ($status, $records) = attack("GET http://proxy.test:$port/reverse/x HTTP/1.1\r\nHost: proxy.test\r\n$forged\r\n", %proxy);
    is_deeply([map { /forged/ ? $_ : () } faults($records)], [], 'to itself by its own name');
    ($status, $records) = attack("CONNECT 127.0.0.1:$recorder->{http} HTTP/1.1\r\nHost: proxy.test\r\n$forged\r\n", %proxy);
    is_deeply([faults($records)], [], 'CONNECT');
};

subtest 'HttpProtocolOptions Unsafe' => sub {
    my %lines = (
        'space before the colon' => "Client-Cert : forged",
        'tab before the colon' => "Client-Cert\t: forged",
        'a space inside' => 'Client Cert: forged',
        'a slash inside' => 'Client/Cert: forged',
        'a high byte inside' => "Client\xadCert: forged",
        'a control character inside' => "Client\x01Cert: forged",
        'quotes' => 'Client"Cert: forged',
        'brackets' => 'Client(Cert: forged',
        'an equals sign' => 'Client=Cert: forged',
        'a leading space' => ' Client-Cert: forged',
        'UTF-8 that folds to more' => "Client\xe2\x80\x90Cert: decoy",
    );
    for my $name (sort keys %lines) {
        my ($status, $records, $received) = attack("GET /x HTTP/1.1\r\n$lines{$name}\r\nHost: http-strip.test\r\n$lines{$name}\r\n\r\n",
            port => $server->{unsafe}, tls => 0);
        is_deeply([faults($records)], [], "$name: $status");
    }
};

done_testing;
