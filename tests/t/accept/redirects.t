# SPDX-License-Identifier: Apache-2.0

# One request, and locations that do not agree on who its client is: what mod_ssl
# makes of the TTRP in one is not left to another that accepts a client, whichever
# way httpd takes from the first to the second.

use ClientCertTest;
use ClientCertTest::Accept;
use Digest::SHA ();
use File::Path 'make_path';
use MIME::Base64 ();

trust_pki();
my $directory = "$ENV{TEST_SERVERS}/redirects.$$";
my @NAMES = qw(dir fallback multi user basic other off own kept part peer fake whole rewritten);
for my $name (@NAMES) {
    make_path("$directory/$name");
    spew("$directory/$name/index.cgi", slurp("$ENV{TEST_HTDOCS}/cgi/env"));
    chmod 0755, "$directory/$name/index.cgi";
}
spew("$directory/part/page.shtml", '<!--#include virtual="/accepts/x" -->');
spew("$directory/part/basic.shtml", '<!--#include virtual="/accepts-basic/x" -->');
spew("$directory/part/faked.shtml", '<!--#include virtual="/accepts/x" -->');
spew("$directory/part/require.shtml", '<!--#include virtual="/accepts-peer/x" -->');
spew("$directory/part/if.shtml", '<!--#include virtual="/accepts-if/x" -->');
spew("$directory/whole/page.shtml", '<!--#include virtual="/off/index.cgi" -->');
spew("$directory/whole/other.shtml", '<!--#include virtual="/accepts-other/x" -->');
for my $name (qw(rewritten whole)) {
    my $next = $name eq 'whole' ? 'accepts-other' : 'accepts';
    spew("$directory/$name/next.cgi", "#!/bin/sh\nprintf 'Location: /$next/x\\r\\n\\r\\n'\n");
    chmod 0755, "$directory/$name/next.cgi";
}
# The password that FakeBasicAuth gives, for the TTRP's name as it writes it.
spew("$directory/passwords", '/O=mod_client_cert tests/CN=accept-ttrp:xxj31ZMTZzkVA' . "\n");

my $accept = "ClientCertAccept cms\n" . ClientCertTest::Accept::usual_trust();
my $user = 'ClientCertUserName SSL_CLIENT_S_DN_CN';
my $header = 'RequestHeader set X-Env %{SSL_CLIENT_S_DN_CN}e';
my $origin = accept_origin(
    accept => '',
    modules => [qw(include negotiation)],
    lines => <<"LINES",
<Macro Basic>
    AuthType Basic
    AuthName x
    AuthUserFile $directory/passwords
    Require valid-user
</Macro>
@{[ map {"Alias /$_ $directory/$_\n"} @NAMES ]}
<Directory $directory>
    Options +ExecCGI
    Require all granted
    DirectoryIndex index.cgi
    AddHandler cgi-script .cgi
    CGIPassAuth on
</Directory>
<Directory $directory/dir>
    <Files index.cgi>
        $accept
        $header
    </Files>
</Directory>
<Directory $directory/fallback>
    DirectoryIndex disabled
    FallbackResource /fallback/index.cgi
    SSLUserName SSL_CLIENT_S_DN_CN
    <Files index.cgi>
        $accept
        $header
        $user
    </Files>
</Directory>
<Directory $directory/multi>
    Options +MultiViews
    MultiviewsMatch Any
    SSLUserName SSL_CLIENT_S_DN_CN
    <Files index.cgi>
        $accept
        $header
        $user
        RewriteEngine on
        RewriteCond %{REMOTE_USER} (.+)
        RewriteRule ^ - [E=SEEN:%1]
    </Files>
</Directory>
<Directory $directory/user>
    SSLUserName SSL_CLIENT_S_DN_CN
    ErrorDocument 404 /user/
    <Files index.cgi>
        $accept
        $header
        $user
    </Files>
</Directory>
<Directory $directory/basic>
    SSLOptions +FakeBasicAuth
    Use Basic
    <Files index.cgi>
        AuthType None
        Require all granted
        $accept
        $header
        $user
    </Files>
</Directory>
<Directory $directory/peer>
    <Files index.cgi>
        $accept
        Require expr "reqenv('SSL_CLIENT_S_DN_CN') == 'accept-ttrp'"
    </Files>
</Directory>
<Directory $directory/fake>
    AuthBasicFake "%{SSL_CLIENT_S_DN_CN}" password
    ErrorDocument 404 /accepts-basic/x
    <Files index.cgi>
        $accept
        AuthBasicFake off
    </Files>
</Directory>
<Directory $directory/whole>
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    $accept
    $user
    RewriteEngine on
    RewriteRule ^x\$ /whole/next.cgi [PT]
    <Files index.cgi>
        ClientCertUserName SSL_CLIENT_S_DN
    </Files>
</Directory>
<Directory $directory/other>
    $accept
    $user
    <Files index.cgi>
        ClientCertAccept cms X-Other-Cert
        $header
    </Files>
</Directory>
<Directory $directory/off>
    $accept
    $user
    <Files index.cgi>
        ClientCertAccept off
    </Files>
</Directory>
<Directory $directory/own>
    Use Basic
    <Files index.cgi>
        $accept
        $user
    </Files>
</Directory>
<Directory $directory/kept>
    $accept
    RewriteEngine on
    RewriteRule ^x\$ /kept/index.cgi [PT]
    <Files x>
        $user
    </Files>
</Directory>
<Directory $directory/part>
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    SSLUserName SSL_CLIENT_S_DN_CN
    <FilesMatch "^(basic|faked)">
        SSLOptions +FakeBasicAuth
        Use Basic
    </FilesMatch>
</Directory>
<Directory $directory/rewritten>
    RewriteEngine on
    RewriteRule ^x\$ /accepts/x [PT]
    RewriteRule ^basic\$ /accepts-basic/x [PT]
    RewriteRule ^twice\$ /rewritten/next.cgi [PT]
    SSLUserName SSL_CLIENT_S_DN_CN
    <Files basic>
        SSLOptions +FakeBasicAuth
        Use Basic
    </Files>
</Directory>
<Location /accepts>
    $accept
</Location>
<Location /accepts-basic>
    $accept
    SSLOptions +FakeBasicAuth
    Use Basic
</Location>
<Location /accepts-peer>
    $accept
    Require expr "reqenv('SSL_CLIENT_S_DN_CN') == 'accept-ttrp'"
</Location>
<Location /accepts-if>
    $accept
    <If "reqenv('SSL_CLIENT_S_DN_CN') == 'accept-ttrp'">
        SetEnv SEEN accept-ttrp
    </If>
</Location>
<Location /accepts-other>
    ClientCertAccept cms X-Other-Cert
    @{[ ClientCertTest::Accept::usual_trust() ]}
    <If "reqenv('SSL_CLIENT_S_DN_CN') == 'client-rsa'">
        SetEnv SEEN client-rsa
    </If>
</Location>
# Refused after mod_ssl has named its user, before this module takes that back.
<Location /refused>
    $accept
    SSLUserName SSL_CLIENT_S_DN_CN
    SSLRequire false
    ErrorDocument 403 "user=%{REMOTE_USER} type=%{AUTH_TYPE}"
</Location>
<Location /refused/document>
    ErrorDocument 403 /accepts/x
</Location>
<Location /refused/off>
    ClientCertAccept off
</Location>
<Location /refused/off/document>
    ErrorDocument 403 /accepts/x
</Location>
CustomLog $directory/users "%u" "expr=%{REQUEST_URI} == '/refused/x'"
LINES
);
my $ttrp = accept_ttrp($origin);

sub through { return ask($ttrp->{port}, shift, sni => 'ttrp.test', @_) }

# The variables that speak of the TTRP, though not as the signer.
sub ttrp_in {
    my ($env) = @_;
    my $fake = MIME::Base64::encode_base64('/O=mod_client_cert tests/CN=accept-ttrp:password', '');
    return grep { $_ ne 'CLIENT_CERT_SIGNER_S_DN' && $env->{$_} =~ /accept-ttrp|\Q$fake\E/ }
        sort keys %$env;
}

# Of a page's part, too.
sub variables {
    my ($response) = @_;
    return { map { split /=/, $_, 2 } grep {/=/} split /\0/, $response->body };
}

for my $cert ('client-rsa', undef) {
    my @client = $cert ? (cert => $cert) : ();
    my $who = $cert // 'nobody';
    for (
        # Where to, and whether the name becomes that of the user.
        ['/dir/', 0],
        ['/dir/index.cgi', 0],
        ['/fallback/none', 1],
        ['/multi/index', 1],
        ['/user/', 1],
        ['/user/index.cgi', 1],
        # Access to the error's document is not checked again.
        ['/user/none', 1],
        ['/basic/', 1],
        ['/basic/index.cgi', 1],
        ['/rewritten/x', 0],
        ['/rewritten/twice', 0],
        ['/part/page.shtml', 0],
        ['/part/faked.shtml', 0],
        ['/part/if.shtml', 0],
        ['/fake/', 0],
        ['/refused/document', 0],
        ['/refused/off/document', 0],
    ) {
        my ($target, $named) = @$_;
        my $response = through($target, @client);
        my $env = variables($response);
        is($env->{SSL_CLIENT_S_DN_CN}, $cert, "$who, $target");
        is_deeply([ttrp_in($env)], [], '  and never the TTRP');
        is($env->{CLIENT_CERT_VERIFY}, $cert ? 'SUCCESS' : 'NONE', '  by what the header says');
        is($env->{REMOTE_USER}, $named ? $cert : undef, '  who is the user, or not');
        is($env->{AUTH_TYPE}, $named && $cert ? 'ClientCert' : undef, '  nor by which means');
    }

    my $env = env_of(through('/other/', @client));
    is($env->{CLIENT_CERT_VERIFY}, 'NONE', "$who, an index that reads another header");
    is_deeply([grep { $env->{$_} =~ /client-rsa|accept-ttrp/ } sort keys %$env], [],
        '  has nothing of the directory\'s client, nor of the TTRP');

    $env = env_of(through('/off/', @client));
    is_deeply([grep {/^CLIENT_CERT_/} keys %$env], [], "$who, an index with the role off");
    is_deeply([grep { $env->{$_} =~ /client-rsa/ } sort keys %$env], [],
        '  has nothing of the directory\'s client');

    for my $target ('/accepts-basic/x', '/rewritten/basic') {
        is(through($target, @client)->status, 401, "$who, a password that mod_ssl made up, $target");
    }
    unlike(through('/part/basic.shtml', @client)->body, qr/accept-ttrp/, "$who, the same in a part of a page");
    is(through('/fake/none', @client)->status, 404, "$who, a page that is not there");
    unlike(through('/fake/none', @client)->body, qr/accept-ttrp/, '  and AuthBasicFake');

    is(through('/peer/', @client)->status, 403, "$who, Require that reads the environment, as an index");
    unlike(through('/part/require.shtml', @client)->body, qr/SSL_CLIENT/, '  as a part of a page');

    $env = variables(through('/whole/page.shtml', @client));
    is_deeply([grep { /^CLIENT_CERT_|REMOTE_USER|AUTH_TYPE/ || $env->{$_} =~ /client-rsa/ } sort keys %$env],
        [], "$who, a part with the role off has nothing of the page's client");
    for my $target (qw(/whole/other.shtml /whole/x)) {
        $env = variables(through($target, @client));
        is($env->{CLIENT_CERT_VERIFY}, 'NONE', "$who, $target, which reads another header");
        is_deeply([grep { $env->{$_} =~ /client-rsa|accept-ttrp/ } sort keys %$env], [],
            '  has nothing of the page\'s client');
    }
    is(through('/refused/x', @client)->body, 'user= type=', "$who, refused by SSLRequire");
}

is(env_of(through('/kept/x', cert => 'client-rsa'))->{REDIRECT_REMOTE_USER}, 'client-rsa',
    'the user of a location that accepts the same client');

is(env_of(through('/whole/', cert => 'client-rsa'))->{REMOTE_USER}, 'CN=client-rsa,O=mod_client_cert tests',
    'the user\'s name is the one that the index asks for');
is(slurp("$directory/users"), "-\n-\n", 'nor does the log have the TTRP as the user of what was refused');

# Who gave a password is who he says.
my @password = (headers => [Authorization => 'Basic ' . MIME::Base64::encode_base64('basic:secret', '')]);
spew("$directory/passwords",
    'basic:{SHA}' . MIME::Base64::encode_base64(Digest::SHA::sha1('secret'), '') . "\n");
my $env = env_of(through('/own/', cert => 'client-rsa', @password));
is($env->{REMOTE_USER}, 'basic', 'a password is not overruled by an index that accepts');
is($env->{AUTH_TYPE}, 'Basic', 'nor by which means');
is($env->{HTTP_AUTHORIZATION}, $password[1][1], 'and passed on');

done_testing;
