# SPDX-License-Identifier: Apache-2.0

# mod_cache in front of a backend whose pages depend on the client: neither of
# two clients ever gets the other's, nor does a client without a certificate;
# pages asked for without a certificate are still cached.

use ClientCertTest;
use ClientCertTest::Raw qw(recorded_since recorder recorder_mark);
use MIME::Base64 'encode_base64';

my $recorder = recorder();
my $documents = "$ENV{TEST_SERVERS}/caches.$$";
mkdir $documents or die "$documents: $!";
mkdir "$documents/ssi";
# The part comes first, last, and after more than the cache would wait for.
sub part { return "<!--#include virtual=\"/identity/$_[0]?h=Cache-Control:public,max-age=600\" -->" }
spew("$documents/ssi/first.shtml", part('first') . ' and text');
spew("$documents/ssi/last.shtml", 'text and ' . part('last'));
spew("$documents/ssi/late.shtml", 'x' x 200_000 . part('late'));
spew("$documents/ssi/inner.shtml", part('inner'));
spew("$documents/ssi/nested.shtml", 'text <!--#include virtual="/ssi/inner.shtml" -->');
spew("$documents/ssi/public.shtml", 'text <!--#include virtual="/public/part?n" -->');

my %mine = map { $_ => encode_base64(der_of($_), '') } qw(client-rsa client-p256);

sub server {
    my (%want) = @_;
    my $port = free_port();
    my $root = "$documents/cache-$port";
    mkdir $root;
    my $extra = join '', map {
        -e "$ENV{TEST_HTTPD_MODULES}/mod_$_.so" ? load_modules($_) : ()
    } qw(cache_disk include filter deflate);
    my $enable = $want{store} eq 'disk'
        ? "CacheRoot $root\n    CacheEnable disk /"
        : "CacheSocache shmcb:$root/socache(2000000)\n    CacheSocacheMaxSize 400000\n    CacheEnable socache /";
    # mod_cache_disk crashes where a page is made of parts that it has stored, without us too.
    my $crash = $want{store} eq 'disk' ? qr/exit signal Segmentation fault/ : undef;
    my $server = ClientCertTest::Server->new(name => 'cache', crash => $crash, config => <<"CONF");
$extra
Listen 127.0.0.1:$port
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 16
<VirtualHost 127.0.0.1:$port>
    ServerName cache.test
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient optional
    CacheQuickHandler $want{quick}
    CacheLock on
    CacheIgnoreNoLastMod On
    CacheStorePrivate On
    CacheStoreNoStore On
    CacheIgnoreCacheControl Off
    CacheHeader On
    CacheDetailHeader On
    $enable
    @{[ $want{lines} // '' ]}
    DocumentRoot "$documents"
    <Directory "$documents/ssi">
        Options +Includes
        AddOutputFilter INCLUDES .shtml
        AddType text/html .shtml
        # Pages of parts say nothing of their age by themselves.
        Header set Cache-Control "public, max-age=600"
    </Directory>
    ProxyPass /ssi !
    <Location /identity>
        ClientCertForward rfc9440
    </Location>
    <Location /named>
        ClientCertForward cms X-Client-Identity
        ClientCertForward rfc9440 X-Client-9440
    </Location>
    <Location /filtered>
        ClientCertForward rfc9440
        CacheEnable $want{store}
        SetOutputFilter CACHE
    </Location>
    ProxyPass / http://127.0.0.1:$recorder->{http}/
</VirtualHost>
CONF
    $server->{port} = $port;
    return $server->start;
}

my $page = 0;

# Whose certificates a page holds, of the two.
sub whose {
    my ($body) = @_;
    return join ' ', grep { index($body // '', $mine{$_}) >= 0 } sort keys %mine;
}

# What a backend may say of its pages.
my @PAGES = (
    ['nothing', ''],
    ['Cache-Control: public', 'h=Cache-Control:public'],
    ['public, max-age', 'h=Cache-Control:public,max-age%3D600'],
    ['s-maxage', 'h=Cache-Control:s-maxage%3D600'],
    ['Expires', 'h=Expires:Fri, 01 Jan 2100 00:00:00 GMT&h=Last-Modified:Fri, 01 Jan 2010 00:00:00 GMT'],
    ['immutable', 'h=Cache-Control:max-age%3D600,immutable'],
    ['Vary: Client-Cert', 'h=Vary:Client-Cert&h=Cache-Control:public,max-age%3D600'],
    ['Vary: client_cert', 'h=Vary:client_cert&h=Cache-Control:public,max-age%3D600'],
    ['Vary: Accept-Encoding', 'h=Vary:Accept-Encoding&h=Cache-Control:public,max-age%3D600'],
    ['Vary: *', 'h=Vary:*&h=Cache-Control:public,max-age%3D600'],
    ['an ETag', 'etag=one&h=Cache-Control:public,max-age%3D600'],
    ['an ETag and no age', 'etag=one&h=Cache-Control:max-age%3D0'],
    ['must-revalidate', 'etag=one&h=Cache-Control:public,max-age%3D0,must-revalidate'],
    ['stale-while-revalidate', 'etag=one&h=Cache-Control:max-age%3D0,stale-while-revalidate%3D600,stale-if-error%3D600'],
    ['404', 'status=404&h=Cache-Control:public,max-age%3D600'],
    ['301', 'status=301&h=Location:/x&h=Cache-Control:public,max-age%3D600'],
    ['410 and Expires', 'status=410&h=Expires:Fri, 01 Jan 2100 00:00:00 GMT'],
    ['203', 'status=203&h=Cache-Control:public,max-age%3D600'],
);

sub target {
    my ($path, $query) = @_;
    $query =~ s/ /%20/g;
    return "$path/page-" . ++$page . "?$query";
}

sub check_clients {
    my ($server, $what, $target) = @_;
    my %client = (port => $server->{port}, sni => 'cache.test');
    my @faults;
    my $ask = sub {
        my ($who) = @_;
        my $response = get($target, %client, $who ? (cert => $who) : ());
        my $got = whose($response->body);
        push @faults, ($who // 'nobody') . " got the page of $got" if $got && $got ne ($who // '');
        push @faults, ($who // 'nobody') . ' has status ' . $response->status if $response->status >= 500;
        my $hit = ($response->header('X-Cache') // '') =~ /^(?:HIT|REVALIDATE)/;
        push @faults, ($who // 'nobody') . " got a page with an identity from the cache" if $got && $hit;
        return ($got, $hit);
    };
    for my $who ('client-rsa', 'client-p256', 'client-rsa') {
        my ($got, $hit) = $ask->($who);
        push @faults, "$who got something from the cache" if $hit;
        push @faults, "$who got a page without an identity" if !$got && $target !~ /status=(?:304)/;
    }
    # A page that was made for a client without a certificate, and that does not
    # vary by it, says that it is for every client; one that does vary is not stored.
    for my $who (undef, 'client-rsa', undef, 'client-p256', undef) {
        my ($got, $hit) = $ask->($who);
        push @faults, 'a page that varies was kept' if $hit && $target =~ /Vary:(?:[Cc]lient|\*)/;
    }
    ok(!@faults, $what) or diag(join "\n", @faults);
    return;
}

for my $store ('disk', 'socache') {
    for my $quick ('on', 'off') {
        my $server = server(store => $store, quick => $quick);
        my $where = "[$store, CacheQuickHandler $quick]";
        my %client = (port => $server->{port}, sni => 'cache.test');

        for (@PAGES) {
            my ($what, $query) = @$_;
            check_clients($server, "$what $where", target('/identity', $query));
            check_clients($server, "$what, SetOutputFilter CACHE $where", target('/filtered', $query))
                if $quick eq 'off';
        }
        check_clients($server, "assembled by SSI, $_ $where", "/ssi/$_.shtml") for qw(first last late nested);

        # With other headers than Client-Cert the identity is there as well.
        {
            my $target = target('/named', 'h=Cache-Control:public,max-age%3D600');
            my @bodies = map { get($target, %client, cert => $_)->body } qw(client-rsa client-p256 client-rsa);
            is_deeply([map { whose($_) } @bodies], [qw(client-rsa client-p256 client-rsa)],
                "headers of other names $where");
        }

        # The identity of a request that is answered from the cache after all
        # (by 304) is not stored either.
        {
            my $target = target('/identity', 'etag=two&h=Cache-Control:max-age%3D0');
            get($target, %client);
            my $first = get($target, %client, cert => 'client-rsa');
            my $second = get($target, %client, cert => 'client-p256');
            ok(whose($second->body) !~ /client-rsa/ && whose(get($target, %client)->body) eq '',
                "revalidated with an identity $where");
        }

        # HTTP/2, and what came before on the same connection.
        my @responses = curl([map { '/identity/h2?h=Cache-Control:public,max-age%3D600' } 1 .. 3],
            %client, cert => 'client-rsa');
        is_deeply([map { whose($_->body) } @responses], [('client-rsa') x 3], "HTTP/2 $where");
        is(whose(curl('/identity/h2?h=Cache-Control:public,max-age%3D600', %client, cert => 'client-p256')->body),
            'client-p256', "HTTP/2, the other $where");

        # Public pages are cached: for every client where nothing is forwarded, and
        # for those without a certificate elsewhere.
        for my $case (['nothing is forwarded', '/public', 'client-rsa', 'client-p256'],
            ['nobody has a certificate', '/identity', undef, undef],
            $quick eq 'off' ? ['nobody has a certificate, SetOutputFilter CACHE', '/filtered', undef, undef] : ()) {
            my ($what, $path, @who) = @$case;
            my $target = target($path, 'n&h=Cache-Control:public,max-age%3D600');
            my @pages = map { get($target, %client, defined $_ ? (cert => $_) : ()) } @who;
            is($pages[0]->body, $pages[1]->body, "cached where $what $where");
            like($pages[1]->header('X-Cache') // '', qr/^HIT/, 'a hit');
        }
        # mod_cache_socache keeps no page whose length is not known beforehand.
        if ($store eq 'disk') {
            my @pages = map { get('/ssi/public.shtml', %client, cert => $_) } qw(client-rsa client-p256);
            is($pages[0]->body, $pages[1]->body, "a public page assembled by SSI is cached $where");
        }

        # No header is left behind for caches outside.
        my $response = get(target('/identity', 'h=Cache-Control:public,max-age%3D600'), %client, cert => 'client-rsa');
        is($response->header('Cache-Control'), 'public,max-age=600', "the backend's Cache-Control stays $where");
    }
}

# The suite has teeth.
{
    local $ENV{TEST_MODULE} = $ENV{TEST_MODULE};
    my $server = server(store => 'disk', quick => 'on', lines => <<'LINES');
<Location /naive>
        RequestHeader set X-Naive "expr=%{base64:%{SSL_CLIENT_S_DN_CN}}"
    </Location>
LINES
    my $target = target('/naive', 'h=Cache-Control:public,max-age%3D600');
    my @bodies = map { get($target, port => $server->{port}, sni => 'cache.test', cert => $_)->body }
        qw(client-rsa client-p256);
    is($bodies[0], $bodies[1], 'an identity in a header of mod_headers does reach another client');
}

done_testing;
