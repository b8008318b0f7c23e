# SPDX-License-Identifier: Apache-2.0

# What reads the client's identity before httpd knows which sections apply, and
# what one location leaves to another: nowhere does the TTRP show as the client.

use ClientCertTest;
use ClientCertTest::Accept;
use File::Path 'make_path';

trust_pki();
my $directory = "$ENV{TEST_SERVERS}/early.$$";
for my $name (qw(dir other)) {
    make_path("$directory/$name");
    spew("$directory/$name/index.cgi", slurp("$ENV{TEST_HTDOCS}/cgi/env"));
    chmod 0755, "$directory/$name/index.cgi";
}

my $accept = "ClientCertAccept cms\n" . ClientCertTest::Accept::usual_trust();
my $trust = 'ClientCertTrust ' . pki('server-ca.crt');
my $origin = accept_origin(accept => '', lines => <<"LINES");
SetEnvIfExpr "%{SSL_CLIENT_S_DN} =~ /(.+)/" EARLY_EXPR=\$1
SetEnvIfExpr "%{SSL_CLIENT_VERIFY} =~ /(.+)/" EARLY_VERIFY=\$1
SetEnvIfExpr "ssl('SSL_CLIENT_S_DN_CN') =~ /(.+)/" EARLY_FUNCTION=\$1
SetEnvIfExpr "'x' in PeerExtList('2.5.29.15')" EARLY_LIST=1
RewriteEngine on
RewriteCond %{SSL:SSL_CLIENT_S_DN} (.+)
RewriteRule ^ - [E=EARLY_REWRITE:%1]
Alias /dir $directory/dir
Alias /other $directory/other
<Directory $directory>
    Options +ExecCGI
    Require all granted
    DirectoryIndex index.cgi
    AddHandler cgi-script .cgi
</Directory>
<Directory $directory/dir>
    $accept
    <Files index.cgi>
        ClientCertAccept off
    </Files>
</Directory>
<Directory $directory/other>
    $accept
    <Files index.cgi>
        ClientCertAccept cms X-Other-Cert
    </Files>
</Directory>
<Location /accepting>
    $accept
</Location>
<Location /plain>
    ErrorDocument 404 /accepting/error
    Redirect 404 /plain
</Location>
<Location />
    $trust
</Location>
<Location /named>
    ClientCertAccept cms
    ClientCertTrustName ttrp.example
</Location>
LINES
my $ttrp = accept_ttrp($origin);

sub through { return env_of(ask($ttrp->{port}, shift, sni => 'ttrp.test', @_)) }

# The variables whose value or name speaks of the TTRP as a client.
sub ttrp_in {
    my ($env) = @_;
    return grep { /EARLY|SSL_CLIENT/ && $env->{$_} =~ /accept-ttrp/ } sort keys %$env;
}

for my $cert ('client-rsa', undef) {
    my @client = $cert ? (cert => $cert) : ();
    my $who = $cert // 'nobody';
    my $env = through('/accepting/x', @client);
    is($env->{SSL_CLIENT_S_DN_CN}, $cert, "$who: in the end");
    is_deeply([ttrp_in($env)], [], 'and never the TTRP');
    is($env->{EARLY_VERIFY}, 'NONE', 'before the sections are known there is no client');
    is($env->{EARLY_LIST}, undef, 'nor an extension of one');

    $env = through('/plain', @client);
    is_deeply([ttrp_in($env)], [], "$who: an error of a location that accepts nothing");
    is($env->{SSL_CLIENT_S_DN_CN}, $cert, 'is told to the client');

    $env = through('/dir/', @client);
    ok($env, "$who: an index with the role off");
    is_deeply([grep {/^CLIENT_CERT_/} keys %$env], [], 'has nothing of the directory');
    isnt($env->{SSL_CLIENT_S_DN_CN} // '', 'client-rsa', 'nor its client');

    $env = through('/other/', @client);
    is($env->{CLIENT_CERT_VERIFY}, 'NONE', "$who: an index that reads another header");
    is_deeply([grep { /^SSL_CLIENT_/ && $_ ne 'SSL_CLIENT_VERIFY' } keys %$env], [],
        'has nothing of the directory\'s client');

    is(through('/named/x', @client)->{SSL_CLIENT_S_DN_CN}, $cert,
        "$who: trust of one section, role and name of another");
}
is(through('/elsewhere')->{SSL_CLIENT_S_DN_CN}, 'accept-ttrp',
    'where the role is off mod_ssl speaks of the TLS peer');

done_testing;
