# SPDX-License-Identifier: Apache-2.0

# ClientCertForwardVariable: one variable of a verified client in a header of its own,
# with mod_ssl's bytes, or not at all.

use ClientCertTest;
use ClientCertTest::OddCertificates qw(@CASES write_case);
use ClientCertTest::Raw qw(exchange fold http2 h2_frame recorded_since recorder recorder_mark);
use Digest::SHA qw(sha256 sha256_hex);
use MIME::Base64 qw(decode_base64 encode_base64url);

my $recorder = recorder();
my $BACKEND = "http://127.0.0.1:$recorder->{http}";

# Variables that mod_ssl has too; those that a client has not are absent.
my @VARIABLES = qw(
    M_VERSION M_SERIAL S_DN I_DN S_DN_C S_DN_ST S_DN_SP S_DN_L S_DN_O S_DN_OU S_DN_OU_0 S_DN_OU_1
    S_DN_OU_12 S_DN_CN S_DN_CN_RAW S_DN_O_RAW S_DN_T S_DN_I S_DN_G S_DN_S S_DN_D S_DN_SerialNumber
    S_DN_UID S_DN_Email I_DN_C I_DN_O I_DN_OU I_DN_OU_1 I_DN_OU_2 I_DN_CN SAN_Email_0 SAN_Email_1
    SAN_DNS_0 SAN_DNS_1 SAN_OTHER_msUPN_0 SAN_OTHER_msUPN_1 SAN_OTHER_dnsSRV_0 V_START V_END V_REMAIN
    A_KEY A_SIG CERT_RFC4523_CEA
);

sub ours { return 'X-SSL-Client-' . $_[0] =~ tr/_/-/r }
sub theirs { return 'X-Theirs-' . $_[0] =~ tr/_/-/r }
sub line { return "ClientCertForwardVariable @{[ ours($_[0]) ]} SSL_CLIENT_$_[0]\n" }

my $all = join '', map { line($_) } @VARIABLES;
my $each = join '', map {"<Location /each/$_>\n@{[ line($_) ]}</Location>\n"} @VARIABLES;
my $theirs = join '', map { qq(RequestHeader set @{[ theirs($_) ]} "expr=%{base64:%{SSL_CLIENT_$_}}"\n) } @VARIABLES;

my ($port, $plain) = (free_port(), free_port());
spew(pki("headers-ca.$$.crt"), map { slurp(pki("$_-ca.crt")) } qw(variables client));
my $server = ClientCertTest::Server->new(name => 'variables', log_level => 'info', config => server_config(
    port => $port, forward => '',
    tls => join("\n", 'SSLCACertificateFile ' . pki("headers-ca.$$.crt"),
        'SSLVerifyClient optional_no_ca', 'SSLVerifyDepth 5'),
    global => <<"GLOBAL", lines => <<"LINES") =~ s{^ProxyPass / .*$}{ProxyPass / $BACKEND/}mr . <<"MORE");
Protocols h2 http/1.1
SSLVHostSNIPolicy insecure
GLOBAL
    <Location /all>
        $all
    </Location>
    $each
    <Location /theirs>
        $theirs
    </Location>
    <Location /all/less>
        ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
    </Location>
    <Location /all/less/inherited>
        ClientCertForwardChain on
    </Location>
    <Location /all/less/off>
        ClientCertForwardVariable off
    </Location>
    <Location /digests>
        ClientCertForwardVariable X-Digest CLIENT_CERT_SHA256
        ClientCertForwardVariable X-Thumbprint client_cert_x5t_s256
    </Location>
    <Location /both>
        ClientCertForward rfc9440
        ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
    </Location>
    <Location /verify>
        ClientCertForwardVariable X-Verify SSL_CLIENT_VERIFY
        ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
        RequestHeader set X-Theirs-Verify "expr=%{SSL_CLIENT_VERIFY}"
    </Location>
    <Location /document>
        ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
        ErrorDocument 403 /both/document
        <RequireAll>
            Require all denied
        </RequireAll>
    </Location>
    <Location /set-by-others>
        RequestHeader set X_Name forged
        SetEnv HTTP_X_NAME forged
    </Location>
    <Location /both/set-by-others>
        RequestHeader set X-Name forged
        RequestHeader set X.Name forged
    </Location>
    ProxyPass /fcgi/ fcgi://127.0.0.1:$recorder->{fcgi}/
    ProxyPass /h2c/ h2c://127.0.0.1:$recorder->{h2c}/
    <Location /fcgi>
        ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
        ClientCertForwardVariable X-Verify SSL_CLIENT_VERIFY
    </Location>
    <Location /h2c>
        ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
        ClientCertForwardVariable X-Verify SSL_CLIENT_VERIFY
    </Location>
    <Location /handler>
        ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
        SetHandler "proxy:$BACKEND/"
    </Location>
    RewriteEngine on
    RewriteRule ^/rewritten\$ $BACKEND/rewritten [P]
    <Location /rewritten>
        ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
    </Location>
LINES
<VirtualHost 127.0.0.1:$port>
    ServerName other.test
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.chain') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('foreign-ca.crt') ]}
    SSLVerifyClient optional
    SSLVerifyDepth 5
    ClientCertForwardVariable X-Verify SSL_CLIENT_VERIFY
    ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
    ProxyPass / $BACKEND/
</VirtualHost>
Listen 127.0.0.1:$plain
<VirtualHost 127.0.0.1:$plain>
    ServerName plain.test
    ClientCertKnownHeaders keep
    ProxyPass / $BACKEND/
    <Location /verify>
        ClientCertForwardVariable X-Verify SSL_CLIENT_VERIFY
        ClientCertForwardVariable X-Name SSL_CLIENT_S_DN_CN
    </Location>
</VirtualHost>
MORE
$server->start;
END { unlink pki("headers-ca.$$.crt") }

my %client = (port => $port, sni => 'ttrp.test');

# What of a header reached the backend, in every spelling; bytes.
sub received {
    my ($response, $header) = @_;
    my @fields = @{ ($response->{origin} // {})->{fields} // [] };
    return map { $_->[1] } grep { fold($_->[0]) eq fold($header) } @fields;
}

sub noted { return logged($_[0], $server->access_log)->{forward} }

# Whether no header has a value exactly: a control character of ASCII or ISO 8859, or a space at an
# end, which a reader of headers takes away.
sub is_unsendable {
    my ($value) = @_;
    my $text = $value;
    utf8::decode($text);
    return $text =~ /[\x00-\x1f\x7f-\x9f]|\A | \z/ ? 1 : 0;
}

# Of which mod_ssl has what OpenSSL wrote before it came upon what it does not write.
my %BROKEN_OFF = (
    'an issuer without a name' => [qw(CERT_RFC4523_CEA)],
);

my %unsendable;
for (@CASES) {
    my ($name, %want) = @$_;
    next if $want{unreadable} || $want{unverified};
    subtest "mod_ssl's bytes: $name" => sub {
        my $file = "headers-case.$$";
        ok(write_case($file, name => $name, %want), 'is a certificate');
        # On a connection of its own: a 500 ends it.
        my $ask = sub { client(%client, cert => $file, tls => '1.2')->request(@_) };
        my $theirs = $ask->('/theirs');
        is($theirs->status, 200, 'answered');
        my %theirs = map { ($_ => decode_base64((received($theirs, theirs($_)))[0] // '')) } @VARIABLES;
        my %broken = map { ($_ => 1) } @{ $BROKEN_OFF{$name} // [] };
        my @unsendable = grep { is_unsendable($theirs{$_}) || $broken{$_} } @VARIABLES;
        my $response = $ask->('/all');
        if (!@unsendable) {
            is($response->status, 200, 'all at once') or diag +(split /\n/, $server->said)[-1];
        }
        else {
            is($response->status, 500, 'not all of them') or diag "@unsendable";
            is(noted($response), 'failed', 'the note');
        }
        my $which = { map { ($_ => 1) } @unsendable };
        for my $variable ($response->status == 200 ? () : @VARIABLES) {
            my $mark = recorder_mark($recorder);
            my $one = $ask->("/each/$variable");
            if ($which->{$variable}) {
                is($one->status, 500, "$variable: not sent");
                is_deeply([recorded_since($recorder, $mark)], [], 'and nothing reaches the backend');
                $unsendable{"$variable, $name"} = 1;
            }
            else {
                is_deeply([received($one, ours($variable))], [grep {length} $theirs{$variable}], $variable);
            }
        }
        unlink map { pki("$file.$_") } qw(crt key);
        return if $response->status != 200;
        my @absent = grep { !length $theirs{$_} && received($response, ours($_)) } @VARIABLES;
        is_deeply(\@absent, [], 'what is empty is absent');
        for my $variable (grep { length $theirs{$_} } @VARIABLES) {
            is_deeply([received($response, ours($variable))], [$theirs{$variable}], $variable);
        }
    };
}
is_deeply([grep {!$unsendable{$_}} 'M_SERIAL, a long serial number', 'M_SERIAL, a serial number of 300 octets',
    'I_DN_OU_2, an odd issuer', 'S_DN_O, what RFC 2253 escapes', 'S_DN_CN_RAW, T61String',
    'S_DN_CN, IA5String with eight bits'], [], 'control characters and spaces were among them');
for my $reason ('has a control character', 'begins or ends with a space', 'OpenSSL writes a part') {
    like(slurp($server->error_log), qr/ClientCertForwardVariable: no value for header "X-SSL-[\w-]+": .*$reason/,
        "the log: $reason");
}

subtest 'a control character in a subject' => sub {
    # As mod_ssl writes it: three visible characters, and a backslash as two.
    write_case("headers-case.$$", subject => ClientCertTest::OddCertificates::name([CN => "a\nb\\0Ab"]));
    my $response = get('/all/less', %client, cert => "headers-case.$$");
    is_deeply([received($response, 'X-Name')], ['a\0Ab\\\\0Ab'], 'of ASCII');
    # What mod_ssl does not escape ends a line for some reader.
    for my $control ("\xc2\x85", "\xc2\x9b") {
        write_case("headers-case.$$", subject => ClientCertTest::OddCertificates::name([CN => "a${control}b"]));
        my $mark = recorder_mark($recorder);
        $response = get('/all/less', %client, cert => "headers-case.$$");
        is($response->status, 500, 'of ISO 8859: answered 500');
        is_deeply([recorded_since($recorder, $mark)], [], 'nothing reaches the backend');
    }
    write_case("headers-case.$$", subject => ClientCertTest::OddCertificates::name([CN => "\xc3\x85sa\xc2\xa0x"]));
    is_deeply([received(get('/all/less', %client, cert => "headers-case.$$"), 'X-Name')], ["\xc3\x85sa\xc2\xa0x"],
        'an octet that would be one by itself is not');
    unlink map { pki("headers-case.$$.$_") } qw(crt key);
};

subtest 'digests' => sub {
    for my $name (qw(client-rsa client-p256)) {
        for my $tls ('1.2', '1.3') {
            my $response = get('/digests', %client, cert => $name, tls => $tls);
            is_deeply([received($response, 'X-Digest')], [sha256_hex(der_of($name))], "$name, TLS $tls: SHA-256");
            is_deeply([received($response, 'X-Thumbprint')], [encode_base64url(sha256(der_of($name)))],
                'in base64url, without padding');
            unlike((received($response, 'X-Thumbprint'))[0], qr/[^A-Za-z0-9_-]/, 'and nothing else');
            is(noted($response), 'sent', 'the note');
        }
    }
};

subtest 'sections' => sub {
    for my $http ('1.1', '2') {
        my %want = (%client, cert => 'client-rsa', http => $http);
        my $response = curl('/all/less', %want);
        is_deeply([received($response, 'X-Name')], ['client-rsa'], "HTTP/$http: a section's own");
        is_deeply([received($response, ours('S_DN'))], [], 'in place of what it would inherit');
        $response = curl('/all/less/inherited', %want);
        is_deeply([received($response, 'X-Name')], ['client-rsa'], 'inherited');
        is_deeply([received($response, 'Client-Cert-Chain')], [], 'no chain without a certificate');
        is_deeply([received(curl('/all/less/off', %want), 'X-Name')], [], 'off');
        is_deeply([received(curl('/', %want), 'X-Name')], [], 'none outside');
        $response = curl('/both', %want);
        is_deeply([received($response, 'X-Name')], ['client-rsa'], 'beside a certificate');
        is(name_of(decode_sf((received($response, 'Client-Cert'))[0])), 'client-rsa', 'which is sent as ever');
    }
};

subtest 'every way' => sub {
    for my $path (qw(/fcgi/x /h2c/x /handler /rewritten)) {
        my $response = get($path, %client, cert => 'client-rsa');
        is_deeply([received($response, 'X-Name')], ['client-rsa'], $path);
        $response = get($path, %client, headers => ['X-Name' => 'forged', 'x_name' => 'forged']);
        is_deeply([received($response, 'X-Name')], [], 'without a client');
    }
    is_deeply([received(get("/$_/x", %client), 'X-Verify')], ['NONE'], "$_: NONE") for qw(fcgi h2c);
    my $response = get('/document', %client, cert => 'client-rsa');
    is_deeply([received($response, 'X-Name')], ['client-rsa'], 'an error document of the backend');
    my $one = client(%client, cert => 'client-rsa');
    for my $round (1 .. 3) {
        for my $path (qw(/all/less /both /verify /digests /all /handler)) {
            my $again = $one->request($path);
            is($again->status, 200, "$path, round $round on one connection");
        }
        is_deeply([received($one->request('/all/less'), 'X-Name')], ['client-rsa'], 'the same value');
    }
};

subtest 'SSL_CLIENT_VERIFY is true' => sub {
    my %MODES = (
        'TLS 1.2 by ticket' => { tls => '1.2' },
        'TLS 1.2 by id' => { tls => '1.2', tickets => 0 },
        'TLS 1.3' => { tls => '1.3' },
    );
    for my $mode (sort keys %MODES) {
        my %want = (%client, %{ $MODES{$mode} });
        for (['client-rsa', 'SUCCESS'], ['client-self', 'FAILED'], ['client-foreign', 'FAILED'],
            ['client-under', 'FAILED'], [undef, 'NONE']) {
            my ($name, $expected) = @$_;
            my $what = "$mode, " . ($name // 'no certificate');
            my @name = $expected eq 'SUCCESS' ? $name : ();
            my $full = client(%want, cert => $name);
            for my $round (1, 2) {
                my $response = $full->request('/verify');
                is_deeply([received($response, 'X-Verify')], [$expected], "$what: $expected");
                is_deeply([received($response, 'X-Name')], \@name, 'and the name of a verified client alone');
                is(noted($response), { SUCCESS => 'sent', FAILED => 'unverified', NONE => 'none' }->{$expected},
                    'the note');
            }
            my $session = $full->session;
            $full->close;
            for my $round (1, 2) {
                my $again = client(%want, cert => $name, session => $session);
                my $response = $again->request('/verify');
                ok($again->resumed, "$what: resumed");
                is_deeply([received($response, 'X-Verify')], [$expected],
                    "$expected (mod_ssl says " . ((received($response, 'X-Theirs-Verify'))[0] // '') . ')');
                is_deeply([received($response, 'X-Name')], \@name, 'and the name of a verified client alone');
                $session = $again->session;
                $again->close;
            }
        }
    }
    for (['client-rsa', 'SUCCESS'], ['client-self', 'FAILED'], [undef, 'NONE']) {
        my ($name, $expected) = @$_;
        my $response = curl('/verify', %client, cert => $name, headers => ['X-Verify' => 'SUCCESS']);
        is($response->{http}, '2', 'HTTP/2');
        is_deeply([received($response, 'X-Verify')], [$expected], $expected);
    }
    my $response = get('/verify', port => $plain, tls => 0, headers => ['X-Verify' => 'SUCCESS']);
    is_deeply([received($response, 'X-Verify')], ['NONE'], 'no TLS: NONE');
    # Another virtual host verified it, by other CAs.
    my $client = client(%client, cert => 'client-rsa');
    is_deeply([received($client->request('/verify'), 'X-Verify')], ['SUCCESS'], 'the one that shook hands');
    $response = $client->request('/', host => 'other.test');
    is($response->status, 200, 'another one answers');
    is_deeply([received($response, 'X-Verify')], ['FAILED'], 'FAILED');
    is_deeply([received($response, 'X-Name')], [], 'which sends no name');
};

subtest 'a certificate that expires on the connection' => sub {
    my $name = issue(name => "headers-brief-$$", ca => 'client-ca', end_s => 8);
    my $end = time + 8;
    my $client = client(%client, cert => $name);
    my $response = $client->request('/verify');
    is_deeply([received($response, 'X-Verify'), received($response, 'X-Name')], ['SUCCESS', $name], 'valid');
    sleep $end + 1 - time;
    $response = $client->request('/verify');
    is_deeply([received($response, 'X-Verify'), received($response, 'X-Name')], ['FAILED'], 'and then not');
};

subtest 'no header of a client\'s making' => sub {
    my @SPELLINGS = qw(X-Name x-name X_Name x.name X-NAME);
    for my $path ('/', '/verify', '/both', '/set-by-others') {
        for my $name (@SPELLINGS) {
            my @forged = (headers => [$name => 'forged', $name => 'forged', Connection => 'X-Name;close']);
            is_deeply([grep { $_ eq 'forged' } received(get($path, %client, @forged), 'X-Name')], [], "$path: $name");
            my @expected = $path =~ /verify|both/ ? 'client-rsa' : ();
            is_deeply([received(get($path, %client, @forged, cert => 'client-rsa'), 'X-Name')], \@expected,
                'nor with a certificate');
            is_deeply([received(get($path, port => $plain, tls => 0, @forged), 'X-Name')], [], 'nor over plain TCP');
        }
    }
    for my $name (@SPELLINGS) {
        my $response = curl('/', %client, headers => [$name => 'forged']);
        is($response->{http}, '2', 'HTTP/2');
        is_deeply([received($response, 'X-Name')], [], $name);
        my $mark = recorder_mark($recorder);
        exchange("POST /verify HTTP/1.1\r\nHost: ttrp.test\r\nTransfer-Encoding: chunked\r\nTrailer: $name\r\n"
            . "Connection: close\r\n\r\n1\r\nx\r\n0\r\n$name: forged\r\n\r\n", %client, tls => '1.3');
        my @recorded = recorded_since($recorder, $mark);
        ok(scalar @recorded, 'trailers');
        is_deeply([grep { fold($_->[0]) eq 'x_name' } map { (@{ $_->{fields} }, @{ $_->{trailers} // [] }) } @recorded],
            [], $name);
    }
    # One of the known headers that the server keeps is ours all the same where some section names it.
    my $kept = get('/', port => $plain, tls => 0, headers => [map { ($_ => 'forged') } ours('S_DN'), ours('S_DN') =~ tr/-/_/r,
        'X-Client-Verify']);
    is_deeply([received($kept, ours('S_DN')), received($kept, 'X-Client-Verify')], ['forged'], 'ClientCertKnownHeaders keep');
    for my $cert (undef, 'client-rsa') {
        my $response = get('/both/set-by-others', %client, cert => $cert);
        is_deeply([received($response, 'X-Name')], [$cert // ()], 'nor of another module\'s');
    }
};

subtest 'a cache' => sub {
    my $cache_port = free_port();
    my $cache = ClientCertTest::Server->new(name => 'variables-cache', config => server_config(
        port => $cache_port, forward => 'ClientCertForwardVariable X-Verify SSL_CLIENT_VERIFY',
        verify => 'optional_no_ca', lines => <<"LINES",
    CacheSocache shmcb:cache(200000)
    CacheEnable socache /
    CacheIgnoreNoLastMod On
LINES
    ) =~ s{^ProxyPass / .*$}{ProxyPass / $BACKEND/}mr);
    $cache->start;
    my %cached = (port => $cache_port, sni => 'ttrp.test');
    my $n = sub { get("/$_[0]?n&h=Cache-Control:max-age=600", %cached, cert => $_[1])->body };
    isnt($n->('verified', 'client-rsa'), $n->('verified', 'client-rsa'), 'nothing of a verified client is stored');
    isnt($n->('failed', 'client-self'), $n->('failed', 'client-self'), 'nor of one that is not');
    isnt($n->('failed', 'client-self'), $n->('failed'), 'nor served to one without a certificate');
    is($n->('none'), $n->('none'), 'what a client without one gets is stored');
};

subtest 'responses' => sub {
    my $response = get('/?h=X-Name:leaked&h=x_verify:leaked&h=X-Other:1', %client);
    is_deeply([map { scalar $response->header($_) } qw(X-Name x_verify X-Other)], [undef, undef, 1], 'removed');
    $response = get('/verify?h=Vary:Accept,%20X-Name', %client, cert => 'client-rsa');
    is_deeply([$response->header('Vary')], ['*'], 'Vary');
};

done_testing;
