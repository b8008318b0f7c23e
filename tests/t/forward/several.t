# SPDX-License-Identifier: Apache-2.0

# Several ClientCertForward lines, and how they merge: a nested section that
# names any replaces the list, one that names none inherits it, off empties it.

use ClientCertTest;

my @HEADERS = qw(Client-Cert X-Cert-9440 X-Cert-SF X-Cert-Only);

# Header => the client that it holds, in whichever format.
sub received {
    my ($response) = @_;
    my %received;
    for my $header (@HEADERS) {
        my @values = $response->sent($header) or next;
        my $plain = name_of(decode_sf($values[0]));
        $received{$header}
            = @values > 1 ? 'several'
            : defined $plain && $plain !~ /none of/ ? "rfc9440 $plain"
            : ($values[0] =~ /^:/ ? 'cms-sf ' : 'cms ') . forwarded($response, $header);
    }
    return \%received;
}

my %ALL = (
    'Client-Cert' => 'cms client-rsa',
    'X-Cert-9440' => 'rfc9440 client-rsa',
    'X-Cert-SF' => 'cms-sf client-rsa',
);

my @CASES = (
    ['/several', 'three lines, three headers', \%ALL],
    ['/several/kept', 'inherited by a section that names none', \%ALL],
    ['/several/off', 'off in a nested section', {}],
    ['/several/off/on', 'and one on again inside it', { 'Client-Cert' => 'rfc9440 client-rsa' }],
    ['/several/replaced', 'the list replaced', { 'X-Cert-Only' => 'cms client-rsa' }],
    ['/', 'nothing configured', {}],
);

for my $http ('1.1', '2') {
    for my $case (@CASES) {
        my ($path, $what, $expected) = @$case;
        my $response = curl($path, http => $http, cert => 'client-rsa');
        is($response->status, 200, "HTTP/$http: $what: answered");
        is_deeply(received($response), $expected, $what);
    }
}

# Server config, virtual host, section.
my ($port, $other) = (free_port(), free_port());
my $tls = server_config(port => $port, name => 'inherits.test', forward => '', lines => <<'LINES',
<Location /off>
    ClientCertForward off
</Location>
LINES
    global => "ClientCertForward cms\nClientCertForward rfc9440 X-Cert-9440\nClientCertSignerCerts signer");
my $off = server_config(port => $port, name => 'off.test', forward => 'ClientCertForward off');
my $own = server_config(port => $port, name => 'own.test',
    forward => "ClientCertForward cms-sf X-Cert-SF\nClientCertSignerCerts chain");
s/^Listen.*\n//m for $off, $own;
my $server = ClientCertTest::Server->new(name => 'merge', config => "$tls$off$own");
$server->start;

my %server = (port => $port, cert => 'client-rsa');
is_deeply(received(get('/', %server, sni => 'inherits.test')),
    { 'Client-Cert' => 'cms client-rsa', 'X-Cert-9440' => 'rfc9440 client-rsa' },
    'a virtual host inherits the server\'s');
is_deeply(received(get('/off', %server, sni => 'inherits.test')), {}, 'a section turns it off');
is_deeply(received(get('/', %server, sni => 'off.test')), {}, 'a virtual host turns it off');
is_deeply(received(get('/', %server, sni => 'own.test')), { 'X-Cert-SF' => 'cms-sf client-rsa' },
    'a virtual host has its own list');

done_testing;
