# SPDX-License-Identifier: Apache-2.0

# ClientCertForward pem-spaces: PEM with a space for each newline, in SSL_CLIENT_CERT
# unless another header is named.

use ClientCertTest;
use ClientCertTest::UnsignedFormat;

sub expected {
    my ($name) = @_;
    return openssl('x509', '-in', pki("$name.crt")) =~ s/\n\z//r =~ tr/\n/ /r;
}

forwards_format(
    format => 'pem-spaces', header => 'SSL_CLIENT_CERT', other => 'X-Client-Pem',
    spellings => [qw(SSL_CLIENT_CERT ssl-client-cert Ssl.Client_Cert)],
    expected => \&expected, form => qr{^-----BEGIN CERTIFICATE----- [A-Za-z0-9+/= ]+ -----END CERTIFICATE-----\z},
);

done_testing;
