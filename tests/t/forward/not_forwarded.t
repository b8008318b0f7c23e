# SPDX-License-Identifier: Apache-2.0

# What goes to no backend of ours is not signed for, and has no header.

use ClientCertTest;

my %client = (sni => 'local.test', cert => 'client-rsa');

for my $http ('1.1', '2') {
    my %curl = (%client, http => $http);
    my $response = curl('/index.html', %curl);
    is($response->status, 200, "HTTP/$http: a file is served");
    unlike(logged($response)->{forward}, qr/signed|reused|failed/, 'nothing was signed');
    unlike($response->header('X-Seen') // '', qr/[A-Za-z0-9+\/]{40}/, 'the header is not there');

    $response = curl('/cgi/show', %curl, headers => ['Client_Cert' => 'forged']);
    is($response->status, 200, 'a CGI script runs');
    is($response->body, "HTTP_CLIENT_CERT=\n", 'and has no HTTP_CLIENT_CERT');
    unlike(logged($response)->{forward}, qr/signed|reused|failed/, 'nothing was signed');

    is(forwarded(curl('/backend/x', %curl)), 'client-rsa', 'the same virtual host\'s backend has it');
}

subtest 'TRACE' => sub {
    my @TRACES = (
        ['/', 'a local resource'],
        ['/backend/', 'a proxied one'],
        ['/backend/', 'a proxied one that ends here', 'Max-Forwards' => 0],
        ['/backend/', 'with a forged header', 'Max-Forwards' => 0, 'Client_Cert' => 'forged'],
    );
    for (@TRACES) {
        my ($path, $what, @headers) = @$_;
        my $response = get($path, %client, method => 'TRACE', headers => \@headers);
        ok($response->status, "$what: answered, " . $response->status);
        unlike($response->body, qr/client[^a-z0-9]cert/i, 'no header in the echo');
        unlike(logged($response)->{forward}, qr/signed|reused/, 'nothing was signed');
    }
};

subtest 'a forward proxy' => sub {
    my $port = free_port();
    my $config = server_config(port => $port, lines => "ProxyRequests on\n");
    # ProxyPass would take absolute requests for its own.
    $config =~ s/^ProxyPass .*\n//m;
    my $server = ClientCertTest::Server->new(name => 'forward-proxy', config => $config);
    $server->start;
    my %proxy = (port => $port, cert => 'client-rsa');
    for my $target ("http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/x", "https://localhost:$ENV{TEST_ORIGIN_HTTPS}/x") {
        my ($host) = $target =~ m{//([^/]+)};
        my $response = get($target, %proxy, host => $host);
        is($response->status, 200, 'proxied') or diag $server->said;
        is(backend_saw($response), 1, 'to the origin');
        is_deeply([$response->folded('Client-Cert')], [], 'without a header');
        unlike(logged($response, $server->access_log)->{forward}, qr/signed|reused/, 'nothing was signed');
        $response = get($target, %proxy, host => $host, headers => ['Client_Cert' => 'forged']);
        is_deeply([$response->folded('Client-Cert')], [], 'nor a forged one');
    }
};

done_testing;
