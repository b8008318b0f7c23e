# SPDX-License-Identifier: Apache-2.0

# A balancer that turns to its second member: the member that got the request
# got the one header.

use ClientCertTest;
use ClientCertTest::Backends;
use ClientCertTest::Wire;

my $fpm = php_fpm();
my $wire = ClientCertTest::Wire->tap('fcgi', free_port(), $fpm->port);
my $unavailable = member(503);
my $silent = member();
my $refuses = free_port();
my $origin = "http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}";
my $fcgi = 'fcgi://127.0.0.1:' . $wire->port;

# name => [first member, second member, path]
my %BALANCERS = (
    http => ["http://127.0.0.1:$refuses", $origin, ''],
    https => ["https://127.0.0.1:$refuses", "https://localhost:$ENV{TEST_ORIGIN_HTTPS}", ''],
    fcgi => ["fcgi://127.0.0.1:$refuses", $fcgi, $fpm->{script}],
    mixed => ["ajp://127.0.0.1:$refuses", $origin, ''],
    # The first has the whole head, and then does not say that it will take the
    # body.
    silent => ["http://127.0.0.1:@{[ $silent->port ]} ping=500ms", $origin, ''],
    unavailable => ["http://127.0.0.1:@{[ $unavailable->port ]}", $origin, ''],
);

# A member that failed is left alone for a while, so each request has a balancer
# that was not used before.
my $COUNT = 6;
my %used;
my $lines = '';
for my $name (sort keys %BALANCERS) {
    my ($first, $second, $path) = @{ $BALANCERS{$name} };
    $lines .= <<"LINES" for map {"$name-$_"} 1 .. $COUNT;
<Proxy balancer://$_>
    BalancerMember $first retry=600
    BalancerMember $second status=+H
    ProxySet failonstatus=503
</Proxy>
ProxyPass /$_/ balancer://$_$path/
LINES
}
my $ttrp = backend_ttrp(lines => $lines);

sub ask {
    my ($name, @more) = @_;
    return sub {
        my $number = ++$used{$name};
        die "$name: not enough balancers" if $number > $COUNT;
        return curl("/$name-$number/x", port => $ttrp->{tls_port}, http => '1.1', @more, @_);
    };
}

for my $name (qw(http https mixed)) {
    check_backend("the first member refuses, $name", ask => ask($name));
}
check_backend('the first member refuses, fcgi', ask => ask('fcgi'),
    name => 'HTTP_CLIENT_CERT', wire => sub { $wire->of(@_) });
is(scalar(() = slurp($ttrp->error_log) =~ /failed to make connection to backend/g), 24,
    'it was tried each time');

check_backend('the first member has the request and does not answer',
    ask => ask('silent', arguments => ['--data', 'body']),
    # What the first had, beside what the second answers.
    wire => sub { saw($silent, @_) });

# httpd passes such an answer on, and lets the next request go to the second.
subtest 'failonstatus' => sub {
    my $response = ask('unavailable')->(cert => 'client-rsa', headers => [forged_headers()]);
    is($response->status, 503, 'the first member\'s answer');
    my $seen = saw($unavailable, $response);
    ok($seen, 'which had the request') or return;
    is_deeply([$seen->folded('Client-Cert')], ['Client-Cert'], 'with one header');
    is(forwarded($seen), 'client-rsa', 'that verifies');
    $used{unavailable} = 0;
    $response = ask('unavailable')->(cert => 'client-p256', headers => [forged_headers()]);
    is($response->status, 200, 'the next request the second member answers');
    ok(!saw($unavailable, $response), 'alone');
    is_deeply([$response->folded('Client-Cert')], ['Client-Cert'], 'with one header');
    is(forwarded($response), 'client-p256', 'that is its own client\'s');
};

done_testing;
