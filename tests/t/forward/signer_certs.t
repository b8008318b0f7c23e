# SPDX-License-Identifier: Apache-2.0

# ClientCertSignerCerts: which certificates stand in the value.

use ClientCertTest;

# What is not in the value has to be known at the origin: intermediates among
# the CAs, the signer beside them.
my $known = spew(pki("known.$$.pem"), map { slurp(pki("$_.crt")) } qw(server-ca server-intermediate));
END { unlink $known if defined $known }

my @CASES = (
    ['/certs', 'the default', ['server-intermediate', 'ttrp']],
    ['/certs/chain', 'chain', ['server-intermediate', 'ttrp']],
    ['/certs/signer', 'signer', ['ttrp'], '-CAfile', $known],
    ['/certs/none', 'none', [], '-CAfile', $known, '-certfile', pki('ttrp.crt')],
);

for my $http ('1.1', '2') {
    for (@CASES) {
        my ($path, $what, $expected, @more) = @$_;
        my $response = curl($path, http => $http, cert => 'client-rsa');
        my $cms = the_cms($response);
        ok(ref $cms, "HTTP/$http, $what: one value") or next;
        is_deeply([sort map { name_of($_) } cms_certificates($$cms)], $expected, 'its certificates');
        is(forwarded($response, undef, @more), 'client-rsa', 'verifies');
        is(signer($response, undef, @more), 'ttrp', 'the signer');
        ok(cms_reencoded($$cms) eq $$cms, 'DER to the letter');
    }
}

done_testing;
