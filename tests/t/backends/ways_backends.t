# SPDX-License-Identifier: Apache-2.0

# Each way of proxying, to an http and to a FastCGI backend. backends/ways.t has those to
# https.

use ClientCertTest;
use ClientCertTest::Backends;
use ClientCertTest::Wire;
use File::Copy 'copy';
use File::Path 'make_path';

my $fpm = php_fpm();
my $wire = ClientCertTest::Wire->tap('fcgi', free_port(), $fpm->port);
my $root = $fpm->directory . '/htdocs';

my %TARGETS = (
    http => {
        url => "http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}",
        handler => "proxy:http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}",
        member => "http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}",
        check => {},
    },
    fcgi => {
        url => "fcgi://127.0.0.1:@{[ $wire->port ]}$fpm->{script}",
        handler => "proxy:fcgi://127.0.0.1:@{[ $wire->port ]}",
        member => "fcgi://127.0.0.1:@{[ $wire->port ]}",
        # A balancer's URL is the member and a path.
        path => $fpm->{script},
        check => { name => 'HTTP_CLIENT_CERT', wire => sub { $wire->of(@_) } },
    },
);

# Each way as lines of configuration. "IN" is the path that it has to serve, "AT"
# the same as a directory.
my @WAYS = (
    'ProxyPass' => 'ProxyPass IN/ URL/',
    'ProxyPassMatch' => 'ProxyPassMatch ^IN/(.*)$ URL/$1',
    'ProxyPass in Location' => "<Location IN/>\nProxyPass URL/\n</Location>",
    'ProxyPassMatch in LocationMatch' =>
        "<LocationMatch ^IN/(.*)\$>\nProxyPassMatch URL/\$1\n</LocationMatch>",
    'RewriteRule [P]' => 'RewriteRule ^IN/(.*)$ URL/$1 [P]',
    'RewriteRule [P] in Directory' =>
        "<Directory AT>\nRewriteEngine on\nRewriteRule ^(.*)\$ URL/\$1 [P]\n</Directory>",
    'SetHandler in Location' => "<Location IN/>\nSetHandler HANDLER\n</Location>",
    'SetHandler in FilesMatch' =>
        "<Directory AT>\n<FilesMatch \\.php\$>\nSetHandler HANDLER\n</FilesMatch>\n</Directory>",
    'SetHandler in If' => "<If \"%{REQUEST_URI} =~ m#^IN/#\">\nSetHandler HANDLER\n</If>",
    'AddHandler' => "<Directory AT>\nAddHandler HANDLER .php\n</Directory>",
    'RewriteRule [H]' => 'RewriteRule ^IN/ - [H=PLAIN_HANDLER]',
    'RewriteRule [H] in Directory' =>
        "<Directory AT>\nRewriteEngine on\nRewriteRule . - [H=PLAIN_HANDLER]\n</Directory>",
    'ProxyPass to a balancer' => 'ProxyPass IN/ balancer://BALANCER/',
    'ProxyPassMatch to a balancer' => 'ProxyPassMatch ^IN/(.*)$ balancer://BALANCER/$1',
    'RewriteRule [P] to a balancer' => 'RewriteRule ^IN/(.*)$ balancer://BALANCER/$1 [P]',
    'SetHandler to a balancer' => "<Location IN/>\nSetHandler proxy:balancer://NAME\n</Location>",
);

my @cases;
my $lines = "DocumentRoot $root\nRewriteEngine on\n";
for my $backend (sort keys %TARGETS) {
    my $target = $TARGETS{$backend};
    $lines .= "<Proxy balancer://to-$backend>\nBalancerMember $target->{member}\n</Proxy>\n";
    my @ways = @WAYS;
    my $number = 0;
    while (my ($way, $text) = splice @ways, 0, 2) {
        my $in = sprintf '/%s-%02d', $backend, ++$number;
        make_path("$root$in");
        copy($fpm->{script}, "$root$in/report.php") or die "report.php: $!";
        my $path = $target->{path} // '';
        $text =~ s/\bIN\b/$in/g;
        $text =~ s/\bAT\b/$root$in/g;
        $text =~ s/\bURL\b/$target->{url}/g;
        $text =~ s/\bPLAIN_HANDLER\b/$target->{handler}/g;
        $text =~ s/\bHANDLER\b/"$target->{handler}"/g;
        $text =~ s/\bBALANCER\b/to-$backend$path/g;
        $text =~ s/\bNAME\b/to-$backend/g;
        $lines .= "$text\n";
        push @cases, ["$way, $backend", "$in/report.php", $target->{check}];
    }
}

my $socket = $fpm->directory . '/socket';
make_path("$root/unix");
copy($fpm->{script}, "$root/unix/report.php") or die "report.php: $!";
$lines .= <<"LINES";
<Directory $root/unix>
    SetHandler "proxy:unix:$socket|fcgi://localhost"
</Directory>
ProxyPass /unix-pass/ unix:$socket|fcgi://localhost$fpm->{script}/
# Nothing else is proxied: what one of the ways did not take is not found.
ProxyPass / !
LINES
push @cases, map { ["$_->[0], fcgi by a unix socket", $_->[1], { name => 'HTTP_CLIENT_CERT' }] }
    ['SetHandler', '/unix/report.php'], ['ProxyPass', '/unix-pass/x'];

my $ttrp = backend_ttrp(lines => $lines);
for (@cases) {
    my ($what, $path, $check) = @$_;
    check_backend($what, %$check,
        ask => sub { curl($path, port => $ttrp->{tls_port}, http => '1.1', @_) });
}

done_testing;
