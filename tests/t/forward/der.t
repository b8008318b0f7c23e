# SPDX-License-Identifier: Apache-2.0

# ClientCertForward der: base64 of the DER certificate and nothing else, in
# X-Client-Cert unless another header is named.

use ClientCertTest;
use ClientCertTest::Raw 'recorder';

my $recorder = recorder();
my $port = free_port();
my $server = ClientCertTest::Server->new(name => 'der', config => server_config(
    port => $port, forward => 'ClientCertForward der', lines => <<"LINES"
    ProxyPass /named http://127.0.0.1:$recorder->{http}/named
    <Location /named>
        ClientCertForward der X-ARR-ClientCert
        ClientCertForward rfc9440
    </Location>
LINES
) =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$recorder->{http}/}mr);
$server->start;

sub expected {
    my ($name) = @_;
    return join '', grep { !/^-/ } split /\n/, openssl('x509', '-in', pki("$name.crt"));
}

sub received {
    my ($name, $response) = @_;
    return [map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $response->{origin}{fields} // [] }];
}

my %client = (port => $port, sni => 'ttrp.test');
for my $name (qw(client-rsa client-p256)) {
    my $response = get('/x', %client, cert => $name);
    is_deeply(received('X-Client-Cert', $response), [expected($name)], "$name: the value");
    like(expected($name), qr{^[A-Za-z0-9+/]+=*\z}, 'on one line');
    is_deeply(received('Client-Cert', $response), [], 'and no Client-Cert');

    $response = get('/named', %client, cert => $name);
    is_deeply(received('X-ARR-ClientCert', $response), [expected($name)], 'another header');
    is_deeply(received('X-Client-Cert', $response), [], 'in place of the usual one');
    is(scalar @{ received('Client-Cert', $response) }, 1, 'beside another format');
}
is_deeply(received('X-Client-Cert', get('/x', %client)), [], 'no certificate, no header');

# The header is ours wherever the format is used.
for my $name (qw(X-Client-Cert x_client_cert X.Client-Cert)) {
    is_deeply([map { $_->[0] } grep { $_->[1] eq 'forged' }
        @{ get('/x', %client, headers => [$name => 'forged'])->{origin}{fields} }], [], "$name: stripped");
    is_deeply(received('X-Client-Cert', get('/x', %client, cert => 'client-rsa', headers => [$name => 'forged', Connection => 'X-Client-Cert'])),
        [expected('client-rsa')], 'or replaced');
}

done_testing;
