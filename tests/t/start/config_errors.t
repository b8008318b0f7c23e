# SPDX-License-Identifier: Apache-2.0

# Mistakes show at start-up: `httpd -t` fails with one line that names the
# directive, the file and the fault.

use ClientCertTest;
use POSIX ();
use ClientCertTest::Mistakes;

my $scratch = scratch();
my ($certificate, $key, $other) = map { slurp(pki($_)) }
    qw(signer-p256.crt signer-p256.key signer-p384.crt);

my $encrypted = openssl(qw(pkey -aes256 -passout pass:secret -in), pki('signer-p256.key'));
my $traditional = openssl(qw(ec -aes256 -passout pass:secret -in), pki('signer-p256.key'));
(my $damaged = $certificate) =~ s/\A(.{200}).{40}/$1!!!!/s;
(my $truncated = $certificate) =~ s/\A(.{300}).*/$1/s;

my $unreadable = file('unreadable.pem', $certificate, $key);
chmod 0, $unreadable;
my $pipe = "$scratch/pipe";
POSIX::mkfifo($pipe, 0600) or die "$pipe: $!";

# Nine certificates, each the next one's issuer.
my $above = 'server-ca';
for my $n (1 .. 8) {
    $above = issue(name => "config-ca-$$-$n", as => 'ca', ca => $above, keep_key => 0);
}
issue(name => "config-deep-$$", as => 'server', ca => $above);

my %GOOD = (
    file => pki('signer-p256.pem'),
    certificate => pki('signer-p256.crt'),
    key => pki('signer-p256.key'),
);

# The same in other clothes.
my %other = (
    p7 => file('signer.p7b', openssl(qw(crl2pkcs7 -nocrl -certfile), $GOOD{certificate})),
    p12 => file('signer.p12', openssl(qw(pkcs12 -export -passout pass:x -in), $GOOD{file})),
    keyder => file('key.der', openssl(qw(pkey -outform DER -in), $GOOD{key})),
    openssh => file('id_ed25519', map {"-----$_ OPENSSH PRIVATE KEY-----\n"} "BEGIN", "END"),
);

# As refused() has them.
my @CASES = (
    # ClientCertForward
    ['an unknown format', host => 'ClientCertForward pkcs7', qr/pkcs7/],
    ['no format', host => 'ClientCertForward', qr/argument/],
    ['too many words', host => 'ClientCertForward cms X-Cert more', qr/argument/],
    # httpd itself takes an empty word at the end for none.
    (map { ["an empty value: $_", host => $_, qr/one of its values is empty/] }
        'ClientCertForward cms ""', "ClientCertSigner $GOOD{file} \"\"", 'ClientCertForwardVariable off ""'),
    ['a header for off', host => 'ClientCertForward off X-Cert', qr/off/],
    ['off after a format', host => "ClientCertForward cms\nClientCertForward off", qr/off/],
    ['off before a format', host => "ClientCertForward off\nClientCertForward cms", qr/off/],
    ['off beside a format in a Location',
        location => "ClientCertForward cms\nClientCertForward off", qr/off/],
    ['off beside a format in the server', server => "ClientCertForward cms\nClientCertForward off", qr/off/],
    ['two formats for one header', host => "ClientCertForward cms\nClientCertForward rfc9440", qr/Client-Cert/],
    ['the same line twice', host => "ClientCertForward cms\nClientCertForward cms", qr/Client-Cert/],
    ['two names that fold to one',
        host => "ClientCertForward cms X-Cert\nClientCertForward rfc9440 X_Cert", qr/X_Cert/],
    ['two names that fold to one, by case and dot',
        host => "ClientCertForward cms X-Cert\nClientCertForward rfc9440 x.CERT", qr/x\.CERT/],
    ['a name that folds to the default',
        host => "ClientCertForward cms\nClientCertForward rfc9440 client_cert", qr/client_cert/],
    ['a header with a space', host => 'ClientCertForward cms "X Cert"', qr/X Cert/],
    ['a header with a colon', host => 'ClientCertForward cms X-Cert:', qr/X-Cert:/],
    ['a header beyond ASCII', host => "ClientCertForward cms X-C\xc3\xa9rt", qr/header|token|name/],
    ['a header with a quote', host => q(ClientCertForward cms 'X-"Cert"'), qr/X-/],
    (map { ["the header $_", host => "ClientCertForward cms $_", qr/\Q$_\E/] }
        qw(Host Connection Content-Length Transfer-Encoding TE Upgrade Trailer Keep-Alive Expect
        Authorization host transfer-encoding ETag location Server WWW-Authenticate Last-Modified
        Strict-Transport-Security Alt-Svc Destination X-Sendfile)),
    (map { ["a format in the header's place, $_", host => "ClientCertForward cms $_", qr/\Q$_\E.*format/] }
        qw(rfc9440 cms CMS-SF escaped-pem xfcc)),
    ['in <Proxy>', proxy => 'ClientCertForward cms', qr/Proxy|not allowed/],
    ['in <Proxy> of a virtual host', host_proxy => 'ClientCertForward cms', qr/Proxy|not allowed/],
    ['in <ProxyMatch>', proxy_match => 'ClientCertForward cms', qr/Proxy|not allowed/],

    # ClientCertForwardVariable
    ['no variable', host => 'ClientCertForwardVariable X-Name', qr/variable/],
    ['too many words', host => 'ClientCertForwardVariable X-Name SSL_CLIENT_S_DN more', qr/argument/],
    ['a variable for off', host => 'ClientCertForwardVariable off SSL_CLIENT_S_DN', qr/off/],
    ['off after a header',
        host => "ClientCertForwardVariable X-Name SSL_CLIENT_S_DN\nClientCertForwardVariable off", qr/off/],
    ['off before a header',
        location => "ClientCertForwardVariable off\nClientCertForwardVariable X-Name SSL_CLIENT_S_DN", qr/off/],
    (map { ["the variable $_", host => "ClientCertForwardVariable X-Name $_", qr/"\Q$_\E": .*variable/] }
        qw(SSL_CLIENT SSL_CLIENT_ SSL_CLIENT_S_DN_XX SSL_CLIENT_X_DN s_dn SSL_SERVER_S_DN HTTPS REMOTE_USER
        SSL_CLIENT_S_DN_CN_ SSL_CLIENT_S_DN_CN_99999999999 SSL_CLIENT_S_DN_CN_x SSL_CLIENT_SAN_DNS
        SSL_CLIENT_SAN_DNS_x SSL_CLIENT_SAN_URI_0 SSL_CLIENT_VERIFY_ SSL_CLIENT_B64CERT SSL_CLIENT_CERTS
        CLIENT_CERT_VERIFY CLIENT_CERT_SIGNER_S_DN CLIENT_CERT_SIGNING_TIME CLIENT_CERT_SHA1)),
    (map { ["the variable $_", host => "ClientCertForwardVariable X-Name $_", qr/"\Q$_\E": .*lines/] }
        qw(SSL_CLIENT_CERT ssl_client_cert SSL_CLIENT_CERT_CHAIN_0 SSL_CLIENT_CERT_CHAIN_12)),
    ['two variables for one header',
        host => "ClientCertForwardVariable X-Name SSL_CLIENT_S_DN\nClientCertForwardVariable x_name SSL_CLIENT_I_DN",
        qr/x_name.*X-Name/],
    ['the same line twice', location =>
        "ClientCertForwardVariable X-Name SSL_CLIENT_S_DN\nClientCertForwardVariable X-Name SSL_CLIENT_S_DN",
        qr/X-Name/],
    ['a header of ClientCertForward',
        host => "ClientCertForward cms X-Cert\nClientCertForwardVariable X.Cert SSL_CLIENT_S_DN", qr/X\.Cert.*X-Cert/],
    ['a header of a ClientCertForward that follows',
        host => "ClientCertForwardVariable Client_Cert SSL_CLIENT_S_DN\nClientCertForward cms",
        qr/Client_Cert.*Client-Cert/, undef, 'ClientCertForwardVariable'],
    ['a header of the server\'s ClientCertForward', server =>
        "ClientCertForward cms X-Cert\n<VirtualHost 127.0.0.1:80>\n<Location /x>\n"
        . "ClientCertForwardVariable X_CERT SSL_CLIENT_S_DN\n</Location>\n</VirtualHost>",
        qr/X_CERT.*X-Cert/, undef, 'ClientCertForwardVariable'],
    ['a header of a virtual host\'s ClientCertForward', server =>
        "ClientCertForwardVariable X_CERT SSL_CLIENT_S_DN\n<VirtualHost 127.0.0.1:80>\n<Location /x>\n"
        . "ClientCertForward cms X-Cert\n</Location>\n</VirtualHost>",
        qr/X_CERT.*X-Cert/, undef, 'ClientCertForwardVariable'],
    ['a header with a space', host => 'ClientCertForwardVariable "X Name" SSL_CLIENT_S_DN', qr/X Name/],
    ['a header with a colon', host => 'ClientCertForwardVariable X-Name: SSL_CLIENT_S_DN', qr/X-Name:/],
    (map { ["the header $_", host => "ClientCertForwardVariable $_ SSL_CLIENT_S_DN", qr/\Q$_\E/] }
        qw(Host Connection content_length Authorization Cookie Client-Cert-Chain client_cert_chain)),
    ['a variable in the header\'s place', host => 'ClientCertForwardVariable SSL_CLIENT_S_DN X-Name',
        qr/"X-Name": .*variable/],
    (map { ["LegacyDNStringFormat, $_->[0]", $_->[1] => $_->[2], qr/SSLOptions.*LegacyDNStringFormat/, undef,
        'ClientCertForwardVariable'] }
        ['before', host => "SSLOptions +legacydnstringformat\nClientCertForwardVariable X-Name SSL_CLIENT_S_DN"],
        ['after', host => "ClientCertForwardVariable X-Name SSL_CLIENT_S_DN\nSSLOptions StdEnvVars LegacyDNStringFormat"],
        ['in a section', host => "ClientCertForwardVariable X-Name SSL_CLIENT_S_DN\n<Location /y>\n"
            . "SSLOptions +StdEnvVars +LegacyDNStringFormat\n</Location>"],
        ['in the server', server => "SSLOptions +LegacyDNStringFormat\n<VirtualHost 127.0.0.1:80>\n"
            . "ClientCertForwardVariable X-Name SSL_CLIENT_S_DN\n</VirtualHost>"],
        ['in a virtual host', server => "ClientCertForwardVariable X-Name SSL_CLIENT_S_DN\n"
            . "<VirtualHost 127.0.0.1:80>\nSSLOptions +LegacyDNStringFormat\n</VirtualHost>"]),
    ['in <Proxy>', proxy => 'ClientCertForwardVariable X-Name SSL_CLIENT_S_DN', qr/Proxy|not allowed/],
    ['in <Proxy> of a virtual host', host_proxy => 'ClientCertForwardVariable off', qr/Proxy|not allowed/],
    ['in <ProxyMatch>', proxy_match => 'ClientCertForwardVariable X-Name SSL_CLIENT_S_DN', qr/Proxy|not allowed/],
    ['in <Limit>', limit => 'ClientCertForwardVariable X-Name SSL_CLIENT_S_DN', qr/Limit|not allowed/],

    # ClientCertForwardChain
    ['no flag', host => 'ClientCertForwardChain perhaps', qr/On or Off/i],
    ['nothing', host => 'ClientCertForwardChain', qr/argument|On or Off/i],
    ['in <Proxy>', proxy => 'ClientCertForwardChain on', qr/Proxy|not allowed/],

    # ClientCertSigner
    ['no word', host => 'ClientCertSigner', qr/argument/],
    ['three words', host => "ClientCertSigner $GOOD{certificate} $GOOD{key} more", qr/argument/],
    ['server with a key file', host => "ClientCertSigner server $GOOD{key}", qr/server/],
    ['in a Directory', directory => "ClientCertSigner $GOOD{file}", qr/not allowed/],
    ['in a Location', location => "ClientCertSigner $GOOD{file}", qr/not allowed/],
    ['in <Proxy>', proxy => 'ClientCertSigner server', qr/not allowed/],
    ['in <If>', if => 'ClientCertSigner server', qr/not allowed/],
    (
        map {
            my ($what, $fault, $file, $key_file) = @$_;
            [$what, host => "ClientCertSigner $file" . ($key_file ? " $key_file" : ''), $fault,
                $key_file // $file];
        }
        ['a file that is not there', qr/: the file cannot be read: No such file/,
            "$scratch/absent.pem"],
        ['a key file that is not there', qr/: the file cannot be read: No such file/,
            $GOOD{certificate}, "$scratch/absent.key"],
        ['a file that may not be read', qr/cannot be read: Permission denied/, $unreadable],
        ['a directory', qr/no regular file/, $scratch],
        ['a pipe, which nobody writes to', qr/no regular file/, $pipe],
        ['an empty file', qr/no (?:\w+ )*certificate/i, file('empty.pem', '')],
        ['no certificate', qr/there is a key in the file, and no certificate/, $GOOD{key}],
        ['no key', qr/no (?:\w+ )*key/i, $GOOD{certificate}],
        ['a key file without a key', qr/no (?:\w+ )*key/i, $GOOD{certificate},
            file('no-key.pem', $certificate)],
        ['an empty key file', qr/no (?:\w+ )*key/i, $GOOD{certificate}, file('empty.key', '')],
        ['an encrypted key', qr/encrypted/i, file('encrypted.pem', $certificate, $encrypted)],
        ['an encrypted key in its own file', qr/encrypted/i, $GOOD{certificate},
            file('encrypted.key', $encrypted)],
        ['a key encrypted the old way', qr/encrypted/i, file('old.pem', $certificate, $traditional)],
        ['a key of another certificate', qr/match|does not belong|mismatch/i,
            file('mismatch.pem', $other, $key)],
        ['a key of another certificate, in its own file', qr/match|does not belong|mismatch/i,
            $GOOD{certificate}, pki('signer-p384.key')],
        ['a key of the same kind', qr/match|does not belong|mismatch/i,
            $GOOD{certificate}, pki('server-ca.key')],
        ['two keys', qr/several keys|two keys|more than one (?:\w+ )*key/i,
            file('two-keys.pem', $certificate, $key, slurp(pki('signer-p384.key')))],
        ['a key in either file', qr/several keys|two keys|more than one (?:\w+ )*key/i,
            $GOOD{file}, $GOOD{key}],
        ['a certificate that is none of its chain', qr/unrelated|not on [^:]*chain/i,
            file('unrelated.pem', $certificate, $key, slurp(pki('client-intermediate.crt')))],
        ['another leaf beside it', qr/unrelated|not on [^:]*chain/i,
            file('leaves.pem', $certificate, $key, $other)],
        ['a damaged certificate', qr/PEM|malformed|damaged/i, file('damaged.pem', $damaged, $key)],
        ['a certificate without its end', qr/PEM|malformed|damaged|no (?:\w+ )*certificate/i,
            file('truncated.pem', $key, $truncated)],
        ['DER', qr/is DER, and PEM is wanted/, pki('signer-p256.der')],
        ['PKCS #7', qr/is PKCS #7, and PEM .*-print_certs/, $other{p7}],
        ['PKCS #12', qr/is PKCS #12, and PEM is wanted/, $other{p12}],
        ['a key file in DER', qr/is DER, and PEM is wanted/, $GOOD{certificate}, $other{keyder}],
        ['a key file of PKCS #12', qr/is PKCS #12, and PEM is wanted/, $GOOD{certificate}, $other{p12}],
        ['a key file of OpenSSH', qr/in OpenSSH's own format/, $GOOD{certificate}, $other{openssh}],
        ['RSA of 1024 bits', qr/small|2048|short/i, pki('signer-rsa1024.pem')],
        ['a curve of other use', qr/kind|not supported|unsupported|cannot sign/i, pki('signer-k256.pem')],
        ['Ed448', qr/kind|not supported|unsupported|cannot sign/i, pki('signer-ed448.pem')],
        ['nine certificates', qr/long|more than 8|many/i, pki("config-deep-$$.pem")],
    ),

    # ClientCertSignerCerts
    ['an unknown word', location => 'ClientCertSignerCerts all', qr/all/],
    ['no word', host => 'ClientCertSignerCerts', qr/argument/],
    ['two words', host => 'ClientCertSignerCerts chain none', qr/argument/],
    ['in <Proxy>', proxy => 'ClientCertSignerCerts none', qr/Proxy|not allowed/],

    # ClientCertSignatureLifetime
    (map { ["the number $_", host => qq(ClientCertSignatureLifetime "$_"), qr/\Q$_\E/] }
        '-1', 'soon', '60s', '1.5', '0x10', ' ', '99999999999999999999'),
    ['no number', host => 'ClientCertSignatureLifetime', qr/argument/],
    ['in a Location', location => 'ClientCertSignatureLifetime 60', qr/not allowed/],

    # ClientCertSignatureCache
    (map { ["the size $_", server => qq(ClientCertSignatureCache "$_"), qr/\Q$_\E/] }
        '-1', 'M', '16MB', '16G', '1.5M', ' ', '99999999999999999999M'),
    ['no size', server => 'ClientCertSignatureCache', qr/argument/],
    ['in a virtual host', host => 'ClientCertSignatureCache 1M', qr/VirtualHost|not allowed/],
    ['in a Location', location => 'ClientCertSignatureCache 1M', qr/not allowed|Location/],

    # ClientCertIncoming
    ['an unknown word', host => 'ClientCertIncoming ignore', qr/ignore/],
    ['no word', host => 'ClientCertIncoming', qr/argument/],
    ['in a Location', location => 'ClientCertIncoming reject', qr/not allowed/],
    ['in a Directory', directory => 'ClientCertIncoming reject', qr/not allowed/],

    # ClientCertKnownHeaders
    ['an unknown word', host => 'ClientCertKnownHeaders allow', qr/"allow".*strip, keep/],
    ['no word', server => 'ClientCertKnownHeaders', qr/strip, keep/],
    ['no name', server => 'ClientCertKnownHeaders keep ""', qr/"" is none of the known headers/],
    ['names that strip would keep', host => 'ClientCertKnownHeaders strip X-Client-Verify', qr/"strip" takes no names/],
    (map { ["keep $_, which is none of the list", host => qq(ClientCertKnownHeaders keep X-Client-Verify "$_"),
            qr/"\Q$_\E" is none of the known headers/] }
        'X-Forwarded-For', 'Client-Cert', 'Client_Cert_Chain', 'X-Client-Verify-More', 'X-Client-Verify ', 'X', '',
        'X-SSL-Client Cert', ' X-SSL-Client-Cert'),
    (map { ["keep $_, a family", server => "ClientCertKnownHeaders keep $_", qr/"\Q$_\E": names are written in full/] }
        'X-Amzn-Mtls-*', '*', 'X-SSL-Client-*'),
    (map { ["given twice: $_->[0], $_->[1]", host => "ClientCertKnownHeaders $_->[0]\nClientCertKnownHeaders $_->[1]",
            qr/given twice/] }
        ['strip', 'keep'], ['keep', 'keep'], ['keep', 'keep X-Client-Verify'], ['keep X-Client-Verify', 'strip'],
        ['strip', 'keep X-Client-Verify'], ['keep X-Client-Verify', 'keep']),
    ['in a Location', location => 'ClientCertKnownHeaders keep', qr/not allowed/],
    ['in a Directory', directory => 'ClientCertKnownHeaders keep', qr/not allowed/],
    ['in an If', if => 'ClientCertKnownHeaders keep', qr/not allowed/],
);

cmp_ok(scalar @CASES, '>=', 30, scalar(@CASES) . ' wrong configurations');
refused(@$_) for @CASES;

# The same places take what is right.
my @RIGHT = (
    [server => "ClientCertForward cms\nClientCertForward rfc9440 X-Cert\nClientCertSignatureCache 0"],
    [server => "ClientCertSignatureCache 65536\nClientCertSignatureLifetime 0"],
    [host => "ClientCertForward off\nClientCertForwardChain on\nClientCertSignerCerts none"],
    [host => "ClientCertSigner server\nClientCertSignatureLifetime 86400\nClientCertIncoming reject"],
    [host => "ClientCertSigner $GOOD{file}\nClientCertIncoming strip"],
    [host => "ClientCertSigner $GOOD{certificate} $GOOD{key}"],
    [host => "ClientCertSigner $GOOD{certificate} $GOOD{file}"],
    [host => 'ClientCertSigner ' . file('with-root.pem', $certificate, $key, slurp(pki('server-ca.crt')))],
    [host => 'ClientCertSigner ' . file('key-first.pem', $key, $certificate)],
    [host => 'ClientCertSigner ' . pki('signer-under.pem')],
    [location => "ClientCertForward CMS-SF x-cert\nClientCertSignerCerts Signer"],
    [directory => "ClientCertForward rfc9440\nClientCertForwardChain off"],
    [if => 'ClientCertForward off'],
    [server => "ClientCertKnownHeaders strip"],
    [host => "ClientCertKnownHeaders KEEP"],
    [host => "ClientCertKnownHeaders Keep x_ssl_client_verify X-Amzn-Mtls-Clientcert\nClientCertKnownHeaders keep X-ARR-ClientCert"],
    [server => "ClientCertForwardVariable X-Name SSL_CLIENT_S_DN\nClientCertForwardVariable X-Digest client_cert_sha256"],
    [host => "ClientCertForward cms\nClientCertForwardVariable X-Days SSL_CLIENT_V_REMAIN"],
    [location => "ClientCertForwardVariable off\nClientCertForward cms"],
    [directory => 'ClientCertForwardVariable SSL_CLIENT_S_DN ssl_client_S_DN_CN_1_RAW'],
    [if => 'ClientCertForwardVariable X-Name SSL_CLIENT_S_DN'],
    [host => "SSLOptions StdEnvVars -LegacyDNStringFormat\nClientCertForwardVariable X-Name SSL_CLIENT_S_DN"],
    [server => "SSLOptions LegacyDNStringFormat\nClientCertForward cms"],
    # Two virtual hosts never serve one request.
    [server => join "\n", map {"<VirtualHost 127.0.0.1:80>\nServerName $_\n</VirtualHost>"}
        "a.test\nClientCertForward cms X-Cert", "b.test\nClientCertForwardVariable X_Cert SSL_CLIENT_S_DN",
        "c.test\nSSLOptions +LegacyDNStringFormat"],
);
passes(@$_) for @RIGHT;

for (['cms', 'mod_ssl', qw(proxy)], ['cms', 'mod_proxy', qw(socache_shmcb ssl)],
    ['Variable X-Name SSL_CLIENT_S_DN', 'mod_ssl', qw(proxy)],
    ['Variable X-Name SSL_CLIENT_S_DN', 'mod_proxy', qw(socache_shmcb ssl)]) {
    my ($rest, $missing, @others) = @$_;
    my $line = 'ClientCertForward' . ($rest =~ /^V/ ? '' : ' ') . $rest;
    my ($directive) = $line =~ /^(\S+)/;
    subtest "$directive without $missing" => sub {
        my ($status, $output) = check_config(
            modules => load_modules(qw(mpm_event authz_core mime), @others),
            config => "Listen 127.0.0.1:80\n$line\n",
        );
        isnt($status, 0, 'refused');
        # httpd adds that its check failed.
        my @said = grep { !/AH00014/ } split /\n/, $output;
        is(scalar @said, 1, 'one line') or diag $output;
        like($said[0] // '', qr/$directive: .*$missing/, 'names the directive and what it needs');
    };
}

# A certificate at the end of its life is no mistake of the configuration.
passes(host => 'ClientCertSigner ' . pki("$_.pem")) for qw(signer-expired signer-future);

# KEYFILE holds the certificate as well as the key above; and one file may be
# named by its relative path.
{
    my $server = ClientCertTest::Server->new(
        name => 'relative',
        config => "Listen 127.0.0.1:80\nClientCertSigner relative.pem\n",
    );
    spew("$server->{directory}/relative.pem", slurp($GOOD{file}));
    my $output = qx{$ENV{TEST_HTTPD} -t -f $server->{conf} 2>&1};
    is($?, 0, 'a path relative to ServerRoot') or diag $output;
}

# What -t cannot see: mod_ssl's own certificates, and .htaccess.
for (['signer-k256', qr/kind|not supported|unsupported|cannot sign/i]) {
    my ($name, $fault) = @$_;
    subtest "the start fails: ClientCertSigner server, $name" => sub {
        my $port = free_port();
        my $server = ClientCertTest::Server->new(
            name => $name, config => server_config(port => $port, signer => $name),
        );
        ok(!eval { $server->start }, 'it does not start') or return;
        my @lines = grep { /client_cert:/ } split /\n/, $server->said;
        my ($line) = grep { /error|emerg|crit/ } @lines;
        like($line // '', qr/ClientCert(?:Signer|Forward)/, 'the line names the directive');
        like($line // '', $fault, 'and the fault');
        like($line // '', qr/ttrp\.test|\Q$name\E/, 'and the server or its certificate');
    };
}

subtest '.htaccess' => sub {
    refused_in_htaccess(
        'ClientCertForward cms', 'ClientCertForwardChain on', 'ClientCertSigner server',
        'ClientCertSignerCerts none', 'ClientCertSignatureLifetime 1', 'ClientCertSignatureCache 1M',
        'ClientCertIncoming strip', 'ClientCertKnownHeaders keep',
        'ClientCertForwardVariable X-Name SSL_CLIENT_S_DN',
    );
};

done_testing;
