# SPDX-License-Identifier: Apache-2.0

# The SSL_CLIENT_* that the core computes from a certificate are those of mod_ssl,
# byte for byte: what it exports with StdEnvVars and ExportCertData, and what it
# answers by name, PeerExtList included. Where mod_ssl has LegacyDNStringFormat the
# names are those that it has without. A server of its own asks both about every
# client certificate (../variables/mod_variables_test.c).

use Digest::SHA 'sha256';
use MIME::Base64 'encode_base64url';
use Time::Piece;

use ClientCertTest;
use ClientCertTest::OddCertificates;
use ClientCertTest::VariablesServer;

# Everything that mod_ssl answers by name, and what only looks so.
sub variables {
    my @attributes = qw(C ST SP L O OU CN T I G S D SerialNumber UID Email DC GN SN cn email Foo);
    my @suffixes = ('', qw(_0 _1 _2 _9 _10 _12 _13 _RAW _0_RAW _1_RAW _2_RAW _raw _ __ _x _1x _01
        _-1 _1_2 _RAW_1 _1_RAW_RAW _RAW_RAW _4294967296 _4294967297 _2147483648
        _99999999999999999999));
    my @names = map {
        my $dn = $_;
        ("${dn}_DN", "${dn}_DN_", "${dn}_DNS", map { my $a = $_; map {"${dn}_DN_$a$_"} @suffixes }
            @attributes, '', 'RAW', '1')
    } qw(S I);
    push @names, qw(s_DN i_DN s_DN_CN i_DN_CN S_dn S_dn_CN I_dn_O X_DN X_DN_CN _DN DN _DN_CN),
        qw(M_VERSION M_SERIAL V_START V_END V_REMAIN A_KEY A_SIG CERT CERT_RFC4523_CEA VERIFY
            m_version cert verify Cert_Rfc4523_cea M_VERSION_ M_ A_ CERTS B64CERT VERIFY_ERRSTR
            CERT_CHAIN_ CERT_CHAIN_x), '', '_', 'S', 'SAN', 'SAN_';
    for my $kind (qw(Email DNS OTHER_msUPN OTHER_dnsSRV email dns other_msUPN other_dnsSRV
        OTHER_MSUPN OTHER_msupn OTHER_DNSSRV OTHER_ OTHER URI IP OTHER_xmppAddr)) {
        push @names, map {"SAN_$kind$_"} '', '_',
            map {"_$_"} 0 .. 10,
                qw(00 0001 0010 00001 30 31 999 1000 1049 1050 9999 10000 -1 1x x 1_);
    }
    return ((map {"SSL_CLIENT_$_"} @names), 'ssl_client_S_DN_CN', 'Ssl_Client_M_Serial',
        'ssl_client_san_dns_0', 'SSL_CLIENTS', 'SSL_CLIENT');
}
my @variables = grep { !is_of_newer_httpd($_) } variables();
my ($server, $port) = variables_server(
    names => \@variables,
    extensions => [qw(subjectAltName 2.5.29.17 basicConstraints 1.2.3.4 1.2.3.5 nsComment commonName
        none 1.2 1.2.3.), 'X509v3 Subject Alternative Name', ''],
    config => <<'CONF',
SetHandler variables-test
<LocationMatch "cert">
    SSLOptions +ExportCertData
</LocationMatch>
<LocationMatch "legacy">
    SSLOptions +LegacyDNStringFormat
</LocationMatch>
CONF
);

# {env => {ssl => [lines], ours => [lines]}, var => {...}, ext => {...}, made => {...}}
# for one request. The extensions stay in their order.
sub both {
    my ($client, $path) = @_;
    my $response = $client->request($path);
    my %both = map { ($_ => { ssl => [], ours => [] }) } qw(env var ext made);
    for (split /\n/, $response->body // '') {
        my ($what, $whose, $line) = split / /, $_, 3;
        push @{ $both{$what}{$whose} }, $line;
    }
    @$_ = sort grep { !is_of_newer_httpd($_) } @$_ for map { values %$_ } @both{qw(env var)};
    return ($response->status, %both);
}

# Whether a line has a whole distinguished name.
sub is_dn { $_[0] =~ /^SSL_CLIENT_[SI]_DN=/i }

sub days { join ' ', grep {/_V_REMAIN=/} @{ $_[0] } }

my $extensions = 0;
for (@CASES) {
    my ($name, %want) = @$_;
    subtest $name => sub {
        my $file = "variables-case.$$";
        my $pem = eval { to_pem(certificate(name => $name, %want)) };
        if ($want{unreadable}) {
            is($pem, undef, 'OpenSSL does not read it as a certificate');
            return;
        }
        ok($pem, 'is a certificate') or diag($@), return;
        spew(pki("$file.crt"), $pem);
        spew(pki("$file.key"), slurp(pki('variables-' . ($want{key} // 'p256') . '.key')));
        my $client = eval { client(port => $port, cert => $file, tls => '1.2') };
        unlink map { pki("$file.$_") } qw(crt key);
        if ($want{unverified}) {
            is($client, undef, 'mod_ssl does not take it');
            return;
        }
        ok($client, 'connects') or diag($@), return;
        my %without_legacy;
        for my $path (qw(/std /cert /legacy /legacy/cert)) {
            my $legacy = $path =~ /legacy/;
            # A second look in case a day of V_REMAIN ended in between.
            my ($status, %both);
            for (1 .. 2) {
                ($status, %both) = both($client, $path);
                last if days($both{env}{ssl}) eq days($both{env}{ours});
            }
            is($status, 200, "$path: answered");
            cmp_ok(scalar @{ $both{env}{ssl} }, '>=', 10, "$path: something is exported");
            my ($env, $var) = map { $both{$_}{ssl} } qw(env var);
            is(scalar @$var, scalar @variables, "$path: all were asked for");
            if ($legacy) {
                is_deeply([grep { !m{=(?:/|$)} } grep { is_dn($_) } @$env, @$var], [],
                    "$path: mod_ssl's names are in the old format");
                ($env, $var) = map {
                    [sort +(grep { !is_dn($_) } @{ $both{$_}{ssl} }), grep { is_dn($_) } @{ $without_legacy{$_}{ssl} }]
                } qw(env var);
            }
            elsif ($path eq '/std') {
                %without_legacy = %both;
            }
            is_deeply($both{env}{ours}, $env, "$path: the environment");
            is_deeply($both{var}{ours}, $var, "$path: variables by name");
            is_deeply($both{ext}{ours}, $both{ext}{ssl}, "$path: extensions");
        }
        my %made = map { split /=/, $_, 2 } @{ $without_legacy{made}{ours} };
        is($made{CLIENT_CERT_VERIFY}, 'SUCCESS', 'verified');
        is_deeply(["CLIENT_CERT_SIGNER_S_DN=$made{CLIENT_CERT_SIGNER_S_DN}"], $without_legacy{made}{ssl},
            'by the server, as mod_ssl writes its name');
        my $sha256 = sha256(pem_to_der($pem));
        is($made{CLIENT_CERT_SHA256}, unpack('H*', $sha256), 'the digest');
        is($made{CLIENT_CERT_X5T_S256}, encode_base64url($sha256), 'and in base64url');
        my ($signed) = $made{CLIENT_CERT_SIGNING_TIME} =~ /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z$/;
        cmp_ok(abs(time - Time::Piece->strptime($signed // '1970-01-01T00:00:00', '%Y-%m-%dT%H:%M:%S')->epoch),
            '<=', 60, 'a moment ago');
        $extensions += @{ $without_legacy{ext}{ssl} };
    };
}
cmp_ok($extensions, '>=', 10, "$extensions extensions");

done_testing;
