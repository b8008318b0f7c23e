# SPDX-License-Identifier: Apache-2.0

# The headers by which TLS terminators tell who the client is (docs/known-headers.md) are not a
# client's to send: none reaches a backend of a server that has nothing but LoadModule, in no
# spelling, over HTTP/1.1, HTTP/2 and as a trailer. ClientCertKnownHeaders keep keeps what it
# names, and what other modules set arrives. The recipe of mod_headers, attacked with the module
# and without.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Raw qw(exchange fold http2 recorded_since recorder recorder_mark);

# The names of the manual's tables, and one more of each family.
my @NAMES;
for (split /\n/, slurp($ENV{TEST_KNOWN_HEADERS})) {
    my ($first, $second) = /^\| ?(`[^|]*|) ?\| ([^|]*) \|/ or next;
    $first =~ s/ +$//;
    for (map { /`([^`]+)`/g } $first, $first =~ /^(?:`[^`]*\*`)?$/ ? $second : ()) {
        push @NAMES, s/\*$// ? "${_}Unheard-Of" : $_;
    }
}
cmp_ok(scalar @NAMES, '>', 150, 'the names of the manual');
my %KNOWN = map { fold($_) => 1 } @NAMES;

# What a backend may fold to the same variable.
sub spellings {
    my ($name) = @_;
    (my $underscores = lc $name) =~ tr/-/_/;
    (my $hyphens = $name) =~ tr/_/-/;
    (my $dots = uc $name) =~ s/[-_]/./g;
    my $number = 0;
    (my $mixed = $name) =~ s/[-_]/('~', '!', '_')[$number++ % 3]/ge;
    my %seen;
    return grep { !$seen{$_}++ } $name, lc $name, uc $name, $underscores, uc $underscores, $hyphens, $dots, $mixed;
}

# Requests may have a hundred fields.
sub in_parts {
    my @fields = @_;
    my @parts;
    push @parts, [splice @fields, 0, 80] while @fields;
    return @parts;
}

my $recorder = recorder();
my %backends = map { $_ => ($_ eq 'http' ? 'http' : $_) . "://127.0.0.1:$recorder->{$_}/" } qw(http h2c fcgi);

# server(NAME, LINES of the server, [NAME, LINES] of virtual hosts beside those of the backends)
my $number = 0;
sub server {
    my ($name, $lines, %want) = @_;
    my $port = free_port();
    my $hosts = join '', map { <<"HOST" } sort keys %backends;
<VirtualHost 127.0.0.1:$port>
    ServerName $_.test
    ProxyPass / $backends{$_}
    @{[ $want{hosts}{$_} // '' ]}
</VirtualHost>
HOST
    my $server = ClientCertTest::Server->new(name => $name, log_level => 'info', %want, config => <<"CONF");
Listen 127.0.0.1:$port
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 32
Protocols h2c http/1.1
LimitRequestFields 200
SetEnv proxy-initial-not-pooled 1
$lines
$hosts
@{[ $want{more} // '' ]}
CONF
    $server->{port} = $port;
    return $server->start;
}

# What reached the backend of one request with these fields and trailers: [name, value] each.
sub reached {
    my ($server, $backend, %want) = @_;
    my @fields = @{ $want{fields} // [] };
    my @trailers = @{ $want{trailers} // [] };
    my $id = ++$number;
    my $mark = recorder_mark($recorder);
    my $status;
    if ($want{http} eq '2') {
        my $result = http2(port => $server->{port}, prior => 1, streams => [{
            headers => [
                [':method', @trailers ? 'POST' : 'GET'], [':scheme', 'http'], [':authority', "$backend.test"],
                [':path', "/$id"], ['x-test-id', "known-$id"], map { [lc $_->[0], $_->[1]] } @fields,
            ],
            @trailers ? (body => 'xxxxx', trailers => [map { [lc $_->[0], $_->[1]] } @trailers]) : (),
        }]);
        $status = ($result->{streams}[0] // {})->{status} // 'none';
    }
    else {
        my ($statuses) = exchange(
            (@trailers ? 'POST' : 'GET') . " /$id HTTP/1.1\r\nHost: $backend.test\r\nX-Test-Id: known-$id\r\n"
                . 'Connection: ' . join(', ', 'close', @{ $want{connection} // [] }) . "\r\n"
                . (@trailers ? "Transfer-Encoding: chunked\r\n" : '')
                . join('', map {"$_->[0]: $_->[1]\r\n"} @fields) . "\r\n"
                . (@trailers ? "5\r\nxxxxx\r\n0\r\n" . join('', map {"$_->[0]: $_->[1]\r\n"} @trailers) . "\r\n" : ''),
            port => $server->{port});
        $status = "@$statuses";
    }
    my @records = recorded_since($recorder, $mark);
    return {
        id => "known-$id", status => $status, records => scalar @records,
        # FastCGI folds, so the names are compared as that does.
        fields => [map { @{ $_->{fields} // [] }, @{ $_->{trailers} // [] } } @records],
        raw => join('', map { $_->{raw} // '' } @records),
    };
}

sub known_of {
    my ($reached) = @_;
    return [map {"$_->[0]: $_->[1]"} grep { $_->[1] =~ /forged/ || $KNOWN{ fold($_->[0]) } } @{ $reached->{fields} }];
}

# ---- Nothing but LoadModule.
my @FORGED = map { [$_, 'forged'] } map { spellings($_) } @NAMES;
for my $merge ('on', 'off') {
    my $server = server("bare-$merge", "MergeTrailers $merge");
    for my $backend (sort keys %backends) {
        for my $http ('1.1', '2') {
            # mod_http2 has no MergeTrailers by itself.
            for my $place ($merge eq 'off' ? 'fields' : (), 'trailers') {
                my @left;
                my $what = "HTTP/$http to $backend, $place, MergeTrailers $merge";
                my @parts = in_parts(@FORGED);
                my @wrong;
                for my $part (@parts) {
                    my $reached = reached($server, $backend, http => $http, $place => $part);
                    push @left, @{ known_of($reached) };
                    push @wrong, $reached->{status} if $reached->{status} ne '200' || !$reached->{records};
                }
                is_deeply(\@wrong, [], "$what: answered");
                is_deeply(\@left, [], "$what: none arrives");
            }
        }
    }
}


# What others send stays, and the log says what went.
{
    my $server = server('told', '');
    my @others = map { [$_, 'stays'] } qw(X-SSL X-SSL-Cipher X-SSL-Session-ID X-Real-IP X-Forwarded-Proto
        X-Client-IP X-Client-Verify-More X-Amzn-Trace-Id CloudFront-Viewer-Country CF-Connecting-IP SSL_CIPHER
        ClientCertificate X-ARR-SSL);
    my $reached = reached($server, 'http', http => '1.1',
        fields => [@others, ['X-SSL-Client-S-DN', 'forged'], ['x_ssl_client_s_dn', 'forged again']]);
    is(scalar(grep { $_->[1] eq 'stays' } @{ $reached->{fields} }), scalar @others, 'other names stay');
    is(logged($reached->{id}, $server->access_log)->{incoming}, 'stripped', 'the note');
    for my $name (qw(X-SSL-Client-S-DN x_ssl_client_s_dn)) {
        my @lines = slurp($server->error_log) =~ /^.*header "\Q$name\E" stripped.*$/mg;
        is(scalar @lines, 1, "one line of $name");
        like($lines[0] // '', qr/client_cert:info.*ClientCertKnownHeaders/, 'on level info');
    }
    unlike(slurp($server->error_log), qr/forged/, 'no value is logged');
    $reached = reached($server, 'http', http => '1.1', fields => \@others);
    is(logged($reached->{id}, $server->access_log)->{incoming}, '-', 'no note without one');
    $reached = reached($server, 'http', http => '1.1', trailers => [['X-Client-DN', 'forged']]);
    is(logged($reached->{id}, $server->access_log)->{incoming}, 'stripped', 'the note of a trailer');
}

# ---- What some backends trim.
{
    my $server = server('unsafe', 'HttpProtocolOptions Unsafe');
    for my $odd ("\x0bX-Client-Verify", "X-Client-Verify\x7f", "\xa0x_ssl_client_dn", "X-Amzn-Mtls-Clientcert\t",
        "\xef\xbb\xbfX-SSL-Issuer;", "X-ARR-ClientCert \x0b") {
        my $reached = reached($server, 'http', http => '1.1', fields => [[$odd, 'forged']]);
        is_deeply([grep { $_->[1] =~ /forged/ } @{ $reached->{fields} }], [],
            'HttpProtocolOptions Unsafe: ' . unpack 'H*', $odd);
    }
}

# ---- Before the first hook ran, and on the way of an internal redirect.
{
    my $server = server('errors', 'ErrorDocument 417 /error', hosts => { http => <<'CONF' });
RewriteEngine on
RewriteRule ^/again/(.*) /$1 [PT]
CONF
    my $mark = recorder_mark($recorder);
    exchange("GET / HTTP/1.1\r\nHost: http.test\r\nExpect: nothing\r\nX-SSL-Client-Verify: forged\r\n"
        . "x_client_dn: forged\r\nConnection: close\r\n\r\n", port => $server->{port});
    my @records = recorded_since($recorder, $mark);
    cmp_ok(scalar @records, '>', 0, 'an early error: its document comes from the backend');
    unlike($_->{raw}, qr/forged/, 'which sees no such header') for @records;
}

# ---- ClientCertIncoming is about our headers.
{
    my $server = server('rejecting', 'ClientCertIncoming reject');
    my $reached = reached($server, 'http', http => '1.1', fields => [['X-Client-Verify', 'forged']]);
    is($reached->{status}, 200, 'ClientCertIncoming reject: answered');
    is_deeply(known_of($reached), [], 'and stripped');
    is(logged($reached->{id}, $server->access_log)->{incoming}, 'stripped', 'the note');
    $reached = reached($server, 'http', http => '1.1',
        fields => [['X-Client-Verify', 'forged'], ['Client_Cert', 'forged']]);
    is($reached->{status}, 400, 'beside one of ours: rejected');
    is(logged($reached->{id}, $server->access_log)->{incoming}, 'rejected', 'the note');
    $reached = reached($server, 'http', http => '1.1', trailers => [['X-Client-Verify', 'forged']]);
    is($reached->{status}, 200, 'a trailer: answered');
    is_deeply(known_of($reached), [], 'and stripped');
}

# ---- keep
sub kept {
    my ($server, $backend, @names) = @_;
    my $reached = reached($server, $backend, http => '1.1', fields => [map { [$_, 'told'] } @names]);
    return join ' ', map { $_->[0] } grep { $_->[1] eq 'told' } @{ $reached->{fields} };
}
my @FIVE = qw(X-SSL-Client-Verify X-SSL-Client-S-DN x_ssl_client_verify X-Amzn-Mtls-Clientcert-Leaf X-ARR-ClientCert);
{
    my $server = server('keeping', 'ClientCertKnownHeaders keep X-SSL-Client-Verify x-amzn-mtls-clientcert-leaf',
        hosts => {
            h2c => 'ClientCertKnownHeaders strip',
            fcgi => "ClientCertKnownHeaders keep X-ARR-ClientCert\nClientCertKnownHeaders keep X-SSL-Client-S-DN",
        },
        more => <<"CONF");
<VirtualHost 127.0.0.1:80>
    ServerName all.test
    ClientCertKnownHeaders keep
</VirtualHost>
CONF
    is(kept($server, 'http', @FIVE), 'X-SSL-Client-Verify X-Amzn-Mtls-Clientcert-Leaf',
        'a virtual host inherits what the server keeps: these names, in no other spelling');
    is(kept($server, 'h2c', @FIVE), '', 'strip keeps none of it');
    is(kept($server, 'fcgi', @FIVE), 'X_SSL_CLIENT_S_DN X_ARR_CLIENTCERT', 'keep replaces it; more lines add to it')
        or diag(kept($server, 'fcgi', @FIVE));
    my $reached = reached($server, 'http', http => '2', fields => [map { [$_, 'told'] } @FIVE]);
    is_deeply([sort map { lc $_->[0] } grep { $_->[1] eq 'told' } @{ $reached->{fields} }],
        ['x-amzn-mtls-clientcert-leaf', 'x-ssl-client-verify'], 'HTTP/2');
    # Each name of the list can be kept, and no other comes with it.
    my @names = grep { !/Unheard/ } @NAMES;
    my @wrong;
    my $one = server('keeping-all-names', join '', map {"ClientCertKnownHeaders keep $_\n"} grep { !/\$/ } @names);
    for my $part (in_parts(map { [$_, 'told'] } grep { !/\$/ } @names)) {
        my $reached = reached($one, 'http', http => '1.1', fields => $part);
        push @wrong, grep { my $name = $_->[0]; !grep { lc $_->[0] eq lc $name } @{ $reached->{fields} } } @$part;
    }
    is_deeply(\@wrong, [], 'every name can be kept');
}
{
    my $server = server('keeping-all', 'ClientCertKnownHeaders keep', hosts => { h2c => 'ClientCertKnownHeaders keep X-SSL-Client-Verify' });
    is(kept($server, 'http', @FIVE, 'Client-Cert', 'client_cert'), "@FIVE", 'keep alone keeps all, and none of ours');
    is(kept($server, 'h2c', @FIVE), lc 'X-SSL-Client-Verify', 'a virtual host that keeps one');
    for my $http ('1.1', '2') {
        my $reached = reached($server, 'fcgi', http => $http, fields => [['X-SSL-Client-Verify', 'told']],
            trailers => [['X-SSL-Client-S-DN', 'forged'], ['X-SSL-Client-Verify', 'forged']]);
        is_deeply([map {"@$_"} grep { $_->[0] =~ /SSL_CLIENT/ } @{ $reached->{fields} }],
            [('X_SSL_CLIENT_VERIFY told') x $reached->{records}], "HTTP/$http: nothing is kept in trailers");
    }
    my $merging = server('keeping-all-merged', "ClientCertKnownHeaders keep\nMergeTrailers on");
    for my $http ('1.1', '2') {
        my $reached = reached($merging, 'fcgi', http => $http, fields => [['X-SSL-Client-Verify', 'told']],
            trailers => [['X-SSL-Client-S-DN', 'forged'], ['X-SSL-Client-Verify', 'forged'],
                ['x-ssl-client-verify', 'forged too']]);
        is_deeply([map {"@$_"} grep { $_->[0] =~ /SSL_CLIENT/ } @{ $reached->{fields} }],
            [('X_SSL_CLIENT_VERIFY told') x $reached->{records}],
            "HTTP/$http, MergeTrailers: nor where they are merged with a header that is");
    }
}

# ---- What is ours stays ours, whatever is kept; and what is read is captured before.
{
    my $elsewhere = free_port();
    my $server = server('ours', "ClientCertKnownHeaders keep\nClientCertIncoming reject", more => <<"CONF");
Listen 127.0.0.1:$elsewhere
<VirtualHost 127.0.0.1:$elsewhere>
    ClientCertForward escaped-pem
</VirtualHost>
CONF
    my $reached = reached($server, 'http', http => '1.1', fields => [['x_ssl_client_cert', 'forged']]);
    is($reached->{status}, 400, 'a header of ClientCertForward is ours');
    $reached = reached($server, 'http', http => '1.1', fields => [['X-SSL-Client-Verify', 'told']]);
    is($reached->{status}, 200, 'and its sisters are not');
}

{
    my $origin = accept_origin(accept => <<"CONF", lines => 'ClientCertIncoming reject');
<Location /read>
    ClientCertAccept rfc9440 X-SSL-Client-Cert
    ClientCertTrust @{[ pki('server-ca.crt') ]}
    ClientCertTrustName ttrp.example
</Location>
CONF
    my @told = ('X-SSL-Client-Cert' => sf_value('client-rsa'), 'X-SSL-Client-S-DN' => 'CN=forged');
    my $env = env_of(ask($origin->{https}, '/read', cert => 'accept-ttrp', headers => \@told)) // {};
    is($env->{SSL_CLIENT_S_DN_CN}, 'client-rsa', 'ClientCertAccept reads a header of the list');
    is_deeply([grep {/^HTTP_X_SSL/} keys %$env], [], 'and the application has none');
    is(ask($origin->{https}, '/other', cert => 'accept-ttrp', headers => \@told)->status, 400,
        'where it is not read, it is one of ours');
    $env = env_of(ask($origin->{https}, '/other', cert => 'accept-ttrp', headers => [@told[2, 3]])) // {};
    is($env->{REQUEST_METHOD}, 'GET', 'others of the list are none of ours');
    is_deeply([grep {/^HTTP_X_SSL/} keys %$env], [], 'and removed');
}

# ---- What other modules set arrives, whatever the client sends.
{
    my $lines = <<'CONF';
RequestHeader set X-SSL-Client-S-DN "CN=set"
RequestHeader set X-Early "x" early
RequestHeader set X-Client-Verify "early" early
CONF
    for my $merge ('on', 'off') {
        my $server = server("set-$merge", "${lines}MergeTrailers $merge");
        for my $backend (sort keys %backends) {
            for my $http ('1.1', '2') {
                for my $attack (
                    ['nothing'],
                    ['fields', fields => [['X-SSL-Client-S-DN', 'forged'], ['x_ssl_client_s_dn', 'forged'],
                        ['X-Client-Verify', 'forged']]],
                    ['trailers', trailers => [['X-SSL-Client-S-DN', 'forged'], ['x_ssl_client_s_dn', 'forged'],
                        ['X.Client.Verify', 'forged']]],
                    ['a trailer named Connection', trailers => [['Connection', 'X-SSL-Client-S-DN']]],
                    ['Connection', connection => ['X-SSL-Client-S-DN', 'x_client_verify', 'X-Client-Verify']],
                ) {
                    my ($what, %more) = @$attack;
                    # Connection-specific fields are malformed in HTTP/2.
                    next if $http eq '2' && $what =~ /Connection/;
                    my $reached = reached($server, $backend, http => $http, %more);
                    my %seen;
                    push @{ $seen{ fold($_->[0]) } }, $_->[1] for @{ $reached->{fields} };
                    my @got = map { my $name = $_; [map { $seen{$name}[$_] } 0 .. $#{ $seen{$name} // [] }] }
                        map { fold($_) } qw(X-SSL-Client-S-DN X-Client-Verify);
                    my @want = map { [($_) x $reached->{records}] } 'CN=set', 'early';
                    is_deeply(\@got, \@want, "set: $what [HTTP/$http, $backend, MergeTrailers $merge]")
                        or diag(explain(\%seen));
                }
            }
        }
    }
}

# ---- mod_headers' recipe, with the module and without: what docs/known-headers.md tells.
{
    my @recipes = (
        ['set everywhere', 'RequestHeader set X-SSL-Client-S-DN "%{SSL_CLIENT_S_DN}s"'],
        ['set for verified clients',
            q{RequestHeader set X-SSL-Client-S-DN "%{SSL_CLIENT_S_DN}s" "expr=%{SSL_CLIENT_VERIFY} == 'SUCCESS'"}],
        ['set in a location', "<Location /in/>\nRequestHeader set X-SSL-Client-S-DN \"%{SSL_CLIENT_S_DN}s\"\n</Location>"],
        ['unset early, set for verified clients', <<'CONF'],
RequestHeader unset X-SSL-Client-S-DN early
RequestHeader set X-SSL-Client-S-DN "%{SSL_CLIENT_S_DN}s" "expr=%{SSL_CLIENT_VERIFY} == 'SUCCESS'"
CONF
        ['nothing on this virtual host', ''],
    );
    my @attacks = (
        ['the header itself', 0, "X-SSL-Client-S-DN: forged\r\n"],
        ['with underscores', 0, "X_SSL_Client_S_DN: forged\r\n"],
        ['with underscores, beside a certificate', 1, "X_SSL_Client_S_DN: forged\r\n"],
        ['as a trailer', 0, '', "X-SSL-Client-S-DN: forged\r\n"],
        ['taken away by Connection', 1, "Connection: close, X-SSL-Client-S-DN\r\n"],
    );
    my %expected = (
        'set everywhere' => 'no FORGED FORGED FORGED GONE',
        'set for verified clients' => 'FORGED FORGED FORGED FORGED GONE',
        'set in a location' => 'FORGED FORGED FORGED FORGED GONE',
        'unset early, set for verified clients' => 'no FORGED FORGED FORGED GONE',
        'nothing on this virtual host' => 'FORGED FORGED FORGED FORGED no',
    );
    for my $own (1, 0) {
        for my $recipe (@recipes) {
            my ($what, $lines) = @$recipe;
            my $port = free_port();
            my $server = ClientCertTest::Server->new(name => "recipe-$own", own => $own, config => <<"CONF")->start;
Listen 127.0.0.1:$port
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 32
MergeTrailers on
<VirtualHost 127.0.0.1:$port>
    ServerName recipe.test
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient optional
    SSLVerifyDepth 5
    SetEnv proxy-initial-not-pooled 1
$lines
    ProxyPass /in/ http://127.0.0.1:$recorder->{http}/
    ProxyPass / fcgi://127.0.0.1:$recorder->{fcgi}/
</VirtualHost>
CONF
            my @got;
            for my $attack (@attacks) {
                my ($how, $certificate, $head, $trailer) = @$attack;
                my $found = 'no';
                # Where the recipe says nothing, too.
                for my $path ('/in/x', '/x') {
                    my $mark = recorder_mark($recorder);
                    my $close = $head =~ /^Connection/ ? '' : "Connection: close\r\n";
                    exchange(defined $trailer
                        ? "POST $path HTTP/1.1\r\nHost: recipe.test\r\nTransfer-Encoding: chunked\r\n$close\r\n0\r\n$trailer\r\n"
                        : "GET $path HTTP/1.1\r\nHost: recipe.test\r\n$close$head\r\n",
                        port => $port, tls => '1.3', sni => 'recipe.test',
                        $certificate ? (cert => 'client-rsa') : ());
                    my @fields = map { @{ $_->{fields} } } recorded_since($recorder, $mark);
                    $found = 'FORGED' if grep { $_->[1] =~ /forged/ } @fields;
                    $found = 'GONE' if $head =~ /^Connection/ && $lines && $path eq '/in/x' && !grep { fold($_->[0]) eq fold('X-SSL-Client-S-DN') }
                        @fields;
                }
                push @got, $found;
            }
            is("@got", $own ? 'no no no no no' : $expected{$what},
                "mod_headers: $what, " . ($own ? 'with' : 'without') . ' the module');
        }
    }
}

done_testing;
