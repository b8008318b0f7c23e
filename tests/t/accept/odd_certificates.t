# SPDX-License-Identifier: Apache-2.0

# Client certificates in encodings that DER does not have. Whatever mod_ssl verifies at
# the proxy reaches every backend in the octets that OpenSSL writes for it, in each
# format, on full and on resumed sessions; an origin that is httpd takes it, and its
# application sees what mod_ssl at a TLS httpd would show. What is not carried is
# refused at both ends, and the log says why.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::DER 'tlv';
use ClientCertTest::OddCertificates qw(@CASES certificate indefinite long_length to_pem write_case);
use ClientCertTest::Raw 'show_certificates';
use MIME::Base64 qw(decode_base64 encode_base64);

trust_pki();

my %HEADERS = (
    cms => 'Client-Cert', 'cms-sf' => 'X-Sf', rfc9440 => 'X-Rfc', 'escaped-pem' => 'X-Pem', der => 'X-Der',
);
my $trust = join "\n", 'ClientCertTrust ' . pki('server-ca.crt'), 'ClientCertTrustName ttrp.example';
my $locations = join "\n", map {"<Location /$_>\nClientCertAccept $_ $HEADERS{$_}\n$trust\n</Location>"}
    sort keys %HEADERS;
my $origin = accept_origin(accept => '', lines => $locations);

# A TLS httpd without the module, and a TTRP before the origin.
my $ca = 'SSLCACertificateFile ' . pki('variables-ca.crt');
my $direct = accept_origin(own => 0, accept => '', verify => 'require', ca => pki('variables-ca.crt'),
    name => 'direct');
my $ttrp = accept_ttrp($origin, tls => "$ca\nSSLVerifyClient require", forward => <<'FORWARD');
cms
ClientCertForward cms-sf X-Sf
ClientCertForward rfc9440 X-Rfc
ClientCertForward escaped-pem X-Pem
ClientCertForward der X-Der
<Location /capture/xfcc>
    ClientCertForward xfcc
</Location>
FORWARD

sub unescaped { $_[0] =~ s/%(..)/chr hex $1/ger }

# The certificate in each value that a backend was sent, DER.
sub carried {
    my ($response) = @_;
    my $value = sub { ($response->sent($_[0]))[0] // '' };
    my $cms = decode_cms($value->('Client-Cert'));
    my $sf = decode_sf($value->('X-Sf'));
    return {
        cms => $cms && cms_verified($cms), 'cms-sf' => $sf && cms_verified($sf),
        rfc9440 => decode_sf($value->('X-Rfc')), 'escaped-pem' => pem_to_der(unescaped($value->('X-Pem'))),
        der => decode_base64($value->('X-Der')),
    };
}

sub carried_in_xfcc {
    my ($response) = @_;
    my ($value) = $response->sent('X-Forwarded-Client-Cert');
    return pem_to_der(unescaped(($value // '') =~ /;Cert="([^"]*)"/ ? $1 : ''));
}

# mod_ssl's variables of the client, but for a chain, which nothing signs, and what
# changes with the time.
sub variables {
    my ($response) = @_;
    my $env = env_of($response) // {};
    return { map { $_ => $env->{$_} } grep { /^SSL_CLIENT_/ && !/_CHAIN_|_V_REMAIN/ } keys %$env };
}

# That a client whose requests `$ask` makes is, at the origin, the one with this
# certificate whom mod_ssl has.
sub check {
    my ($what, $ask, $der, $expected) = @_;
    my $response = $ask->('/capture/x');
    is($response->status, 200, "$what: answered") or diag((error_lines($ttrp))[-1]);
    my $carried = carried($response);
    is_deeply([grep { ($carried->{$_} // '') eq $der } sort keys %$carried],
        [qw(cms cms-sf der escaped-pem rfc9440)], "$what: every format has it");
    for my $format (sort keys %HEADERS) {
        my $there = $ask->("/$format/x");
        is($there->status, 200, "$what: the origin takes $format") or diag((error_lines($origin))[-1]);
        is_deeply(variables($there), $expected, "$what: as mod_ssl has it");
    }
    return;
}

for (@CASES) {
    my ($name, %want) = @$_;
    next if !$want{encoding} || $want{unreadable} || $want{unverified};
    subtest $name => sub {
        my $file = "odd.$$";
        my $der = write_case($file, name => $name, %want) or fail('a certificate'), return;
        is(pem_to_der(slurp(pki("$file.crt"))), $der, 'OpenSSL writes it as it came');
        my $expected = variables(ask($direct->{https}, '/x', cert => $file));
        is(pem_to_der($expected->{SSL_CLIENT_CERT}), $der, 'mod_ssl has it');
        for my $tls ('1.2', '1.3') {
            my %client = (port => $ttrp->{port}, sni => 'ttrp.test', cert => $file, tls => $tls);
            my $session;
            for my $round (0, 1) {
                my $client = client(%client, session => $session);
                check("TLS $tls, " . ($round ? 'resumed' : 'full'), sub { $client->request(@_) }, $der, $expected);
                is($client->resumed ? 1 : 0, $round, $round ? 'it did resume' : 'a full handshake');
                is(carried_in_xfcc($client->request('/capture/xfcc')), $der, 'xfcc has it');
                $session = $client->session;
                $client->close;
            }
        }
        unlink map { pki("$file.$_") } qw(crt key);
    };
}

# Octets that OpenSSL's client would not send: what mod_ssl holds is what OpenSSL makes of
# them, and so is what goes on.
sub pieces {
    my ($tag, $bits) = @_;
    return tlv(0x20 | $tag, tlv($tag, $bits));
}
for (
    ['outside, a length in three octets' => outer => \&long_length],
    ['outside, no definite length' => outer => \&indefinite],
    ['a signature with a long length' => bits => \&long_length],
    ['a signature in pieces' => bits => \&pieces],
    ['all of it in BER' => tbs => \&indefinite, outer => \&indefinite, bits => \&pieces],
) {
    my ($name, @want) = @$_;
    subtest "on the wire: $name" => sub {
        my $wire = certificate(name => $name, @want);
        my $der = pem_to_der(to_pem($wire));
        isnt($wire, $der, 'OpenSSL would write it otherwise');
        my $show = sub {
            my ($port, $target, $times) = @_;
            return show_certificates(port => $port, sni => 'ttrp.test', certificates => [$wire],
                key => 'variables-p256', target => $target, times => $times);
        };
        my ($direct) = $show->($direct->{https}, '/x', 1);
        my $expected = variables($direct->{response});
        is(pem_to_der($expected->{SSL_CLIENT_CERT}), $der, 'what mod_ssl has');
        for my $round (0, 1) {
            my $ask = sub {
                my ($target) = @_;
                my @connections = $show->($ttrp->{port}, $target, $round + 1);
                is($connections[-1]{resumed} ? 1 : 0, $round, $target);
                return $connections[-1]{response};
            };
            check($round ? 'resumed' : 'full', $ask, $der, $expected);
        }
        my $response = ask($origin->{https}, '/rfc9440/x', cert => 'accept-ttrp',
            headers => ['X-Rfc' => ':' . encode_base64($wire, '') . ':']);
        is($response->status, 400, 'not taken from a value');
        like((error_lines($origin))[-1], qr/refused: .*OpenSSL would write .* otherwise/, 'and why');
    };
}

# What is not forwarded: the proxy's TLS does not take it, nor does the origin.
for (@CASES) {
    my ($name, %want) = @$_;
    next unless $want{encoding} && ($want{unreadable} || $want{unverified});
    subtest "not carried: $name" => sub {
        my $wire = certificate(name => $name, %want);
        for my $port ($direct->{https}, $ttrp->{port}) {
            my ($found) = show_certificates(port => $port, sni => 'ttrp.test', certificates => [$wire],
                key => 'variables-p256', target => '/cms/x');
            ok(!ref $found, 'no handshake') or diag($found->{response}->status);
        }
        return unless $want{unreadable} || $name =~ /^valid (?:from|until) (?!a year)/;
        my $response = ask($origin->{https}, '/rfc9440/x', cert => 'accept-ttrp',
            headers => ['X-Rfc' => ':' . encode_base64($wire, '') . ':']);
        is($response->status, 400, 'not taken from a value');
        my $why = $want{unreadable} ? qr/OpenSSL cannot read it: \w/ : qr/OpenSSL cannot compare/;
        like((error_lines($origin))[-1], qr/refused: .*$why/, 'and why');
    };
}

done_testing;
