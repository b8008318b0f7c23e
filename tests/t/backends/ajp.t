# SPDX-License-Identifier: Apache-2.0

# ajp: a header stays a header. Beside it mod_proxy_ajp sends the certificate of
# the TLS connection on its own account, whether it verified or not; and all of
# a request's headers have to fit one packet.

use ClientCertTest;
use ClientCertTest::Backends;
use ClientCertTest::Wire;
use MIME::Base64 'decode_base64';

my $tomcat = tomcat();
my $wire = ClientCertTest::Wire->tap('ajp', free_port(), $tomcat->port);
my $lines = "ProxyPass /ajp/ ajp://127.0.0.1:@{[ $wire->port ]}/";
my $ttrp = backend_ttrp(lines => $lines);

for my $http ('1.1', '2') {
    check_backend(
        "ajp, HTTP/$http from the client",
        # HTTP/2 knows no Connection, and its clients may not send one.
        no_connection => $http eq '2',
        # mod_proxy_ajp passes names on as they are, Tomcat makes them lower case.
        report => sub {
            my ($response) = @_;
            s/^client-cert:/Client-Cert:/ for @{ ($response->{origin} // {})->{raw} // [] };
            return $response;
        },
        ask => sub { curl('/ajp/x', port => $ttrp->{tls_port}, http => $http, @_) },
        wire => sub { $wire->of(@_) },
    );
}

# Its own account of the certificate: what the servlet API calls the client's.
sub servlets {
    my ($response) = @_;
    return map { name_of(decode_base64($_)) } @{ $response->{origin}{certificates} // [] };
}

subtest 'what mod_proxy_ajp sends beside it' => sub {
    my $response = curl('/ajp/x', port => $ttrp->{tls_port}, cert => 'client-rsa');
    is_deeply([servlets($response)], ['client-rsa'], 'the servlet\'s X509Certificate');
    my @attributes = map { /^(attribute ssl_\w+|attribute AJP_SSL_PROTOCOL):/ ? $1 : () }
        @{ $wire->of($response)->{origin}{raw} };
    is_deeply([sort @attributes],
        ['attribute AJP_SSL_PROTOCOL', map {"attribute ssl_$_"} qw(cert cipher key_size session)],
        'its attributes');
};

subtest 'which does not say that it verified' => sub {
    my $any = backend_ttrp(name => 'any', verify => 'optional_no_ca', lines => $lines);
    for my $client (qw(client-self client-foreign)) {
        my $response = curl('/ajp/x', port => $any->{tls_port}, cert => $client);
        is($response->status, 200, "$client: answered");
        is_deeply([$response->folded('Client-Cert')], [], 'no header');
        is_deeply([servlets($response)], [$client], 'but a servlet\'s X509Certificate');
    }
};

subtest 'a request that does not fit a packet' => sub {
    my $padding = ['X-Padding' => 'x' x 7_000];
    my $response = curl('/ajp/x', port => $ttrp->{tls_port}, cert => 'client-rsa',
        headers => $padding);
    is($response->status, 400, 'is refused');
    ok(!$wire->of($response), 'and nothing of it is sent');
    $response = curl('/ajp/x', port => $ttrp->{tls_port}, headers => $padding);
    is($response->status, 200, 'where it would have been answered without the header');

    my $large = tomcat(connector => 'packetSize="32768" maxHttpRequestHeaderSize="32768"');
    my $roomy = backend_ttrp(name => 'roomy', global => 'ProxyIOBufferSize 32768',
        lines => "ProxyPass /ajp/ ajp://127.0.0.1:@{[ $large->port ]}/");
    $response = curl('/ajp/x', port => $roomy->{tls_port}, cert => 'client-rsa',
        headers => $padding);
    is(forwarded($response), 'client-rsa', 'ProxyIOBufferSize and Tomcat\'s packetSize make room');
};

done_testing;
