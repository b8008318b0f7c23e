# SPDX-License-Identifier: Apache-2.0

# Our headers are no response headers: a backend's are removed, whatever the
# status. A Vary that names one of them becomes exactly "*" (RFC 9440 section
# 2.4), any other stays as it is.

use ClientCertTest;
use ClientCertTest::Raw qw(http2 recorder);

my $recorder = recorder();
my $documents = "$ENV{TEST_SERVERS}/responses.$$";
mkdir $documents or die "$documents: $!";
spew("$documents/page.html", 'x' x 5000);
my $port = free_port();
my $extra = join '', map {
    -e "$ENV{TEST_HTTPD_MODULES}/mod_$_.so" ? load_modules($_) : ()
} qw(filter deflate brotli);
my $hosts = join '', map {
    my $backend = $_;
    <<"HOST";
<VirtualHost 127.0.0.1:$port>
    ServerName $backend.test
    DocumentRoot "$documents"
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient optional
    ClientCertForward rfc9440
    ClientCertForward cms X-Client-Identity
    ClientCertForwardChain on
    <Location /off>
        ClientCertForward off
    </Location>
    <Location /deflate>
        SetOutputFilter DEFLATE
    </Location>
    <IfModule brotli_module>
        <Location /brotli>
            SetOutputFilter BROTLI_COMPRESS
        </Location>
    </IfModule>
    <Location /by-type>
        AddOutputFilterByType DEFLATE application/json text/html
    </Location>
    <Location /set>
        Header set Client-Cert set
        Header merge Vary Client-Cert
    </Location>
    <Location /always>
        Header always set Client-Cert set
        Header always merge Vary X-Client-Identity
    </Location>
    <Location /merged>
        Header merge Vary Accept-Language
    </Location>
    <Location /local>
        ProxyPass !
        Header set Vary "Client-Cert, Accept"
    </Location>
    <Location /forbidden>
        Require all denied
        Header always set Client-Cert set
        Header always set Vary Client-Cert
    </Location>
    <Location /overridden>
        ProxyErrorOverride On
    </Location>
    RewriteEngine on
    RewriteCond %{HTTP:Client-Cert} !x
    RewriteRule ^/rewritten(.*) /local/page.html [PT]
    Alias /local "$documents"
    ProxyPass / @{[ $backend eq 'http' ? 'http' : $backend ]}://127.0.0.1:$recorder->{$backend}/
</VirtualHost>
HOST
} qw(http h2c fcgi);
my $server = ClientCertTest::Server->new(name => 'responses', config => <<"CONF");
$extra
Listen 127.0.0.1:$port
StartServers 1
Protocols h2 http/1.1
MergeTrailers on
$hosts
CONF
$server->start;

my @OURS = qw(client_cert client_cert_chain x_client_identity);
sub ours {
    my ($fields) = @_;
    my %ours = map { $_ => 1 } @OURS;
    return grep { my $name = lc $_->[0]; $name =~ s/[^a-z0-9]/_/g; $ours{$name} } @$fields;
}

# Over HTTP/1.1 and HTTP/2: (what, response fields, status) of each.
sub ask {
    my ($backend, $target, %want) = @_;
    $target .= ($target =~ /\?/ ? '&' : '?') . 'h=Content-Type:text/plain' unless $target =~ /Content-Type/;
    my @headers = @{ $want{headers} // [] };
    my $response = get($target, port => $port, sni => "$backend.test", cert => 'client-rsa', headers => [@headers]);
    my @more;
    while (my ($name, $value) = splice @headers, 0, 2) { push @more, [lc $name, $value] }
    my $result = http2(port => $port, sni => "$backend.test", cert => 'client-rsa', streams => [{ headers => [
        [':method', 'GET'], [':scheme', 'https'], [':authority', "$backend.test"], [':path', $target], @more,
    ] }]);
    my $stream = $result->{streams}[0] // {};
    return (
        ['HTTP/1.1', $response->{headers}, $response->status],
        ['HTTP/2', [@{ $stream->{headers} // [] }, @{ $stream->{trailers} // [] }], $stream->{status}, $stream],
    );
}

my $fields = join '&', map {"h=$_"} 'Client-Cert:a', 'client_cert:b', 'CLIENT-CERT-CHAIN:c',
    'X-Client-Identity:d', 'X.Client.Identity:e', 'X-Kept:f', 'Client-Certificate:g';
for my $backend (qw(http h2c fcgi)) {
    for my $status (200, 201, 206, 301, 304, 400, 401, 403, 404, 500, 503) {
        for my $path ('', '/off', '/overridden') {
            for (ask($backend, "$path/x?status=$status&$fields")) {
                my ($version, $got, $answered) = @$_;
                is_deeply([ours($got)], [], "$backend, $status, $version$path: none of ours");
                next if $path eq '/overridden' && $status >= 400 || $status == 304;
                is((map { $_->[1] } grep { lc $_->[0] eq 'x-kept' } @$got)[0], 'f', 'others are kept');
            }
        }
    }
}

# [what, sent, received]; * for a name that is ours.
my @VARY = (
    ['Client-Cert', ['Client-Cert'], '*'],
    ['lower case', ['client-cert'], '*'],
    ['a folded name', ['client_cert'], '*'],
    ['the chain', ['Client-Cert-Chain'], '*'],
    ['a configured name', ['X-Client-Identity'], '*'],
    ['first of a list', ['Client-Cert, Accept-Encoding'], '*'],
    ['last of a list', ['Accept-Encoding,Client-Cert'], '*'],
    ['amid a list', ['Accept, Client-Cert , Accept-Language'], '*'],
    ['in a second field', ['Accept-Encoding', 'Client-Cert'], '*'],
    ['in a first field', ['Client-Cert', 'Accept-Encoding'], '*'],
    ['beside *', ['*, Client-Cert'], '*'],
    ['odd separators', [',, Client-Cert ,,'], '*'],
    ['*', ['*'], '*'],
    ['another', ['Accept-Encoding'], 'Accept-Encoding'],
    ['others', ['Accept-Encoding, Accept-Language'], 'Accept-Encoding, Accept-Language'],
    ['a longer name', ['Client-Certificate'], 'Client-Certificate'],
    ['a shorter name', ['Client'], 'Client'],
    ['ours within a name', ['X-Client-Cert'], 'X-Client-Cert'],
    ['a case to be kept', ['aCCept-enCODing'], 'aCCept-enCODing'],
    ['none', [], undef],
);
# httpd writes a list without spaces.
sub vary {
    my ($got) = @_;
    return join ', ', map { s/,\s*/, /gr } map { $_->[1] } grep { lc $_->[0] eq 'vary' } @$got;
}
for my $backend (qw(http h2c fcgi)) {
    for (@VARY) {
        my ($what, $sent, $received) = @$_;
        my $query = join '&', map { my $value = $_; $value =~ s/ /%20/g; "h=Vary:$value" } @$sent;
        for my $status ($what =~ /^(?:Client-Cert|another)$/ ? (200, 304, 404, 500) : 200) {
            for (ask($backend, "/x?status=$status&$query")) {
                my ($version, $got) = @$_;
                is(vary($got), $received // '', "$backend, $status, $version, Vary: $what");
            }
        }
    }
}

my @accept = ('Accept-Encoding' => 'gzip, br');
for my $path ('/deflate', '/by-type', $extra =~ /brotli/ ? '/brotli' : ()) {
    for my $vary ('Client-Cert', 'Accept, client_cert') {
        my $query = "h=Vary:$vary&body=" . 'x' x 2000;
        $query =~ s/ /%20/g;
        for (ask('http', "$path/x?$query&h=Content-Type:text/html", headers => [@accept])) {
            my ($version, $got) = @$_;
            is(vary($got), '*', "$path, $version, Vary: $vary");
            ok((grep { lc $_->[0] eq 'content-encoding' } @$got), 'compressed');
        }
    }
    for (ask('http', "$path/x?h=Vary:Accept&h=Content-Type:text/html&body=" . 'x' x 2000, headers => [@accept])) {
        my ($version, $got) = @$_;
        my @names = sort split /,\s*/, vary($got);
        is("@names", 'Accept Accept-Encoding', "$path, $version: other names are kept");
    }
}

# What this httpd says itself.
for (['/set/x', '*', 'mod_headers'], ['/always/x', '*', 'mod_headers, always'],
    ['/always/x?status=404', '*', 'mod_headers, always, an error'],
    ['/always/x?h=Vary:Accept', '*', 'mod_headers, always, beside the backend\'s'],
    ['/merged/x?h=Vary:Client-Cert', '*', 'mod_headers adds a name'],
    ['/merged/x', 'Accept-Language', 'mod_headers, nothing of ours'],
    ['/local/page.html', '*', 'a local page'], ['/local/none', qr/^(?:\*|)$/, 'a local error'],
    ['/forbidden/x', '*', 'forbidden here'], ['/rewritten/x', '*', 'mod_rewrite says that it looked']) {
    my ($target, $vary, $what) = @$_;
    for (ask('http', $target)) {
        my ($version, $got) = @$_;
        is_deeply([ours($got)], [], "$what, $version: none of ours");
        ref $vary ? like(vary($got), $vary, 'Vary') : is(vary($got), $vary, 'Vary');
    }
}

subtest 'response trailers' => sub {
    for my $backend (qw(http h2c)) {
        my $query = join '&', map {"t=$_"} 'Client-Cert:a', 'client_cert:b', 'X-Client-Identity:c',
            'Vary:Client-Cert', 'X-Kept:d';
        for (ask($backend, "/x?$query")) {
            my ($version, $got, $status, $stream) = @$_;
            is($status, 200, "$backend, $version: answered");
            is_deeply([ours($got)], [], 'none of ours');
            next unless $stream && @{ $stream->{trailers} };
            ok((grep { $_->[0] eq 'x-kept' } @{ $stream->{trailers} }), 'others are kept');
        }
    }
};

subtest 'interim responses' => sub {
    my $client = client(port => $port, sni => 'http.test', cert => 'client-rsa');
    $client->send("GET /x?i=Client-Cert:a&i=X-Kept:b&i=Link:c HTTP/1.1\r\nHost: http.test\r\nConnection: close\r\n\r\n");
    1 while $client->more;
    my ($interim) = $client->{buffer} =~ /^(HTTP\/1\.1 103.*?\r\n\r\n)/s;
    like($interim // '', qr/^x-kept: b\r\n/mi, 'a 103 comes with its headers');
    like($interim // '', qr/^link: c\r\n/mi, 'all of them');
    unlike($interim // '', qr/^client-cert:/mi, 'but ours');
    like($client->{buffer}, qr/\r\n\r\nHTTP\/1\.1 200 /, 'and the answer follows');
    my ($one, $two) = ask('http', '/x?i=Client-Cert:a&i=Link:c');
    is_deeply([map { ours($_) } @{ $two->[3]{interim} }], [], 'nor over HTTP/2');
};

done_testing;
