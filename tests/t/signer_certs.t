# SPDX-License-Identifier: Apache-2.0

# ClientCertSignerCerts: which certificates stand in the value.

use ClientCertTest;

my $intermediate = pki('server-intermediate.crt');
my $signer = pki('ttrp.crt');

my @CASES = (
    ['/certs', 'the default', ['server-intermediate', 'ttrp']],
    ['/certs/chain', 'chain', ['server-intermediate', 'ttrp']],
    ['/certs/signer', 'signer', ['ttrp'], '-certfile', $intermediate],
    ['/certs/none', 'none', [], '-certfile', pki('ttrp.chain')],
);

for my $http ('1.1', '2') {
    for (@CASES) {
        my ($path, $what, $expected, @more) = @$_;
        my $response = curl($path, http => $http, cert => 'client-rsa');
        my $cms = the_cms($response);
        ok(ref $cms, "HTTP/$http, $what: one value") or next;
        is_deeply([sort map { name_of($_) } cms_certificates($$cms)], $expected, 'its certificates');
        # -certfile adds to what may be the signer, and to what may be above it.
        is(forwarded($response, undef, @more), 'client-rsa', 'verifies');
        is(signer($response, undef, @more), 'ttrp', 'the signer');
        ok(cms_reencoded($$cms) eq $$cms, 'DER to the letter');
        is((unpack 'H*', $$cms) =~ /a000/ ? 1 : 0, 0, 'no empty field') if !@$expected;
    }
}

done_testing;
