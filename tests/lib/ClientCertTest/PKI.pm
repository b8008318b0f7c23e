# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::PKI;

# Certificates for the tests, made by the openssl command line. For every NAME
# the directory holds
#
#   NAME.key    the private key, unencrypted
#   NAME.crt    the certificate, PEM
#   NAME.der    the same, DER
#   NAME.chain  the certificate and its intermediates, without the root
#   NAME.pem    certificate, key and intermediates: the layout of
#               ClientCertSigner FILE
#   NAME.pair   certificate and key: the layout of
#               SSLProxyMachineCertificateFile, which takes no intermediates

use strict;
use warnings;

use Exporter 'import';
use File::Path 'make_path';
use POSIX 'strftime';

our @EXPORT_OK = qw(issue make_all openssl pki slurp spew);

my @KEYS = (
    rsa1024 => [qw(RSA -pkeyopt rsa_keygen_bits:1024)],
    rsa2048 => [qw(RSA -pkeyopt rsa_keygen_bits:2048)],
    rsa4096 => [qw(RSA -pkeyopt rsa_keygen_bits:4096)],
    p256    => [qw(EC -pkeyopt ec_paramgen_curve:P-256)],
    p384    => [qw(EC -pkeyopt ec_paramgen_curve:P-384)],
    p521    => [qw(EC -pkeyopt ec_paramgen_curve:P-521)],
    k256    => [qw(EC -pkeyopt ec_paramgen_curve:secp256k1)],
    ed25519 => ['ED25519'],
    ed448   => ['ED448'],
);
my %KEYS = @KEYS;

my %EXTENSIONS = (
    ca => "basicConstraints = critical,CA:TRUE\n"
        . "keyUsage = critical,keyCertSign,cRLSign\n",
    client => "basicConstraints = critical,CA:FALSE\n"
        . "keyUsage = critical,digitalSignature\n"
        . "extendedKeyUsage = clientAuth\n",
    # A TTRP is a server to its clients and a client to its origin.
    server => "basicConstraints = critical,CA:FALSE\n"
        . "keyUsage = critical,digitalSignature\n"
        . "extendedKeyUsage = serverAuth,clientAuth\n",
);

sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

sub spew {
    my ($file, @content) = @_;
    open my $out, '>:raw', $file or die "$file: $!";
    print $out @content;
    close $out or die "$file: $!";
    return $file;
}

# The path of one of the files above: pki('ttrp.pem').
sub pki {
    my ($file) = @_;
    my $directory = $ENV{TEST_PKI} or die 'TEST_PKI is not set';
    return "$directory/$file";
}

# Runs the openssl command and returns what it wrote to standard output; dies
# unless it succeeded.
sub openssl {
    my (@arguments) = @_;
    my $errors = pki("openssl.$$");
    open my $saved, '>&', \*STDERR or die "dup: $!";
    open STDERR, '>', $errors or die "$errors: $!";
    my $ran = open my $pipe, '-|', 'openssl', @arguments;
    open STDERR, '>&', $saved or die "dup: $!";
    die "openssl: $!" unless $ran;
    binmode $pipe;
    my $output = do { local $/; <$pipe> };
    close $pipe;
    my $said = slurp($errors);
    unlink $errors;
    die "openssl @arguments: $said" if $?;
    return $output // '';
}

# issue(name => NAME, key => ALGORITHM or the NAME of a certificate whose key to
# use, ca => NAME (self-signed without), as => 'ca', 'client' or 'server',
# names => [DNS names], uris => [URIs], days from now: start => -1, end => 60, or seconds from
# now: start_s, end_s). Returns NAME.
sub issue {
    my (%want) = @_;
    my $name = $want{name};
    my $base = pki($name);
    my $algorithm = $want{key} // 'p256';

    if ($KEYS{$algorithm}) {
        openssl('genpkey', '-quiet', '-algorithm', @{ $KEYS{$algorithm} }, '-out', "$base.key")
            unless $want{keep_key};
    }
    else {
        spew("$base.key", slurp(pki("$algorithm.key")));
    }

    my $extensions = $EXTENSIONS{ $want{as} // 'client' };
    my ($dns, $uri) = (0, 0);
    my @names = map { 'DNS.' . $dns++ . " = $_" } @{ $want{names} // [] };
    # A comma or a semicolon in one of these is its own.
    push @names, map { 'URI.' . $uri++ . ' = ' . s/(["\\])/\\$1/gr } @{ $want{uris} // [] };
    $extensions .= join "\n", 'subjectAltName = @names', '[names]', @names, '' if @names;

    # `openssl ca` is the one command of OpenSSL 3.0 that takes both dates; it
    # wants a database, which is of no use to anyone afterwards.
    my $database = "$base.database";
    spew($database, '');
    spew("$base.cnf", <<"CNF");
[req]
distinguished_name = dn
prompt = no
[dn]
O = mod_client_cert tests
CN = $name
[ca]
default_ca = this
[this]
database = $database
new_certs_dir = $ENV{TEST_PKI}/issued
default_md = sha256
policy = policy
rand_serial = yes
unique_subject = no
x509_extensions = extensions
email_in_dn = no
[policy]
organizationName = optional
commonName = supplied
[extensions]
$extensions
CNF

    my $date = sub { strftime('%Y%m%d%H%M%SZ', gmtime(time + $_[0])) };
    my $start = $date->($want{start_s} // 86400 * ($want{start} // -1));
    my $end = $date->($want{end_s} // 86400 * ($want{end} // 60));
    my $ca = $want{ca};
    openssl('req', '-new', '-config', "$base.cnf", '-key', "$base.key", '-out', "$base.csr");
    openssl(
        'ca', '-batch', '-notext', '-config', "$base.cnf", '-in', "$base.csr",
        '-out', "$base.crt", '-startdate', $start, '-enddate', $end,
        (
            $ca
            ? ('-cert', pki("$ca.crt"), '-keyfile', pki("$ca.key"))
            : ('-selfsign', '-keyfile', "$base.key")
        ),
    );
    unlink "$base.csr", "$base.cnf", glob "$base.database*";
    openssl('x509', '-in', "$base.crt", '-outform', 'DER', '-out', "$base.der");

    # What this one's issuer needs below the root: its own chain, unless it is
    # the root.
    my $above = $ca && -s pki("$ca.issuers") ? slurp(pki("$ca.issuers")) : '';
    my $certificate = slurp("$base.crt");
    my $key = slurp("$base.key");
    spew("$base.issuers", ($ca ? $certificate : '') . $above) if ($want{as} // '') eq 'ca';
    spew("$base.chain", $certificate . $above);
    spew("$base.pem", $certificate . $key . $above);
    spew("$base.pair", $certificate . $key);
    return $name;
}

sub make_all {
    make_path("$ENV{TEST_PKI}/issued");

    issue(name => 'server-ca', as => 'ca', end => 60);
    issue(name => 'server-intermediate', as => 'ca', ca => 'server-ca');
    issue(name => 'client-ca', as => 'ca', key => 'rsa2048', end => 60);
    issue(name => 'client-intermediate', as => 'ca', ca => 'client-ca');
    issue(name => 'client-deeper', as => 'ca', ca => 'client-intermediate');
    issue(name => 'foreign-ca', as => 'ca');

    issue(name => 'origin', as => 'server', ca => 'server-ca', names => ['localhost']);
    # One certificate serves several virtual hosts.
    my @server = (as => 'server', ca => 'server-ca', names => ['*.test']);
    my @under = (@server, ca => 'server-intermediate');

    # The TTRP of most tests: RSA, under an intermediate.
    issue(name => 'ttrp', @under, key => 'rsa2048');
    issue(name => "signer-$_", @server, key => $_)
        for qw(rsa2048 rsa4096 p256 p384 p521 ed25519);
    issue(name => 'signer-under', @under);
    issue(name => 'signer-expired', @server, start => -10, end => -1);
    issue(name => 'signer-future', @server, start => 1, end => 60);
    issue(name => 'signer-rsa1024', @server, key => 'rsa1024');
    issue(name => 'signer-k256', @server, key => 'k256');
    issue(name => 'signer-ed448', @server, key => 'ed448');

    issue(name => 'client-rsa', ca => 'client-ca', key => 'rsa2048');
    issue(name => 'client-p256', ca => 'client-ca');
    issue(name => 'client-under', ca => 'client-intermediate');
    issue(name => 'client-deepest', ca => 'client-deeper');
    issue(name => 'client-expired', ca => 'client-ca', start => -10, end => -1);
    issue(name => 'client-self');
    issue(name => 'client-foreign', ca => 'foreign-ca');
    return;
}

1;
