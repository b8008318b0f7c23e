# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Verifiers;

# The verifiers for other origins (verifiers/): applications with one of them, behind a proxy.

use strict;
use warnings;

use Exporter 'import';
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;

use ClientCertTest ();
use ClientCertTest::Accept;
use ClientCertTest::PKI 'pki';

our @EXPORT = qw(application_host check_application check_vectors installed run_command verifier);

# The path of a file in verifiers/.
sub verifier { return "$ENV{TEST_VERIFIERS}/$_[0]" }

# application_host(PORT, LINES): a virtual host that has an application by these lines, and tells it
# who the TLS peer is.
sub application_host {
    my ($port, $lines) = @_;
    return <<"CONF";
Listen 127.0.0.1:$port
LimitRequestFieldSize 80000
<VirtualHost 127.0.0.1:$port>
    SSLEngine on
    SSLCertificateFile @{[ pki('origin.crt') ]}
    SSLCertificateKeyFile @{[ pki('origin.key') ]}
    SSLCACertificateFile @{[ pki('server-ca.crt') ]}
    SSLVerifyClient optional
    SSLOptions +StdEnvVars +ExportCertData
$lines
</VirtualHost>
CONF
}

# Whether a program is installed.
sub installed {
    my ($program) = @_;
    return grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

# Runs a command, which must succeed; returns what it printed.
sub run_command {
    my (@command) = @_;
    open my $pipe, '-|', @command or die "$command[0]: $!";
    my $output = do { local $/; <$pipe> };
    close $pipe or die "$command[0]: status $?\n$output";
    return $output;
}

# check_vectors(NAME, COMMAND...): a verifier, by its folder, agrees with vectors/.
sub check_vectors {
    my ($name, @command) = @_;
    my $said = run_command('/usr/bin/python3', "$ENV{TEST_VERIFIERS}/../tests/verifiers/cases.py",
        "$ENV{TEST_VERIFIERS}/../vectors/vectors.json", verifier("$name/README.md"), @command);
    my ($count) = $said =~ /^(\d+) cases: /m;
    ok(($count // 0) > 300, "every vector: $said");
    return;
}

# check_application(PORT): an application on a TLS port, whose verifier trusts the server CA and
# ttrp.example, behind a proxy and attacked past it. It says "hello" and a name that ends with the
# client's CN, or 401.
sub check_application {
    my ($port) = @_;
    trust_pki();
    my $said = sub {
        my ($response) = @_;
        return $response->status if $response->status != 200;
        return $response->body =~ /^hello .*CN=([\w-]+)/m ? "hello $1" : $response->body;
    };
    my $ttrp = accept_ttrp($port);
    my $other = accept_ttrp($port, name => 'other', signer => 'accept-other');
    my %ttrp = (sni => 'ttrp.test');
    subtest 'behind the proxy' => sub {
        for my $client (qw(client-rsa client-p256 client-under)) {
            my %client = (cert => $client, chain => 1, %ttrp);
            is($said->(ask($ttrp->{port}, '/x', %client)), "hello $client", "$client is known");
            is($said->(ask($ttrp->{port}, '/x', %client, headers => ['Client-Cert' => 'x', 'Client_Cert' => 'x'])),
                "hello $client", "and stays $client");
            is($said->(ask($other->{port}, '/x', %client)), 403, 'not by a proxy with another name');
        }
        is($said->(ask($ttrp->{port}, '/x', %ttrp)), 401, 'absent: no client');
        is($said->(ask($ttrp->{port}, '/x', %ttrp, headers => ['Client-Cert' => 'x'])), 401, 'whatever it sends');
    };
    my ($captured) = ask($ttrp->{port}, '/capture/x', %ttrp, cert => 'client-rsa')->sent('Client-Cert');
    my $from = sub {
        my ($peer, @values) = @_;
        return $said->(ask($port, '/x', ($peer ? (cert => $peer) : ()),
            headers => [map { ('Client-Cert' => $_) } @values]));
    };
    subtest 'past the proxy' => sub {
        is($from->('accept-ttrp', $captured), 'hello client-rsa', 'the proxy itself');
        is($from->('accept-other', $captured), 403, 'replayed by another peer');
        is($from->('accept-user', $captured), 403, 'replayed by a user');
        is($from->(undef, $captured), 403, 'replayed without a certificate');
        is($from->(undef), 401, 'nothing');
        is($from->('accept-ttrp'), 401, 'the proxy is no client');
        is($from->('accept-ttrp', $captured, $captured), 400, 'doubled');
        is($from->('accept-ttrp', "$captured, $captured"), 400, 'joined by a comma');
        is($from->('accept-ttrp', ":$captured:"), 400, 'another format');
        is($from->('accept-ttrp', ''), 400, 'empty');
        my $der = decode_base64($captured);
        is($from->('accept-ttrp', encode_base64("$der\0", '')), 400, 'with an octet more');
        my $forged = $der;
        substr $forged, -1, 1, chr(ord(substr $forged, -1) ^ 1);
        is($from->('accept-ttrp', encode_base64($forged, '')), 403, 'forged: the signature');
        my %age = (9 => 'hello client-rsa', 290 => 'hello client-rsa', 320 => 403, 3_000_000 => 403, -10 => 'hello client-rsa', -60 => 403);
        for my $age (sort { $a <=> $b } keys %age) {
            is($from->('accept-ttrp', signed_value('accept-ttrp', 'client-rsa', age => $age)), $age{$age}, "$age seconds old");
        }
        is($from->('accept-ttrp', signed_value('accept-ttrp', 'client-rsa', key => 'accept-other')), 403, 'another key');
        is($from->('accept-ttrp', signed_value('accept-other', 'client-rsa')), 403, 'foreign: another signer');
        is($from->('accept-other', signed_value('accept-other', 'client-rsa')), 403, 'and he himself');
        is($from->('accept-user', signed_value('accept-user', 'client-rsa', sid => 'accept-ttrp',
            certs => ['accept-ttrp'])), 403, 'in the name of the proxy');
        is($from->('accept-ttrp', signed_value('accept-ttrp', 'client-expired')), 403, 'an expired client');
    };
    return;
}

1;
