# SPDX-License-Identifier: Apache-2.0

# A signature that cannot be made: 500, and nothing reaches the backend. The
# fault is an OpenSSL provider that stops signing (../refusing_provider.c).

use ClientCertTest;
use Time::HiRes 'sleep';

my $provider = pki("refusing.$$.so");
my $switch = pki("refuse.$$");
my $cnf = spew(pki("refusing.$$.cnf"), <<"CNF");
openssl_conf = all
[all]
providers = providers
[providers]
refusing = refusing
[refusing]
module = $provider
activate = 1
CNF

my $compiler = qx{sh -c 'command -v cc gcc clang | head -n 1'};
chomp $compiler;
my $said = qx{$compiler -shared -fPIC -Wall -o $provider refusing_provider.c -lcrypto 2>&1};
is($?, 0, 'the provider compiles') or BAIL_OUT($said);
END { unlink grep {defined} $provider, $switch, $cnf }

my %KINDS = (rsa2048 => 'client-rsa', p256 => 'client-p256', ed25519 => 'client-rsa');

for my $source ('server', 'file') {
    for my $kind (sort keys %KINDS) {
        subtest "ClientCertSigner $source, $kind" => sub {
            my $port = free_port();
            my $config = server_config(
                port => $port, signer => $source eq 'server' ? "signer-$kind" : 'signer-p256',
                global => "Protocols h2 http/1.1\nClientCertSignatureLifetime 3600",
                lines => 'ClientCertSigner '
                    . ($source eq 'server' ? 'server' : pki("signer-$kind.pem")) . "\n" . <<'LINES',
<Location /sf>
    ClientCertForward cms-sf
</Location>
<Location /rfc9440>
    ClientCertForward rfc9440
</Location>
<Location /both>
    ClientCertForward rfc9440
    ClientCertForward cms X-Cert-Signed
</Location>
<Location /fresh>
    ClientCertForward cms X-Cert-Fresh
    ClientCertSignerCerts none
</Location>
<Location /error-page>
    ErrorDocument 500 /error-document
</Location>
LINES
            );
            # Plain HTTP behind: the TTRP's own mutual TLS cannot be what fails.
            $config =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/}m;
            my $server = ClientCertTest::Server->new(
                name => "refusing-$source-$kind", config => $config,
                env => { OPENSSL_CONF => $cnf, REFUSE_TO_SIGN => $switch },
            );
            unlink $switch;
            $server->start;
            my %client = (port => $port, sni => 'ttrp.test', cert => $KINDS{$kind});

            # The handshakes need signatures, too, so the connections come first;
            # and httpd ends a connection with the 500.
            my @requests = map {
                my $tls = $_;
                map { [client(%client, tls => $tls), "TLS $tls, $_", $_] }
                    '/', '/sf', '/both', '/deeper/and/deeper', '/error-page', '/post';
            } '1.2', '1.3';
            my $unsigned = client(%client);
            my $later = client(%client);
            my $anonymous = client(port => $port, sni => 'ttrp.test');
            is($_->request('/fresh')->status, 200, 'signed while the provider does')
                for map { $_->[0] } @requests;

            spew($switch, '');
            for (@requests) {
                my ($client, $what, $path) = @$_;
                my @body = $path eq '/post' ? (method => 'POST', body => 'x' x 5000) : ();
                my $response = $client->request($path, @body);
                is($response->status, 500, "$what: 500");
                is(backend_saw($response), 0, 'the backend saw nothing');
                is(logged($response, $server->access_log)->{forward}, 'failed', 'the note');
                unlike($response->body, qr/sign|provider|OpenSSL/i, 'the client learns no reason');
            }
            my $response = $unsigned->request('/rfc9440');
            is(name_of(decode_sf($response->sent('Client-Cert'))), $KINDS{$kind},
                'what needs no signature goes on');
            $response = $anonymous->request('/');
            is($response->status, 200, 'and so does who has no certificate');
            like($server->said, qr/client_cert:error.*: OpenSSL could not make the signature/,
                'an error for the administrator');
            like($server->said, qr/client_cert:error.*OpenSSL: .*the key store went away/,
                'with what OpenSSL has to say of it');

            # A failure is not kept.
            unlink $switch;
            $response = $later->request('/');
            is($response->status, 200, 'signed again once the provider does');
            is(backend_saw($response), 1, 'and at the backend');
            unlike($server->said, qr/exit signal|panic/, 'no child died');
        };
    }
}

# In the last eighth of its lifetime a value is renewed in good time. Where that
# fails, it is sent on, and a line says so.
subtest 'a renewal that fails' => sub {
    my $port = free_port();
    my $config = server_config(
        port => $port, signer => 'signer-p256',
        global => "ClientCertSignatureLifetime 16\nStartServers 1\nServerLimit 1\nThreadsPerChild 25\n"
            . "MaxRequestWorkers 25\nMinSpareThreads 1",
        lines => 'ClientCertSigner ' . pki('signer-p256.pem'),
    );
    $config =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/}m;
    my $server = ClientCertTest::Server->new(
        name => 'refusing-renewal', config => $config,
        env => { OPENSSL_CONF => $cnf, REFUSE_TO_SIGN => $switch },
    );
    unlink $switch;
    $server->start;
    my $client = client(port => $port, sni => 'ttrp.test', cert => 'client-rsa');
    is(logged($client->request('/'), $server->access_log)->{forward}, 'signed', 'a value');
    my ($first) = $client->request('/')->sent('Client-Cert');
    like($first, qr/^MII/, 'which comes');
    spew($switch, '');
    my $warned = sub { scalar(() = $server->said =~ /client_cert:warn.*could not be renewed/g) };
    # All of the last eighth, and what follows it.
    my @responses;
    my $end = time + 30;
    while (time < $end) {
        my $response = $client->request('/');
        last if $response->status != 200;
        push @responses, $response if $warned->();
        sleep 0.3;
    }
    unlink $switch;
    cmp_ok(scalar @responses, '>=', 3, 'requests after the failure');
    is_deeply([$_->sent('Client-Cert')], [$first], 'have the value at hand') for @responses;
    is(logged($responses[0], $server->access_log)->{forward}, 'reused', 'the note');
    is($warned->(), 1, 'one line for all of them');
    like($server->said, qr/client_cert:warn.*header "Client-Cert" could not be renewed: OpenSSL could not make/,
        'which says what failed');
    like($server->said, qr/client_cert:error.*the key store went away.*\n(?:.*client_cert:error.* OpenSSL: .*\n)*.*could not be renewed/,
        'after what OpenSSL has to say of it');
    $client = client(port => $port, sni => 'ttrp.test', cert => 'client-rsa');
    my $response = $client->request('/');
    is($response->status, 200, 'signed again once the provider does');
    isnt(($response->sent('Client-Cert'))[0], $first, 'anew');
};

done_testing;
