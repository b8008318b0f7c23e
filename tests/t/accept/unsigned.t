# SPDX-License-Identifier: Apache-2.0

# The formats that are not signed: what our own proxy writes in each, and what others do, is taken
# from a TLS peer with a trusted name, and from no one else. Of a value nothing is believed but its
# one certificate.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Raw 'exchange';
use Digest::SHA 'sha256_hex';
use MIME::Base64 'encode_base64';

trust_pki();

my %HEADER = (
    rfc9440 => 'Client-Cert', 'escaped-pem' => 'X-SSL-Client-Cert', der => 'X-Client-Cert',
    xfcc => 'X-Forwarded-Client-Cert',
);
my @FORMATS = sort keys %HEADER;
my $locations = join "\n", map {"<Location /$_>\nClientCertAccept $_\n</Location>"} @FORMATS;
my $origin = accept_origin(global => "LogLevel client_cert:trace1", accept => join("\n",
    'ClientCertTrust ' . pki('server-ca.crt'), 'ClientCertTrustName ttrp.example'),
    lines => "$locations\n<Location /named>\nClientCertAccept escaped-pem X-Other\n</Location>\n"
        # Of sections that combine only for a request the start knows nothing.
        . "<LocationMatch /no-peer/>\nClientCertTrustPeer off\n</LocationMatch>");
my $ttrp = accept_ttrp($origin, forward => "rfc9440\n" . join "\n", map {"<Location /$_>\nClientCertForward $_\n</Location>"
    . "\nProxyPass /$_/http/ http://127.0.0.1:$origin->{http}/$_/"} @FORMATS);

sub escaped { return $_[0] =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger }
sub base64 { return encode_base64(der_of($_[0]), '') }
sub hash { return 'Hash=' . sha256_hex(der_of($_[0])) }
sub cert { return 'Cert="' . escaped(pem_of($_[0])) . '"' }

my %VALUE = (
    rfc9440 => \&sf_value, 'escaped-pem' => sub { escaped(pem_of($_[0])) }, der => \&base64,
    xfcc => sub { hash($_[0]) . ';' . cert($_[0]) },
);

sub send_value {
    my ($format, $value, %want) = @_;
    my $peer = exists $want{peer} ? $want{peer} : 'accept-ttrp';
    return ask($origin->{https}, "/$format/x", ($peer ? (cert => $peer) : ()), headers => [$HEADER{$format} => $value]);
}

sub is_client {
    my ($response, $client, $what) = @_;
    is($response->status, 200, $what) or diag((error_lines($origin))[-1]);
    my $env = env_of($response) // {};
    is($env->{SSL_CLIENT_CERT}, pem_of($client), "$what: the certificate");
    is($env->{CLIENT_CERT_VERIFY}, 'SUCCESS', "$what: verified");
    is($env->{CLIENT_CERT_SIGNER_S_DN}, 'CN=accept-ttrp,O=mod_client_cert tests', "$what: who says so");
    is($env->{CLIENT_CERT_SIGNING_TIME}, undef, "$what: not signed");
    is_deeply([grep {/^HTTP_(?:CLIENT_CERT|X_(?:SSL_|FORWARDED_)?CLIENT_CERT)/} keys %$env], [], "$what: no header");
    return;
}

sub refused {
    my ($response, $status, $reason, $what) = @_;
    is($response->status, $status, $what);
    is(env_of($response), undef, "$what: nothing ran");
    my ($line) = (error_lines($origin))[-1] =~ /\[client_cert:info\].* is refused: (.*)/;
    like($line // '', $reason, "$what: the reason");
    return;
}

for my $format (@FORMATS) {
    subtest "$format, from our own proxy" => sub {
        my $through = sub { ask($ttrp->{port}, shift, sni => 'ttrp.test', chain => 1, @_) };
        for my $client (qw(client-rsa client-p256 client-under)) {
            is_client($through->("/$format/x", cert => $client), $client, $client) for 1 .. 2;
        }
        my $env = env_of($through->("/$format/x", headers => [$HEADER{$format} => $VALUE{$format}->('client-rsa')]));
        is($env->{SSL_CLIENT_VERIFY}, 'NONE', 'a forger without a certificate has no identity');
        refused($through->("/$format/http/x", cert => 'client-rsa'), 403, qr/presented no certificate/, 'plain HTTP');
    };

    subtest "$format, and who may send it" => sub {
        my $value = $VALUE{$format}->('client-rsa');
        is_client(send_value($format, $value), 'client-rsa', 'the proxy');
        is_client(send_value($format, $VALUE{$format}->('client-p256')), 'client-p256', 'another client');
        is_client(send_value($format, $value), 'client-rsa', 'again');
        like($origin->said, qr/one that was accepted before/, 'which was known');
        refused(send_value($format, $value, peer => undef), 403, qr/presented no certificate/, 'no certificate');
        refused(send_value($format, $value, peer => 'accept-other'), 403, qr/trusted names/, 'another server');
        refused(send_value($format, $value, peer => 'accept-user'), 403, qr/trusted names/, 'a user of the CA');
        refused(ask($origin->{http}, "/$format/x", tls => 0, headers => [$HEADER{$format} => $value]), 403,
            qr/presented no certificate/, 'plain HTTP');
        refused(ask($origin->{https}, "/$format/no-peer/x", headers => [$HEADER{$format} => $value]), 403,
            qr/presented no certificate/, 'where another section does without the peer');
        my $env = env_of(ask($origin->{https}, "/$format/x", cert => 'accept-ttrp'));
        is($env->{SSL_CLIENT_VERIFY}, 'NONE', 'without the header the proxy is not the client');
    };

    subtest "$format, more than one value" => sub {
        my ($value, $name) = ($VALUE{$format}->('client-rsa'), $HEADER{$format});
        for my $lines (
            ["$name: $value", "$name: $value"], ["$name: $value", lc($name) . ": $value"],
            ["$name: $value", "$name:"],
            ["$name: $value,$value"], ["$name: $value, $value"], ["$name: $value,"], ["$name: ,$value"],
            ["$name: $value;$value"], ["$name: $value $value"], ["$name: $value$value"],
        ) {
            my $request = join "\r\n", "GET /$format/x HTTP/1.1", 'Host: localhost', 'Connection: close', @$lines, '', '';
            my ($statuses) = exchange($request, port => $origin->{https}, tls => '1.3', sni => 'localhost',
                cert => 'accept-ttrp');
            my $what = join ' and ', map { s/\Q$value\E/VALUE/gr } @$lines;
            is_deeply($statuses, [400], $what);
        }
        refused(send_value($format, ''), 400, qr/the header is empty/, 'none');
    };
}

# As nginx, ingress controllers and others write it, or could.
subtest 'escaped-pem' => sub {
    my $pem = pem_of('client-rsa');
    my $value = escaped($pem);
    my %taken = (
        'digits in lower case' => $value =~ s/(%..)/lc $1/ger,
        'no newline at the end' => $value =~ s/%0A\z//r,
        'plus, slash and equals as they are' => $pem =~ s/\n/%0A/gr =~ s/ /%20/gr,
        'spaces as they are' => $pem =~ s/\n/%0A/gr,
        'every octet' => $pem =~ s/(.)/sprintf '%%%02x', ord $1/gesr,
    );
    is_client(send_value('escaped-pem', $taken{$_}), 'client-rsa', $_) for sort keys %taken;
    is_client(ask($origin->{https}, '/named/x', cert => 'accept-ttrp', headers => ['X-Other' => $value]),
        'client-rsa', 'another header');
    for (
        ['escaped twice', $value =~ s/%/%25/gr, qr/percent-encoded twice$/],
        ['pluses for spaces', $value =~ s/%20/+/gr, qr/its spaces are plus signs$/],
        ['spaces for pluses', $value =~ s/%2B/%20/gr, qr/not base64.*white space/],
        ['spaces for newlines', $pem =~ s/\n/ /gr, qr/do not end with line feeds$/],
        ['two newlines at the end', "$value%0A", qr/does not end with/],
        ['two certificates', $value . escaped(pem_of('client-p256')), qr/more than one block/],
        ['a key', escaped(slurp(pki('client-p256.key'))), qr/label is not CERTIFICATE$/],
        ['an escape cut off', "$value%", qr/a percent sign has no two digits/],
        ['a NUL', $value =~ s/%0A/%00/r, qr/not one CERTIFICATE block/],
        ['a Byte Sequence', sf_value('client-rsa'), qr/does not begin with -----BEGIN/],
        ['base64', base64('client-rsa'), qr/does not begin with -----BEGIN/],
        ['no base64', $value =~ s/M/!/r, qr/not base64/],
        ['another content', escaped("-----BEGIN CERTIFICATE-----\nTWFu\n-----END CERTIFICATE-----\n"), qr/not exactly one certificate/],
    ) {
        my ($what, $text, $reason) = @$_;
        refused(send_value('escaped-pem', $text), 400, $reason, $what);
    }
};

subtest 'der' => sub {
    my $value = base64('client-rsa');
    for (
        ['a Byte Sequence', sf_value('client-rsa'), qr/it is a Byte Sequence/],
        ['PEM', escaped(pem_of('client-rsa')), qr/it is PEM/],
        ['the alphabet of URLs', $value =~ s/M/_/r, qr/the alphabet for URLs/],
        (map { ['padding left out', $_ =~ s/=+\z//r, qr/it is cut off, or its padding is not all there/] }
            grep {/=\z/} map { base64($_) } qw(client-rsa client-p256 client-under)),
        ['a parameter', "$value;a", qr/has parameters/],
        ['quotation marks', "\"$value\"", qr/no digit of base64/],
        ['a SignedData', signed_value('accept-ttrp', 'client-rsa'), qr/it is SignedData$/],
        ['two in one', encode_base64(der_of('client-rsa') x 2, ''), qr/octets follow it$/],
    ) {
        my ($what, $text, $reason) = @$_;
        refused(send_value('der', $text), 400, $reason, $what);
    }
};

# The form that Envoy documents, and what a client could have chosen of it.
subtest 'xfcc' => sub {
    my ($hash, $cert) = (hash('client-rsa'), cert('client-rsa'));
    my ($other_hash, $other_cert) = (hash('client-p256'), cert('client-p256'));
    my $rest = 'Subject="CN=client \"rsa\"\, of a;Hash=b,O=c";URI=spiffe://example.org/a?b=c;DNS=a.example;DNS=b.example';
    my %taken = (
        'as Envoy writes it' => "By=spiffe://example.org/proxy;$hash;$cert;$rest",
        'with a chain' => "By=a;$hash;$cert;Chain=\"" . escaped(pem_of('client-rsa') . pem_of('client-p256')) . "\";$rest",
        'in another order' => "$rest;$cert;$hash",
        'keys in any case' => "$rest;$cert;$hash" =~ s/Cert=/cERT=/r =~ s/;Hash=(?=[0-9a-f]{64})/;HASH=/r,
        'no quotation marks' => "$hash;" . $cert =~ s/"//gr,
        'others of everybody' => "$hash;$cert;Subject=\"CN=client-p256\";URI=spiffe://example.org/client-p256",
    );
    is_client(send_value('xfcc', $taken{$_}), 'client-rsa', $_) for sort keys %taken;
    for (
        ['two elements', "$hash;$cert,$other_hash;$other_cert", qr/more than one element/],
        ['one that a client sent in front', "Hash=0,$hash;$cert", qr/more than one element/],
        ['two Certs', "$hash;$cert;$other_cert", qr/Cert is there twice/],
        ['two Certs in different cases', "$hash;$cert;" . lcfirst($other_cert), qr/Cert is there twice/],
        ['two Hashes', "$other_hash;$hash;$cert", qr/Hash is there twice/],
        ['a URI with fields', "$hash;$cert;URI=a;$other_hash;$other_cert", qr/is there twice/],
        ['a URI with an element', "$hash;$cert;URI=a,$other_hash;$other_cert", qr/more than one element/],
        ["another's Hash", "$other_hash;$cert", qr/Hash is not the SHA-256 of Cert/],
        ['no Hash', $cert, qr/Hash is missing/],
        ['no Cert', "$hash;$rest", qr/Cert is missing/],
        ['a chain alone', $hash . ';Chain' . $cert =~ s/Cert//r, qr/Cert is missing/],
        ['a chain in Cert', "$hash;Cert=\"" . escaped(pem_of('client-rsa') . pem_of('client-p256')) . '"', qr/more than one block/],
        ['a subject that is not closed', "$hash;$cert;Subject=\"a\\\"", qr/quotation mark is not closed/],
        ['text after quotation marks', "$hash;$cert;Subject=\"a\"b", qr/out of place/],
        ['a space between fields', "$hash; $cert", qr/a field is not key=value/],
        ['a semicolon at the end', "$hash;$cert;", qr/a field is not key=value/],
        ['bare PEM', escaped(pem_of('client-rsa')), qr/a field is not key=value/],
    ) {
        my ($what, $text, $reason) = @$_;
        refused(send_value('xfcc', $text), 400, $reason, $what);
    }
};

done_testing;
