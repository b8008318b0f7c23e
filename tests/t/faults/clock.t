# SPDX-License-Identifier: Apache-2.0

# The clock goes forward and back while both roles run: no value, client, CRL or signature is
# taken at a time at which it does not stand, whatever the caches have of it.

use ClientCertTest;
use ClientCertTest::Accept;
use Time::Local 'timegm';

my ($library) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
plan skip_all => 'libfaketime is missing; install the package faketime' unless $library;
trust_pki();

my $clock = pki("clock.$$");
my %ENVIRONMENT = (
    LD_PRELOAD => $library, FAKETIME_TIMESTAMP_FILE => $clock, FAKETIME_NO_CACHE => 1,
    # Waiting goes on as ever.
    FAKETIME_DONT_FAKE_MONOTONIC => 1,
);
END { unlink $clock if defined $clock }

# Each process sees it with its next look at the time.
sub clock_at {
    my ($seconds) = @_;
    spew("$clock.new", sprintf "%+d\n", $seconds);
    rename "$clock.new", $clock or die "$clock: $!";
    return;
}

# Of a request: the parent has its own to say of what expires.
sub last_line { return (grep {/\[client /} error_lines($_[0]))[-1] // '' }

my ($HOUR, $DAY) = (3_600, 86_400);
# Connections outlive the jumps, and one process has one cache.
my $GLOBAL = "KeepAliveTimeout 100000000\nTimeout 100000000\nStartServers 1\nServerLimit 1\n"
    . "ThreadsPerChild 25\nMaxRequestWorkers 25\nMinSpareThreads 1";

subtest 'the proxy' => sub {
    clock_at(0);
    # The client's ends first, the signer's next.
    issue(name => "short.$$", ca => 'client-ca', as => 'client', end => 2);
    issue(name => "signs.$$", ca => 'server-ca', as => 'server', names => ['ttrp.test'], end => 4);
    my $signer = spew(pki("signs.$$.pem"), map { slurp(pki("signs.$$.$_")) } qw(crt key));
    my $port = free_port();
    my $config = server_config(
        port => $port, global => "$GLOBAL\nClientCertSignatureLifetime 300",
        forward => "ClientCertForward cms\nClientCertSigner $signer",
        lines => "ProxyPass /plain http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}",
    );
    $config =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/}m;
    my $server = ClientCertTest::Server->new(name => 'clock-proxy', env => \%ENVIRONMENT, config => $config);
    $server->start;
    my $client = client(port => $port, sni => 'ttrp.test', cert => "short.$$");
    my $longer = client(port => $port, sni => 'ttrp.test', cert => 'client-rsa');
    # When a signature was made, as seconds from now; its note.
    my $ask = sub {
        my ($who) = @_;
        my $response = $who->request('/');
        return ($response, logged($response, $server->access_log)->{forward});
    };
    my $made_at = sub {
        my ($response) = @_;
        my $cms = decode_cms($response->sent('Client-Cert')) // return;
        my ($attributes) = signed_attributes($cms);
        my $time = $attributes->{'2a864886f70d010905'}[0]{content};
        my @part = $time =~ /\A(..)(..)(..)(..)(..)(..)Z\z/ or return;
        return timegm(@part[5, 4, 3, 2], $part[1] - 1, 2000 + $part[0]) - time;
    };
    for (
        [0, 'signed', 'now'], [10, 'reused', 'a little later'], [-$HOUR, 'signed', 'back: none is from the future'],
        [2 * $HOUR, 'signed', 'forward: it is too old'], [0, 'reused', 'and back again: the first one'],
    ) {
        my ($jump, $note, $what) = @$_;
        clock_at($jump);
        my ($response, $found) = $ask->($client);
        is($found, $note, "$what: the note");
        is(forwarded($response), "short.$$", 'the client');
        my $made = $made_at->($response) // 1e9;
        cmp_ok(abs($made - ($note eq 'reused' ? 0 : $jump)), '<', 60, 'the signing time') or diag $made;
    }
    is(($ask->($longer))[1], 'signed', 'another client');

    clock_at(3 * $DAY);
    my ($response, $note) = $ask->($client);
    is($note, 'unverified', 'its certificate has ended: the note');
    is_deeply([$response->sent('Client-Cert')], [], 'and no header');
    ($response, $note) = $ask->($longer);
    is(forwarded($response), 'client-rsa', "another's has not");
    # A 500 ends the connection.
    my @late = map { client(port => $port, sni => 'ttrp.test', cert => 'client-rsa') } 1 .. 2;
    clock_at(5 * $DAY);
    ($response, $note) = $ask->($longer);
    is($response->status, 500, 'the signer has ended: 500');
    is($note, 'failed', 'the note');
    is(backend_saw($response), 0, 'the backend sees nothing');
    like(last_line($server), qr/client_cert:error.*expired/, 'the line');
    clock_at(-2 * $DAY);
    ($response, $note) = $ask->($late[0]);
    is(backend_saw($response), $response->status == 500 ? 0 : 1, 'before anything began');
    is_deeply([$response->sent('Client-Cert')], [], 'nothing is signed');
    clock_at(0);
    ($response, $note) = $ask->($late[1]);
    is(forwarded($response), 'client-rsa', 'all is well again');
};

subtest 'the origin' => sub {
    clock_at(0);
    my $crls = crl("clock.$$", 'server-ca', [], days => 1);
    my $origin = accept_origin(
        name => 'clock-origin', env => \%ENVIRONMENT, global => $GLOBAL,
        lines => "<Location /crls>\nClientCertTrustCRL $crls\n</Location>",
    );
    my $proxy = sub { client(port => $origin->{https}, sni => 'localhost', cert => 'accept-ttrp') };
    my $client = $proxy->();
    my @value = (headers => ['Client-Cert' => signed_value('accept-ttrp', 'client-rsa')]);
    my %LINE = (
        stale => qr/client_cert:info.*(?:too old|seconds old)/,
        future => qr/client_cert:info.*future/,
    );
    for (
        [0, 200], [100, 200], [400, 403, 'stale'], [0, 200], [-$HOUR, 403, 'future'], [0, 200],
        [2 * $DAY, 403, 'stale'], [0, 200],
    ) {
        my ($jump, $status, $why) = @$_;
        clock_at($jump);
        my $response = $client->request('/x', @value);
        is($response->status, $status, "$jump seconds: the status");
        if ($status == 200) {
            is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-rsa', 'the client');
            next;
        }
        is(env_of($response), undef, 'nothing ran');
        is(note_of($origin, $response), 'refused', 'the note');
        like(last_line($origin), $LINE{$why}, 'the line');
        $client = $proxy->();
    }

    # A value of then, with a CRL that is not of then any more.
    is($client->request('/crls', @value)->status, 200, 'a CRL that is current');
    my $then = signed_value('accept-ttrp', 'client-rsa', age => -2 * $DAY);
    clock_at(2 * $DAY);
    my $response = $client->request('/crls', headers => ['Client-Cert' => $then]);
    is($response->status, 403, 'one that has ended');
    like(last_line($origin), qr/client_cert:info.*CRL/, 'the line');
    clock_at(0);
    $client = $proxy->();
    is($client->request('/crls', @value)->status, 200, 'current again');
};

done_testing;
