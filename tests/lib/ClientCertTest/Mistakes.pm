# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Mistakes;

# Configurations that are wrong, and what `httpd -t` and the error log say of
# them: start/config_errors.t and start/accept_config_errors.t.

use strict;
use warnings;

use Exporter 'import';
use Test::More;

use ClientCertTest::Client;
use ClientCertTest::PKI qw(pki spew);
use ClientCertTest::Server qw(check_config free_port);

our @EXPORT = qw(file passes refused refused_in_htaccess scratch);

# A directory for what directives name; it ends with the test.
my $scratch = pki("config.$$");
my $owner = $$;
mkdir $scratch or die "$scratch: $!";
END { system 'rm', '-rf', $scratch if $owner == $$ }

sub scratch { return $scratch }

sub file {
    my ($name, @content) = @_;
    return spew("$scratch/$name", @content);
}

my %PLACES = (
    server => "%s\n",
    host => "<VirtualHost 127.0.0.1:80>\n%s\n</VirtualHost>\n",
    location => "<Location /x>\n%s\n</Location>\n",
    directory => "<Directory $scratch>\n%s\n</Directory>\n",
    limit => "<Directory $scratch>\n<Limit GET>\n%s\n</Limit>\n</Directory>\n",
    proxy => "<Proxy https://origin.test/>\n%s\n</Proxy>\n",
    host_proxy => "<VirtualHost 127.0.0.1:80>\n<Proxy https://origin.test/>\n%s\n</Proxy>\n</VirtualHost>\n",
    proxy_match => "<ProxyMatch ^https>\n%s\n</ProxyMatch>\n",
    if => "<If true>\n%s\n</If>\n",
    if_in_location => "<Location /x>\n<If true>\n%s\n</If>\n</Location>\n",
    elseif => "<If false>\n</If>\n<ElseIf true>\n%s\n</ElseIf>\n",
    else => "<If false>\n</If>\n<Else>\n%s\n</Else>\n",
);

sub check {
    my ($place, $lines) = @_;
    my $format = $PLACES{$place} // die "$place?";
    my ($status, $output, $server) = check_config(config => "Listen 127.0.0.1:80\n" . sprintf $format, $lines);
    return ($status, $output, $server->{conf});
}

# refused(WHAT is wrong, PLACE, LINES, FAULT, FILE that the line has to name, if
# any, DIRECTIVE if it is not that of the last line).
sub refused {
    my ($what, $place, $lines, $fault, $file, $directive) = @_;
    ($directive) = $lines =~ /^(\w+).*\z/m unless $directive;
    subtest "$directive: $what" => sub {
        my ($status, $output, $conf) = check($place, $lines);
        isnt($status, 0, 'refused');
        # httpd adds where the line is, or that its check failed.
        my ($said, @more) = grep { !/Syntax error on line|AH00014|Configuration check failed/ } split /\n/, $output;
        is(scalar @more, 0, 'one line') or diag $output;
        like($said // '', qr/\b$directive\b/, 'names the directive');
        like($said // '', $fault, 'and the fault');
        like($said // '', qr/\Q$file\E/, 'and the file') if defined $file;
        like($output, qr/on line \d+ of \Q$conf\E:|\Q$conf\E:\d+/, 'and its place');
        unlike($output, qr/PRIVATE KEY/, 'no key in it');
    };
    return;
}

# What is right there.
sub passes {
    my ($place, $lines) = @_;
    my ($status, $output) = check($place, $lines);
    is($status, 0, "right in $place: " . join ' and ', split /\n/, $lines =~ s{/\S+/}{}gr) or diag $output;
    return;
}

# Directives that no .htaccess may have.
sub refused_in_htaccess {
    my (@directives) = @_;
    my $port = free_port();
    my $root = "$scratch/htdocs";
    mkdir $root;
    my $server = ClientCertTest::Server->new(name => 'htaccess', config => <<"CONF");
Listen 127.0.0.1:$port
DocumentRoot $root
<Directory $root>
    AllowOverride All
</Directory>
CONF
    $server->start;
    for my $n (0 .. $#directives) {
        my ($directive) = $directives[$n] =~ /^(\w+)/;
        mkdir "$root/$n";
        spew("$root/$n/file", 'content');
        my $get = sub { ClientCertTest::Client->connect(port => $port)->request("/$n/file")->status };
        is($get->(), 200, 'served without');
        spew("$root/$n/.htaccess", "$directives[$n]\n");
        is($get->(), 500, "$directive: refused");
        like($server->said, qr{/$n/\.htaccess: .*\b$directive\b.*not allowed}, 'the log says why');
    }
    return;
}

1;
