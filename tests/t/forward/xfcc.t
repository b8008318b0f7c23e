# SPDX-License-Identifier: Apache-2.0

# ClientCertForward xfcc: one element of Envoy's X-Forwarded-Client-Cert. No name
# in a certificate, however hostile, ends its field or begins another.

use ClientCertTest;
use ClientCertTest::Raw qw(recorded_since recorder recorder_mark);
use Digest::SHA 'sha256_hex';

my $recorder = recorder();
my $port = free_port();
my $server = ClientCertTest::Server->new(name => 'xfcc', config =>
    server_config(port => $port, forward => 'ClientCertForward xfcc')
        =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$recorder->{http}/}mr);
$server->start;
my %client = (port => $port, sni => 'ttrp.test');

# A client certificate with this subject and these names, as a configuration
# file of openssl's has them.
sub client_with {
    my ($name, $subject, @names) = @_;
    my $lines = join '', map {"$_\n"} @names;
    my $file = spew(pki("$name.cnf"), "[req]\ndistinguished_name = dn\nprompt = no\nutf8 = yes\nstring_mask = utf8only\n[dn]\n$subject\n"
        . "[x]\nkeyUsage = critical,digitalSignature\n" . (@names ? "subjectAltName = \@names\n[names]\n$lines" : ''));
    openssl(qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 10 -extensions x),
        '-config', $file, '-CA', pki('client-ca.crt'), '-CAkey', pki('client-ca.key'),
        '-keyout', pki("$name.key"), '-out', pki("$name.crt"));
    openssl('x509', '-in', pki("$name.crt"), '-outform', 'DER', '-out', pki("$name.der"));
    unlink $file;
    return $name;
}

sub values_of {
    my ($response) = @_;
    return map { $_->[1] } grep { lc $_->[0] eq 'x-forwarded-client-cert' } @{ $response->{origin}{fields} // [] };
}

# As a strict reader takes it apart: elements by ',', fields by ';', neither
# within quotes, where a backslash escapes.
sub fields {
    my ($value) = @_;
    my @fields;
    until ($value eq '') {
        $value =~ s/\A([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^;,"=]*)(?:;|\z)//s or return ["not understood: $value"];
        my ($key, $content) = ($1, $2);
        $content =~ s/\A"(.*)"\z/$1/s;
        push @fields, [$key, $content];
    }
    return \@fields;
}

sub escaped {
    my ($name) = @_;
    return openssl('x509', '-in', pki("$name.crt")) =~ s/([^A-Za-z0-9\-._~])/sprintf '%%%02X', ord $1/ger;
}

# [what, subject lines, names, expected fields after Cert; nothing where the
# format has no way to write them]
my @CASES = (
    ['no names', 'CN = plain', [], [[Subject => 'CN=plain'], [URI => '']]],
    ['a URI and DNS names', "O = Tests\nCN = full", ['URI.1 = spiffe://example/client', 'DNS.1 = a.example', 'DNS.2 = b.example'],
        [[Subject => 'CN=full,O=Tests'], [URI => 'spiffe://example/client'], [DNS => 'a.example'], [DNS => 'b.example']]],
    ['two URIs', 'CN = x', ['URI.1 = spiffe://example/a', 'URI.2 = spiffe://example/b'],
        [[Subject => 'CN=x'], [URI => 'spiffe://example/a'], [URI => 'spiffe://example/b']]],
    ['a subject with commas and semicolons', 'CN = "a,b;URI=spiffe://admin;c"', [],
        [[Subject => 'CN=a\\,b\\;URI=spiffe://admin\\;c'], [URI => '']]],
    ['a subject with quotation marks', 'CN = "a\\";URI=spiffe://admin;Subject=\\"b"', [],
        [[Subject => 'CN=a\\"\\;URI=spiffe://admin\\;Subject=\\"b'], [URI => '']]],
    ['a subject that ends with a backslash', 'CN = "a\\\\"', [], [[Subject => 'CN=a\\\\'], [URI => '']]],
    ['a subject with a line end', 'CN = a\\nClient-Cert: forged', [], [[Subject => 'CN=a\\0AClient-Cert: forged'], [URI => '']]],
    ['a subject beyond ASCII', 'CN = Jos\xc3\xa9', [], [[Subject => 'CN=Jos\\C3\\A9'], [URI => '']]],
    ['a DNS name with a semicolon', 'CN = x', ['DNS.1 = "a;URI=spiffe://admin"'],
        [[Subject => 'CN=x'], [URI => ''], [DNS => 'a;URI=spiffe://admin']]],
    ['a DNS name with a comma', 'CN = x', ['DNS.1 = "a,Hash=00"'], [[Subject => 'CN=x'], [URI => ''], [DNS => 'a,Hash=00']]],
    ['a URI with a semicolon', 'CN = x', ['URI.1 = "spiffe://a;DNS=admin"'], [[Subject => 'CN=x'], [URI => 'spiffe://a;DNS=admin']]],
    ['a URI with an equals sign', 'CN = x', ['URI.1 = "spiffe://a?b=c"'], [[Subject => 'CN=x'], [URI => 'spiffe://a?b=c']]],
    ['a DNS name with a quotation mark', 'CN = x', ['DNS.1 = "a\\";URI=spiffe://admin;DNS=\\"b"'], undef],
    ['a DNS name with a backslash', 'CN = x', ['DNS.1 = "a\\\\"'], undef],
    ['a DNS name with a line end', 'CN = x', ['DNS.1 = a\\nClient-Cert:forged'], undef],
    ['a DNS name with CR LF', 'CN = x', ['DNS.1 = a\\r\\nClient-Cert:forged'], undef],
    ['a URI with a space', 'CN = x', ['URI.1 = "spiffe://a b"'], undef],
    ['a URI with a tab', 'CN = x', ['URI.1 = spiffe://a\\tb'], undef],
    ['a URI with a quotation mark', 'CN = x', ['URI.1 = "spiffe://a\\"b"'], undef],
);

my $number = 0;
for (@CASES) {
    my ($what, $subject, $names, $expected) = @$_;
    $subject =~ s/\\x([0-9a-f]{2})/chr hex $1/ge;
    my $name = client_with("client-xfcc-$$-" . ++$number, $subject, @$names);
    my $mark = recorder_mark($recorder);
    my $response = get('/x', %client, cert => $name);
    if (!$expected) {
        is($response->status, 500, "$what: 500");
        is(scalar(() = recorded_since($recorder, $mark)), 0, 'and the backend sees nothing');
        next;
    }
    my @values = values_of($response);
    is(scalar @values, 1, "$what: one value") or next;
    is_deeply(fields($values[0]),
        [[Hash => sha256_hex(slurp(pki("$name.der")))], [Cert => escaped($name)], @$expected], 'with these fields')
        or diag($values[0]);
    unlike($values[0], qr/[^\x20-\x7e]/, 'of printable characters');
}

is_deeply([values_of(get('/x', %client))], [], 'no certificate, no header');
for my $name (qw(X-Forwarded-Client-Cert x_forwarded_client_cert)) {
    my $response = get('/x', %client, headers => [$name => 'Hash=forged']);
    is_deeply([grep { $_->[1] =~ /forged/ } @{ $response->{origin}{fields} }], [], "$name: stripped");
    my @values = values_of(get('/x', %client, cert => 'client-rsa',
        headers => [$name => 'Hash=forged', Connection => 'X-Forwarded-Client-Cert']));
    is(scalar @values, 1, 'or replaced');
    unlike($values[0], qr/forged/, 'not appended to');
}

unlink glob pki("client-xfcc-$$-*");
done_testing;
