# SPDX-License-Identifier: Apache-2.0

# Everything that asks httpd for the client's identity gets the accepted client's, and
# never that of the proxy, whose certificate mod_ssl has at hand.

use ClientCertTest;
use ClientCertTest::Accept;
use Digest::SHA qw(sha256 sha256_hex);
use MIME::Base64 'encode_base64url';
use ClientCertTest::Backends qw(php_fpm);
use File::Path 'make_path';
use MIME::Base64 'encode_base64';

trust_pki();
my $fpm = php_fpm();
my $directory = "$ENV{TEST_SERVERS}/consumers.$$";
make_path("$directory/docs/ssi", "$directory/docs/rewritten", "$directory/docs/files");
spew("$directory/passwords", 'basic:{SHA}' . encode_base64(Digest::SHA::sha1('secret'), '') . "\n",
    'CN=accept-ttrp,O=mod_client_cert tests:xxj31ZMTZzkVA' . "\n",
    '/O=mod_client_cert tests/CN=accept-ttrp:xxj31ZMTZzkVA' . "\n");
spew("$directory/docs/ssi/page.shtml",
    '[<!--#echo encoding="none" var="SSL_CLIENT_S_DN_CN" -->][<!--#include virtual="/ssi/part.shtml" -->]'
    . '[<!--#include virtual="/cgi/env" -->]'
    . '[<!--#if expr="%{SSL_CLIENT_S_DN_CN} == \'client-rsa\'" -->rsa<!--#else -->else<!--#endif -->]');
spew("$directory/docs/ssi/part.shtml", '<!--#echo encoding="none" var="SSL_CLIENT_S_DN_CN" -->');
spew("$directory/docs/files/x", "a file\n");
spew("$directory/hello.wsgi", <<'PY');
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/x-environment')])
    keys = [k for k in environ if isinstance(environ[k], str)]
    return ['\0'.join('%s=%s' % (k, environ[k]) for k in keys).encode('latin-1')]
PY
my $wsgi = -e "$ENV{TEST_HTTPD_MODULES}/mod_wsgi.so";

# Aliases first: the script of accept_origin serves what is left.
my $CN = '%{SSL_CLIENT_S_DN_CN}';
my $lines = <<"LINES";
RewriteEngine on
Alias /ssi $directory/docs/ssi
Alias /files $directory/docs/files
Alias /rewritten $directory/docs/rewritten
<Directory $directory>
    Options +Includes +FollowSymLinks +ExecCGI
    Require all granted
</Directory>
<Location /ssi>
    SetOutputFilter INCLUDES
</Location>
<Location /expr>
    Require expr $CN == 'client-rsa'
</Location>
<Location /expr-case>
    Require expr %{ssl_client_S_DN_CN} == 'client-rsa'
</Location>
<Location /expr-peer>
    Require expr %{Ssl_Client_S_DN} =~ /accept-ttrp/
</Location>
<Location /expr-function>
    Require expr SSL('SSL_CLIENT_S_DN_CN') == 'client-rsa'
</Location>
<Location /expr-function-case>
    Require expr ssl('ssl_client_S_DN_CN') == 'client-rsa'
</Location>
<Location /expr-verify>
    Require expr %{SSL_CLIENT_VERIFY} == 'SUCCESS' && %{CLIENT_CERT_VERIFY} == 'SUCCESS'
</Location>
<Location /expr-signer>
    Require expr %{CLIENT_CERT_SIGNER_S_DN} =~ /CN=accept-ttrp,/
</Location>
<Location /expr-digest>
    Require expr %{CLIENT_CERT_X5T_S256} == '@{[ encode_base64url(sha256(der_of('client-rsa'))) ]}' && %{client_cert_sha256} == '@{[ sha256_hex(der_of('client-rsa')) ]}'
</Location>
<Location /expr-anybody>
    Require expr %{SSL_CLIENT_S_DN} == '' && %{SSL_CLIENT_VERIFY} == 'NONE'
</Location>
# 2.5.29.37, extendedKeyUsage: the TTRP is a server, its client is none.
<Location /ext-list>
    Require expr 'TLS Web Client Authentication' in PeerExtList('extendedKeyUsage')
</Location>
<Location /ext-list-peer>
    Require expr 'TLS Web Server Authentication, TLS Web Client Authentication' in PeerExtList('extendedKeyUsage')
</Location>
<If "%{REQUEST_URI} =~ m#^/if/# && $CN == 'client-rsa'">
    Header always set X-If rsa
</If>
<If "%{REQUEST_URI} =~ m#^/if/# && %{SSL_CLIENT_S_DN} =~ /accept-ttrp/">
    Header always set X-If peer
</If>
<Location /headers>
    Header always set X-S "%{SSL_CLIENT_S_DN_CN}s"
    Header always set X-Verify "%{CLIENT_CERT_VERIFY}s"
    Header always set X-Expr "expr=$CN"
    Header always set X-Env "%{SSL_CLIENT_S_DN_CN}e"
    Header always set X-Peer "%{ssl_client_S_DN_CN}s"
    RequestHeader set X-In-S "%{SSL_CLIENT_S_DN_CN}s"
    RequestHeader set X-In-Expr "expr=$CN"
    RequestHeader set X-In-Env "%{SSL_CLIENT_S_DN_CN}e"
</Location>
RewriteCond %{SSL:SSL_CLIENT_S_DN_CN} ^client-rsa\$
RewriteRule ^/rewrite/server\$ /rewrite/rsa [PT]
RewriteCond %{SSL:ssl_client_s_dn_cn} accept-ttrp
RewriteRule ^/rewrite/server\$ /rewrite/peer [PT]
RewriteCond expr "$CN == 'client-rsa'"
RewriteRule ^/rewrite/expr\$ /rewrite/rsa [PT]
RewriteRule ^/rewrite/env\$ - [E=WHO:%{SSL:SSL_CLIENT_S_DN_CN}]
RewriteCond %{ENV:WHO} ^client-rsa\$
RewriteRule ^/rewrite/env\$ /rewrite/rsa [PT]
<Directory $directory/docs/rewritten>
    RewriteEngine on
    RewriteCond %{SSL:SSL_CLIENT_S_DN_CN} ^(.+)\$
    RewriteRule ^x\$ /rewrite/%1 [PT]
</Directory>
<Location /require>
    Require client-cert
</Location>
<Location /require-not>
    <RequireAll>
        Require all granted
        Require not client-cert
    </RequireAll>
</Location>
<Location /require-off>
    ClientCertAccept off
    Require client-cert
</Location>
<Location /require-any>
    <RequireAny>
        Require client-cert
        Require ip 10.1.2.3
    </RequireAny>
</Location>
<Location /files/private>
    Require client-cert
</Location>
<Macro Basic>
    AuthType Basic
    AuthName x
    AuthUserFile $directory/passwords
</Macro>
<Location /user>
    ClientCertUserName SSL_CLIENT_S_DN_CN
</Location>
<Location /user-digest>
    ClientCertUserName CLIENT_CERT_SHA256
</Location>
<Location /user-none>
    ClientCertUserName SSL_CLIENT_SAN_Email_7
</Location>
<Location /user-valid>
    ClientCertUserName SSL_CLIENT_S_DN_CN
    Use Basic
    Require valid-user
</Location>
<Location /user-one>
    ClientCertUserName SSL_CLIENT_S_DN_CN
    Use Basic
    Require user client-rsa
</Location>
<Location /ssl-user>
    SSLUserName SSL_CLIENT_S_DN_CN
</Location>
<Location /ssl-user-valid>
    SSLUserName SSL_CLIENT_S_DN_CN
    Use Basic
    Require valid-user
</Location>
<Location /ssl-user-any>
    SSLUserName SSL_CLIENT_S_DN_CN
    Use Basic
    Require valid-user
    Order deny,allow
    Deny from all
    Satisfy Any
</Location>
<Location /ssl-user-ours>
    SSLUserName SSL_CLIENT_S_DN
    ClientCertUserName SSL_CLIENT_S_DN_CN
</Location>
<Location /ssl-user-require>
    SSLUserName SSL_CLIENT_S_DN_CN
    SSLRequire %{REMOTE_USER} eq "nobody"
    Use Basic
    Require valid-user
    Satisfy Any
</Location>
<Location /fake>
    SSLOptions +FakeBasicAuth
    Use Basic
    Require valid-user
</Location>
<Location /fake-user>
    SSLOptions +FakeBasicAuth
    SSLUserName SSL_CLIENT_S_DN
    Use Basic
    Require valid-user
</Location>
<Location /basic>
    Use Basic
    Require valid-user
</Location>
<Location /basic-or>
    Use Basic
    <RequireAny>
        Require client-cert
        Require valid-user
    </RequireAny>
</Location>
<Location /basic-and>
    Use Basic
    <RequireAll>
        Require client-cert
        Require valid-user
    </RequireAll>
</Location>
<Location /satisfy-any>
    Require client-cert
    Order deny,allow
    Allow from all
    Satisfy Any
</Location>
<Location /satisfy-any-denied>
    Use Basic
    Require valid-user
    Order deny,allow
    Deny from all
    Satisfy Any
</Location>
<Location /ssl-require>
    SSLRequire %{SSL_CLIENT_S_DN_CN} eq "client-rsa"
</Location>
<Location /ssl-require-peer>
    SSLRequire %{SSL_CLIENT_S_DN_CN} eq "accept-ttrp"
</Location>
<Location /off>
    ClientCertAccept off
    Header always set X-S "%{SSL_CLIENT_S_DN_CN}s"
    Header always set X-Expr "expr=$CN"
    Header always set X-Function "expr=%{SSL:SSL_CLIENT_S_DN_CN}"
    SSLUserName SSL_CLIENT_S_DN_CN
</Location>
<Location /off/expr>
    Require expr $CN == 'accept-ttrp'
</Location>
<Location /off/ext-list>
    Require expr 'TLS Web Server Authentication, TLS Web Client Authentication' in PeerExtList('extendedKeyUsage')
</Location>
<Location /off/on>
    ClientCertAccept cms
</Location>
ErrorDocument 404 /errors/404
<Location /none>
    Redirect 404
</Location>
<Location /private-error>
    ErrorDocument 403 /errors/403
    Require all denied
</Location>
<Location /refusals>
    ErrorDocument 403 /errors/403
    ErrorDocument 400 /errors/400
    ClientCertTrustName wrong.example
</Location>
<Location /php>
    SetHandler "proxy:fcgi://127.0.0.1:@{[ $fpm->port ]}"
</Location>
ProxyFCGISetEnvIf true SCRIPT_FILENAME $fpm->{script}
@{[ $wsgi ? "WSGIScriptAlias /wsgi $directory/hello.wsgi" : '' ]}
LINES

my $origin = accept_origin(
    lines => $lines,
    modules => ['include', $wsgi ? 'wsgi' : ()],
    global => "RewriteEngine on\nWSGILazyInitialization On\n" x !!$wsgi,
);
my $ttrp = accept_ttrp($origin);

sub through { return ask($ttrp->{port}, shift, sni => 'ttrp.test', @_) }
sub rsa { return through(shift, cert => 'client-rsa', @_) }
sub p256 { return through(shift, cert => 'client-p256', @_) }
my $stale = signed_value('accept-ttrp', 'client-rsa', age => 1000);
sub stale { return ask($origin->{https}, shift, cert => 'accept-ttrp', headers => ['Client-Cert' => $stale], @_) }

# statuses(PATH, for client-rsa, client-p256, no client)
sub statuses {
    my ($path, @expected) = @_;
    is_deeply([map { $_->status } rsa($path), p256($path), through($path)], \@expected, $path)
        or diag((split /\n/, slurp($origin->error_log))[-1]);
    is(stale($path)->status, 403, "$path: a refused value");
    return;
}

subtest 'Require expr' => sub {
    statuses('/expr/x', 200, 403, 403);
    statuses('/expr-case/x', 200, 403, 403);
    statuses('/expr-peer/x', 403, 403, 403);
    statuses('/expr-function/x', 200, 403, 403);
    statuses('/expr-function-case/x', 200, 403, 403);
    statuses('/expr-verify/x', 200, 200, 403);
    statuses('/expr-signer/x', 200, 200, 403);
    statuses('/expr-digest/x', 200, 403, 403);
    statuses('/expr-anybody/x', 403, 403, 200);
    statuses('/ext-list/x', 200, 200, 403);
    statuses('/ext-list-peer/x', 403, 403, 403);
};

subtest '<If>' => sub {
    is(rsa('/if/x')->header('X-If'), 'rsa', 'the client');
    is(p256('/if/x')->header('X-If'), undef, 'another');
    is(through('/if/x')->header('X-If'), undef, 'no client, and not the peer');
};

subtest 'mod_headers' => sub {
    for (['client-rsa', rsa('/headers/x')], ['client-p256', p256('/headers/x')]) {
        my ($client, $response) = @$_;
        is($response->header("X-$_"), $client, "Header, $_") for qw(S Expr Env Peer);
        is(env_of($response)->{"HTTP_X_IN_$_"}, $client, "RequestHeader, $_") for qw(S EXPR ENV);
        is($response->header('X-Verify'), 'SUCCESS', 'CLIENT_CERT_VERIFY');
    }
    my $response = through('/headers/x');
    unlike(join(' ', $response->header("X-$_")), qr/accept-ttrp|client-/, "no client, $_") for qw(S Expr Env Peer);
    is($response->header('X-Verify'), 'NONE', 'CLIENT_CERT_VERIFY');
    $response = stale('/headers/x');
    like($response->header('X-Verify'), qr/^FAILED:/, 'CLIENT_CERT_VERIFY of a refused value');
    unlike(join(' ', $response->header("X-$_")), qr/accept-ttrp|client-/, "refused, $_") for qw(S Expr Env Peer);
};

subtest 'mod_rewrite' => sub {
    for my $path (qw(server expr env)) {
        is(env_of(rsa("/rewrite/$path"))->{SCRIPT_NAME}, '/rewrite/rsa', "/rewrite/$path: client-rsa");
        is(env_of(p256("/rewrite/$path"))->{SCRIPT_NAME}, "/rewrite/$path", 'client-p256');
        is(env_of(through("/rewrite/$path"))->{SCRIPT_NAME}, "/rewrite/$path", 'no client');
        is(stale("/rewrite/$path")->status, 403, 'refused');
    }
    my $env = env_of(rsa('/rewritten/x'));
    is($env->{SCRIPT_NAME}, '/rewrite/client-rsa', 'in a directory');
    is($env->{SSL_CLIENT_S_DN_CN}, 'client-rsa', 'and after its redirect');
    is(p256('/rewritten/x')->status, 200, 'another client');
    is(through('/rewritten/x')->status, 404, 'no client');
};

subtest 'Require client-cert' => sub {
    statuses('/require/x', 200, 200, 403);
    statuses('/require-not/x', 403, 403, 200);
    statuses('/require-any/x', 200, 200, 403);
    is($_->status, 403, 'not where the role is off') for rsa('/require-off/x'), stale('/require-off/x');
    is(ask($origin->{https}, '/require/x', cert => $_)->status, 403, "$_ itself is none")
        for qw(accept-ttrp accept-other);
};

sub user { return (env_of(shift) // {})->{REMOTE_USER} }
my @BASIC = (headers => [Authorization => 'Basic ' . encode_base64('basic:secret', '')]);

subtest 'the user\'s name' => sub {
    is(user(rsa('/user/x')), 'client-rsa', 'ClientCertUserName');
    is(user(p256('/user/x')), 'client-p256', 'for another');
    is(user(through('/user/x')), undef, 'without a client');
    is(user(rsa('/user-digest/x')), sha256_hex(der_of('client-rsa')), 'the digest of the certificate');
    is(user(through('/user-digest/x')), undef, 'without a client');
    is(user(rsa('/user-none/x')), undef, 'a variable that the certificate has not');
    statuses('/user-valid/x', 200, 200, 401);
    statuses('/user-one/x', 200, 403, 401);
    is(user(through('/user-valid/x', @BASIC)), 'basic', 'no client, with a password');
    is(user(rsa('/user-valid/x', @BASIC)), 'client-rsa', 'the certificate comes first');
    is(user(rsa('/user-one/x')), 'client-rsa', 'Require user');
};

subtest 'what mod_ssl makes of the peer: SSLUserName' => sub {
    for my $path ('/ssl-user/x') {
        is(user($_), undef, $path) for rsa($path), through($path);
    }
    is(user(rsa('/ssl-user-ours/x')), 'client-rsa', 'ClientCertUserName beside it');
    is(user(through('/ssl-user-ours/x')), undef, 'no client');
    statuses('/ssl-user-valid/x', 401, 401, 401);
    statuses('/ssl-user-any/x', 401, 401, 401);
    is(user(rsa('/ssl-user-any/x', @BASIC)), 'basic', 'a password still does');
    statuses('/ssl-user-require/x', 401, 401, 401);
};

subtest 'what mod_ssl makes of the peer: FakeBasicAuth' => sub {
    for my $path (qw(/fake/x /fake-user/x)) {
        statuses($path, 401, 401, 401);
        is(user(rsa($path, @BASIC)), 'basic', 'a password still does');
        is(user(through($path, @BASIC)), 'basic', 'without a client, too');
    }
};

subtest 'Basic authentication' => sub {
    statuses('/basic/x', 401, 401, 401);
    is(user(rsa('/basic/x', @BASIC)), 'basic', 'with a password');
    is(env_of(rsa('/basic/x', @BASIC))->{SSL_CLIENT_S_DN_CN}, 'client-rsa', 'and a certificate');
    is(ask($origin->{https}, '/basic/x', cert => 'accept-ttrp',
        headers => ['Client-Cert' => $stale, @{ $BASIC[1] }])->status, 403, 'not with a refused value');
    is(ask($origin->{https}, '/basic/x', cert => 'accept-ttrp',
        headers => ['Client-Cert' => 'x', @{ $BASIC[1] }])->status, 400, 'nor a malformed one');
    statuses('/basic-or/x', 200, 200, 401);
    is(through('/basic-or/x', @BASIC)->status, 200, '/basic-or with a password');
    is(through('/basic-and/x', @BASIC)->status, 403, '/basic-and with a password alone');
    is(rsa('/basic-and/x', @BASIC)->status, 200, '/basic-and with both');
    is(rsa('/basic-and/x')->status, 401, '/basic-and with a certificate alone');
};

subtest 'Satisfy Any' => sub {
    statuses('/satisfy-any/x', 200, 200, 200);
    statuses('/satisfy-any-denied/x', 401, 401, 401);
    is(ask($origin->{https}, '/satisfy-any/x', cert => 'accept-ttrp', headers => ['Client-Cert' => 'x'])->status,
        400, 'a malformed value');
    is(ask($origin->{https}, '/satisfy-any-denied/x', cert => 'accept-ttrp',
        headers => ['Client-Cert' => $stale, @{ $BASIC[1] }])->status, 403, 'a password is no way past a refusal');
};

subtest 'CGI, PHP, WSGI' => sub {
    my $cgi = env_of(rsa('/x'));
    my @names = grep {/^(?:SSL_CLIENT|CLIENT_CERT)_/ && !/V_REMAIN|SIGNING_TIME/} sort keys %$cgi;
    cmp_ok(scalar @names, '>', 15, 'variables');
    my $response = rsa('/php/x');
    is($response->status, 200, 'PHP answers');
    my %php = map { /\A([^:]*): (.*)\z/s ? ($1, $2) : () } @{ $response->{origin}{raw} };
    is_deeply({ map { $_ => $php{$_} } @names }, { map { $_ => $cgi->{$_} } @names }, 'the same in PHP');
    is_deeply([grep {/^HTTP_CLIENT/} keys %php], [], 'without the header');
    %php = map { /\A([^:]*): (.*)\z/s ? ($1, $2) : () } @{ through('/php/x')->{origin}{raw} };
    is_deeply([grep {/^SSL_CLIENT/} keys %php], ['SSL_CLIENT_VERIFY'], 'no client in PHP');
    SKIP: {
        skip 'mod_wsgi is missing (libapache2-mod-wsgi-py3)', 4 if !$wsgi;
        $response = rsa('/wsgi/x');
        is($response->status, 200, 'WSGI answers') or diag(slurp($origin->error_log) =~ s/.*\n(?=(?:.*\n){5}\z)//sr);
        my $env = env_of($response) // {};
        is_deeply({ map { $_ => $env->{$_} } @names }, { map { $_ => $cgi->{$_} } @names }, 'the same in WSGI');
        is_deeply([grep {/^HTTP_CLIENT/} keys %$env], [], 'without the header');
        is_deeply([grep {/^SSL_CLIENT/} keys %{ env_of(through('/wsgi/x')) // {} }], ['SSL_CLIENT_VERIFY'],
            'no client in WSGI');
    }
};

subtest 'subrequests' => sub {
    my $response = rsa('/ssi/page.shtml');
    like($response->body, qr/^\[client-rsa\]\[client-rsa\]\[.*SSL_CLIENT_S_DN_CN=client-rsa\0.*\]\[rsa\]$/s, 'SSI');
    unlike($response->body, qr/HTTP_CLIENT|[^_]S_DN_CN=accept-ttrp/, 'no header, no peer');
    like(p256('/ssi/page.shtml')->body, qr/^\[client-p256\]\[client-p256\].*\[else\]$/s, 'another client');
    like(through('/ssi/page.shtml')->body, qr/^\[\(none\)\]\[\(none\)\].*SSL_CLIENT_VERIFY=NONE\0.*\[else\]$/s, 'no client');
    is(stale('/ssi/page.shtml')->status, 403, 'refused');
};

subtest 'internal redirects' => sub {
    for (['404', '/none/x', 404], ['403', '/private-error/x', 403]) {
        my ($what, $path, $status) = @$_;
        my $response = rsa($path);
        is($response->status, $status, "$what: status");
        is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-rsa', 'the error document knows the client');
        is(env_of(through($path))->{SSL_CLIENT_VERIFY}, 'NONE', 'or that there is none');
        is_deeply([grep {/HTTP_CLIENT/} keys %{ env_of($response) }], [], 'without the header');
    }
};

subtest 'an error document for what was refused' => sub {
    for (['403', $stale], ['400', 'x']) {
        my ($status, $value) = @$_;
        my $response = ask($origin->{https}, '/refusals/x', cert => 'accept-ttrp', headers => ['Client-Cert' => $value]);
        is($response->status, $status, "$status: status");
        my $env = env_of($response) // {};
        is($env->{SSL_CLIENT_VERIFY}, 'NONE', 'served without an identity');
        like($env->{CLIENT_CERT_VERIFY}, qr/^FAILED:/, 'the reason is known to it');
        is_deeply([grep {/SSL_CLIENT_S|SSL_CLIENT_CERT|HTTP_CLIENT/} keys %$env], [], 'nothing else');
        is(note_of($origin, $response), 'refused', 'note');
    }
};

subtest 'where the role is off' => sub {
    my $response = rsa('/off/x');
    is($response->header("X-$_"), 'accept-ttrp', $_) for qw(S Expr);
    is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'accept-ttrp', 'StdEnvVars');
    is(user($response), 'accept-ttrp', 'SSLUserName');
    is(rsa('/off/expr/x')->status, 200, 'Require expr');
    is(rsa('/off/ext-list/x')->status, 200, 'PeerExtList');
    is(env_of(rsa('/off/on/x'))->{SSL_CLIENT_S_DN_CN}, 'client-rsa', 'on again in a nested section');
    is(stale('/off/x')->status, 200, 'what would be refused is not looked at');
    is(env_of(stale('/off/x'))->{HTTP_CLIENT_CERT}, undef, 'nor passed on');
};

subtest 'SSLRequire' => sub {
    # mod_ssl has httpd evaluate it, and so asks what every expression asks.
    is(rsa('/ssl-require/x')->status, 200, 'a client');
    is(p256('/ssl-require/x')->status, 403, 'another');
    is(through('/ssl-require/x')->status, 403, 'no client');
    is(rsa('/ssl-require-peer/x')->status, 403, 'the peer');
    is(stale('/ssl-require/x')->status, 403, 'a refused value');
};

done_testing;
