# SPDX-License-Identifier: Apache-2.0

# 64 KB of headers, in one field and in many: forged ones go, ours is the client's, and a value
# that long is not read.

use ClientCertTest;
use ClientCertTest::Accept;

trust_pki();
my $LIMITS = "LimitRequestFieldSize 80000\nLimitRequestFields 8000";
my $port = free_port();
my $config = server_config(port => $port, global => $LIMITS);
$config =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/}m;
my $server = ClientCertTest::Server->new(name => 'large-proxy', config => $config);
$server->start;
my %client = (port => $port, sni => 'ttrp.test', cert => 'client-rsa');
my $own = 64 * 1024;

for (
    ['a forged one', ['Client_Cert' => 'x' x $own]],
    ['a known one', ['X-SSL-Client-Cert' => 'x' x $own]],
    ['many forged ones', [map { ("cLIENT.cERT" => "forged $_") } 1 .. 3_000]],
    ['many of others, and one of ours', [(map { ("X-$_" => 'x') } 1 .. 40), 'Client-Cert' => 'forged']],
    ['Connection with many names', [Connection => join ', ', ('keep-alive', 'Client-Cert') x 2_500]],
) {
    my ($what, $headers) = @$_;
    my $response = get('/', %client, headers => $headers);
    is($response->status, 200, "$what: the status");
    is(forwarded($response), 'client-rsa', 'one value, of the client');
    unlike(join("\n", @{ ($response->{origin} // {})->{raw} // [] }), qr/forged|x{1000}/, 'and no other');
    # Without a certificate there is none at all.
    $response = get('/', %client, cert => undef, headers => $headers);
    is_deeply([$response->sent('Client-Cert')], [], 'and none without one');
}

# What the backend does not take is its answer, and no request without our header.
my $response = get('/', %client, headers => ['X-Long' => 'x' x $own]);
is($response->status, 400, 'another of 64 KB: the backend refuses it');
like($server->access_log && logged($response, $server->access_log)->{forward}, qr/^(?:signed|reused)$/, 'signed');

my $origin = accept_origin(name => 'large-origin', global => 'LimitRequestFields 8000');
my %peer = (port => $origin->{https}, sni => 'localhost', cert => 'accept-ttrp');
my $value = signed_value('accept-ttrp', 'client-rsa');
for (
    ['a value of 64 KB', ['Client-Cert' => 'A' x $own]],
    ['a value with 64 KB behind it', ['Client-Cert' => $value . 'A' x ($own - length $value)]],
    ['two thousand values', [map { ('Client-Cert' => 'AAAA') } 1 .. 2_000]],
    ['a good value, and two thousand', ['Client-Cert' => $value, map { ('Client-Cert' => 'AAAA') } 1 .. 2_000]],
) {
    my ($what, $headers) = @$_;
    my $response = client(%peer)->request('/', headers => $headers);
    is($response->status, 400, "$what: the status");
    is(env_of($response), undef, 'nothing ran');
}
$response = ask($origin->{https}, '/', cert => 'accept-ttrp', headers => ['Client-Cert' => $value, 'X-Long' => 'x' x $own]);
is($response->status, 200, 'a good value beside 64 KB of another');
is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-rsa', 'the client');

done_testing;
