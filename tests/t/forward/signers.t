# SPDX-License-Identifier: Apache-2.0

# Every kind of key that may sign, as the certificate of the virtual host and
# from a file.

use ClientCertTest;

# Kind, the hash that the profile pairs with it.
my @KINDS = (
    [rsa2048 => 256], [rsa4096 => 256], [p256 => 256], [p384 => 384], [p521 => 512],
    [ed25519 => 512],
);

sub check {
    my ($response, $what, $kind, $hash) = @_;
    is($response->status, 200, "$what: answered");
    my $cms = the_cms($response);
    ok(ref $cms, 'one value') or return diag $cms;
    is(name_of(verified_by_hand($$cms, "signer-$kind", $hash)), 'client-rsa',
        'the signer\'s key signed these attributes, their digest is the content\'s');

    # OpenSSL 3.0 has no Ed25519 in its CMS.
    if ($kind ne 'ed25519') {
        is(forwarded($response), 'client-rsa', 'openssl verifies it');
        is(forwarded($response, undef, '-cades'), 'client-rsa', '-cades');
        is(signer($response), "signer-$kind", 'the signer');
    }
    ok(cms_reencoded($$cms) eq $$cms, 'DER to the letter');

    # GnuTLS shares no code with what made the value.
    SKIP: {
        skip 'certtool (gnutls-bin) is not there', 1 unless -x '/usr/bin/certtool';
        my $file = spew(pki("certtool.$$"), $$cms);
        my $said = qx{certtool --p7-verify --inder --infile $file \\
            --load-ca-certificate @{[ pki('server-ca.crt') ]} 2>&1};
        unlink $file;
        ok($? == 0 && $said =~ /Signature status: ok/, 'GnuTLS verifies it') or diag $said;
    }
    is(name_of(pem_to_der($response->{origin}{peer})), "signer-$kind", 'the origin\'s TLS peer');
    return;
}

for (@KINDS) {
    my ($kind, $hash) = @$_;
    for my $tls ('1.2', '1.3') {
        my $response = get('/', sni => "$kind.test", tls => $tls, cert => 'client-rsa');
        check($response, "$kind, TLS $tls", $kind, $hash);
        is(name_of(pem_to_der($response->{peer})), "signer-$kind", 'what the TTRP presented');
    }
}

for ([rsa2048 => 256], [p256 => 256], [ed25519 => 512], [under => 256]) {
    my ($kind, $hash) = @$_;
    for my $way (qw(file keyfile)) {
        my $response = get('/', sni => "$way-$kind.test", cert => 'client-rsa');
        check($response, "ClientCertSigner, $way, $kind", $kind, $hash);
        is(name_of(pem_to_der($response->{peer})), 'ttrp', 'the TTRP presented another');
        my $cms = the_cms($response);
        is(ref $cms ? scalar(() = cms_certificates($$cms)) : $cms, $kind eq 'under' ? 2 : 1,
            'with its intermediates');
    }
}

done_testing;
