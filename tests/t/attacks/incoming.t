# SPDX-License-Identifier: Apache-2.0

# No header of a client's making reaches the backend under any name that folds
# to ours, and no client takes ours away.

use ClientCertTest;

# What a request may carry, and what is left under the folded names.
my @FORGED = (
    ['Client-Cert', ['Client-Cert' => 'forged']],
    ['lower case', ['client-cert' => 'forged']],
    ['upper case', ['CLIENT-CERT' => 'forged']],
    ['underscore', ['Client_Cert' => 'forged']],
    ['dot', ['client.cert' => 'forged']],
    ['other punctuation', ['Client!Cert' => 'forged', 'Client~Cert' => 'forged']],
    ['repeated', ['Client-Cert' => 'forged', 'Client-Cert' => 'again', 'Client_Cert' => 'third']],
    ['empty', ['Client-Cert' => '']],
    ['folded over two lines', ['Client-Cert' => "forged\r\n again"]],
    ['the chain', ['Client-Cert-Chain' => 'forged', 'CLIENT_CERT.CHAIN' => 'forged']],
    ['a header named elsewhere', ['X-Client-Identity' => 'forged', 'x_client_identity' => 'forged']],
    ['others around it', ['A' => 'b', 'Client_Cert' => 'forged', 'C' => 'd']],
);
my @NAMES = qw(Client-Cert Client-Cert-Chain X-Client-Identity);

sub left {
    my ($response) = @_;
    return [map { $response->folded($_) } @NAMES];
}

# Where nothing is forwarded.
my @BARE = (
    ['a location that forwards nothing', sni => 'ttrp.test', cert => 'client-rsa'],
    ['no client certificate', sni => 'ttrp.test'],
    ['a virtual host without client certificates', sni => 'no-client-certs.test'],
    ['plain HTTP', tls => 0, port => $ENV{TEST_PLAIN_PORT}, host => 'plain.test'],
);

for (@BARE) {
    my ($where, %client) = @$_;
    subtest "stripped: $where" => sub {
        for my $version ('1.1', '1.0') {
            for (@FORGED) {
                my ($what, $headers) = @$_;
                my $response = get('/', %client, headers => $headers, version => $version);
                is($response->status, 200, "HTTP/$version, $what: answered");
                is_deeply(left($response), [], 'nothing left');
                is(logged($response)->{incoming}, 'stripped', 'the note');
            }
        }
        my $response = get('/', %client, headers => ['Client-Certificate' => 'x', 'XClient-Cert' => 'y']);
        is_deeply([map { $response->sent($_) } 'Client-Certificate', 'XClient-Cert'], ['x', 'y'],
            'other names stay');
        is(logged($response)->{incoming}, '-', 'no note');
    };
}

subtest 'stripped where ours takes its place' => sub {
    for (@FORGED) {
        my ($what, $headers) = @$_;
        my $response = get('/cms', sni => 'ttrp.test', cert => 'client-rsa', headers => $headers);
        is(forwarded($response), 'client-rsa', "$what: the signed one");
        is_deeply(left($response), ['Client-Cert'], 'and nothing else');
    }
};

subtest 'HTTP/2' => sub {
    for (['client-cert', '/cms'], ['client_cert', '/cms'], ['client.cert', '/cms']) {
        my ($name, $path) = @$_;
        my $response = curl($path, cert => 'client-rsa', headers => [$name => 'forged']);
        is(forwarded($response), 'client-rsa', "$name: the signed one");
        is_deeply(left($response), ['Client-Cert'], 'and nothing else');
        $response = curl('/', cert => 'client-rsa', headers => [$name => 'forged']);
        is_deeply(left($response), [], "$name where nothing is forwarded");
        is(logged($response)->{incoming}, 'stripped', 'the note');
    }
    my $response = curl('/', sni => 'reject.test', cert => 'client-rsa',
        headers => ['client_cert' => 'forged']);
    is($response->status, 400, 'reject');
    is(backend_saw($response), 0, 'the backend saw nothing');
};

my @REJECTING = (
    ['TLS', sni => 'reject.test', cert => 'client-rsa'],
    ['TLS, no certificate', sni => 'reject.test'],
    ['plain HTTP', tls => 0, port => $ENV{TEST_PLAIN_PORT}, host => 'plain-reject.test'],
);
for (@REJECTING) {
    my ($where, %client) = @$_;
    subtest "ClientCertIncoming reject, $where" => sub {
        for (@FORGED) {
            my ($what, $headers) = @$_;
            my $response = get('/', %client, headers => $headers);
            is($response->status, 400, "$what: 400");
            is(backend_saw($response), 0, 'the backend saw nothing');
            is(logged($response)->{incoming}, 'rejected', 'the note');
        }
        my $response = get('/', %client);
        is($response->status, 200, 'a request without one is served');
        is(backend_saw($response), 1, 'by the backend');
    };
}

# Names in Connection are the backend hop's business, ours is not.
my @CONNECTION = (
    ['close;Client-Cert'], ['close; Client-Cert'], ['Client-Cert'], ['client-cert, close'],
    ['keep-alive, CLIENT-CERT'], ['X-Other, Client-Cert'], ['Client-Cert;X-Other'],
    ['close', 'Client-Cert'], ['Client-Cert', 'Client-Cert'], [', ;Client-Cert;,'],
    ["close,\tClient-Cert"], ['Client_Cert, Client-Cert'], ['keep-alive;Client-Cert;close'],
);
subtest 'Connection takes nothing of ours away' => sub {
    for my $version ('1.1', '1.0') {
        for my $values (@CONNECTION) {
            my $what = "HTTP/$version, Connection: " . join ' and ', @$values;
            $what =~ s/\t/\\t/g;
            my %client = (
                sni => 'ttrp.test', cert => 'client-rsa', version => $version,
                headers => ['X-Other' => 'theirs', map { (Connection => $_) } @$values],
            );
            is(forwarded(get('/cms', %client)), 'client-rsa', $what);
            s/Client-Cert/X-Client-Identity/i for @{ $client{headers} };
            is(forwarded(get('/named', %client), 'X-Client-Identity'), 'client-rsa', 'the same by another name');
        }
    }
    my @chained = ('Client-Cert-Chain', 'close;Client-Cert-Chain', 'Client-Cert, Client-Cert-Chain');
    for my $value (@chained) {
        my $response = get('/chain', sni => 'ttrp.test', cert => 'client-deepest', chain => 1,
            headers => [Connection => $value]);
        is(scalar(() = $response->sent('Client-Cert-Chain')), 1, "Connection: $value");
        is(scalar(() = $response->sent('Client-Cert')), 1, 'with Client-Cert');
    }
};

subtest 'the rest of Connection keeps its meaning' => sub {
    my %client = (sni => 'ttrp.test', cert => 'client-rsa');
    my $response = get('/cms', %client,
        headers => ['X-Hop' => 'theirs', Connection => 'close, X-Hop, Client-Cert']);
    is($response->header('Connection'), 'close', 'close closes');
    is_deeply([$response->sent('X-Hop')], [], 'a hop-by-hop header goes no further');
    is(forwarded($response), 'client-rsa', 'ours does');

    my $client = client(%client);
    for (1 .. 3) {
        $response = $client->request('/cms', version => '1.0',
            headers => [Connection => 'keep-alive, Client-Cert']);
        is(forwarded($response), 'client-rsa', 'HTTP/1.0 keep-alive is kept');
    }
};

done_testing;
