# SPDX-License-Identifier: Apache-2.0

# What an origin says of a value: those that other libraries write are taken, and
# of those that are not, the log names the very fault.

use ClientCertTest;
use ClientCertTest::Accept;
use MIME::Base64 qw(decode_base64 encode_base64);

trust_pki();
my $ORIGIN = accept_origin(lines => <<'LINES', global => 'Protocols h2 http/1.1');
<Location /cms-sf>
    ClientCertAccept cms-sf
</Location>
<Location /rfc9440>
    ClientCertAccept rfc9440
</Location>
LINES

# What the openssl command signs of a client, with these options.
sub openssl_signs {
    my ($signer, $client, @options) = @_;
    my $der = openssl(qw(cms -sign -nodetach -outform DER -in), pki("$client.der"), '-signer',
        pki("$signer.crt"), '-inkey', pki("$signer.key"), @options);
    return encode_base64($der, '');
}

sub answer {
    my ($value, %want) = @_;
    return ask($ORIGIN->{https}, $want{path} // '/x', cert => $want{peer} // 'accept-ttrp',
        headers => ['Client-Cert' => $value]);
}

sub taken {
    my ($value, $what, %want) = @_;
    my $response = answer($value, %want);
    is($response->status, 200, $what);
    is((env_of($response) // {})->{SSL_CLIENT_S_DN_CN}, $want{client} // 'client-rsa', 'the client');
    return;
}

sub refused {
    my ($value, $status, $reason, $what, %want) = @_;
    my $response = answer($value, %want);
    is($response->status, $status, $what);
    my ($line) = (error_lines($ORIGIN))[-1] =~ /\[client_cert:info\].* is refused: (.*)/;
    like($line // '', $reason, 'the reason');
    ok(length($line // '') < 520, 'which is not too long');
    ok(index($line // '', substr $value, 0, 40) < 0, 'and does not show the value')
        if length $value >= 40;
    return;
}

subtest 'OpenSSL\'s values, of every key and digest' => sub {
    for my $key (qw(rsa2048 p256 p384 p521)) {
        my $signer = "accept-$key";
        issue(name => $signer, as => 'server', ca => 'server-ca', names => ['ttrp.example'], key => $key);
        for my $options ([], [qw(-md sha256)], [qw(-md sha384)], [qw(-md sha512)], ['-cades'],
            [qw(-cades -md sha512)], ['-nosmimecap'])
        {
            taken(openssl_signs($signer, 'client-rsa', '-binary', @$options), "$key @$options", peer => $signer);
        }
    }
};

subtest 'what OpenSSL writes otherwise' => sub {
    for (
        [[], qr/signed as text.*CR LF|it is cut off, as by openssl cms -sign without -binary/, 'without -binary'],
        [['-text'], qr/signed as text.*MIME header/, '-text'],
        [[qw(-binary -stream)], qr/BER, not DER: a length is indefinite$/, '-stream'],
        [[qw(-binary -keyid)], qr/not identified by issuer and serial number: by subjectKeyIdentifier$/, '-keyid'],
        [[qw(-binary -econtent_type 1.2.3.4)], qr/not id-data: 1\.2\.3\.4$/, '-econtent_type'],
        [[qw(-binary -noattr)], qr/no signed attributes$/, '-noattr'],
        [[qw(-binary -md sha1)], qr/digest algorithm.*: 1\.3\.14\.3\.2\.26$/, '-md sha1'],
    ) {
        my ($options, $reason, $what) = @$_;
        refused(openssl_signs('accept-ttrp', 'client-rsa', @$options), 400, $reason, $what);
    }
};

subtest 'particulars' => sub {
    my $good = signed_value('accept-ttrp', 'client-rsa');
    taken($good, 'as it should be');
    my $digest = Digest::SHA::sha256_hex(der_of('client-rsa'));
    # Another octet of the signature that is in the certificate.
    my $der = decode_base64($good);
    my $content = der_of('client-rsa');
    my $at = index($der, $content) + length($content) - 1;
    substr $der, $at, 1, substr($der, $at, 1) ^ "\1";
    my $other = Digest::SHA::sha256_hex(substr $der, index($der, substr $content, 0, 100), length $content);
    refused(encode_base64($der, ''), 403,
        qr/SHA-256 of the content is $other, the attribute $digest$/, 'both digests');

    # messageDigest becomes another attribute, and so does signingTime.
    $der = decode_base64($good);
    my $oid = pack 'H*', '06092a864886f70d010904';
    substr $der, index($der, $oid) + length($oid) - 1, 1, "\x03";
    refused(encode_base64($der, ''), 400, qr/there twice: contentType$/, 'which attribute is there twice');
    $der = decode_base64($good);
    $oid = pack 'H*', '06092a864886f70d010905';
    substr $der, index($der, $oid) + length($oid) - 1, 1, "\x2c";
    refused(encode_base64($der, ''), 400, qr/missing: signingTime$/, 'which attribute is missing');

    for ([[], 'it has none'], [['one.example', '*.two.example'], 'it has one\.example, \*\.two\.example']) {
        my ($names, $said) = @$_;
        my $signer = 'accept-names-' . @$names;
        issue(name => $signer, as => 'server', ca => 'server-ca', @$names ? (names => $names) : ());
        refused(signed_value($signer, 'client-rsa'), 403, qr/none of the trusted names: $said$/,
            "the names: $said", peer => $signer);
    }
};

subtest 'rfc9440, as others write it' => sub {
    my $value = sf_value('client-rsa');
    my $bare = $value =~ s/=+:$/:/r;
    my %at = (path => '/rfc9440/x');
    taken($value, 'as we write it', %at);
    taken($bare, 'without padding', %at);
    taken("$value;a", 'a parameter', %at);
    taken("$bare; a=\"x;y\";b=:Zg:;c=?0", 'several parameters', %at);
    taken("  $value \t", 'white space around it, which is HTTP\'s', %at);
    for my $name (map {"client-$_"} qw(rsa p256)) {
        taken(sf_value($name) =~ s/=+:$/:/r, "$name without padding", %at, client => $name);
    }
    for (
        ["$value;A", qr/Byte Sequence.*: a parameter after it is malformed$/, 'a key in capitals'],
        ["$value;a=", qr/a parameter after it is malformed$/, 'a parameter without a value'],
        ["$value, $value", qr/: it goes on after its end$/, 'two'],
        [encode_base64(der_of('client-rsa'), ''), qr/: it does not begin with a colon$/, 'no Byte Sequence'],
        [':' . signed_value('accept-ttrp', 'client-rsa') . ':', qr/: it is SignedData$/, 'cms-sf'],
    ) {
        my ($text, $reason, $what) = @$_;
        refused($text, 400, $reason, $what, %at);
    }
    # cms-sf is written by this module, and by those who sign: padded, and nothing else.
    my $signed = ':' . signed_value('accept-ttrp', 'client-rsa') . ':';
    %at = (path => '/cms-sf/x');
    taken($signed, 'cms-sf', %at);
    refused("$signed;a", 400, qr/it does not end with a colon$/, 'cms-sf with a parameter', %at);
};

subtest 'an empty header' => sub {
    for my $path ('/x', '/cms-sf/x', '/rfc9440/x') {
        for my $value ('', '   ') {
            refused($value, 400, qr/^the header is empty \(some proxies send it so/, "$path: '$value'",
                path => $path);
        }
    }
};

done_testing;
