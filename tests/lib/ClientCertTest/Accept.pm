# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Accept;

# The accept role: origins that take the client's identity from a signed header,
# TTRPs in front of them, and signers of every sort.

use strict;
use warnings;

use Digest::SHA ();
use Exporter 'import';
use MIME::Base64 'encode_base64';
use POSIX ();
use Time::HiRes 'sleep';

use ClientCertTest ();
use ClientCertTest::CMS 'der_of';
use ClientCertTest::Client;
use ClientCertTest::DER qw(children element oid tlv);
use ClientCertTest::PKI qw(issue openssl pki slurp spew);
use ClientCertTest::Server qw(free_port load_modules);

our @EXPORT = qw(
    accept_origin accept_ttrp ask crl env_of error_lines fleet_origin note_of pem_of sf_value
    signed_value trust_pki
);

# Beside the suite's PKI, certificates of the server CA:
#   accept-ttrp   the TTRP, ttrp.example
#   accept-other  another server, other.example
#   accept-user   a user, whose certificate has no name of a server
#   accept-named  a user with a name, user.example
sub trust_pki {
    my %names = (
        'accept-ttrp' => [as => 'server', names => ['ttrp.example', 'other-name.example']],
        'accept-other' => [as => 'server', names => ['other.example']],
        'accept-user' => [as => 'client'],
        'accept-named' => [as => 'client', names => ['user.example', '*.example']],
    );
    for my $name (sort keys %names) {
        issue(name => $name, ca => 'server-ca', @{ $names{$name} }) unless -e pki("$name.pair");
    }
    return;
}

# crl(NAME, CA, [NAMEs of revoked certificates], serials => [of more of them], days => 60,
# ended => 1 for one that is out of date): the file, PEM.
sub crl {
    my ($name, $ca, $revoked, %want) = @_;
    my $base = pki("$name.crldb");
    my $date = sub { POSIX::strftime('%y%m%d%H%M%SZ', gmtime(time + 86_400 * $_[0])) };
    my @serials = map { openssl(qw(x509 -noout -serial -in), pki("$_.crt")) =~ s/^serial=|\n//gr } @$revoked;
    spew($base, map { join("\t", 'R', $date->(30), $date->(-0.5), $_, 'unknown', "/CN=$_") . "\n" }
        @serials, @{ $want{serials} // [] });
    spew("$base.cnf", "[ca]\ndefault_ca=this\n[this]\ndatabase=$base\ndefault_md=sha256\n");
    my @dates = $want{ended}
        ? ('-crl_lastupdate', '20' . $date->(-3), '-crl_nextupdate', '20' . $date->(-1))
        : ('-crldays', $want{days} // 60);
    openssl(qw(ca -gencrl -config), "$base.cnf", '-cert', pki("$ca.crt"), '-keyfile',
        pki("$ca.key"), @dates, '-out', pki("$name.crl"));
    unlink $base, "$base.cnf", glob "$base.*";
    return pki("$name.crl");
}

# What every origin trusts unless the test says otherwise.
sub usual_trust {
    return join "\n", 'ClientCertTrust ' . pki('server-ca.crt'), 'ClientCertTrustName ttrp.example', '';
}

# accept_origin(lines => for its virtual hosts, accept => in place of the usual
# three lines, verify => SSLVerifyClient, global, modules => [more of them], own =>
# 0 to leave the module out, ca => SSLCACertificateFile): a server with {https} and
# {http}, its ports, whose every resource is a CGI script that prints its
# environment. Options that make mod_ssl show the TLS peer are all on.
sub accept_origin {
    my (%want) = @_;
    trust_pki();
    my ($https, $http) = (free_port(), free_port());
    my $accept = $want{accept} // "ClientCertAccept cms\n" . usual_trust();
    my $lines = $want{lines} // '';
    my $tls = $want{tls} // '';
    my $modules = $want{base} // load_modules();
    $modules .= load_modules(@{ $want{modules} }) if $want{modules};
    my $server = ClientCertTest::Server->new(
        name => $want{name} // 'accepts',
        own => $want{own} // 1,
        env => $want{env},
        crash => $want{crash},
        modules => $modules,
        config => <<"CONF",
Listen 127.0.0.1:$https
Listen 127.0.0.1:$http
ScriptSock cgisock
LimitRequestFieldSize 80000
LimitRequestLine 16384
@{[ $want{global} // '' ]}
<Directory $ENV{TEST_HTDOCS}>
    Options +ExecCGI +FollowSymLinks
</Directory>
<VirtualHost 127.0.0.1:$https>
    ServerName localhost
    SSLEngine on
    SSLCertificateFile @{[ pki('origin.crt') ]}
    SSLCertificateKeyFile @{[ pki('origin.key') ]}
    SSLCACertificateFile @{[ $want{ca} // pki('server-ca.crt') ]}
    SSLVerifyClient @{[ $want{verify} // 'optional' ]}
    SSLVerifyDepth 5
    SSLOptions +StdEnvVars +ExportCertData
    $tls
    $accept
    $lines
    ScriptAliasMatch ^/ $ENV{TEST_HTDOCS}/cgi/env
</VirtualHost>
<VirtualHost 127.0.0.1:$http>
    ServerName localhost
    $accept
    $lines
    ScriptAliasMatch ^/ $ENV{TEST_HTDOCS}/cgi/env
</VirtualHost>
@{[ $want{more} // '' ]}
CONF
    );
    @$server{qw(https http)} = ($https, $http);
    return $server->start;
}

# fleet_origin(NAME, address => one of its own, port, depth => SSLVerifyDepth, global, and what
# ClientCertTest::Server->new takes): a machine of a fleet, whose one virtual host is that of an origin.
sub fleet_origin {
    my ($name, %want) = @_;
    my ($place, $depth, $global) = ("$want{address}:$want{port}", $want{depth} // 5, $want{global} // '');
    delete @want{qw(address port depth global)};
    return ClientCertTest::Server->new(name => $name, %want, config => <<"CONF")->start;
Listen $place
$global
ScriptSock cgisock
<Directory $ENV{TEST_HTDOCS}>
    Options +ExecCGI +FollowSymLinks
</Directory>
<VirtualHost $place>
    ServerName localhost
    SSLEngine on
    SSLCertificateFile @{[ pki('origin.crt') ]}
    SSLCertificateKeyFile @{[ pki('origin.key') ]}
    SSLCACertificateFile @{[ pki('server-ca.crt') ]}
    SSLVerifyClient optional
    SSLVerifyDepth $depth
    ClientCertAccept cms
    @{[ usual_trust() ]}
    ScriptAliasMatch ^/ $ENV{TEST_HTDOCS}/cgi/env
</VirtualHost>
CONF
}

# accept_ttrp(ORIGIN or its port, signer => NAME, forward => FORMAT, scheme => of
# the backend, lines): a TTRP in front of it, {port}. The signer's file is its
# own certificate towards the origin, too.
sub accept_ttrp {
    my ($origin, %want) = @_;
    trust_pki();
    my $signer = $want{signer} // 'accept-ttrp';
    my $scheme = $want{scheme} // 'https';
    my $backend = ref $origin ? $origin->{ $scheme =~ /^(?:https|h2)$/ ? 'https' : 'http' } : $origin;
    my $host = $scheme =~ /^(?:https|h2)$/ ? 'localhost' : '127.0.0.1';
    my $port = free_port();
    my $server = ClientCertTest::Server->new(
        name => $want{name} // 'ttrp',
        config => ClientCertTest::server_config(
            port => $port,
            signer => $signer,
            verify => $want{verify},
            tls => $want{tls},
            global => $want{global},
            forward => join("\n",
                'ClientCertForward ' . ($want{forward} // 'cms'),
                'ClientCertSigner ' . pki("$signer.pem"),
                $want{lines} // '',
                "ProxyPass /capture/ https://localhost:$ENV{TEST_ORIGIN_HTTPS}/ ttl=1",
                "ProxyPass / $scheme://$host:$backend/ " . ($want{worker} // '')),
        ),
    );
    $server->{port} = $port;
    return $server->start;
}

# What the script at the end printed: {NAME => VALUE}; undef if it did not run.
sub env_of {
    my ($response) = @_;
    return unless ($response->header('Content-Type') // '') eq 'text/x-environment';
    return { map { /\A([^=]*)=(.*)\z/s ? ($1, $2) : () } split /\0/, $response->body };
}

# One request on a connection of its own to SERVER: ask(PORT, TARGET, client
# options).
sub ask {
    my ($port, $target, %want) = @_;
    return ClientCertTest::get($target, port => $port, sni => 'localhost', %want);
}

# The values of notes in the access log of a server, and the lines of its error
# log that this module wrote for one request.
sub note_of {
    my ($server, $response) = @_;
    return ClientCertTest::logged($response, $server->access_log)->{accept};
}

sub error_lines {
    my ($server) = @_;
    return grep {/\[client_cert:/} split /\n/, slurp($server->error_log);
}

# IssuerAndSerialNumber of a certificate.
sub issuer_and_serial {
    my ($der) = @_;
    my ($tbs) = children((element($der))[0]);
    my @fields = children($tbs);
    shift @fields if $fields[0]{tag} == 0xa0;
    return tlv(0x30, $fields[2]{whole}, $fields[0]{whole});
}

# signed_value(SIGNER, CLIENT, age => SECONDS, certs => [NAMEs], key => NAME of
# another's key, sid => NAME of another's certificate): a `cms` value as the
# holder of the signer's P-256 key makes it.
sub signed_value {
    my ($signer, $client, %want) = @_;
    my $content = der_of($client);
    my $sha256 = tlv(0x30, oid('2.16.840.1.101.3.4.2.1'));
    my $time = POSIX::strftime('%y%m%d%H%M%SZ', gmtime(time - ($want{age} // 0)));
    my @attributes = (
        ['1.2.840.113549.1.9.3', oid('1.2.840.113549.1.7.1')],
        ['1.2.840.113549.1.9.4', tlv(4, Digest::SHA::sha256($content))],
        ['1.2.840.113549.1.9.5', tlv(23, $time)],
    );
    my $attributes = join '', sort { $a cmp $b }
        map { tlv(0x30, oid($_->[0]), tlv(0x31, $_->[1])) } @attributes;
    my $file = spew(pki("accept.$$.attributes"), tlv(0x31, $attributes));
    my $signature = openssl(qw(dgst -sha256 -sign), pki(($want{key} // $signer) . '.key'), $file);
    unlink $file;
    my $certificates = join '', sort { $a cmp $b } map { der_of($_) } @{ $want{certs} // [$signer] };
    my $data = tlv(0x30,
        tlv(2, "\1"), tlv(0x31, $sha256),
        tlv(0x30, oid('1.2.840.113549.1.7.1'), tlv(0xa0, tlv(4, $content))),
        (length $certificates ? tlv(0xa0, $certificates) : ()),
        tlv(0x31, tlv(0x30,
            tlv(2, "\1"), issuer_and_serial(der_of($want{sid} // $signer)), $sha256,
            tlv(0xa0, $attributes), tlv(0x30, oid('1.2.840.10045.4.3.2')), tlv(4, $signature))));
    return encode_base64(tlv(0x30, oid('1.2.840.113549.1.7.2'), tlv(0xa0, $data)), '');
}

# A certificate as a Byte Sequence.
sub sf_value { return ':' . encode_base64(der_of($_[0]), '') . ':' }

# SSL_CLIENT_CERT of a certificate.
sub pem_of { return openssl(qw(x509 -in), pki("$_[0].crt")) }

1;
