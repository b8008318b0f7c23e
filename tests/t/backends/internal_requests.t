# SPDX-License-Identifier: Apache-2.0

# Requests that httpd makes of a request: internal redirects, error documents,
# directory indexes and subrequests. Where one of them is proxied, it carries the
# one header, and what is not to have it has none.

use ClientCertTest;
use ClientCertTest::Backends;
use ClientCertTest::Wire;
use File::Copy 'copy';
use File::Path 'make_path';
use JSON::PP ();

my $fpm = php_fpm();
my $scgi = uwsgi('scgi', '--buffer-size', 32_768);
my $wire = ClientCertTest::Wire->tap('fcgi', free_port(), $fpm->port);
my $root = $fpm->directory . '/htdocs';
my $origin = "http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}";
my $fcgi = 'fcgi://127.0.0.1:' . $wire->port;
my $refuses = free_port();

make_path(map {"$root/$_"} qw(index-fcgi index-proxied fallback moved ssi action errors));
copy($fpm->{script}, "$root/$_/report.php") or die "report.php: $!" for qw(index-fcgi fallback);
spew("$root/action/page.report", '');
spew("$root/ssi/http.shtml", '<!--#include virtual="/http/in-page" -->');
spew("$root/ssi/fcgi.shtml", '<!--#include virtual="/fcgi/in-page" -->');
spew("$root/ssi/off.shtml", '<!--#include virtual="/off/in-page" -->');
spew("$root/ssi/twice.shtml",
    '<!--#include virtual="/http/first" --><!--#include virtual="/http/second" -->');
spew("$root/ssi/nested.shtml", '<!--#include virtual="/ssi/http.shtml" -->');
spew("$root/ssi/index.shtml", '<!--#include virtual="/index-fcgi/" -->');

my $ttrp = backend_ttrp(lines => <<"LINES");
DocumentRoot $root
RewriteEngine on

ProxyPass /http/ $origin/
ProxyPass /fcgi/ $fcgi$fpm->{script}/
ProxyPass /off/ $fcgi$fpm->{script}/off/
<Location /off/>
    ClientCertForward off
</Location>

# Fast internal redirects.
<Directory $root/index-fcgi>
    DirectoryIndex absent.html report.php
    <FilesMatch \\.php\$>
        SetHandler "proxy:$fcgi"
    </FilesMatch>
</Directory>
<Directory $root/index-proxied>
    DirectoryIndex /http/index
</Directory>
<Directory $root/fallback>
    FallbackResource /fallback/report.php
    <FilesMatch \\.php\$>
        SetHandler "proxy:$fcgi"
    </FilesMatch>
</Directory>

# Internal redirects.
<Directory $root/moved>
    RewriteEngine on
    RewriteRule ^(.*)\$ /http/\$1
</Directory>
<Directory $root/action>
    AddHandler report .report
    Action report /fcgi/action
</Directory>
ProxyPass /scgi/ scgi://127.0.0.1:@{[ $scgi->port ]}/
ProxyPass /redirected/ $origin/

# Error documents: of a file, of a backend that is down, of a backend that failed.
<Location /errors/http>
    ErrorDocument 404 /http/error
</Location>
<Location /errors/fcgi>
    ErrorDocument 404 /fcgi/error
</Location>
<Location /errors/off>
    ErrorDocument 404 /off/error
</Location>
<Location /errors/forbidden>
    Require all denied
    ErrorDocument 403 /http/error
</Location>
ProxyPass /down/ http://127.0.0.1:$refuses/
<Location /down/>
    ErrorDocument 503 /fcgi/error
</Location>
ProxyPass /down-to-off/ http://127.0.0.1:$refuses/
<Location /down-to-off/>
    ErrorDocument 503 /off/error
</Location>
ProxyPass /fails/ $fcgi$fpm->{script}/
<Location /fails/>
    ProxyErrorOverride on
    ErrorDocument 405 /http/error
    ErrorDocument 410 /fcgi/error
    ErrorDocument 409 /off/error
</Location>

# Subrequests, of a file's page and of a backend's.
<LocationMatch ^/(fcgi|off)/include/>
    Options +Includes
    SetOutputFilter INCLUDES
</LocationMatch>
AddType text/html .shtml
<Directory $root/ssi>
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>

ProxyPass / !
LINES

my %FCGI = (name => 'HTTP_CLIENT_CERT', wire => sub { $wire->of(@_) });

# A page that includes what a backend reported.
sub included {
    my ($response) = @_;
    my ($json) = $response->body =~ /(\{.*\})/s;
    $response->{origin} = JSON::PP::decode_json($json) if $json;
    return $response;
}

sub ask {
    my ($path, $http) = @_;
    return sub { included(curl($path, port => $ttrp->{tls_port}, http => $http // '1.1', @_)) };
}

my @CASES = (
    ['DirectoryIndex, SetHandler to fcgi', '/index-fcgi/', %FCGI],
    ['DirectoryIndex of a proxied path', '/index-proxied/'],
    ['FallbackResource, SetHandler to fcgi', '/fallback/no/such/page', %FCGI],
    ['RewriteRule in Directory to a proxied path', '/moved/x'],
    ['Action, fcgi', '/action/page.report', %FCGI],
    ['Location of an SCGI backend', '/scgi/redirect'],
    ['ErrorDocument, http', '/errors/http'],
    ['ErrorDocument, fcgi', '/errors/fcgi', status => 404, %FCGI],
    ['ErrorDocument for a refused request', '/errors/forbidden'],
    ['ErrorDocument for a backend that is down', '/down/x', status => 503, %FCGI],
    ['ErrorDocument for a backend\'s error, http', '/fails/status/405'],
    ['SSI, http', '/ssi/http.shtml'],
    ['SSI, fcgi', '/ssi/fcgi.shtml', %FCGI],
    ['SSI in what a backend sent', '/fcgi/include/http/in-page'],
    ['SSI in what a backend sent without it', '/off/include/http/in-page'],
    ['SSI within SSI', '/ssi/nested.shtml'],
    ['SSI of a DirectoryIndex', '/ssi/index.shtml', %FCGI],
);
for my $http ('1.1', '2') {
    for (@CASES) {
        my ($what, $path, %check) = @$_;
        check_backend("$what, HTTP/$http", ask => ask($path, $http), %check,
            no_connection => $http eq '2');
    }
}

# A request that became another has what the first had under names of its own.
subtest 'ErrorDocument for a backend\'s error, fcgi to fcgi' => sub {
    my $response = ask('/fails/status/410')->(cert => 'client-rsa', headers => [forged_headers()]);
    is($response->status, 410, 'answered');
    for my $seen ($response, $wire->of($response)) {
        is_deeply([$seen->folded('HTTP_CLIENT_CERT')], ['HTTP_CLIENT_CERT'], 'one variable');
        is(forwarded($seen, 'HTTP_CLIENT_CERT'), 'client-rsa', 'it verifies');
        is_deeply([grep {/forged/} @{ $seen->{origin}{raw} }], [], 'nothing forged');
    }
};

# ClientCertForward off holds for what it says, however the request came there.
for (['a file that is not there', '/errors/off', 404],
    ['a backend that is down', '/down-to-off/x', 503],
    ['a FastCGI backend\'s error', '/fails/status/409', 409],
    ['SSI', '/ssi/off.shtml', 200],
    ['SSI in what a FastCGI backend sent', '/fcgi/include/off/in-page', 200])
{
    my ($what, $path, $status) = @$_;
    subtest "off: $what" => sub {
        my $response = ask($path)->(cert => 'client-rsa', headers => [forged_headers()]);
        is($response->status, $status, 'answered');
        for my $seen ($response, $wire->of($response)) {
            ok($seen && $seen->{origin}, 'by the backend') or next;
            is_deeply([grep {/client_cert/i} map { /^([^:]*):/ } @{ $seen->{origin}{raw} }], [],
                'no header');
        }
    };
}

subtest 'a page that includes two' => sub {
    my $response = curl('/ssi/twice.shtml', port => $ttrp->{tls_port}, http => '1.1',
        cert => 'client-rsa', headers => [forged_headers()]);
    my @reports = map { JSON::PP::decode_json($_) } $response->body =~ /(\{.*?\}(?=\{|\s*\z))/gs;
    is(scalar @reports, 2, 'two reports') or return;
    for my $report (@reports) {
        my $seen = bless { %$response, origin => $report }, ref $response;
        is_deeply([$seen->folded('Client-Cert')], ['Client-Cert'], 'one header');
        is(forwarded($seen), 'client-rsa', 'it verifies');
    }
};

done_testing;
