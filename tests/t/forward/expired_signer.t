# SPDX-License-Identifier: Apache-2.0

# A signer outside its validity warns at the start, and its requests get 500: the
# rest of the server goes on.

use ClientCertTest;

my @CASES = (
    ['signer-expired', 'expired', 'file'],
    ['signer-future', 'not valid yet', 'file'],
    ['signer-expired', 'expired', 'server'],
    ['signer-future', 'not valid yet', 'server'],
);

for (@CASES) {
    my ($name, $why, $source) = @$_;
    subtest "ClientCertSigner $source, $why" => sub {
        my $port = free_port();
        my $server = ClientCertTest::Server->new(
            name => "$name-$source",
            config => server_config(
                port => $port,
                signer => $source eq 'file' ? 'signer-p256' : $name,
                forward => "ClientCertForward cms\nClientCertSigner "
                    . ($source eq 'file' ? pki("$name.pem") : 'server'),
                lines => <<"LINES",
ProxyPass /plain http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}
<Location /rfc9440>
    ClientCertForward rfc9440
</Location>
LINES
            ) =~ s{^(ProxyPass / ).*$}{ProxyPass /rfc9440 http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/rfc9440\n$1http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/}mr,
        );
        ok(eval { $server->start }, 'it starts') or return diag $@;
        my ($warning) = grep { /client_cert:warn/ } split /\n/, $server->said;
        like($warning // '', qr/$why/, 'with a warning');
        like($warning // '', $source eq 'file' ? qr/\Q$name.pem\E/ : qr/ttrp\.test|\Q$name\E/,
            'that names what it is about');

        my %client = (port => $port, sni => 'ttrp.test', verify => sub { 1 });
        for my $tls ('1.2', '1.3') {
            my $response = get('/', %client, tls => $tls, cert => 'client-rsa');
            is($response->status, 500, "TLS $tls: 500");
            is(backend_saw($response), 0, 'the backend saw nothing');
            is(logged($response, $server->access_log)->{forward}, 'failed', 'the note');
        }
        like($server->said, qr/client_cert:error.*\Q$why\E/, 'an error for the administrator');
        my $response = get('/', %client);
        is($response->status, 200, 'a client without a certificate is served');
        $response = get('/rfc9440', %client, cert => 'client-rsa');
        is(name_of(decode_sf($response->sent('Client-Cert'))), 'client-rsa',
            'what needs no signature goes on');
    };
}

done_testing;
