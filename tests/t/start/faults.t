# SPDX-License-Identifier: Apache-2.0

# A fault of ours is no refusal: what fails in here, for want of memory or by a
# mistake, is 500 with an error line, never 403, and never a request that goes on
# without its client. The faults are those of ../failing_openssl.c.

use ClientCertTest;
use ClientCertTest::Accept;

my $library = pki("failing.$$.so");
my $faults = pki("failing.$$");
my $compiler = qx{sh -c 'command -v cc gcc clang | head -n 1'};
chomp $compiler;
my $said = qx{$compiler -shared -fPIC -Wall -Werror -o $library failing_openssl.c -lcrypto 2>&1};
is($?, 0, 'the library of faults compiles') or BAIL_OUT($said);
END { unlink grep {defined} $library, $faults }

my %ENVIRONMENT = (LD_PRELOAD => $library, FAIL_OPENSSL => $faults);
# One process, so that each fault begins with the first call.
my $ONE = "StartServers 1\nServerLimit 1\nThreadsPerChild 25\nMaxRequestWorkers 25\nMinSpareThreads 1";

# Runs the block while these calls fail.
sub failing(&@) {
    my ($block, @calls) = @_;
    spew($faults, join "\n", @calls, '');
    my @result = $block->();
    unlink $faults;
    return wantarray ? @result : $result[0];
}

# A client with which the server's handshake is over, which in TLS 1.3 ends after
# the client's.
sub connected {
    my $client = client(@_);
    $client->request('/x');
    return $client;
}

# The last line that the module wrote into a log.
sub last_line { return (error_lines($_[0]))[-1] // '' }

sub failed {
    my ($server, $response, $reason, $what) = @_;
    subtest $what => sub {
        is($response->status, 500, 'the status');
        is(note_of($server, $response), 'failed', 'the note');
        like(last_line($server), qr/client_cert:error\].*$reason/, 'an error line that says why');
        is(env_of($response), undef, 'nothing ran');
        unlike($response->body, qr/memory|malloc|verif|certificate/i, 'the client learns no reason');
    };
    return;
}

my $LINES = <<'LINES';
<Location /rfc9440>
    ClientCertAccept rfc9440
</Location>
<Location /page>
    ErrorDocument 500 /error-page
</Location>
LINES

subtest 'verifying' => sub {
    # With a signer whose path is known, and where nothing is.
    for my $cache ('0', '16M') {
        my $origin = accept_origin(
            name => "faults-$cache", env => \%ENVIRONMENT, lines => $LINES, crash => qr/panicked at/,
            global => "Protocols h2 http/1.1\nClientCertSignatureCache $cache\n$ONE",
        );
        my $value = signed_value('accept-ttrp', 'client-rsa');
        # All but the first three are for a path that is not known.
        my @FAULTS = (
            ['EVP_DigestVerify', 'OpenSSL could not verify.*malloc failure', 'the signature'],
            ['EVP_MD_CTX_new', 'OpenSSL could not verify.*malloc failure', 'its context'],
            ['d2i_X509', 'OpenSSL could not verify.*malloc failure', 'reading the content'],
            ['X509_verify_cert', 'OpenSSL could not verify.*malloc failure', 'the path'],
            ['i2d_X509', 'is malformed|malloc failure', 'writing a certificate'],
            ['X509_get_extension_flags', 'OpenSSL could not verify.*malloc failure', 'the extensions'],
            ['X509_get_key_usage', 'OpenSSL could not verify.*malloc failure', 'the key usage'],
            ['X509_get_extended_key_usage', 'OpenSSL could not verify.*malloc failure', 'the extended one'],
            ['X509_get_ext_d2i', 'OpenSSL could not verify.*malloc failure', 'the names'],
            ['X509_getm_notAfter', 'internal error: \S', 'a panic'],
        );
        for ($cache ? @FAULTS[0 .. 2] : @FAULTS) {
            my ($function, $reason, $what) = @$_;
            my %peer = (port => $origin->{https}, sni => 'localhost', cert => 'accept-ttrp');
            my @headers = (headers => ['Client-Cert' => $value]);
            # Handshakes have faults of their own, below: this one is over.
            my @clients = map { connected(%peer) } 1 .. 3;
            my ($response, $page, $anonymous) = failing {
                ($clients[0]->request('/x', @headers), $clients[1]->request('/page', @headers),
                    $clients[2]->request('/x'))
            } $function;
            failed($origin, $response, $reason, "$what, cache of $cache");
            is($page->status, 500, "$what: with a page for it, too");
            my $env = env_of($page) // {};
            is($env->{SSL_CLIENT_VERIFY}, 'NONE', 'which is served without an identity');
            like($env->{CLIENT_CERT_VERIFY}, qr/^FAILED:\w/, 'and knows of the failure');
            is($anonymous->status, 200, "$what: a request without a header goes on");
            is(env_of($anonymous)->{CLIENT_CERT_VERIFY}, 'NONE', 'without an identity');
            # A value of its own, so that nothing is known of it.
            my $fresh = signed_value('accept-ttrp', 'client-p256', age => 1 + $#FAULTS);
            $response = ask($origin->{https}, '/x', cert => 'accept-ttrp', headers => ['Client-Cert' => $fresh]);
            is($response->status, 200, "$what: and no failure is kept");
            is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-p256', 'the identity');
        }
        my @headers = (headers => ['Client-Cert' => sf_value('client-rsa')]);
        my $client = connected(port => $origin->{https}, sni => 'localhost', cert => 'accept-ttrp');
        my $response = failing { $client->request('/rfc9440/x', @headers) } 'X509_verify_cert';
        failed($origin, $response, 'OpenSSL could not verify.*malloc failure', 'rfc9440');
        unlike($origin->said, qr/exit signal/, 'no child died');
    }
};

# What the last handshake of a client established is lost.
sub lost {
    my ($what, $server, $calls, $reason, %client) = @_;
    subtest $what => sub {
        my %want = (port => $server->{port}, sni => 'ttrp.test', cert => 'client-rsa', %client);
        for my $path ('/', '/chain') {
            # In TLS 1.3 the server's handshake ends with the first request.
            my ($client, $response) = failing {
                my $client = client(%want);
                ($client, $client->request('/off'))
            } @$calls;
            is($response->status, 200, "$path: where nothing is forwarded, nothing is wrong");
            my $session = $client->session;
            $response = $client->request($path);
            is($response->status, 500, '500 where something is');
            is(backend_saw($response), 0, 'and the backend sees nothing');
            is(logged($response, $server->access_log)->{forward}, 'failed', 'the note');
            like(last_line($server), qr/client_cert:error\].*could not be found out: $reason/,
                'an error line');
            $client = client(%want, session => $session);
            $response = $client->request('/');
            ok(!$client->resumed, 'the session does not resume');
            is(forwarded($response), 'client-rsa', 'and a full handshake makes it good');
        }
    };
    return;
}

subtest 'recording a handshake' => sub {
    for my $tickets ('on', 'off') {
        my $port = free_port();
        my $server = ClientCertTest::Server->new(
            name => "lost-$tickets", env => \%ENVIRONMENT,
            config => server_config(
                port => $port, verify => 'optional_no_ca', global => "SSLSessionTickets $tickets\n$ONE",
                lines => "<Location /off>\nClientCertForward off\n</Location>\n"
                    . "<Location /chain>\nClientCertForwardChain on\n</Location>",
            ),
        );
        $server->start;
        $server->{port} = $port;
        for my $tls ('1.2', '1.3') {
            my $mode = "TLS $tls, tickets $tickets";
            my %client = (tls => $tls);
            lost("$mode: the certificate cannot be written", $server, ['i2d_X509'],
                'the certificate is malformed', %client);
            # The first reference is the client's own.
            lost("$mode: no reference to the certificate", $server, ['X509_up_ref 1'], 'out of memory', %client);

            # A session that resumes: its record is read once to be judged, and
            # again for the connection.
            my %want = (port => $port, sni => 'ttrp.test', cert => 'client-rsa', %client);
            my $client = client(%want);
            is(forwarded($client->request('/')), 'client-rsa', "$mode: a session");
            my $session = $client->session;
            $client->close;
            $client = failing {
                my $client = client(%want, session => $session);
                $client->request('/off');
                $client
            } 'CRYPTO_memdup', 'i2d_X509 2';
            ok($client->resumed, 'that resumes');
            my $response = $client->request('/');
            is($response->status, 500, 'and whose record cannot be read again: 500');
            is(backend_saw($response), 0, 'the backend sees nothing');
            like(last_line($server), qr/client_cert:error\].*could not be found out/, 'an error line');

            # A client that presented no certificate has no identity, whatever fails.
            my $anonymous = failing {
                my $client = client(%want, cert => undef);
                $client->request('/off');
                $client
            } 'i2d_X509', 'X509_up_ref';
            $response = $anonymous->request('/');
            is($response->status, 200, "$mode: without a certificate");
            is(logged($response, $server->access_log)->{forward}, 'none', 'the note');
        }
        unlike($server->said, qr/exit signal/, 'no child died');
    }
};

subtest 'the TLS peer of an origin' => sub {
    my $origin = accept_origin(name => 'faults-peer', env => \%ENVIRONMENT,
        global => "ClientCertSignatureCache 0\n$ONE");
    my @headers = (headers => ['Client-Cert' => signed_value('accept-ttrp', 'client-rsa')]);
    for my $tls ('1.2', '1.3') {
        my %peer = (port => $origin->{https}, sni => 'localhost', cert => 'accept-ttrp', tls => $tls);
        my $client = failing { connected(%peer) } 'X509_up_ref 1';
        is($client->request('/x')->status, 200, "TLS $tls: without a header nothing depends on it");
        failed($origin, $client->request('/x', @headers), 'the TLS peer is not known: out of memory',
            "TLS $tls: lost");

        $client = connected(%peer);
        my $session = $client->session;
        $client->close;
        $client = connected(%peer, session => $session);
        ok($client->resumed, "TLS $tls: a session resumes");
        my $response = failing { $client->request('/x', @headers) } 'd2i_X509';
        failed($origin, $response, 'malloc failure', "TLS $tls: not read again");
        $client = connected(%peer, session => $session);
        is($client->request('/x', @headers)->status, 200, 'until it is');
    }
};

done_testing;
