# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::OddCertificates;

# Client certificates as they come from all over the world, by hand (the openssl
# command would refuse to make most of them), under CAs of their own: @CASES is
# [NAME, arguments of certificate()]. "unreadable" marks what OpenSSL does not take for
# a certificate, "unverified" what it reads and does not verify, and "encoding" what
# is not DER, or what DER leaves open and no CA writes so. The CAs' are in
# variables-ca.crt, the private key of a case in variables-KEY.key.

use strict;
use warnings;

use Encode 'encode';
use Exporter 'import';
use POSIX 'strftime';

use ClientCertTest::DER qw(oid tlv);
use ClientCertTest::PKI qw(openssl pki slurp spew);

our @EXPORT = qw(@CASES certificate to_pem write_case);
our @EXPORT_OK = qw(indefinite long_length);

my %STRINGS = (
    bits => 3, octets => 4, utf8 => 12, numeric => 18, printable => 19, t61 => 20, videotex => 21,
    ia5 => 22, graphic => 25, visible => 26, general => 27, universal => 28, bmp => 30,
    sequence => 0x30,
);

sub string {
    my ($type, $value) = @_;
    return tlv($STRINGS{$type}, $value);
}

my %TYPES = (
    CN => '2.5.4.3', SN => '2.5.4.4', serialNumber => '2.5.4.5', C => '2.5.4.6', L => '2.5.4.7',
    ST => '2.5.4.8', street => '2.5.4.9', O => '2.5.4.10', OU => '2.5.4.11', title => '2.5.4.12',
    description => '2.5.4.13', GN => '2.5.4.42', initials => '2.5.4.43',
    pseudonym => '2.5.4.65', UID => '0.9.2342.19200300.100.1.1',
    DC => '0.9.2342.19200300.100.1.25', Email => '1.2.840.113549.1.9.1',
    unknown => '1.3.6.1.4.1.99999.1',
);

# name([CN => 'value'], [O => utf8 => 'value'], [[OU => ...], [CN => ...]], ...):
# an attribute, or a list of them for a relative name of several values.
sub name {
    my @relative = map { ref $_->[0] ? $_ : [$_] } @_;
    return tlv(0x30, map { tlv(0x31, map { attribute(@$_) } @$_) } @relative);
}

sub attribute {
    my ($type, @value) = @_;
    unshift @value, $type eq 'Email' || $type eq 'DC' ? 'ia5' : 'utf8' if @value == 1;
    return tlv(0x30, oid($TYPES{$type}), string(@value));
}

my %SAN = (
    email => sub { tlv(0x81, @_) },
    dns => sub { tlv(0x82, @_) },
    directory => sub { tlv(0xa4, @_) },
    uri => sub { tlv(0x86, @_) },
    ip => sub { tlv(0x87, @_) },
    rid => sub { my $id = oid(@_); substr $id, 0, 1, "\x88"; $id },
    other => sub { tlv(0xa0, oid($_[0]), tlv(0xa0, $_[1])) },
);
my $UPN = '1.3.6.1.4.1.311.20.2.3';
my $SRV = '1.3.6.1.5.5.7.8.7';

sub extension {
    my ($id, $value) = @_;
    return tlv(0x30, oid($id), tlv(4, $value));
}

sub critical {
    my ($id, $true, $value) = @_;
    return tlv(0x30, oid($id), $true, tlv(4, $value));
}

# An element with its length in three octets, and with one of no definite length.
sub long_length {
    my ($tag, @content) = @_;
    my $content = join '', @content;
    return pack('CCCn', $tag, 0x83, 0, length $content) . $content;
}

sub indefinite {
    my ($tag, @content) = @_;
    return pack('CC', $tag, 0x80) . join('', @content) . "\0\0";
}

my $KEY_USAGE = tlv(3, "\7\x80");

sub san {
    my @names;
    while (my ($kind, $value) = splice @_, 0, 2) {
        push @names, $SAN{$kind}->(ref $value ? @$value : $value);
    }
    return extension('2.5.29.17', tlv(0x30, @names));
}

sub generalized { tlv(24, strftime('%Y%m%d%H%M%SZ', gmtime(time + $_[0]))) }

my $PSS = tlv(0x30, oid('1.2.840.113549.1.1.10'), tlv(0x30,
    tlv(0xa0, tlv(0x30, oid('2.16.840.1.101.3.4.2.1'), tlv(5))),
    tlv(0xa1, tlv(0x30, oid('1.2.840.113549.1.1.8'),
        tlv(0x30, oid('2.16.840.1.101.3.4.2.1'), tlv(5)))),
    tlv(0xa2, tlv(2, "\x20"))));
my %SIGNATURES = (
    'rsa-sha256' => [tlv(0x30, oid('1.2.840.113549.1.1.11'), tlv(5)), qw(dgst -sha256 -sign)],
    'rsa-sha512' => [tlv(0x30, oid('1.2.840.113549.1.1.13'), tlv(5)), qw(dgst -sha512 -sign)],
    'rsa-pss' => [
        $PSS, qw(dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sign),
    ],
    'p256' => [tlv(0x30, oid('1.2.840.10045.4.3.2')), qw(dgst -sha256 -sign)],
    'ed25519' => [tlv(0x30, oid('1.3.101.112')), qw(pkeyutl -sign -rawin -inkey)],
);

my %KEYS = (
    rsa => [qw(RSA -pkeyopt rsa_keygen_bits:2048)],
    pss => [qw(RSA-PSS -pkeyopt rsa_keygen_bits:2048)],
    p256 => [qw(EC -pkeyopt ec_paramgen_curve:P-256)],
    p384 => [qw(EC -pkeyopt ec_paramgen_curve:P-384)],
    ed25519 => ['ED25519'],
    ed448 => ['ED448'],
);
my %spki;
for my $key (keys %KEYS) {
    my $file = pki("variables-$key.key");
    openssl('genpkey', '-quiet', '-algorithm', @{ $KEYS{$key} }, '-out', $file);
    $spki{$key} = openssl('pkey', '-in', $file, '-pubout', '-outform', 'DER');
}

my %CAS = (
    plain => {
        key => 'rsa', sign => 'rsa-sha256',
        subject => name([C => printable => 'DE'], [O => 'Tests'], [CN => 'Plain CA']),
    },
    odd => {
        key => 'p256', sign => 'p256',
        subject => name(
            [C => printable => 'FR'], [[O => "Soci\xc3\xa9t\xc3\xa9, \"A\" + B"], [OU => 'eins']],
            [OU => 't61', "zw\xf6lf"], [OU => ' drei '], [Email => 'ca@example.org'],
            [serialNumber => printable => 'CA-1'], [CN => bmp => encode('UTF-16BE', "\x{416}")],
        ),
    },
    ed25519 => { key => 'ed25519', sign => 'ed25519', subject => name([CN => 'Ed25519 CA']) },
    nameless => { key => 'rsa', sign => 'rsa-sha256', subject => name() },
);

sub certificate {
    my (%want) = @_;
    my $ca = $CAS{ $want{ca} // 'plain' };
    my ($algorithm, @command) = @{ $SIGNATURES{ $want{sign} // $ca->{sign} } };
    my @extensions = @{ $want{extensions} // [] };
    my $version = $want{version} // (@extensions ? "\2" : '');
    my $tbs = ($want{tbs} // \&tlv)->(0x30,
        length $version ? tlv(0xa0, tlv(2, $version)) : (),
        tlv(2, $want{serial} // "\x01"),
        $want{algorithm} // $algorithm,
        $ca->{subject},
        tlv(0x30, $want{from} // generalized(-86400), $want{to} // generalized(30.5 * 86400)),
        $want{subject} // name([CN => $want{name}]),
        ($want{spki} // sub { $_[0] })->($spki{ $want{key} // 'p256' }),
        $want{unique_ids} // '',
        @extensions ? tlv(0xa3, tlv(0x30, @extensions)) : (),
    );
    my $file = spew(pki("variables.$$.tbs"), $tbs);
    my $signature = openssl(@command, pki("variables-$ca->{key}.key"),
        $command[0] eq 'dgst' ? $file : ('-in', $file));
    unlink $file;
    return ($want{outer} // \&tlv)->(0x30, $tbs, $algorithm,
        ($want{bits} // \&tlv)->(3, "\0$signature"));
}

sub to_pem {
    my ($der) = @_;
    my $file = spew(pki("variables.$$.der"), $der);
    my $pem = openssl(qw(x509 -inform DER -in), $file);
    unlink $file;
    return $pem;
}

my @ca_pems;
for my $name (sort keys %CAS) {
    my $basic = extension('2.5.29.19', tlv(0x30, tlv(1, "\xff")));
    push @ca_pems, to_pem(certificate(
        ca => $name, subject => $CAS{$name}{subject}, key => $CAS{$name}{key},
        extensions => [$basic],
    ));
}
spew(pki('variables-ca.crt'), @ca_pems);

my $JP = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e";
# What OpenSSL 3.0 reads and can compare with no time, 3.5 does not read.
my $TOO_SHORT = eval { to_pem(certificate(name => 'short', to => tlv(23, '4912312359Z'))) } ? 'unverified' : 'unreadable';

our @CASES = (
    ['RSA' => key => 'rsa'],
    ['P-256' => key => 'p256'],
    ['P-384' => key => 'p384'],
    ['Ed25519' => key => 'ed25519'],
    ['Ed448' => key => 'ed448'],
    ['RSA-PSS key' => key => 'pss'],
    ['signed with RSA-PSS' => sign => 'rsa-pss'],
    ['signed with SHA-512' => sign => 'rsa-sha512'],
    ['signed with Ed25519' => ca => 'ed25519', key => 'ed25519'],
    ['an odd issuer' => ca => 'odd'],
    ['an issuer without a name' => ca => 'nameless'],
    ['no subject' => subject => name()],
    ['no subject, SAN' => subject => name(), extensions => [san(dns => 'a.example')]],
    ['every attribute' => subject => name(
        [C => printable => 'JP'], [ST => 'Tokyo'], [L => 'Chiyoda'], [O => 'Org'], [OU => 'Unit'],
        [CN => 'Full Name'], [title => 'Dr.'], [initials => 'F.N.'], [GN => 'Full'], [SN => 'Name'],
        [description => 'A person'], [UID => 'full'], [Email => 'full@example.org'],
        [serialNumber => printable => '4711'], [street => 'Street 1'], [pseudonym => 'P'],
        [DC => 'example'], [DC => 'org'], [unknown => 'who knows'],
    )],
    ['attributes repeated' => subject => name(
        (map { [OU => "unit $_"] } 0 .. 12), [CN => 'one'], [CN => 'two'], [UID => 'a'],
        [UID => 'b'], [Email => 'a@example.org'], [Email => 'b@example.org'], [ST => 'x'],
        [ST => 'y'], [serialNumber => printable => '1'], [serialNumber => printable => '2'],
    )],
    ['multi-valued names' => subject => name(
        [[O => 'Org'], [OU => 'a'], [OU => 'b']], [[CN => 'x'], [UID => 'y'], [Email => 'z@z']],
    )],
    ['UTF-8' => subject => name([O => "M\xc3\xbcller & S\xc3\xb6hne"], [CN => $JP],
        [OU => "\xf0\x9f\x98\x80"])],
    ['what RFC 2253 escapes' => subject => name([CN => '#a,b+c"d\\e<f>g;h='], [O => ' both '],
        [OU => 'slash/equals=comma,'], [L => '*()'])],
    ['BMPString' => subject => name([CN => bmp => encode('UTF-16BE', "Gr\x{fc}\x{df}e \x{65e5}")])],
    ['BMPString with surrogates' => unreadable => 1, subject =>
        name([CN => bmp => encode('UTF-16BE', "a\x{1f600}")], [O => 'after'])],
    ['BMPString of odd length' => unreadable => 1, subject => name([CN => bmp => "\0a\0"])],
    ['invalid UTF-8' => unreadable => 1, subject => name([CN => "a\xff\xfe"])],
    ['UniversalString' => subject =>
        name([CN => universal => encode('UTF-32BE', "a\x{fc}\x{1f600}")], [O => 'after'])],
    ['UniversalString out of range' => unreadable => 1, subject =>
        name([CN => universal => "\0\0\0a\x7f\xff\xff\xff"], [O => 'after'])],
    ['T61String' => subject => name([CN => t61 => "caf\xe9 \x80\xff"])],
    ['IA5String with eight bits' => subject =>
        name([CN => ia5 => "\x80\xe9"], [Email => "\xe9\@x"])],
    ['NumericString' => subject => name([CN => numeric => '12 3'], [O => numeric => "a\xff"])],
    ['VisibleString' => unreadable => 1, subject => name([CN => visible => 'visible'])],
    ['PrintableString that is not' => subject => name([CN => printable => "\@_*\xe9"])],
    ['sequence' => subject => name([CN => sequence => string(utf8 => 'inside')], [O => 'after'])],
    ['bits' => subject => name([CN => bits => "\0\xa5\x5a"], [O => 'after'])],
    ['GeneralString' => unreadable => 1, subject => name([CN => general => 'g'])],
    ['GraphicString' => unreadable => 1, subject => name([CN => graphic => 'g'])],
    ['VideotexString' => unreadable => 1, subject => name([CN => videotex => 'v'])],
    ['octets' => unreadable => 1, subject => name([CN => octets => "\0\xff"])],
    ['NUL and control characters' => subject =>
        name([CN => "admin\0.example"], [O => "line\nfeed\ttab\x7fdel\e[31m"], [OU => "\0"]),
        extensions => [san(dns => "good.example\0.evil.example", dns => "a\nb", email => "\0")]],
    ['empty values' => subject => name([CN => ''], [O => printable => ''], [OU => 'last']),
        extensions => [san(dns => '', dns => 'b.example', email => '', email => 'b@example',
            other => [$UPN, string(utf8 => '')], other => [$UPN, string(utf8 => 'u@example')])]],
    ['all values empty' => subject => name([CN => ''])],
    ['long values' => subject =>
        name([CN => 'n' x 5000], (map { [OU => "$_" x 300] } 0 .. 9), [O => "\xc3\xa9" x 3000])],
    ['SANs of every kind' => extensions => [san(
        email => 'a@example.org', dns => 'a.example.org', uri => 'https://example.org/',
        ip => "\x7f\0\0\1", ip => "\0" x 15 . "\1", rid => '1.2.3.4',
        directory => name([CN => 'directory']), email => 'b@example.org', dns => '*.example.org',
        other => [$UPN, string(utf8 => 'user@example.org')],
        other => [$SRV, string(ia5 => '_xmpp-client.example.org')],
        other => ['1.2.3.4', string(utf8 => 'unknown')],
        other => [$UPN, string(utf8 => "\xc3\xbcser\@example.org")],
        other => [$SRV, string(ia5 => '_ldap.example.org')],
    )]],
    ['otherNames of odd types' => extensions => [san(
        other => [$UPN, string(ia5 => 'ia5@example')], other => [$UPN, tlv(5)],
        other => [$UPN, tlv(2, "\1")], other => [$UPN, tlv(0x30, string(utf8 => 'inside'))],
        other => [$UPN, string(utf8 => 'right@example')], other => [$UPN, tlv(0x80, 'context')],
        other => [$UPN, tlv(1, "\xff")], other => [$UPN, string(bmp => "\0a")],
        other => [$SRV, string(utf8 => '_utf8.example')], other => [$SRV, string(ia5 => '_ia5')],
    )]],
    ['invalid UTF-8 in a SAN' => extensions => [san(
        other => [$UPN, string(utf8 => "ok\xff\xfe")], other => [$UPN, string(utf8 => "\xc3")],
        other => [$UPN, string(utf8 => 'valid')], dns => "\xc3\x28", email => "\xff\@x",
    )]],
    ['a thousand SANs' => extensions => [san(
        (map { (dns => "host$_.example") } 0 .. 1049),
        (map { (other => [$UPN, string(utf8 => "u$_")]) } 0 .. 30),
    )]],
    ['a long serial number' => serial => join '', map { chr } 1 .. 90],
    ['a serial number of 20 octets' => serial => "\x7f" x 20],
    ['a serial number with the high bit' => serial => "\0\xff\xee"],
    ['serial number 0' => serial => "\0"],
    ['a negative serial number' => serial => "\xff\x01"],
    ['serial number -128' => serial => "\x80"],
    ['version 1' => version => ''],
    ['version 2' => version => "\1"],
    ['version 3, no extensions' => version => "\2"],
    ['version 5' => version => "\4"],
    ['version 128' => version => "\x7f"],
    ['valid from 1950 to 9999' => from => tlv(23, '500101000000Z'),
        to => tlv(24, '99991231235959Z')],
    ['valid until the end of UTCTime' => from => tlv(23, '000229010203Z'),
        to => tlv(23, '491231235959Z')],
    ['valid until 2050' => to => tlv(24, '20500101000000Z')],
    ['valid for an hour' => to => generalized(3600)],
    ['valid for a day and an hour' => to => generalized(90_000)],
    ['unknown extensions with strings' => extensions => [
        extension('1.2.3.4', string(utf8 => "gr\xc3\xbc\xc3\x9fe")),
        extension('1.2.3.5', string(ia5 => "a\0b\n")),
        extension('1.2.3.4', string(bmp => encode('UTF-16BE', "\x{65e5}\0a"))),
        extension('2.16.840.1.113730.1.13', string(ia5 => 'a comment')),
    ]],
    ['unknown extensions' => extensions =>
        [extension('1.2.3.4', "\x05\0"), san(dns => 'x.example')]],
    map { my ($name, @want) = @$_; [$name, encoding => 1, @want] } (
    ['TBSCertificate with a length in three octets' => tbs => \&long_length],
    ['TBSCertificate of indefinite length' => tbs => \&indefinite],
    ['critical as 01' => extensions => [critical('2.5.29.15', tlv(1, "\1"), $KEY_USAGE)]],
    ['critical as 80' => extensions => [critical('2.5.29.15', tlv(1, "\x80"), $KEY_USAGE)]],
    ['not critical, spelled out' => extensions => [critical('1.2.3.4', tlv(1, "\0"), "\5\0")]],
    ['critical and unknown' => unverified => 1, extensions =>
        [critical('1.2.3.4', tlv(1, "\1"), "\5\0")]],
    ['critical of two octets' => unreadable => 1, extensions =>
        [critical('2.5.29.15', tlv(1, "\1\1"), $KEY_USAGE)]],
    ['an extension in pieces' => extensions =>
        [tlv(0x30, oid('1.2.3.4'), tlv(0x24, tlv(4, "\5"), tlv(4, "\0")))]],
    ['an extension of indefinite length' => extensions =>
        [indefinite(0x30, oid('2.5.29.15'), tlv(4, $KEY_USAGE))]],
    ['an extension with a long length' => extensions =>
        [long_length(0x30, oid('2.5.29.15'), long_length(4, $KEY_USAGE))]],
    ['SAN in BER' => extensions =>
        [extension('2.5.29.17', indefinite(0x30, long_length(0x82, 'ber.example')))]],
    ['SAN that is none' => unverified => 1, extensions => [extension('2.5.29.17', 'nonsense')]],
    ['SAN twice' => unverified => 1, extensions => [san(dns => 'a.example'), san(dns => 'b.example')]],
    ['key usage that is none' => unverified => 1, extensions => [extension('2.5.29.15', 'nonsense')]],
    ['a version that is spelled out' => version => "\0"],
    ['a version that is negative' => version => "\xff"],
    ['a version in two octets' => unreadable => 1, version => "\0\2"],
    ['a serial number with a zero before it' => unreadable => 1, serial => "\0\1"],
    ['a serial number of 300 octets' => serial => "\1" x 300],
    ['unique identifiers' => unique_ids => tlv(0x81, "\0\xaa") . tlv(0x82, "\0\xbb")],
    ['a unique identifier in pieces' => unique_ids => tlv(0xa1, tlv(3, "\0\xaa"), tlv(3, "\0\xbb"))],
    ['a key with a long length' => spki => sub { long_length(0x30, substr $_[0], 2) }],
    ['a key of indefinite length' => spki => sub { indefinite(0x30, substr $_[0], 2) }],
    ['a name in pieces' => subject =>
        tlv(0x30, tlv(0x31, tlv(0x30, oid('2.5.4.3'), tlv(0x2c, tlv(12, 'in '), tlv(12, 'pieces')))))],
    ['a name with a long length' => subject =>
        tlv(0x30, tlv(0x31, tlv(0x30, oid('2.5.4.3'), long_length(12, 'a long length'))))],
    ['a name in an order that is not DER\'s' => subject => name([[OU => 'b'], [OU => 'a']])],
    ['validity in pieces' => to => tlv(0x38, tlv(4, '99991231'), tlv(4, '235959Z'))],
    ['validity with a long length' => to => long_length(24, '99991231235959Z')],
    ['valid until a year zero' => unverified => 1, to => tlv(24, '00000101000000Z')],
    ['valid from a year zero' => from => tlv(24, '00000101000000Z')],
    ['valid until minutes' => $TOO_SHORT => 1, to => tlv(23, '4912312359Z')],
    ['valid until a fraction' => unverified => 1, to => tlv(24, '99991231235959.5Z')],
    ['valid until an offset' => unverified => 1, to => tlv(23, '491231235959+0100')],
    ['valid until a local time' => $TOO_SHORT => 1, to => tlv(24, '99991231235959')],
    ['valid from minutes' => $TOO_SHORT => 1, from => tlv(23, '2001010000Z')],
    ['valid from an offset' => unverified => 1, from => tlv(23, '200101000000-0500')],
    ['valid from a month 13' => unverified => 1, from => tlv(23, '201301000000Z')],
    ['valid until a leap second' => unverified => 1, to => tlv(23, '491231235960Z')],
    ['algorithms that differ' => unverified => 1, algorithm =>
        tlv(0x30, oid('1.2.840.113549.1.1.13'), tlv(5))],
    ),
);

# write_case(FILE, arguments of a case): FILE.crt and FILE.key among the PKI's; what
# certificate() made, or nothing if OpenSSL does not read that.
sub write_case {
    my ($file, %want) = @_;
    my $der = certificate(%want);
    my $pem = eval { to_pem($der) } or return;
    spew(pki("$file.crt"), $pem);
    spew(pki("$file.key"), slurp(pki('variables-' . ($want{key} // 'p256') . '.key')));
    return $der;
}

1;
