# SPDX-License-Identifier: Apache-2.0

# ClientCertForward escaped-pem: the exact value of nginx's
# $ssl_client_escaped_cert, in X-SSL-Client-Cert unless another header is named.

use ClientCertTest;
use ClientCertTest::Raw 'recorder';

my $recorder = recorder();
my $port = free_port();
my $server = ClientCertTest::Server->new(name => 'escaped', config => server_config(
    port => $port, forward => 'ClientCertForward escaped-pem', lines => <<"LINES"
    ProxyPass /named http://127.0.0.1:$recorder->{http}/named
    <Location /named>
        ClientCertForward escaped-pem X-Client-Pem
        ClientCertForward rfc9440
    </Location>
LINES
) =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$recorder->{http}/}mr);
$server->start;

# nginx escapes what is not unreserved (RFC 3986 section 2.3), and keeps the line
# end after the last line.
sub expected {
    my ($name) = @_;
    my $pem = openssl('x509', '-in', pki("$name.crt"));
    $pem =~ s/([^A-Za-z0-9\-._~])/sprintf '%%%02X', ord $1/ge;
    return $pem;
}

sub received {
    my ($name, $response) = @_;
    return [map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $response->{origin}{fields} // [] }];
}

my %client = (port => $port, sni => 'ttrp.test');
for my $name (qw(client-rsa client-p256)) {
    my $response = get('/x', %client, cert => $name);
    is_deeply(received('X-SSL-Client-Cert', $response), [expected($name)], "$name: nginx's value");
    like(expected($name), qr/^-----BEGIN%20CERTIFICATE-----%0A.*%0A-----END%20CERTIFICATE-----%0A$/,
        'on one line');
    is_deeply(received('Client-Cert', $response), [], 'and no Client-Cert');

    $response = get('/named', %client, cert => $name);
    is_deeply(received('X-Client-Pem', $response), [expected($name)], 'another header');
    is_deeply(received('X-SSL-Client-Cert', $response), [], 'in place of the usual one');
    is(scalar @{ received('Client-Cert', $response) }, 1, 'beside another format');
}
is_deeply(received('X-SSL-Client-Cert', get('/x', %client)), [], 'no certificate, no header');

# The header is ours wherever the format is used.
for my $name (qw(X-SSL-Client-Cert x_ssl_client_cert X.Ssl.Client-Cert)) {
    is_deeply([map { $_->[0] } grep { $_->[1] eq 'forged' }
        @{ get('/x', %client, headers => [$name => 'forged'])->{origin}{fields} }], [], "$name: stripped");
    is_deeply(received('X-SSL-Client-Cert', get('/x', %client, cert => 'client-rsa', headers => [$name => 'forged', Connection => 'X-SSL-Client-Cert'])),
        [expected('client-rsa')], 'or replaced');
}

done_testing;
