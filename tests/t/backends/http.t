# SPDX-License-Identifier: Apache-2.0

# http, https, h2 and h2c: a header stays a header, Client-Cert, and in HTTP/2
# client-cert.

use ClientCertTest;
use ClientCertTest::Backends;

my %nghttpd = map { $_ => nghttpd($_) } qw(h2 h2c);
my $httpd = h2_origin();
my $port = { map { $_ => $nghttpd{$_}->port } keys %nghttpd };

# An httpd without our module, as an HTTP/2 backend, sometimes logs a later request
# of a connection and does not send its answer; so it gets a connection for each.
# nghttpd has its connections used again.
my $ttrp = backend_ttrp(lines => <<"LINES");
ProxyPass /http/ http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/
ProxyPass /https/ https://localhost:$ENV{TEST_ORIGIN_HTTPS}/
ProxyPass /h2/ h2://localhost:$httpd->{h2}/ disablereuse=on
ProxyPass /h2c/ h2c://127.0.0.1:$httpd->{h2c}/ disablereuse=on
ProxyPass /nghttpd-h2/ h2://localhost:$port->{h2}/
ProxyPass /nghttpd-h2c/ h2c://127.0.0.1:$port->{h2c}/
LINES

for my $http ('1.1', '2') {
    my $ask = sub {
        my ($backend) = @_;
        return sub { curl("/$backend/index.html", port => $ttrp->{tls_port}, http => $http, @_) };
    };
    # HTTP/2 knows no Connection, and its clients may not send one.
    my %common = (no_connection => $http eq '2');
    for my $backend (qw(http https)) {
        check_backend("$backend, HTTP/$http from the client", %common, ask => $ask->($backend));
    }
    for my $backend (qw(h2 h2c)) {
        check_backend("$backend, HTTP/$http from the client", %common, ask => $ask->($backend),
            report => sub { h2_reported($httpd, @_) });
        check_backend("nghttpd's $backend, HTTP/$http from the client", %common,
            ask => $ask->("nghttpd-$backend"), name => 'client-cert',
            report => sub { nghttpd_reported($nghttpd{$backend}, @_) });
    }
}

for my $backend (qw(https h2)) {
    my $response = curl("/$backend/index.html", port => $ttrp->{tls_port}, cert => 'client-rsa');
    $response = h2_reported($httpd, $response) if $backend eq 'h2';
    is($response->{origin}{protocol}, $backend eq 'h2' ? 'HTTP/2.0' : 'HTTP/1.1', "$backend it is");
    is(name_of(pem_to_der($response->{origin}{peer})), 'signer-p256',
        "$backend: the signer is the backend's TLS peer");
}

# httpd takes 8,190 bytes of one header, unless told to take more; a signer of very
# many names needs more.
subtest 'a value that does not fit' => sub {
    issue(name => 'signer-names', as => 'server', ca => 'server-ca',
        names => ['*.test', map {"virtual-host-$_.example"} 1 .. 250]);
    my $plain = free_port();
    my $default = ClientCertTest::Server->new(name => 'default', own => 0,
        config => "Listen 127.0.0.1:$plain\n");
    $default->start;
    my $long = backend_ttrp(name => 'long', signer => 'signer-names',
        lines => "ProxyPass /default/ http://127.0.0.1:$plain/\n"
            . "ProxyPass /roomy/ http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/");
    my %to = (port => $long->{tls_port}, http => '1.1');
    is(curl('/default/index.html', %to, cert => 'client-rsa')->status, 400, 'the backend refuses it');
    is(curl('/default/index.html', %to)->status, 200, 'and takes the same without a certificate');
    is(forwarded(curl('/roomy/', %to, cert => 'client-rsa')), 'client-rsa',
        'LimitRequestFieldSize makes room');
    like(slurp($long->error_log), qr/:warn\].*"ClientCertSignerCerts signer" or "none"/,
        'a warning at the start says how to make it shorter');
};

done_testing;
