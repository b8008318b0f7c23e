# SPDX-License-Identifier: Apache-2.0

# One client, twice: at a TLS httpd directly, and through a TTRP at an origin. Every
# SSL_CLIENT_* that mod_ssl exports with StdEnvVars and ExportCertData is the same at
# both, byte for byte; the SSL_CLIENT_CERT_CHAIN_n excepted, which nothing signs.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::OddCertificates;
use ClientCertTest::VariablesServer 'is_of_newer_httpd';

trust_pki();
my $direct = accept_origin(own => 0, accept => '', verify => 'require', ca => pki('variables-ca.crt'),
    name => 'direct');
my $origin = accept_origin();
my $ttrp = accept_ttrp($origin, tls => join "\n",
    'SSLCACertificateFile ' . pki('variables-ca.crt'), 'SSLVerifyClient require');

sub variables {
    my ($response) = @_;
    my $env = env_of($response) // {};
    return { map { $_ => $env->{$_} }
        grep { /^SSL_CLIENT_/ && !/^SSL_CLIENT_CERT_CHAIN_\d+$/ && !is_of_newer_httpd($_) } keys %$env };
}

my ($compared, $most) = (0, 0);
for (@CASES) {
    my ($name, %want) = @$_;
    next if $want{unreadable} || $want{unverified};
    subtest $name => sub {
        my $file = "side-by-side.$$";
        write_case($file, name => $name, %want) or fail('a certificate'), return;
        my ($here, $there);
        # A second look in case a day of V_REMAIN ended in between.
        for (1 .. 2) {
            $here = ask($direct->{https}, '/x', cert => $file);
            $there = ask($ttrp->{port}, '/x', sni => 'ttrp.test', cert => $file);
            last if (variables($here)->{SSL_CLIENT_V_REMAIN} // '') eq (variables($there)->{SSL_CLIENT_V_REMAIN} // '');
        }
        unlink map { pki("$file.$_") } qw(crt key);
        is($here->status, 200, 'directly');
        is($there->status, 200, 'through the TTRP') or diag((error_lines($origin))[-1], (error_lines($ttrp))[-1]);
        my ($expected, $got) = (variables($here), variables($there));
        cmp_ok(scalar keys %$expected, '>=', 11, scalar(keys %$expected) . ' variables');
        is_deeply($got, $expected, 'are the same');
        $compared++;
        $most = keys %$expected if keys %$expected > $most;
    };
}
cmp_ok($compared, '>=', 20, "$compared certificates, up to $most variables");

done_testing;
