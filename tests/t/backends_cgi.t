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

done_testing;
