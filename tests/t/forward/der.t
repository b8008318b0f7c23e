# SPDX-License-Identifier: Apache-2.0

# ClientCertForward der: base64 of the DER certificate and nothing else, in
# X-Client-Cert unless another header is named.

use ClientCertTest;
use ClientCertTest::UnsignedFormat;

sub expected {
    my ($name) = @_;
    return join '', grep { !/^-/ } split /\n/, openssl('x509', '-in', pki("$name.crt"));
}

forwards_format(
    format => 'der', header => 'X-Client-Cert', other => 'X-ARR-ClientCert',
    spellings => [qw(X-Client-Cert x_client_cert X.Client-Cert)],
    expected => \&expected, form => qr{^[A-Za-z0-9+/]+=*\z},
);

done_testing;
