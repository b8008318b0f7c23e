# SPDX-License-Identifier: Apache-2.0

# ClientCertForward pem-spaces: PEM with a space for each newline, in SSL_CLIENT_CERT
# unless another header is named.

use ClientCertTest;
use ClientCertTest::Raw 'recorder';

my $recorder = recorder();
my $port = free_port();
my $server = ClientCertTest::Server->new(name => 'pem-spaces', config => server_config(
    port => $port, forward => 'ClientCertForward pem-spaces', lines => <<"LINES"
    ProxyPass /named http://127.0.0.1:$recorder->{http}/named
    <Location /named>
        ClientCertForward pem-spaces X-Client-Pem
        ClientCertForward rfc9440
    </Location>
LINES
) =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$recorder->{http}/}mr);
$server->start;

sub expected {
    my ($name) = @_;
    return openssl('x509', '-in', pki("$name.crt")) =~ s/\n\z//r =~ tr/\n/ /r;
}

sub received {
    my ($name, $response) = @_;
    return [map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $response->{origin}{fields} // [] }];
}

my %client = (port => $port, sni => 'ttrp.test');
for my $name (qw(client-rsa client-p256)) {
    my $response = get('/x', %client, cert => $name);
    is_deeply(received('SSL_CLIENT_CERT', $response), [expected($name)], "$name: the value");
    like(expected($name), qr{^-----BEGIN CERTIFICATE----- [A-Za-z0-9+/= ]+ -----END CERTIFICATE-----\z}, 'on one line');
    is_deeply(received('Client-Cert', $response), [], 'and no Client-Cert');

    $response = get('/named', %client, cert => $name);
    is_deeply(received('X-Client-Pem', $response), [expected($name)], 'another header');
    is_deeply(received('SSL_CLIENT_CERT', $response), [], 'in place of the usual one');
    is(scalar @{ received('Client-Cert', $response) }, 1, 'beside another format');
}
is_deeply(received('SSL_CLIENT_CERT', get('/x', %client)), [], 'no certificate, no header');

# The header is ours wherever the format is used.
for my $name (qw(SSL_CLIENT_CERT ssl-client-cert Ssl.Client_Cert)) {
    is_deeply([map { $_->[0] } grep { $_->[1] eq 'forged' }
        @{ get('/x', %client, headers => [$name => 'forged'])->{origin}{fields} }], [], "$name: stripped");
    is_deeply(received('SSL_CLIENT_CERT', get('/x', %client, cert => 'client-rsa', headers => [$name => 'forged', Connection => 'SSL_CLIENT_CERT'])),
        [expected('client-rsa')], 'or replaced');
}

done_testing;
