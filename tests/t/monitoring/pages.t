# SPDX-License-Identifier: Apache-2.0

# The pages: mod_status's in each of its forms, and the metrics, to whom and how they answer, and
# what becomes of names that are made to break them.

use ClientCertTest;
use ClientCertTest::Status;

# A pin whose name is made to break out of HTML, of a line, and of a label.
my $hostile = q{<script>alert("1'\\\\2&")</script>};
openssl(qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 50 -utf8),
    '-subj', '/CN=' . $hostile =~ s{([/\\+])}{\\$1}gr, '-addext', 'keyUsage = critical,digitalSignature',
    '-keyout', pki("hostile.$$.key"), '-out', pki("hostile.$$.crt"));

my ($port, $status, $closed) = map { free_port() } 1 .. 3;
my $CONFIG = join "\n",
    server_config(port => $port, lines => 'ClientCertSigner ' . pki('signer-p256.pem')),
    status_host($status), status_host($closed) =~ s{(SetHandler.*)}{$1\nRequire ip 192.0.2.1}gr,
    '<Location /accepting>', 'ClientCertAccept cms', 'ClientCertTrust ' . pki("hostile.$$.crt"), '</Location>', '';
my $server = ClientCertTest::Server->new(name => 'pages', config => $CONFIG);
$server->start;

subtest 'HTML' => sub {
    for my $target ('/server-status', '/server-status?notable') {
        my $response = page_of($status, $target);
        is($response->status, 200, $target);
        like($response->header('Content-Type'), qr{^text/html}, 'is HTML');
        my $page = $response->body;
        unlike($page, qr/<script/, 'no markup out of a name');
        like($page, qr/&lt;script\\&gt;alert\(/, 'the name is text');
        like($page, qr/CN=signer-p256/, 'the signer');
        like($page, qr/mod_client_cert/, 'a heading');
        like($page, qr{</body>\s*</html>\s*\z}, 'it is whole');
        my @open = $page =~ /<table/g;
        my @close = $page =~ m{</table>}g;
        is(scalar @open, scalar @close, 'so are its tables');
    }
    like(page_of($status, '/server-status')->body, qr{<td>signatures made</td><td>0</td>}, 'a row');
};

subtest '?auto' => sub {
    my $response = page_of($status, '/server-status?auto');
    like($response->header('Content-Type'), qr{^text/plain}, 'is text');
    my %seen;
    my @ours = grep {/ClientCert/} split /\n/, $response->body;
    like($_, qr/^ClientCert[\w-]+: \S[ -~]*$/, 'a key and a value') for @ours;
    $seen{ s/:.*//r }++ for @ours;
    is_deeply([grep { $seen{$_} > 1 } keys %seen], [], 'each key once');
    is($seen{$_}, 1, $_) for map {"ClientCert$_"} qw(Signed Reused Accepted Refused Refused-stale Rejected
        StrippedOwn StrippedKnown ForwardErrors AcceptErrors Expiries Files-last-good);
};

subtest 'metrics' => sub {
    my $response = page_of($status, '/metrics');
    is($response->status, 200, 'there');
    is($response->header('Content-Type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8', 'the type');
    is($response->header('Cache-Control'), 'no-store', 'not for a cache');
    like($response->body, qr/\n# EOF\n\z/, 'its end');
    my $samples = parsed($response->body);
    is(ref $samples, 'HASH', 'Prometheus reads it') or diag $samples;
    my ($anchor) = grep {/expiry_timestamp.*kind=anchor.*serial=/} keys %$samples;
    like($anchor // '', qr/\\<script\\>alert\(/, 'with the name');
    my $end = openssl(qw(x509 -noout -enddate -dateopt iso_8601 -in), pki("hostile.$$.crt"));
    my ($year, $month, $day, $hour, $minute, $second) = $end =~ /(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)Z/;
    require Time::Local;
    is($samples->{ $anchor // '' }, Time::Local::timegm($second, $minute, $hour, $day, $month - 1, $year),
        'and when it expires');
    is($samples->{'client_cert_earliest_expiry_timestamp_seconds{kind=anchor}'}, $samples->{ $anchor // '' },
        'the first of its kind');
    is($samples->{'client_cert_expiries{kind=anchor}'}, 1, 'the only one');
    is($samples->{'client_cert_files{state=current}'}, 2, 'files');
    my $refusals = grep {/^client_cert_accept_refusals_total\{/} keys %$samples;
    cmp_ok($refusals, '>', 60, 'each reason');
    isnt(ref parsed("client_cert{ 1\n# EOF\n"), 'HASH', '(what is not valid is no hash)');
};

subtest 'methods' => sub {
    my $head = page_of($status, '/metrics', method => 'HEAD');
    is($head->status, 200, 'HEAD');
    is($head->body, '', 'has no body');
    is(page_of($status, '/metrics', method => 'OPTIONS')->status, 200, 'OPTIONS');
    for my $method (qw(POST PUT DELETE PATCH)) {
        my $response = page_of($status, '/metrics', method => $method, body => 'x');
        is($response->status, 405, $method);
        like($response->header('Allow'), qr/\bGET\b/, 'and what is allowed');
        unlike($response->body, qr/client_cert_/, 'nothing is shown');
    }
    is(page_of($closed, $_)->status, 403, "$_: Require is heeded") for '/metrics', '/server-status';
};

subtest 'no secrets' => sub {
    my $all = join '', map { page_of($status, $_)->body } '/metrics', '/server-status', '/server-status?auto';
    unlike($all, qr/PRIVATE|BEGIN/, 'no keys');
};

subtest 'a file that turned bad' => sub {
    my $file = pki("pages.$$.pem");
    spew($file, slurp(pki('signer-p256.pem')));
    my ($port, $status) = (free_port(), free_port());
    my $other = ClientCertTest::Server->new(name => 'bad-file',
        config => server_config(port => $port, lines => "ClientCertSigner $file") . status_host($status));
    $other->start;
    spew($file, 'nothing');
    ok($other->graceful, 'a restart');
    is(metrics_of($status)->{'client_cert_files{state=last-good}'}, 1, 'metrics');
    is(totals_of($status)->{'Files-last-good'}, 1, '?auto');
    like(page_of($status, '/server-status')->body,
        qr{<td>ClientCertSigner</td><td>\Q$file\E</td><td>as it was read at \d{4}-}, 'HTML: since when');
    like(page_of($status, '/server-status')->body, qr/CN=signer-p256/, 'what is in use expires');
    $other->stop;
    unlink $file;
};

subtest 'without mod_status' => sub {
    my $modules = load_modules() =~ s/^LoadModule status_.*\n//mr;
    my $other = ClientCertTest::Server->new(name => 'no-status', modules => $modules, config => $CONFIG);
    $server->stop;
    $other->start;
    is(ref metrics_of($status), 'HASH', 'the metrics are there');
    is(get('/', port => $port, cert => 'client-rsa')->status, 200, 'and so is all else');
    $other->stop;
};

subtest 'with nothing of ours configured' => sub {
    my ($port) = free_port();
    my $other = ClientCertTest::Server->new(name => 'idle', config => status_host($port));
    $other->start;
    is(ref metrics_of($port), 'HASH', 'the metrics are there');
    is(totals_of($port)->{Expiries}, 0, 'and nothing expires');
    $other->stop;
};

done_testing;
