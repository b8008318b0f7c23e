# SPDX-License-Identifier: Apache-2.0

# However the request came to be proxied, it carries the header.

use ClientCertTest;

my @WAYS = (
    ['ProxyPass', '/pass/x'],
    ['ProxyPass to http', '/http/x'],
    ['ProxyPass in a Location', '/location/x'],
    ['ProxyPassMatch', '/match/x'],
    ['RewriteRule [P]', '/rewrite/x'],
    ['RewriteRule [P] in a Directory', '/per-directory/x'],
    ['SetHandler proxy:', '/handler/x'],
    ['a balancer', '/balancer/x'],
    ['a balancer\'s second member', '/failover/x'],
);

for (@WAYS) {
    my ($way, $path) = @$_;
    for my $http ('1.1', '2') {
        my $response = curl($path, sni => 'ways.test', http => $http, cert => 'client-rsa',
            headers => ['Client_Cert' => 'forged']);
        is($response->status, 200, "$way, HTTP/$http: answered");
        is(forwarded($response), 'client-rsa', 'the client');
        is(signer($response), 'signer-p256', 'the signer');
        is_deeply([$response->folded('Client-Cert')], ['Client-Cert'], 'and no other');
    }
    for my $tls ('1.2', '1.3') {
        my $response = get($path, sni => 'ways.test', tls => $tls);
        is($response->status, 200, "$way, TLS $tls, no certificate: answered");
        is_deeply([$response->folded('Client-Cert')], [], 'no header');
        $response = get($path, sni => 'ways.test', tls => $tls, cert => 'client-p256',
            headers => [Connection => 'close;Client-Cert']);
        is(forwarded($response), 'client-p256', "$way, TLS $tls: Connection does not take it away");
    }
}

done_testing;
