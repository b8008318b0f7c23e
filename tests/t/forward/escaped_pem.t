# SPDX-License-Identifier: Apache-2.0

# ClientCertForward escaped-pem: the exact value of nginx's
# $ssl_client_escaped_cert, in X-SSL-Client-Cert unless another header is named.

use ClientCertTest;
use ClientCertTest::UnsignedFormat;

# nginx escapes what is not unreserved (RFC 3986 section 2.3), and keeps the line
# end after the last line.
sub expected {
    my ($name) = @_;
    my $pem = openssl('x509', '-in', pki("$name.crt"));
    $pem =~ s/([^A-Za-z0-9\-._~])/sprintf '%%%02X', ord $1/ge;
    return $pem;
}

forwards_format(
    format => 'escaped-pem', header => 'X-SSL-Client-Cert', other => 'X-Client-Pem',
    spellings => [qw(X-SSL-Client-Cert x_ssl_client_cert X.Ssl.Client-Cert)],
    expected => \&expected, form => qr/^-----BEGIN%20CERTIFICATE-----%0A.*%0A-----END%20CERTIFICATE-----%0A$/,
);

done_testing;
