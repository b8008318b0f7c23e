# SPDX-License-Identifier: Apache-2.0

# fcgi, uwsgi and scgi, where a header is a variable: the application has
# HTTP_CLIENT_CERT, and the connection carries it once.

use ClientCertTest;
use ClientCertTest::Backends;
use ClientCertTest::Wire;

my $fpm = php_fpm();
my $uwsgi = uwsgi('uwsgi', '--buffer-size', 32_768);
my $scgi = uwsgi('scgi', '--buffer-size', 32_768);
my %wire = (
    fcgi => ClientCertTest::Wire->tap('fcgi', free_port(), $fpm->port),
    uwsgi => ClientCertTest::Wire->tap('uwsgi', free_port(), $uwsgi->port),
    scgi => ClientCertTest::Wire->tap('scgi', free_port(), $scgi->port),
);
my $port = { map { $_ => $wire{$_}->port } keys %wire };

my $ttrp = backend_ttrp(lines => <<"LINES");
ProxyPass /fcgi/ fcgi://127.0.0.1:$port->{fcgi}$fpm->{script}/
ProxyPass /uwsgi/ uwsgi://127.0.0.1:$port->{uwsgi}/
ProxyPass /scgi/ scgi://127.0.0.1:$port->{scgi}/
LINES

for my $protocol (qw(fcgi uwsgi scgi)) {
    for my $http ('1.1', '2') {
        check_backend(
            "$protocol, HTTP/$http from the client",
            name => 'HTTP_CLIENT_CERT',
            # HTTP/2 knows no Connection, and its clients may not send one.
            no_connection => $http eq '2',
            ask => sub { curl("/$protocol/x", port => $ttrp->{tls_port}, http => $http, @_) },
            wire => sub { $wire{$protocol}->of(@_) },
        );
    }
}

# What mod_ssl exports: only where StdEnvVars says so, and without regard to what
# the module forwards.
sub variable {
    my ($response, $name) = @_;
    # A certificate's value has several lines.
    return (map { /\A\Q$name\E: (.*)\z/s ? $1 : () } @{ $response->{origin}{raw} })[0];
}

my $exports = backend_ttrp(name => 'exports', verify => 'optional_no_ca', lines => <<"LINES");
ProxyPass /fcgi/ fcgi://127.0.0.1:@{[ $fpm->port ]}$fpm->{script}/
ProxyPass /uwsgi/ uwsgi://127.0.0.1:@{[ $uwsgi->port ]}/
ProxyPass /scgi/ scgi://127.0.0.1:@{[ $scgi->port ]}/
SSLOptions +StdEnvVars +ExportCertData
LINES

for my $protocol (qw(fcgi uwsgi scgi)) {
    subtest "$protocol: what mod_ssl sends beside it" => sub {
        my $response = curl("/$protocol/x", port => $ttrp->{tls_port}, cert => 'client-rsa');
        is_deeply([sort map { /^(HTTPS|SSL_\w+):/ } @{ $response->{origin}{raw} }],
            ['HTTPS', 'SSL_TLS_SNI'], 'nothing of the client\'s without StdEnvVars');

        $response = curl("/$protocol/x", port => $exports->{tls_port}, cert => 'client-rsa');
        is(variable($response, 'SSL_CLIENT_VERIFY'), 'SUCCESS', 'with it: SSL_CLIENT_VERIFY');
        is(name_of(pem_to_der(variable($response, 'SSL_CLIENT_CERT'))), 'client-rsa',
            'with ExportCertData: SSL_CLIENT_CERT');
        is(forwarded($response, 'HTTP_CLIENT_CERT'), 'client-rsa', 'beside the header');
    };

    subtest "$protocol: which does not say that it verified" => sub {
        my $client = client(port => $exports->{tls_port}, sni => 'ttrp.test', tls => '1.2',
            cert => 'client-self');
        my $response = $client->request("/$protocol/x");
        is_deeply([$response->folded('HTTP_CLIENT_CERT')], [], 'no header for a self-signed one');
        is(name_of(pem_to_der(variable($response, 'SSL_CLIENT_CERT'))), 'client-self',
            'but SSL_CLIENT_CERT');
        is(variable($response, 'SSL_CLIENT_VERIFY'), 'GENEROUS', 'and GENEROUS');
        my $session = $client->session;
        $client->close;
        $client = client(port => $exports->{tls_port}, sni => 'ttrp.test', tls => '1.2',
            cert => 'client-self', session => $session);
        ok($client->resumed, 'resumed');
        $response = $client->request("/$protocol/x");
        is_deeply([$response->folded('HTTP_CLIENT_CERT')], [], 'still no header');
        is(variable($response, 'SSL_CLIENT_VERIFY'), 'SUCCESS', 'but mod_ssl\'s SUCCESS');
    };
}

# uWSGI's servers take 4 KB of variables, unless told to take more; a value with
# an RSA signer and its intermediate has about as much.
my $small = uwsgi('uwsgi');
my $tight = backend_ttrp(name => 'tight', signer => 'ttrp', lines => <<"LINES");
ProxyPass /small/ uwsgi://127.0.0.1:@{[ $small->port ]}/
ProxyPass /large/ uwsgi://127.0.0.1:@{[ $uwsgi->port ]}/
LINES
subtest 'uwsgi: a value that does not fit the buffer' => sub {
    my $response = curl('/small/x', port => $tight->{tls_port}, cert => 'client-rsa');
    is($response->status, 500, 'no answer from a uWSGI as it comes');
    like(slurp($small->output), qr/invalid request block size: \d+ \(max 4096\)/, 'which says why');
    $response = curl('/large/x', port => $tight->{tls_port}, cert => 'client-rsa');
    is(forwarded($response, 'HTTP_CLIENT_CERT'), 'client-rsa', 'buffer-size makes room');
};

done_testing;
